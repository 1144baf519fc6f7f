/* SPDX-License-Identifier: Apache-2.0
 * The figures of commands and scripts. */
#include "base/xalloc.h"
#include "redis/internal.h"
#include "unit/redis/fixture.h"

struct answer {
    struct redis_call call;
    bool is_done;
};

static void on_reply(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct answer *answer = owner;

    (void)call, (void)value;
    answer->is_done = true;
}

static void ask(struct fixture *fixture, struct answer *answer, struct slice verb, struct slice key)
{
    struct slice args[] = {verb, key};

    *answer = (struct answer){.call = {.on_reply = on_reply, .owner = answer}};
    redis_command(fixture->redis, &answer->call, args, 2);
}

static uint64_t count_of(const struct fixture *fixture, const char *name, enum redis_result result)
{
    const struct redis_operation *operations;
    size_t count = redis_operations(fixture->redis, &operations);

    for (size_t i = 0; i < count; i++)
        if (strcmp(operations[i].name, name) == 0)
            return durations_count(&operations[i].took[result]);
    return 0;
}

static void test_operations_are_counted_by_name_and_result(void **state)
{
    static const struct redis_script seven = {.name = "seven", .source = "return 7\n"};
    struct fixture fixture;
    struct answer calls[3], run = {.call = {.on_reply = on_reply, .owner = &run}};

    (void)state;
    fixture_begin(&fixture, NULL);
    ask(&fixture, &calls[0], SLICE("INCR"), SLICE("n"));
    ask(&fixture, &calls[1], SLICE("INCR"), SLICE("n"));
    ask(&fixture, &calls[2], SLICE("LPOP"), SLICE("n")); /* of a number: an error */
    redis_run(fixture.redis, &run.call, &seven, NULL, 0, NULL, 0);
    WAIT_FOR(fixture.loop, calls[2].is_done && run.is_done);
    assert_int_equal(count_of(&fixture, "PING", REDIS_RESULT_OK), 1); /* of the greeting */
    assert_int_equal(count_of(&fixture, "INCR", REDIS_RESULT_OK), 2);
    assert_int_equal(count_of(&fixture, "INCR", REDIS_RESULT_ERROR), 0);
    assert_int_equal(count_of(&fixture, "LPOP", REDIS_RESULT_ERROR), 1);
    assert_int_equal(count_of(&fixture, "seven", REDIS_RESULT_OK), 1);
    fixture_end(&fixture);
}

static void test_operations_that_are_lost_are_counted_but_not_those_refused(void **state)
{
    struct fixture fixture;
    struct answer lost, refused;

    (void)state;
    fixture_begin(&fixture, NULL);
    private_redis_freeze(&fixture.server);
    ask(&fixture, &lost, SLICE("INCR"), SLICE("n"));
    loop_turn(fixture.loop, 0);
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, lost.is_done);
    assert_int_equal(count_of(&fixture, "INCR", REDIS_RESULT_LOST), 1);
    ask(&fixture, &refused, SLICE("INCR"), SLICE("n"));
    WAIT_FOR(fixture.loop, refused.is_done);
    assert_int_equal(count_of(&fixture, "INCR", REDIS_RESULT_LOST), 1);
    fixture_end(&fixture);
}

static void test_operations_are_bounded(void **state)
{
    struct redis_operations *operations = xalloc(sizeof *operations);
    char name[] = "COMMAND-00-OF-A-LONG-NAME-INDEED";

    (void)state;
    for (size_t i = 0; i < REDIS_OPERATIONS_MAX + 9; i++) {
        name[8] = (char)('0' + i / 10);
        name[9] = (char)('0' + i % 10);
        operations_note(operations_find(operations, SLICE(name)), clock_monotonic_us(), REDIS_INT);
    }
    const struct redis_operation *last = &operations->at[REDIS_OPERATIONS_MAX - 1];
    assert_string_equal(operations->at[1].name, "COMMAND-01-OF-A-LONG-NA");
    assert_string_equal(last->name, "other");
    assert_int_equal(durations_count(&last->took[REDIS_RESULT_OK]), 10);
    xfree(operations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_are_counted_by_name_and_result),
        cmocka_unit_test(test_operations_that_are_lost_are_counted_but_not_those_refused),
        cmocka_unit_test(test_operations_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
