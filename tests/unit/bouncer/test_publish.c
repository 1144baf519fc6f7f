/* SPDX-License-Identifier: Apache-2.0
 * The id of a report: golden, because a repeat may come from a bouncer of another version, and
 * different wherever the report is another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bouncer/publish.h"
#include "sample.h"

struct id {
    char text[ID_LEN + 1];
};

static struct id id_of(struct arena *arena, const struct record_failure *failure,
                       struct slice target)
{
    struct id id;

    publish_report_id(failure, sample_all(arena, failure), failure->work.rcpt_count, target,
                      id.text);
    return id;
}

static void test_id_is_golden(void **state)
{
    struct arena *arena = arena_new(4096);

    (void)state;
    assert_string_equal(
        id_of(arena, sample_failure_of_three(arena), SLICE("app-42@shop.test")).text,
        "qxgdjbwbkskhwrsg7zv7");
    arena_free(&arena);
}

static void test_id_depends_on_mail_action_recipients_and_target(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure_of_three(arena);
    struct slice target = SLICE("app-42@shop.test");
    struct id first = id_of(arena, failure, target);

    (void)state;
    /* Not on when, where or how often it was tried. */
    failure->work.attempt = 7;
    failure->work.rcpts[0].last.code = 551;
    failure->work.parcel_id = SLICE("other");
    assert_string_equal(id_of(arena, failure, target).text, first.text);

    assert_string_not_equal(id_of(arena, failure, SLICE("b@d.test")).text, first.text);
    failure->action = RECORD_DELAYED;
    assert_string_not_equal(id_of(arena, failure, target).text, first.text);
    failure->action = RECORD_FAILED;
    failure->work.rcpt_count = 2;
    assert_string_not_equal(id_of(arena, failure, target).text, first.text);
    failure->work.rcpt_count = 3;
    failure->work.envelope.mail_id = SLICE("4f1c2c");
    assert_string_not_equal(id_of(arena, failure, target).text, first.text);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id_is_golden),
        cmocka_unit_test(test_id_depends_on_mail_action_recipients_and_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
