/* SPDX-License-Identifier: Apache-2.0
 * The layout simple, byte for byte, and the rules that make it readable to bounce readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "sample.h"

static const struct content FULL = {CONTENT_FULL, SAMPLE_ORIGINAL_INIT};
static const struct content NONE = {CONTENT_NONE, {NULL, 0}};

static void build(struct buf *out, struct arena *arena, const struct record_failure *failure,
                  struct content content)
{
    sample_report(out, arena,
                  &(struct report){.target = failure->work.envelope.from,
                                   .failure = failure,
                                   .format = BOUNCE_SIMPLE,
                                   .content = content});
}

static void test_s27_three_reasons_with_full_original(void **state)
{
    struct arena *arena = arena_new(4096);
    struct buf out = {0};

    (void)state;
    build(&out, arena, sample_failure_of_three(arena), FULL);
    golden_assert("simple-failed-three", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

static void test_failure_with_headers(void **state)
{
    struct arena *arena = arena_new(4096);
    struct buf out = {0};

    (void)state;
    build(&out, arena, sample_failure(arena), sample_headers());
    golden_assert("simple-failed-headers", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

/* Given up without ever having had a reply. */
static void test_expiry_without_reply(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct record_reply *last = &failure->work.rcpts[0].last;
    struct buf out = {0};

    (void)state;
    last->code = 0;
    last->text = last->enhanced = last->mx_host = last->mx_ip = SLICE_NONE;
    last->status = SLICE("4.4.7");
    last->reason = SLICE("no connection within 86400 s; last error: connection refused");
    build(&out, arena, failure, NONE);
    golden_assert("simple-failed-expired", buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
}

static void test_reply_with_empty_lines_stays_one_paragraph(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct buf out = {0};

    (void)state;
    failure->work.rcpts[0].last.text = SLICE("\n\n-- \n<other@x.test>:\n");
    failure->work.rcpts[0].last.enhanced = SLICE_NONE;
    build(&out, arena, failure, NONE);
    assert_non_null(strstr(buf_str(&out), "said (RCPT TO): 550-\r\n550-\r\n550---\r\n"
                                          "550 <other@x.test>:\r\n"));
    buf_free(&out);
    arena_free(&arena);
}

/* A delay in this shape would be read as a failure. */
static void test_s26_only_failures_are_simple(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct buf out = {0};

    (void)state;
    failure->action = RECORD_DELAYED;
    build(&out, arena, failure, NONE);
    assert_non_null(strstr(buf_str(&out), "Content-Type: multipart/report;"));
    failure->action = RECORD_RELAYED;
    build(&out, arena, failure, NONE);
    assert_non_null(strstr(buf_str(&out), "Content-Type: multipart/report;"));
    buf_free(&out);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s27_three_reasons_with_full_original),
        cmocka_unit_test(test_failure_with_headers),
        cmocka_unit_test(test_expiry_without_reply),
        cmocka_unit_test(test_reply_with_empty_lines_stays_one_paragraph),
        cmocka_unit_test(test_s26_only_failures_are_simple),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
