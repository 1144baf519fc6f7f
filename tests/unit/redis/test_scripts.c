/* SPDX-License-Identifier: Apache-2.0
 * Scripts travel as source once and by digest from then on, and survive that Redis forgets them. */
#include "unit/redis/fixture.h"

static const struct redis_script ECHO = {.name = "echo",
                                         .source = "return {#KEYS, KEYS[1], ARGV[1], ARGV[2]}\n"};
static const struct redis_script BROKEN = {.name = "broken", .source = "this is no Lua\n"};

struct run {
    struct redis_call call;
    enum redis_type type;
    struct buf text;
    bool is_done;
};

static void on_run(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct run *run = owner;

    (void)call;
    run->type = value->type;
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i].type == REDIS_INT)
            buf_add_u64(&run->text, (uint64_t)value->items[i].number);
        buf_add(&run->text, value->items[i].text);
        buf_add_char(&run->text, '|');
    }
    run->is_done = true;
}

static void start(struct fixture *fixture, struct run *run, const struct redis_script *script)
{
    struct slice key = SLICE("k");
    struct slice args[] = {SLICE("a\0b\r\n"), SLICE("")};

    *run = (struct run){.call = {.on_reply = on_run, .owner = run}};
    redis_run(fixture->redis, &run->call, script, &key, 1, args, 2);
}

static void finish(struct fixture *fixture, struct run *run)
{
    WAIT_FOR(fixture->loop, run->is_done);
    assert_int_equal(run->type, REDIS_ARRAY);
    assert_true(slice_eq(buf_slice(&run->text), SLICE("1|k|a\0b\r\n||")));
    buf_free(&run->text);
}

/* How often the server ran a command, by INFO commandstats. */
static long calls_of(struct fixture *fixture, const char *command)
{
    struct buf wanted = {0};
    struct slice text;

    (void)fixture_ask(fixture, "INFO commandstats");
    text = buf_slice(&fixture->reply.text);
    buf_addf(&wanted, "cmdstat_%s:calls=", command);
    struct slice found = slice_skip(text, slice_find_slice(text, buf_slice(&wanted)) + wanted.len);
    buf_free(&wanted);
    uint64_t calls = 0;
    return slice_to_u64(slice_sub(found, 0, slice_find(found, ',')), 1000000, &calls) ? (long)calls
                                                                                      : 0;
}

static void test_source_once_and_digest_from_then_on(void **state)
{
    struct fixture fixture;
    struct run runs[3];

    (void)state;
    fixture_begin(&fixture, NULL);
    start(&fixture, &runs[0], &ECHO);
    start(&fixture, &runs[1], &ECHO); /* the digest is not known yet */
    finish(&fixture, &runs[0]);
    finish(&fixture, &runs[1]);
    for (size_t i = 0; i < 5; i++) {
        start(&fixture, &runs[2], &ECHO);
        finish(&fixture, &runs[2]);
    }
    assert_int_equal(calls_of(&fixture, "eval"), 2);
    assert_int_equal(calls_of(&fixture, "evalsha"), 5);
    assert_int_equal(calls_of(&fixture, "script|load"), 1);
    fixture_end(&fixture);
}

static void test_forgotten_script_is_sent_again(void **state)
{
    struct fixture fixture;
    struct run runs[3];

    (void)state;
    fixture_begin(&fixture, NULL);
    start(&fixture, &runs[0], &ECHO);
    finish(&fixture, &runs[0]);
    assert_string_equal(fixture_ask(&fixture, "SCRIPT FLUSH"), "OK");
    start(&fixture, &runs[1], &ECHO);
    start(&fixture, &runs[2], &ECHO);
    finish(&fixture, &runs[1]);
    finish(&fixture, &runs[2]);
    start(&fixture, &runs[0], &ECHO); /* by digest again */
    finish(&fixture, &runs[0]);
    assert_int_equal(calls_of(&fixture, "eval"), 3);
    fixture_end(&fixture);
}

static void test_restarted_redis_learns_the_script(void **state)
{
    struct fixture fixture;
    struct run run;

    (void)state;
    fixture_begin(&fixture, NULL);
    start(&fixture, &run, &ECHO);
    finish(&fixture, &run);
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.downs == 1);
    private_redis_again(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.ups == 2);
    start(&fixture, &run, &ECHO);
    finish(&fixture, &run);
    fixture_end(&fixture);
}

static void test_broken_script_is_an_error_and_while_down_a_run_is_down(void **state)
{
    struct fixture fixture;
    struct run run;

    (void)state;
    fixture_begin(&fixture, NULL);
    start(&fixture, &run, &BROKEN);
    WAIT_FOR(fixture.loop, run.is_done);
    assert_int_equal(run.type, REDIS_ERROR);
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.downs == 1);
    start(&fixture, &run, &ECHO);
    WAIT_FOR(fixture.loop, run.is_done);
    assert_int_equal(run.type, REDIS_DOWN);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_once_and_digest_from_then_on),
        cmocka_unit_test(test_forgotten_script_is_sent_again),
        cmocka_unit_test(test_restarted_redis_learns_the_script),
        cmocka_unit_test(test_broken_script_is_an_error_and_while_down_a_run_is_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
