/* SPDX-License-Identifier: Apache-2.0
 * Round trips, truncation, unknown fields, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "sample.h"

struct fixture {
    struct arena *arena;
    struct buf value;
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *f = xalloc(sizeof *f);

    f->arena = arena_new(4096);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    arena_free(&f->arena);
    buf_free(&f->value);
    xfree(f);
    return 0;
}

static void test_work_with_inline_body_comes_back(void **state)
{
    struct fixture *f = *state;
    struct record_work *work = sample_work(f->arena), got;

    record_put_work(&f->value, work);
    buf_add(&f->value, work->body);
    assert_int_equal(record_get_work(f->arena, buf_slice(&f->value), &got, &f->err), 0);
    assert_true(sample_work_eq(work, &got));
    /* The body is a view into the value: it is never copied. */
    assert_ptr_equal(got.body.at, f->value.at + f->value.len - work->body.len);
}

static void test_timer_comes_back(void **state)
{
    struct fixture *f = *state;
    struct record_timer got, timer = {.due_ms = 1457420999123,
                                      .reason = SLICE("deferred"),
                                      .work = *sample_work_with_ref(f->arena)};

    record_put_timer(&f->value, &timer);
    assert_int_equal(record_get_timer(f->arena, buf_slice(&f->value), &got, &f->err), 0);
    assert_int_equal(got.due_ms, timer.due_ms);
    assert_true(slice_eq(got.reason, timer.reason));
    assert_true(sample_work_eq(&timer.work, &got.work));
}

static void test_failure_comes_back(void **state)
{
    struct fixture *f = *state;
    struct record_failure got, failure = {.action = RECORD_RELAYED,
                                          .event_id = SLICE("a.c.2.failed"),
                                          .work = *sample_work_with_ref(f->arena)};

    record_put_failure(&f->value, &failure);
    assert_int_equal(record_get_failure(f->arena, buf_slice(&f->value), &got, &f->err), 0);
    assert_int_equal(got.action, RECORD_RELAYED);
    assert_true(slice_eq(got.event_id, failure.event_id));
    assert_true(sample_work_eq(&failure.work, &got.work));
}

static void test_chunk_comes_back(void **state)
{
    struct fixture *f = *state;
    struct record_chunk got, chunk = {.sequence = 2, .total = 3};

    record_put_chunk(&f->value, &chunk);
    buf_add(&f->value, SLICE("bytes"));
    assert_int_equal(record_get_chunk(f->arena, buf_slice(&f->value), &got, &f->err), 0);
    assert_int_equal(got.sequence, 2);
    assert_int_equal(got.total, 3);
    assert_true(slice_eq(got.bytes, SLICE("bytes")));
}

static void test_thousand_recipients_of_a_fanout_come_back(void **state)
{
    struct fixture *f = *state;
    struct record_work *work = sample_work(f->arena), got;

    work->destination = SLICE_NONE;
    work->rcpt_count = RECORD_FANOUT_RCPTS_MAX;
    work->rcpts = arena_alloc(f->arena, work->rcpt_count * sizeof *work->rcpts);
    for (size_t i = 0; i < work->rcpt_count; i++)
        work->rcpts[i] = (struct record_rcpt){.index = (uint32_t)i,
                                              .address = arena_printf(f->arena, "u%zu@x.test", i)};
    record_put_work(&f->value, work);
    buf_add(&f->value, work->body);
    assert_int_equal(record_get_work(f->arena, buf_slice(&f->value), &got, &f->err), 0);
    assert_true(sample_work_eq(work, &got));
}

/* A piece of exactly that size on the heap, so that ASan sees any read beyond it. */
static int get_work_cut(struct fixture *f, size_t len, struct record_work *ret_work)
{
    char *cut = xalloc(len ? len : 1);

    if (len)
        memcpy(cut, f->value.at, len);
    struct arena *arena = arena_new(4096);
    int rc = record_get_work(arena, slice_of(cut, len), ret_work, &f->err);
    if (rc == 0)
        rc = record_body_is_intact(ret_work->body, 18, ret_work->body_crc32c) ? 0 : -1;
    arena_free(&arena);
    xfree(cut);
    return rc;
}

