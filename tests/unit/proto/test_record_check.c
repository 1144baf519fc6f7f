/* SPDX-License-Identifier: Apache-2.0
 * Every bound at its limit and one beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample.h"

/* What decoding says about the encoded work. */
static int verdict_on(struct arena *arena, const struct record_work *work, struct err *err)
{
    struct buf value = {0};
    struct record_work got;

    record_put_work(&value, work);
    buf_add(&value, work->body);
    int rc = record_get_work(arena, buf_slice(&value), &got, err);
    buf_free(&value);
    return rc;
}

static const struct {
    const char *name;
    size_t offset, max;
    bool is_mandatory;
} MEMBERS[] = {
    {"parcel_id", offsetof(struct record_work, parcel_id), RECORD_ID_MAX, true},
    {"destination", offsetof(struct record_work, destination), RECORD_DESTINATION_MAX, false},
    {"mail_id", offsetof(struct record_work, envelope.mail_id), RECORD_ID_MAX, true},
    {"from", offsetof(struct record_work, envelope.from), RECORD_ADDRESS_MAX, false},
    {"original_from", offsetof(struct record_work, envelope.original_from), RECORD_ADDRESS_MAX,
     false},
    {"helo", offsetof(struct record_work, envelope.helo), RECORD_NAME_MAX, false},
    {"envid", offsetof(struct record_work, envelope.envid), RECORD_ENVID_MAX, false},
    {"trace", offsetof(struct record_work, envelope.trace), RECORD_TRACE_MAX, false},
    {"message_id", offsetof(struct record_work, envelope.message_id), RECORD_FIELD_MAX, false},
};

static void test_lengths_are_bounded(void **state)
{
    struct arena *arena = arena_new(4096);
    char *octets = arena_alloc(arena, RECORD_TRACE_MAX + 1);
    struct err err;

    (void)state;
    memset(octets, 'a', RECORD_TRACE_MAX + 1);
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        struct record_work *work = sample_work(arena);
        struct slice *member = (void *)((char *)work + MEMBERS[i].offset);
        *member = slice_of(octets, MEMBERS[i].max);
        assert_int_equal(verdict_on(arena, work, &err), 0);
        *member = slice_of(octets, MEMBERS[i].max + 1);
        assert_int_equal(verdict_on(arena, work, &err), -1);
        assert_int_equal(err.kind, ERR_INVALID);
        assert_non_null(strstr(err.text, MEMBERS[i].name));
        *member = SLICE_NONE;
        assert_int_equal(verdict_on(arena, work, &err), MEMBERS[i].is_mandatory ? -1 : 0);
    }
    arena_free(&arena);
}

static void test_time_of_acceptance_is_in_the_calendar(void **state)
{
    static const struct {
        int64_t queued_at_ms;
        int verdict;
    } CASES[] = {
        {0, 0}, {RECORD_TIME_MAX_MS, 0}, {RECORD_TIME_MAX_MS + 1, -1}, {-1, -1}, {INT64_MIN, -1},
    };
    struct arena *arena = arena_new(4096);
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct record_work *work = sample_work(arena);
        work->envelope.queued_at_ms = CASES[i].queued_at_ms;
        assert_int_equal(verdict_on(arena, work, &err), CASES[i].verdict);
    }
    arena_free(&arena);
}

static void test_s24_a_copy_has_host_and_port(void **state)
{
    static const struct {
        const char *host;
        uint32_t port;
        int verdict;
    } CASES[] = {
        {"", 0, 0},        {"a.test", 1, 0}, {"a.test", 65535, 0}, {"a.test", 65536, -1},
        {"a.test", 0, -1}, {"", 25, -1},
    };
    struct arena *arena = arena_new(4096);
    char octets[RECORD_NAME_MAX + 1];
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct record_work *work = sample_work(arena);
        work->copy = (struct record_copy){slice_str(CASES[i].host), CASES[i].port};
        assert_int_equal(verdict_on(arena, work, &err), CASES[i].verdict);
    }
    struct record_work *work = sample_work(arena);
    memset(octets, 'a', sizeof octets);
    work->copy = (struct record_copy){slice_of(octets, RECORD_NAME_MAX), 25};
    assert_int_equal(verdict_on(arena, work, &err), 0);
    work->copy.host = slice_of(octets, sizeof octets);
    assert_int_equal(verdict_on(arena, work, &err), -1);
    arena_free(&arena);
}

static void test_recipients_are_bounded(void **state)
{
    static const struct {
        size_t count;
        const char *destination;
        int verdict;
    } CASES[] = {
        {0, "x.test", -1}, {1, "x.test", 0}, {100, "x.test", 0}, {101, "x.test", -1},
        {0, "", -1},       {1000, "", 0},    {1001, "", -1},
    };
    struct arena *arena = arena_new(4096);
    struct record_rcpt *rcpts = arena_alloc(arena, 1001 * sizeof *rcpts);
    struct err err;

    (void)state;
    for (size_t i = 0; i < 1001; i++)
        rcpts[i].address = SLICE("a@x.test");
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct record_work *work = sample_work(arena);
        work->rcpts = rcpts;
        work->rcpt_count = CASES[i].count;
        work->destination = slice_str(CASES[i].destination);
        assert_int_equal(verdict_on(arena, work, &err), CASES[i].verdict);
    }
    arena_free(&arena);
}

