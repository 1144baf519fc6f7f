/* SPDX-License-Identifier: Apache-2.0
 * Running NSD for a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/nsd.h"

#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/net_address.h"
#include "net/clock.h"

#define PATIENCE_MS UINT64_C(10000)

static struct net_address loopback(uint16_t port)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(SLICE("127.0.0.1"), port, &address, &err), 0);
    return address;
}

uint16_t nsd_free_port(void)
{
    struct net_address at = loopback(0);
    socklen_t size = net_address_size(&at);
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(bind(udp, &at.any, size), 0);
    assert_int_equal(getsockname(udp, &at.any, &size), 0);
    assert_int_equal(bind(tcp, &at.any, size), 0);
    assert_int_equal(close(tcp), 0);
    assert_int_equal(close(udp), 0);
    return net_address_port(&at);
}

static void write_file(const struct nsd *nsd, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void write_file(const struct nsd *nsd, const char *name, const char *format, ...)
{
    char path[128];
    va_list args;

    (void)snprintf(path, sizeof path, "%s/%s", nsd->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    va_start(args, format);
    assert_true(vfprintf(file, format, args) > 0);
    va_end(args);
    assert_int_equal(fclose(file), 0);
}

static void write_configuration(const struct nsd *nsd, const char *zone, const char *records)
{
    const char *in = nsd->folder;

    write_file(nsd, "nsd.conf",
               "server:\n ip-address: 127.0.0.1@%u\n server-count: 1\n username: \"\"\n"
               " database: \"\"\n zonesdir: \"%s\"\n pidfile: \"%s/pid\"\n logfile: \"%s/log\"\n"
               " xfrdfile: \"%s/xfrd\"\n zonelistfile: \"%s/zones\"\n xfrdir: \"%s\"\n"
               "remote-control:\n control-enable: no\n"
               "zone:\n name: %s\n zonefile: zone\n",
               nsd->port, in, in, in, in, in, in, zone);
    write_file(nsd, "zone",
               "$ORIGIN %s.\n$TTL 60\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\n"
               "ns A 127.0.0.1\n%s",
               zone, records);
}

static void run(const struct nsd *nsd)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/nsd.conf", nsd->folder);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)execlp("nsd", "nsd", "-d", "-c", path, (char *)NULL);
    (void)execl("/usr/sbin/nsd", "nsd", "-d", "-c", path, (char *)NULL);
    _exit(127);
}

static int is_answering(uint16_t port)
{
    struct net_address at = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int status = connect(fd, &at.any, net_address_size(&at));

    assert_int_equal(close(fd), 0);
    return status == 0;
}

void nsd_start(struct nsd *nsd, const char *zone, const char *records)
{
    uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;

    (void)snprintf(nsd->folder, sizeof nsd->folder, "/tmp/hikyaku-test-XXXXXX");
    assert_non_null(mkdtemp(nsd->folder));
    nsd->port = nsd_free_port();
    write_configuration(nsd, zone, records);
    nsd->pid = fork();
    assert_true(nsd->pid >= 0);
    if (nsd->pid == 0)
        run(nsd);
    while (!is_answering(nsd->port)) {
        if (clock_monotonic_ms() > give_up_ms || waitpid(nsd->pid, NULL, WNOHANG) != 0)
            fail_msg("nsd does not run: see %s/log", nsd->folder);
        (void)poll(NULL, 0, 5);
    }
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void nsd_stop(struct nsd *nsd)
{
    assert_int_equal(kill(nsd->pid, SIGTERM), 0);
    assert_int_equal(waitpid(nsd->pid, NULL, 0), nsd->pid);
    assert_int_equal(nftw(nsd->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}
