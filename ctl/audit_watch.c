/* SPDX-License-Identifier: Apache-2.0
 * One loop: a timer that counts, the ops port, and the signals that end it. */
#include "ctl/audit_watch.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "net/address.h"
#include "net/loop.h"
#include "service/metrics.h"
#include "service/ops.h"

#define TICK_MS  50
#define COUNT_MS 5000

struct watch {
    const struct audit_watch_ops *ops;
    struct loop *loop;
    struct loop_timer *tick;
    struct loop_watch *signals;
    struct ops *port;
    struct metrics *metrics;
    uint64_t count_due_ms;
};

static void publish(struct watch *watch)
{
    struct balance_figures figures;

    watch->ops->on_count(watch->ops->owner, &figures);
    metrics_set(watch->metrics, METRIC_OPEN_MAILS, METRIC_NO_LABELS, (int64_t)figures.open_mails);
    metrics_set(watch->metrics, METRIC_OLDEST_OPEN, METRIC_NO_LABELS,
                figures.oldest_open_ms / 1000);
    metrics_set(watch->metrics, METRIC_BALANCE_DRIFT, METRIC_NO_LABELS,
                (int64_t)balance_drift(&figures));
}

static void on_due(void *owner)
{
    struct watch *watch = owner;

    watch->ops->on_tick(watch->ops->owner);
    if (loop_now_ms(watch->loop) >= watch->count_due_ms) {
        publish(watch);
        watch->count_due_ms = loop_now_ms(watch->loop) + COUNT_MS;
    }
    loop_timer_start(watch->tick, TICK_MS);
}

static void on_signal(void *owner)
{
    struct watch *watch = owner;

    loop_stop(watch->loop);
}

static unsigned on_page(void *owner, const char *path, struct buf *out)
{
    struct watch *watch = owner;

    if (strcmp(path, "/livez") == 0 || strcmp(path, "/readyz") == 0) {
        buf_add_str(out, "ok\n");
        return 200;
    }
    if (strcmp(path, "/metrics") != 0)
        return 404;
    metrics_expose(&watch->metrics, 1, out);
    return 200;
}

static int open_port(struct watch *watch, const char *listen, struct err *err)
{
    const struct ops_pages pages = {.on_page = on_page, .owner = watch};
    struct net_address at;

    if (!listen)
        return 0;
    if (net_address_parse_port(slice_str(listen), 0, &at, err))
        return -1;
    return ops_new(watch->loop, &at, &pages, &watch->port, err);
}

int audit_watch(const char *listen, const struct audit_watch_ops *ops, struct err *err)
{
    struct watch watch = {.ops = ops, .loop = loop_new(), .metrics = metrics_new()};
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    watch.signals = loop_watch_new(watch.loop, fd, on_signal, &watch);
    watch.tick = loop_timer_new(watch.loop, on_due, &watch);
    int result = open_port(&watch, listen, err);
    if (result == 0) {
        loop_timer_start(watch.tick, 0);
        loop_run(watch.loop);
    }
    ops_free(&watch.port);
    loop_timer_free(&watch.tick);
    loop_watch_free(&watch.signals);
    loop_free(&watch.loop);
    metrics_free(&watch.metrics);
    (void)close(fd);
    return result;
}
