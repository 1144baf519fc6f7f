/* SPDX-License-Identifier: Apache-2.0
 * Which sessions are traced, until when, and what a line says. */
#include "unit/service/cases.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "net/clock.h"
#include "service/tracing.h"
#include "unit/service/settings_text.h"

struct scene {
    int fd;
    struct log *log;
    struct tracing *tracing;
    struct tracing_session session;
    struct net_address peer;
};

static void apply(struct scene *scene, int64_t ahead_s, const char *traced)
{
    time_t at = (time_t)(clock_wall_us() / 1000000 + ahead_s);
    struct buf text = {0}, fault = {0};
    struct conf *conf;
    struct tm utc;
    char until[32];

    (void)gmtime_r(&at, &utc);
    (void)strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &utc);
    buf_addf(&text, "logging: { trace: { until = \"%s\"; %s }; };\n", until, traced);
    conf = settings_text_read(buf_str(&text), &fault);
    assert_non_null(conf);
    tracing_apply(scene->tracing, conf);
    conf_free(&conf);
    buf_free(&text);
}

static void start(struct scene *scene, int64_t ahead_s, const char *traced)
{
    struct err err;

    *scene = (struct scene){.fd = memfd_create("log", MFD_CLOEXEC)};
    scene->log = log_new(scene->fd, LOG_INFO, "sender", "", clock_wall_us);
    scene->tracing = tracing_new(scene->log);
    assert_int_equal(net_address_parse(SLICE("192.0.2.7"), 25, &scene->peer, &err), 0);
    apply(scene, ahead_s, traced);
}

static void end(struct scene *scene)
{
    tracing_free(&scene->tracing);
    log_free(&scene->log);
    (void)close(scene->fd);
}

static const struct smtp_tap *tap_of_domain(struct scene *scene, const char *domain)
{
    return tracing_of_destination(scene->tracing, slice_str(domain), "s1", &scene->peer,
                                  &scene->session);
}

static const struct smtp_tap *tap_of_client(struct scene *scene)
{
    return tracing_of_client(scene->tracing, "s1", &scene->peer, &scene->session);
}

static void expect_written(struct scene *scene, const char *text)
{
    char written[2048] = "";

    log_flush(scene->log);
    assert_true(pread(scene->fd, written, sizeof written - 1, 0) >= 0);
    if (*text)
        assert_non_null(strstr(written, text));
    else
        assert_string_equal(written, "");
}

static void test_a_destination_is_traced_by_its_domain(void **state)
{
    const struct smtp_tap *tap;
    struct scene scene;

    (void)state;
    start(&scene, 600, "destinations = [ \"example.jp\" ];");
    assert_null(tap_of_domain(&scene, "example.com"));
    assert_null(tap_of_client(&scene));
    tap = tap_of_domain(&scene, "Example.JP");
    assert_non_null(tap);
    tap->on_line(tap->owner, SMTP_RECEIVED, SLICE("250 ok"));
    expect_written(&scene, "\"event\":\"smtp_trace\",\"session_id\":\"s1\",\"mx_ip\":\"192.0.2.7\","
                           "\"direction\":\"received\",\"detail\":\"250 ok\"}");
    end(&scene);
}

static void test_a_client_is_traced_by_its_network(void **state)
{
    const struct smtp_tap *tap;
    struct scene scene;

    (void)state;
    start(&scene, 600, "clients = [ \"198.51.100.1\", \"192.0.2.0/24\" ];");
    assert_null(tap_of_domain(&scene, "example.jp"));
    tap = tap_of_client(&scene);
    assert_non_null(tap);
    tap->on_line(tap->owner, SMTP_SENT, SLICE("250 ok"));
    expect_written(&scene, "\"client_ip\":\"192.0.2.7\",\"direction\":\"sent\"");
    end(&scene);
}

static void test_nothing_is_traced_once_the_time_is_over(void **state)
{
    const struct smtp_tap *tap;
    struct scene scene;

    (void)state;
    start(&scene, 600, "destinations = [ \"example.jp\" ];");
    tap = tap_of_domain(&scene, "example.jp");
    assert_non_null(tap);
    apply(&scene, -1, "destinations = [ \"example.jp\" ];");
    tap->on_line(tap->owner, SMTP_SENT, SLICE("QUIT"));
    assert_null(tap_of_domain(&scene, "example.jp"));
    expect_written(&scene, "");
    end(&scene);
}

static void test_without_tracing_nothing_is(void **state)
{
    struct tracing_session session;
    struct net_address peer = {0};

    (void)state;
    assert_null(tracing_of_client(NULL, "s1", &peer, &session));
    assert_null(tracing_of_destination(NULL, SLICE("example.jp"), "s1", &peer, &session));
}

CASES_RUN(CASE(test_a_destination_is_traced_by_its_domain),
          CASE(test_a_client_is_traced_by_its_network),
          CASE(test_nothing_is_traced_once_the_time_is_over), CASE(test_without_tracing_nothing_is))