static void test_every_truncation_is_refused(void **state)
{
    struct fixture *f = *state;
    struct record_work *work = sample_work(f->arena), got;

    record_put_work(&f->value, work);
    buf_add(&f->value, work->body);
    for (size_t len = 0; len < f->value.len; len++)
        assert_int_equal(get_work_cut(f, len, &got), -1);
    assert_int_equal(get_work_cut(f, f->value.len, &got), 0);
}

/* A header cut inside the frame's promise: protobuf itself must refuse or lose whole fields. */
static void test_every_shortened_header_is_refused_or_loses_fields(void **state)
{
    struct fixture *f = *state;
    struct record_work *work = sample_work_with_ref(f->arena), got;
    size_t full;

    record_put_work(&f->value, work);
    full = f->value.len - 5;
    for (size_t len = 0; len < full; len++) {
        f->value.at[3] = (char)(len >> 8);
        f->value.at[4] = (char)len;
        if (get_work_cut(f, 5 + len, &got) == 0)
            assert_false(sample_work_eq(work, &got));
    }
}

static void test_every_damaged_octet_is_survived(void **state)
{
    struct fixture *f = *state;
    struct record_work *work = sample_work(f->arena), got;

    record_put_work(&f->value, work);
    buf_add(&f->value, work->body);
    for (size_t at = 0; at < f->value.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            f->value.at[at] = (char)(f->value.at[at] ^ (1 << bit));
            (void)get_work_cut(f, f->value.len, &got);
            f->value.at[at] = (char)(f->value.at[at] ^ (1 << bit));
        }
    assert_int_equal(get_work_cut(f, f->value.len, &got), 0);
}

static void test_unknown_fields_are_ignored(void **state)
{
    struct fixture *f = *state;
    struct record_work *work = sample_work_with_ref(f->arena), got;
    /* Field 1000 as a varint, field 1001 as bytes: what a newer version may add. */
    static const char newer[] = "\xc0\x3e\x2a\xca\x3e\x03new";

    record_put_work(&f->value, work);
    buf_add(&f->value, slice_of(newer, sizeof newer - 1));
    size_t header = f->value.len - 5;
    f->value.at[3] = (char)(header >> 8);
    f->value.at[4] = (char)header;
    assert_int_equal(record_get_work(f->arena, buf_slice(&f->value), &got, &f->err), 0);
    assert_true(sample_work_eq(work, &got));
}

static void test_other_version_is_refused(void **state)
{
    struct fixture *f = *state;
    struct record_work got;

    record_put_work(&f->value, sample_work_with_ref(f->arena));
    f->value.at[0] = 2;
    assert_int_equal(record_get_work(f->arena, buf_slice(&f->value), &got, &f->err), -1);
    assert_int_equal(f->err.kind, ERR_INVALID);
    assert_string_equal(f->err.text, "record version 2 is not known");
}

static void test_bytes_behind_a_header_that_refers_are_refused(void **state)
{
    struct fixture *f = *state;
    struct record_work got;
    struct record_timer timer = {.work = *sample_work_with_ref(f->arena)};

    record_put_work(&f->value, &timer.work);
    buf_add_char(&f->value, 'x');
    assert_int_equal(record_get_work(f->arena, buf_slice(&f->value), &got, &f->err), -1);
    buf_clear(&f->value);
    record_put_timer(&f->value, &timer);
    buf_add_char(&f->value, 'x');
    assert_int_equal(record_get_timer(f->arena, buf_slice(&f->value), &timer, &f->err), -1);
}

static void test_work_without_envelope_is_refused(void **state)
{
    struct fixture *f = *state;
    struct record_work got;
    struct record_timer timer;

    assert_int_equal(record_get_work(f->arena, slice_of("\x01\0\0\0\0body", 9), &got, &f->err), -1);
    assert_int_equal(record_get_timer(f->arena, slice_of("\x01\0\0\0\0", 5), &timer, &f->err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_work_with_inline_body_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timer_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failure_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chunk_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_thousand_recipients_of_a_fanout_come_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_every_truncation_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_shortened_header_is_refused_or_loses_fields,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_damaged_octet_is_survived, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_fields_are_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_version_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_behind_a_header_that_refers_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_work_without_envelope_is_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
