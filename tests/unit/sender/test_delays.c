/* SPDX-License-Identifier: Apache-2.0
 * Where the time of an attempt went, as its event, its log line and the histogram tell it. */
#include "unit/sender/fixture.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/delays.h"

#define A_WHILE_MS 40

struct scene {
    struct fixture fixture;
    int log_fd;
};

/* The log goes to a file that can be read back. */
static void begin(struct scene *scene, const char *const *more)
{
    fixture_begin(&scene->fixture, more);
    scene->log_fd = memfd_create("log", MFD_CLOEXEC);
    log_free(&scene->fixture.log);
    scene->fixture.log = log_new(scene->log_fd, LOG_INFO, "test", "test", clock_wall_us);
}

static void end(struct scene *scene)
{
    fixture_end(&scene->fixture);
    (void)close(scene->log_fd);
}

static int64_t publish(struct scene *scene, const char *id)
{
    struct record_work work = fixture_work(&scene->fixture, id, "user");

    return fixture_publish(&scene->fixture, &work);
}

static void deliver(struct scene *scene, const char *id)
{
    fixture_wait_finished(&scene->fixture, publish(scene, id));
}

static void pass_a_while(struct scene *scene)
{
    uint64_t until_ms = clock_monotonic_ms() + A_WHILE_MS;

    WAIT_FOR(scene->fixture.loop, clock_monotonic_ms() >= until_ms);
}

/* From its name to its end; empty: there is none. */
static struct slice object_of(struct slice json)
{
    struct slice key = SLICE("\"delays\":{");
    size_t at = slice_find_slice(json, key);
    struct slice object = slice_skip(json, at);

    return at == json.len ? SLICE_NONE : slice_sub(object, 0, slice_find(object, '}') + 1);
}

static struct slice delays_of_event(struct scene *scene, size_t index)
{
    struct bus_delivery record;

    assert_true(bus_fake_record(scene->fixture.hub, BUS_EVENT, index, &record));
    return object_of(record.value);
}

static bool has(struct slice delays, enum delay delay, unsigned long long *ret_ms)
{
    struct buf key = {0};
    size_t at;

    buf_addf(&key, "\"%s\":", delay_name(delay));
    at = slice_find_slice(delays, buf_slice(&key));
    *ret_ms = at < delays.len ? strtoull(delays.at + at + key.len, NULL, 10) : 0;
    buf_free(&key);
    return at < delays.len;
}

static unsigned long long ms_of(struct slice delays, enum delay delay)
{
    unsigned long long ms;

    assert_true(has(delays, delay, &ms));
    return ms;
}

/* Exactly these stages, in words. */
static void expect_stages(struct slice delays, const char *expected)
{
    struct buf names = {0};
    unsigned long long ms;

    for (enum delay delay = 0; delay < DELAYS; delay++)
        if (has(delays, delay, &ms))
            buf_addf(&names, "%s%s", names.len ? " " : "", delay_name(delay));
    assert_string_equal(buf_str(&names), expected);
    buf_free(&names);
}

/* What the histogram saw, in all. */
static void expect_figures(struct scene *scene, enum delay delay, size_t count,
                           unsigned long long sum_ms)
{
    struct buf name = {0};
    double sum_s;

    buf_addf(&name, "sender_stage_seconds_count{stage=\"%s\"}", delay_name(delay));
    assert_int_equal(fixture_metric(&scene->fixture, buf_str(&name)), count);
    buf_clear(&name);
    buf_addf(&name, "sender_stage_seconds_sum{stage=\"%s\"}", delay_name(delay));
    sum_s = fixture_metric(&scene->fixture, buf_str(&name));
    assert_true(sum_s * 1000 > (double)sum_ms - 0.5 && sum_s * 1000 < (double)sum_ms + 0.5);
    buf_free(&name);
}

static void test_event_line_and_histogram_tell_the_same(void **state)
{
    char text[8192] = "";
    struct scene scene;
    struct slice delays;
    int64_t offset;

    (void)state;
    begin(&scene, NULL);
    fixture_start(&scene.fixture);
    scene.fixture.sink.holds_dots = true;
    offset = publish(&scene, "mail1");
    WAIT_FOR(scene.fixture.loop, sink_held(&scene.fixture.sink) == 1);
    pass_a_while(&scene);
    sink_answer(&scene.fixture.sink);
    fixture_wait_finished(&scene.fixture, offset);
    delays = delays_of_event(&scene, 0);
    expect_stages(delays, "queue connect transmit"); /* a static route, in clear text */
    assert_true(ms_of(delays, DELAY_TRANSMIT) >= A_WHILE_MS);
    expect_figures(&scene, DELAY_QUEUE, 1, ms_of(delays, DELAY_QUEUE));
    expect_figures(&scene, DELAY_CONNECT, 1, ms_of(delays, DELAY_CONNECT));
    expect_figures(&scene, DELAY_TRANSMIT, 1, ms_of(delays, DELAY_TRANSMIT));
    log_flush(scene.fixture.log);
    assert_true(pread(scene.log_fd, text, sizeof text - 1, 0) > 0);
    assert_true(slice_eq(object_of(slice_str(text)), delays));
    end(&scene);
}

