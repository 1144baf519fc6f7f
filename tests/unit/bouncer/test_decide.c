/* SPDX-License-Identifier: Apache-2.0
 * NOTIFY x outcome x sender. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bouncer/decide.h"
#include "sample.h"
#include "smtp/envelope.h"

#define NEVER SMTP_NOTIFY_NEVER
#define S     SMTP_NOTIFY_SUCCESS
#define F     SMTP_NOTIFY_FAILURE
#define D     SMTP_NOTIFY_DELAY

static const struct {
    unsigned notify;
    bool on_failed, on_delayed, on_relayed;
} ROWS[] = {
    {0, true, true, false},           {NEVER, false, false, false}, {S, false, false, true},
    {F, true, false, false},          {D, false, true, false},      {S | F, true, false, true},
    {S | D, false, true, true},       {F | D, true, true, false},   {S | F | D, true, true, true},
    {NEVER | F, false, false, false},
};
#define ROW_COUNT (sizeof ROWS / sizeof *ROWS)

static void test_notify_decides_per_action(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        assert_int_equal(decide_is_entitled(RECORD_FAILED, ROWS[i].notify), ROWS[i].on_failed);
        assert_int_equal(decide_is_entitled(RECORD_DELAYED, ROWS[i].notify), ROWS[i].on_delayed);
        assert_int_equal(decide_is_entitled(RECORD_RELAYED, ROWS[i].notify), ROWS[i].on_relayed);
    }
}

static void test_one_recipient_is_reported_or_suppressed(void **state)
{
    struct arena *arena = arena_new(4096);

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct record_failure *failure = sample_failure(arena);
        failure->work.rcpts[0].notify = ROWS[i].notify;
        struct decided decided = decide_failure(arena, failure);
        assert_int_equal(decided.decision, ROWS[i].on_failed ? DECISION_REPORT : DECISION_SUPPRESS);
        assert_int_equal(decided.entitled_count, ROWS[i].on_failed ? 1 : 0);
        assert_int_equal(decided.withheld_count, ROWS[i].on_failed ? 0 : 1);
    }
    arena_free(&arena);
}

static void test_recipients_are_split(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure_of_three(arena);

    (void)state;
    failure->work.rcpts[1].notify = NEVER;
    struct decided decided = decide_failure(arena, failure);
    assert_int_equal(decided.decision, DECISION_REPORT);
    assert_int_equal(decided.entitled_count, 2);
    assert_ptr_equal(decided.entitled[0], &failure->work.rcpts[0]);
    assert_ptr_equal(decided.entitled[1], &failure->work.rcpts[2]);
    assert_int_equal(decided.withheld_count, 1);
    assert_ptr_equal(decided.withheld[0], &failure->work.rcpts[1]);
    arena_free(&arena);
}

/* Whatever NOTIFY says and whatever happened: never a report about a report or to <>. */
static void test_null_sender_and_reports_never_get_one(void **state)
{
    struct arena *arena = arena_new(4096);

    (void)state;
    for (size_t i = 0; i < ROW_COUNT * 3; i++) {
        struct record_failure *failure = sample_failure(arena);
        struct record_envelope *envelope = &failure->work.envelope;
        failure->action = (enum record_action)(i % 3);
        failure->work.rcpts[0].notify = ROWS[i / 3].notify;
        envelope->from = envelope->original_from = SLICE_NONE;
        assert_int_equal(decide_failure(arena, failure).decision, DECISION_DOUBLE_BOUNCE);
        /* A <> that some rule had rewritten would be one all the same. */
        envelope->from = SLICE("bounces@d.test");
        assert_int_equal(decide_failure(arena, failure).decision, DECISION_DOUBLE_BOUNCE);
        envelope->original_from = SLICE("app-42@shop.test");
        envelope->is_report = true;
        assert_int_equal(decide_failure(arena, failure).decision, DECISION_DOUBLE_BOUNCE);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notify_decides_per_action),
        cmocka_unit_test(test_one_recipient_is_reported_or_suppressed),
        cmocka_unit_test(test_recipients_are_split),
        cmocka_unit_test(test_null_sender_and_reports_never_get_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
