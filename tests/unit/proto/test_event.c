/* SPDX-License-Identifier: Apache-2.0
 * Events byte for byte, and what hostile values become in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/event.h"
#include "sample.h"

static void test_deferred_event_is_complete(void **state)
{
    static const struct delays delays = {.has = {true, true, true, true, true},
                                         .ms = {3, 5, 0, 30, 80}};
    struct arena *arena = arena_new(4096);
    struct record_work *work = sample_work(arena);
    const struct record_rcpt *concerned[] = {&work->rcpts[0]};
    const struct event event = {.kind = EVENT_DEFERRED,
                                .source = "sender",
                                .pod = "pod-1",
                                .at_ms = 1457420518005,
                                .work = work,
                                .rcpts = concerned,
                                .rcpt_count = 1,
                                .due_ms = 1457420758005,
                                .dest_group = SLICE("gmail"),
                                .delays = &delays};
    struct buf out = {0};

    (void)state;
    work->rcpts[0].last.source_ip = SLICE("198.51.100.7");
    event_put(&out, &event);
    assert_string_equal(
        buf_str(&out),
        "{\"specversion\":\"1.0\","
        "\"id\":\"aaaaaaaaabbbbbbbbbbb.cccccccccccccccccccc.2.deferred.0\","
        "\"source\":\"/hikyaku/sender\",\"type\":\"hikyaku.mail.deferred\","
        "\"subject\":\"aaaaaaaaabbbbbbbbbbb\",\"time\":\"2016-03-08T07:01:58.005Z\","
        "\"datacontenttype\":\"application/json\",\"data\":{"
        "\"mail_id\":\"aaaaaaaaabbbbbbbbbbb\",\"parcel_id\":\"cccccccccccccccccccc\","
        "\"status\":\"deferred\",\"pod\":\"pod-1\",\"configuration\":\"default\","
        "\"created\":\"2016-03-08T07:01:54.000Z\",\"returnPath\":\"bounces@d.test\","
        "\"from\":\"app-42@shop.test\",\"messageId\":\"<order-1@shop.test>\","
        "\"sourceIp\":\"192.0.2.7\",\"attempt\":2,\"size_bytes\":17,\"is_report\":true,"
        "\"due\":\"2016-03-08T07:05:58.005Z\",\"dest_group\":\"gmail\",\"delays\":{\"queue\":3,"
        "\"dns\":5,\"connect\":0,\"tls\":30,\"transmit\":80},\"recipients\":[{\"index\":0,"
        "\"to\":\"user1@dest.example.com\",\"reason\":\"no\\u000asuch user\",\"code\":550,"
        "\"enhanced\":\"5.1.1\",\"stage\":\"RCPT TO\",\"mx\":\"mx1.dest.example.com\","
        "\"ip\":\"192.0.2.25\",\"senderIp\":\"198.51.100.7\",\"class\":2}]}}");
    buf_free(&out);
    arena_free(&arena);
}

/* A stage that did not happen took no time, not 0 ms. */
static void test_only_stages_that_happened_are_told(void **state)
{
    struct arena *arena = arena_new(4096);
    struct delays delays = {0};
    const struct event event = {.kind = EVENT_DELIVERED,
                                .source = "sender",
                                .pod = "",
                                .work = sample_work(arena),
                                .delays = &delays};
    struct buf out = {0};

    (void)state;
    event_put(&out, &event);
    assert_null(strstr(buf_str(&out), "delays"));
    buf_clear(&out);
    delays_add(&delays, DELAY_QUEUE, 0);
    delays_add(&delays, DELAY_TRANSMIT, 7);
    event_put(&out, &event);
    assert_non_null(
        strstr(buf_str(&out), ",\"delays\":{\"queue\":0,\"transmit\":7},\"recipients\""));
    buf_free(&out);
    arena_free(&arena);
}

static void test_s23_event_about_a_copy_says_so(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_work *work = sample_work(arena);
    const struct event event = {.kind = EVENT_FAILED, .source = "sender", .pod = "", .work = work};
    struct buf out = {0};

    (void)state;
    work->copy = (struct record_copy){SLICE("archive.example.com"), 25};
    event_put(&out, &event);
    assert_non_null(strstr(buf_str(&out), ",\"is_copy\":true,"));
    buf_clear(&out);
    work->destination = SLICE_NONE; /* a fanout: about the mail */
    event_put(&out, &event);
    assert_null(strstr(buf_str(&out), "is_copy"));
    buf_free(&out);
    arena_free(&arena);
}

static void test_event_without_list_names_all_recipients(void **state)
{
    struct arena *arena = arena_new(4096);
    const struct event event = {
        .kind = EVENT_ACCEPTED, .source = "ingress", .pod = "", .work = sample_work(arena)};
    struct buf out = {0};

    (void)state;
    event_put(&out, &event);
    assert_non_null(strstr(buf_str(&out), "\"to\":\"user1@dest.example.com\""));
    assert_non_null(strstr(buf_str(&out), ",{\"index\":7,\"to\":\"u2@dest.example.com\"}]}}"));
    buf_free(&out);
    arena_free(&arena);
}

static void test_id_is_mail_parcel_attempt_kind_and_first_recipient(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_work *work = sample_work(arena);
    struct event event = {.kind = EVENT_FAILED, .source = "sender", .pod = "a", .work = work};
    struct buf out = {0};

    (void)state;
    const struct record_rcpt *const concerned[] = {&work->rcpts[1]};
    work->attempt = 3;
    event.at_ms = 42;
    event.rcpts = concerned;
    event.rcpt_count = 1;
    event_put(&out, &event);
    assert_non_null(
        strstr(buf_str(&out), "\"id\":\"aaaaaaaaabbbbbbbbbbb.cccccccccccccccccccc.3.failed.7\""));
    buf_free(&out);
    arena_free(&arena);
}

static void test_hostile_values_stay_values(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_work *work = sample_work(arena);
    const struct event event = {.kind = EVENT_FAILED, .source = "sender", .pod = "", .work = work};
    struct buf out = {0};

    (void)state;
    work->envelope.message_id = SLICE("\"},\x01\xff");
    work->envelope.queued_at_ms = -1;
    work->envelope.size_bytes = UINT64_MAX;
    event_put(&out, &event);
    assert_non_null(strstr(buf_str(&out), "\"messageId\":\"\\\"},\\u0001\\ufffd\""));
    assert_non_null(strstr(buf_str(&out), "\"created\":\"1970-01-01T00:00:00.000Z\""));
    buf_free(&out);
    arena_free(&arena);
}

static void test_kinds_have_names(void **state)
{
    (void)state;
    for (int kind = 0; kind < EVENT_KINDS; kind++)
        assert_non_null(event_name((enum event_kind)kind));
    assert_string_equal(event_name(EVENT_DOUBLE_BOUNCE), "double_bounce");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deferred_event_is_complete),
        cmocka_unit_test(test_only_stages_that_happened_are_told),
        cmocka_unit_test(test_s23_event_about_a_copy_says_so),
        cmocka_unit_test(test_event_without_list_names_all_recipients),
        cmocka_unit_test(test_id_is_mail_parcel_attempt_kind_and_first_recipient),
        cmocka_unit_test(test_hostile_values_stay_values),
        cmocka_unit_test(test_kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