static void test_a_connection_of_the_pool_took_no_time_to_open(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, NULL);
    fixture_start(&scene.fixture);
    deliver(&scene, "mail1");
    deliver(&scene, "mail2");
    assert_int_equal(scene.fixture.sink.connections, 1);
    expect_stages(delays_of_event(&scene, 1), "queue transmit");
    end(&scene);
}

static void test_what_waits_for_a_slot_was_queued(void **state)
{
    static const char *const MORE[] = {"sender.connections_per_destination=1", NULL};
    struct scene scene;
    int64_t offset;

    (void)state;
    begin(&scene, MORE);
    fixture_start(&scene.fixture);
    scene.fixture.sink.holds_dots = true;
    (void)publish(&scene, "mail1");
    offset = publish(&scene, "mail2");
    WAIT_FOR(scene.fixture.loop, sink_held(&scene.fixture.sink) == 1);
    pass_a_while(&scene);
    scene.fixture.sink.holds_dots = false;
    sink_answer(&scene.fixture.sink);
    fixture_wait_finished(&scene.fixture, offset);
    expect_stages(delays_of_event(&scene, 1), "queue transmit");
    assert_true(ms_of(delays_of_event(&scene, 1), DELAY_QUEUE) >= A_WHILE_MS);
    end(&scene);
}

/* In the attempt that ended at the second host, and in the one that ended nowhere. */
static void test_time_at_a_host_that_failed_counts_as_connect(void **state)
{
    const char *more[2] = {0};
    struct buf routes = {0};
    struct sink mute;
    struct scene scene, *s = &scene;
    struct fixture *f = &scene.fixture;
    int64_t offset;

    (void)state;
    begin(s, NULL);
    sink_start(&mute, f->loop);
    mute.says.greeting = "-";
    buf_addf(&routes, "routes=({domain=\"*\"; hosts=[\"127.0.0.1:%d\", \"127.0.0.1:%d\"];})",
             sink_port(&mute), sink_port(&f->sink));
    more[0] = buf_str(&routes);
    conf_free(&f->conf);
    fixture_read_conf(f, more);
    buf_free(&routes);
    fixture_start(f);
    f->sink.says.mail = "451 4.3.2 Not now";
    offset = publish(s, "mail1");
    WAIT_FOR(f->loop, mute.open == 1);
    pass_a_while(s);
    sink_cut(&mute);
    fixture_wait_finished(f, offset);
    assert_string_equal(fixture_events(f), "deferred");
    expect_stages(delays_of_event(s, 0), "queue connect transmit");
    assert_true(ms_of(delays_of_event(s, 0), DELAY_CONNECT) >= A_WHILE_MS);
    expect_figures(s, DELAY_CONNECT, 1, ms_of(delays_of_event(s, 0), DELAY_CONNECT));
    fixture_stop(f);
    sink_end(&mute);
    end(s);
}

static void test_a_handshake_that_failed_counts_as_tls(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, NULL);
    fixture_start(&scene.fixture);
    scene.fixture.sink.says.ehlo = "250-sink.test\r\n250 STARTTLS"; /* hangs up in it */
    deliver(&scene, "mail1");
    assert_int_equal(scene.fixture.sink.connections, 2);
    expect_stages(delays_of_event(&scene, 0), "queue connect tls transmit");
    expect_figures(&scene, DELAY_TLS, 1, ms_of(delays_of_event(&scene, 0), DELAY_TLS));
    end(&scene);
}

static void test_reading_content_is_no_stage_of_the_network(void **state)
{
    struct scene scene;
    struct record_work work;
    int64_t offset;

    (void)state;
    begin(&scene, NULL);
    fixture_start(&scene.fixture);
    offset = publish(&scene, "mail1");
    fixture_wait_finished(&scene.fixture, offset);
    work = fixture_work(&scene.fixture, "mail2", "user");
    work.has_body_ref = true;
    work.body_ref = (struct record_body){.topic = RECORD_BODY_INLINE_OF_WORK,
                                         .first_offset = offset,
                                         .last_offset = offset,
                                         .length = work.body.len,
                                         .crc32c = work.body_crc32c};
    work.body = SLICE_NONE;
    fixture_wait_finished(&scene.fixture, fixture_publish(&scene.fixture, &work));
    expect_stages(delays_of_event(&scene, 1), "queue transmit");
    end(&scene);
}

static void test_without_an_attempt_there_are_no_delays(void **state)
{
    struct scene scene;
    struct record_work work;

    (void)state;
    begin(&scene, NULL);
    fixture_start(&scene.fixture);
    work = fixture_work(&scene.fixture, "mail1", "user");
    work.envelope.queued_at_ms = 1; /* its time is over */
    fixture_wait_finished(&scene.fixture, fixture_publish(&scene.fixture, &work));
    assert_string_equal(fixture_events(&scene.fixture), "expired");
    assert_int_equal(delays_of_event(&scene, 0).len, 0);
    expect_figures(&scene, DELAY_QUEUE, 0, 0);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_line_and_histogram_tell_the_same),
        cmocka_unit_test(test_a_connection_of_the_pool_took_no_time_to_open),
        cmocka_unit_test(test_what_waits_for_a_slot_was_queued),
        cmocka_unit_test(test_time_at_a_host_that_failed_counts_as_connect),
        cmocka_unit_test(test_a_handshake_that_failed_counts_as_tls),
        cmocka_unit_test(test_reading_content_is_no_stage_of_the_network),
        cmocka_unit_test(test_without_an_attempt_there_are_no_delays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