static void test_addresses_are_bounded(void **state)
{
    struct arena *arena = arena_new(4096);
    char octets[RECORD_ORCPT_MAX + 1];
    struct err err;

    (void)state;
    memset(octets, 'a', sizeof octets);
    struct record_work *work = sample_work(arena);
    work->rcpts[1].address = slice_of(octets, RECORD_ADDRESS_MAX);
    work->rcpts[1].orcpt = slice_of(octets, RECORD_ORCPT_MAX);
    assert_int_equal(verdict_on(arena, work, &err), 0);
    work->rcpts[1].orcpt = slice_of(octets, RECORD_ORCPT_MAX + 1);
    assert_int_equal(verdict_on(arena, work, &err), -1);
    work->rcpts[1].orcpt = SLICE_NONE;
    work->rcpts[1].address = slice_of(octets, RECORD_ADDRESS_MAX + 1);
    assert_int_equal(verdict_on(arena, work, &err), -1);
    work->rcpts[1].address = SLICE_NONE;
    assert_int_equal(verdict_on(arena, work, &err), -1);
    arena_free(&arena);
}

static void test_body_references_are_checked(void **state)
{
    static const struct {
        struct record_body ref;
        int verdict;
    } CASES[] = {
        {{.topic = RECORD_BODY_CHUNKS, .partition = 0, .first_offset = 5, .last_offset = 5}, 0},
        {{.topic = RECORD_BODY_CHUNKS, .partition = 0, .first_offset = 5, .last_offset = 4}, -1},
        {{.topic = RECORD_BODY_CHUNKS, .partition = -1, .first_offset = 5, .last_offset = 5}, -1},
        {{.topic = RECORD_BODY_CHUNKS, .partition = 0, .first_offset = -1, .last_offset = 5}, -1},
        {{.topic = RECORD_BODY_INLINE_OF_WORK, .first_offset = 5, .last_offset = 6}, -1},
        {{.topic = RECORD_BODY_INLINE_OF_WORK, .first_offset = 5, .last_offset = 5}, 0},
        {{.topic = (enum record_body_topic)2, .first_offset = 5, .last_offset = 5}, -1},
    };
    struct arena *arena = arena_new(4096);
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct record_work *work = sample_work_with_ref(arena);
        work->body_ref = CASES[i].ref;
        assert_int_equal(verdict_on(arena, work, &err), CASES[i].verdict);
    }
    arena_free(&arena);
}

static void test_timer_needs_a_reference_and_a_destination(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_timer got, timer = {.due_ms = 1, .work = *sample_work(arena)};
    struct buf value = {0};
    struct err err;

    (void)state;
    record_put_timer(&value, &timer);
    assert_int_equal(record_get_timer(arena, buf_slice(&value), &got, &err), -1);
    timer.work = *sample_work_with_ref(arena);
    timer.work.destination = SLICE_NONE;
    buf_clear(&value);
    record_put_timer(&value, &timer);
    assert_int_equal(record_get_timer(arena, buf_slice(&value), &got, &err), -1);
    buf_free(&value);
    arena_free(&arena);
}

static void test_unknown_action_is_refused(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure got,
        failure = {.action = (enum record_action)3, .work = *sample_work_with_ref(arena)};
    struct buf value = {0};
    struct err err;

    (void)state;
    record_put_failure(&value, &failure);
    assert_int_equal(record_get_failure(arena, buf_slice(&value), &got, &err), -1);
    assert_string_equal(err.text, "action 3 is not known");
    buf_free(&value);
    arena_free(&arena);
}

static void test_chunk_numbers_are_checked(void **state)
{
    static const struct {
        uint32_t sequence, total;
        int verdict;
    } CASES[] = {{0, 0, 0},  {0, 1, 0},  {4, 5, 0},
                 {5, 5, -1}, {3, 5, -1}, {RECORD_CHUNKS_MAX, 0, -1}};
    struct arena *arena = arena_new(4096);
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct record_chunk got, chunk = {CASES[i].sequence, CASES[i].total, SLICE_NONE};
        struct buf value = {0};
        record_put_chunk(&value, &chunk);
        assert_int_equal(record_get_chunk(arena, buf_slice(&value), &got, &err), CASES[i].verdict);
        buf_free(&value);
    }
    arena_free(&arena);
}

/* Replies are hostile and only for people: encoding shortens them so that decoding accepts. */
static void test_long_replies_are_shortened(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_work *work = sample_work(arena), got;
    char text[8192];
    struct buf value = {0};
    struct err err;

    (void)state;
    memset(text, 'x', sizeof text);
    work->rcpts[0].last.text = slice_of(text, sizeof text);
    work->rcpts[0].last.reason = slice_of(text, sizeof text);
    record_put_work(&value, work);
    assert_int_equal(record_get_work(arena, buf_slice(&value), &got, &err), 0);
    assert_int_equal(got.rcpts[0].last.text.len, RECORD_TEXT_MAX);
    assert_int_equal(got.rcpts[0].last.reason.len, RECORD_TEXT_MAX);
    buf_free(&value);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_are_bounded),
        cmocka_unit_test(test_time_of_acceptance_is_in_the_calendar),
        cmocka_unit_test(test_s24_a_copy_has_host_and_port),
        cmocka_unit_test(test_recipients_are_bounded),
        cmocka_unit_test(test_addresses_are_bounded),
        cmocka_unit_test(test_body_references_are_checked),
        cmocka_unit_test(test_timer_needs_a_reference_and_a_destination),
        cmocka_unit_test(test_unknown_action_is_refused),
        cmocka_unit_test(test_chunk_numbers_are_checked),
        cmocka_unit_test(test_long_replies_are_shortened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
