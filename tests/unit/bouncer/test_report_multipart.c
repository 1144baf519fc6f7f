/* SPDX-License-Identifier: Apache-2.0
 * The layout multipart/report, byte for byte and against hostile values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "sample.h"

static void build_for(struct slice target, struct buf *out, struct arena *arena,
                      const struct record_failure *failure, struct content content)
{
    sample_report(out, arena,
                  &(struct report){.target = target, .failure = failure, .content = content});
}

static void build(struct buf *out, struct arena *arena, const struct record_failure *failure,
                  struct content content)
{
    build_for(failure->work.envelope.from, out, arena, failure, content);
}

static const struct content FULL = {CONTENT_FULL, SAMPLE_ORIGINAL_INIT};
static const struct content NONE = {CONTENT_NONE, {NULL, 0}};

static void test_s28_failure_with_full_original(void **state)
{
    struct arena *arena = arena_new(4096);
    struct buf out = {0};

    (void)state;
    build(&out, arena, sample_failure(arena), FULL);
    golden_assert("multipart-failed-full", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

/* The copy to the original sender: as the report to the rewritten address, but for To. */
static void test_s38_forwarded_copy(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct buf out = {0};

    (void)state;
    failure->work.envelope.from = SLICE("app-42@bounce.example");
    build_for(failure->work.envelope.original_from, &out, arena, failure, FULL);
    golden_assert("multipart-failed-forwarded", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

static void test_three_reasons_with_headers(void **state)
{
    struct arena *arena = arena_new(4096);
    struct buf out = {0};

    (void)state;
    build(&out, arena, sample_failure_of_three(arena), sample_headers());
    golden_assert("multipart-failed-three", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

static void test_failure_without_original(void **state)
{
    struct arena *arena = arena_new(4096);
    struct buf out = {0};

    (void)state;
    build(&out, arena, sample_failure(arena), NONE);
    golden_assert("multipart-failed-bodyless", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

/* ENVID, ORCPT and the client are shown; a long reply keeps its lines. */
static void test_dsn_parameters_come_back(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct buf out = {0};

    (void)state;
    failure->work.envelope.envid = SLICE("QQ+2B314+3D159");
    failure->work.envelope.received_mode = SLICE("normal");
    failure->work.envelope.from = SLICE("bounces@d.test");
    failure->work.rcpts[0].orcpt = SLICE("rfc822;Alias+2B1@dest.example.com");
    failure->work.rcpts[0].last.text = SLICE("The account\n does not exist.\nSee http://x.test/");
    build(&out, arena, failure, sample_headers());
    golden_assert("multipart-failed-dsn", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

static void test_delay(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct buf out = {0};

    (void)state;
    failure->action = RECORD_DELAYED;
    failure->work.rcpts[0].last.code = 451;
    failure->work.rcpts[0].last.enhanced = SLICE("4.3.0");
    failure->work.rcpts[0].last.text = SLICE("Try again later");
    failure->work.rcpts[0].last.status = SLICE_NONE;
    build(&out, arena, failure, sample_headers());
    golden_assert("multipart-delayed", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

static void test_relay(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct buf out = {0};

    (void)state;
    failure->action = RECORD_RELAYED;
    failure->work.rcpts[0].last.code = 250;
    failure->work.rcpts[0].last.enhanced = SLICE("2.0.0");
    failure->work.rcpts[0].last.text = SLICE("Ok: queued as 4711");
    failure->work.rcpts[0].last.stage = SLICE("end of DATA");
    failure->work.rcpts[0].last.status = SLICE("2.0.0");
    build(&out, arena, failure, sample_headers());
    golden_assert("multipart-relayed", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

static size_t boundary_count(struct slice lines)
{
    size_t count = 0;

    while (lines.len)
        count += slice_starts_nocase(slice_cut(&lines, '\n'), SLICE("--=_dsn_"));
    return count;
}

/* Whatever a peer or a client said: no header of its own, no part of its own, no 8-bit octet. */
static void test_hostile_values_cannot_break_out(void **state)
{
    static const char evil[] = "x\r\nBcc: a@b\r\n\r\n--=_dsn_k7q2w5m3x4a6b2c7d3ef\r\n\xff\0\x1b[m";
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct slice hostile = slice_of(evil, sizeof evil - 1);
    struct buf out = {0};

    (void)state;
    failure->work.envelope.from = failure->work.envelope.original_from = hostile;
    failure->work.envelope.mail_id = failure->work.envelope.helo = hostile;
    failure->work.envelope.message_id = failure->work.envelope.client_ip = hostile;
    failure->work.envelope.received_mode = SLICE("normal");
    failure->work.envelope.envid = failure->work.rcpts[0].orcpt = hostile;
    failure->work.rcpts[0].address = failure->work.rcpts[0].last.text = hostile;
    failure->work.rcpts[0].last.mx_host = failure->work.rcpts[0].last.mx_ip = hostile;
    failure->work.rcpts[0].last.stage = failure->work.rcpts[0].last.status = hostile;
    failure->work.rcpts[0].last.enhanced = hostile;
    build(&out, arena, failure, NONE);
    assert_null(strstr(buf_str(&out), "\r\nBcc:"));
    assert_int_equal(boundary_count(buf_slice(&out)), 3);
    for (size_t i = 0; i < out.len; i++)
        assert_true((out.at[i] >= ' ' && out.at[i] <= '~') || out.at[i] == '\r' ||
                    out.at[i] == '\n');
    buf_free(&out);
    arena_free(&arena);
}

static size_t longest_line(struct slice lines)
{
    size_t longest = 0;

    while (lines.len) {
        struct slice line = slice_cut(&lines, '\n');
        longest = line.len > longest ? line.len : longest;
    }
    return longest;
}

static void test_lines_stay_below_998(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    char long_text[RECORD_TEXT_MAX];
    struct buf out = {0};

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    failure->work.rcpts[0].last.text = slice_of(long_text, sizeof long_text);
    failure->work.rcpts[0].last.stage = slice_of(long_text, RECORD_ID_MAX);
    failure->work.rcpts[0].last.mx_host = slice_of(long_text, RECORD_NAME_MAX);
    failure->work.rcpts[0].address = slice_of(long_text, RECORD_ADDRESS_MAX);
    failure->work.envelope.message_id = slice_of(long_text, RECORD_FIELD_MAX);
    build(&out, arena, failure, NONE);
    assert_in_range(longest_line(buf_slice(&out)), 900, 998);
    failure->work.rcpts[0].last.code = 0;
    failure->work.rcpts[0].last.reason = slice_of(long_text, sizeof long_text);
    build(&out, arena, failure, NONE);
    assert_in_range(longest_line(buf_slice(&out)), 900, 998);
    buf_free(&out);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s28_failure_with_full_original),
        cmocka_unit_test(test_s38_forwarded_copy),
        cmocka_unit_test(test_three_reasons_with_headers),
        cmocka_unit_test(test_failure_without_original),
        cmocka_unit_test(test_dsn_parameters_come_back),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_relay),
        cmocka_unit_test(test_hostile_values_cannot_break_out),
        cmocka_unit_test(test_lines_stay_below_998),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
