/* SPDX-License-Identifier: Apache-2.0
 * The connection: order, coalescing, loss, late replies, greeting. */
#include "unit/redis/fixture.h"

#define CALLS 200

struct numbered {
    struct redis_call call;
    size_t index;
    size_t *next; /* expected to come next */
    enum redis_type type;
    int64_t number;
    bool is_done;
};

static void on_numbered(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct numbered *numbered = owner;

    assert_ptr_equal(call, &numbered->call);
    assert_false(numbered->is_done);
    assert_int_equal(numbered->index, (*numbered->next)++);
    numbered->type = value->type;
    numbered->number = value->number;
    numbered->is_done = true;
}

static void incr(struct fixture *fixture, struct numbered *numbered, size_t index, size_t *next)
{
    struct slice args[] = {SLICE("INCR"), SLICE("n")};

    *numbered = (struct numbered){
        .call = {.on_reply = on_numbered, .owner = numbered}, .index = index, .next = next};
    redis_command(fixture->redis, &numbered->call, args, 2);
    assert_false(numbered->is_done); /* never from inside */
}

static void tell_incr(struct fixture *fixture)
{
    struct slice args[] = {SLICE("INCR"), SLICE("n")};

    redis_tell(fixture->redis, args, 2);
}

static void test_pipelined_replies_reach_their_calls_in_order(void **state)
{
    struct fixture fixture;
    static struct numbered calls[CALLS];
    size_t next = 0;

    (void)state;
    fixture_begin(&fixture, NULL);
    for (size_t i = 0; i < CALLS; i++) {
        incr(&fixture, &calls[i], i, &next);
        tell_incr(&fixture); /* its reply must not be taken for the next call's */
    }
    WAIT_FOR(fixture.loop, next == CALLS);
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(calls[i].type, REDIS_INT);
        assert_int_equal(calls[i].number, 2 * i + 1);
    }
    fixture_end(&fixture);
}

static void test_kill_fails_what_is_outstanding_and_comes_back(void **state)
{
    struct fixture fixture;
    struct numbered calls[3];
    size_t next = 0;

    (void)state;
    fixture_begin(&fixture, NULL);
    private_redis_freeze(&fixture.server);
    incr(&fixture, &calls[0], 0, &next);
    incr(&fixture, &calls[1], 1, &next);
    loop_turn(fixture.loop, 0);
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.downs == 1);
    assert_int_equal(next, 2); /* before on_down */
    assert_int_equal(calls[0].type, REDIS_DOWN);
    assert_false(redis_is_up(fixture.redis));
    incr(&fixture, &calls[2], 2, &next);
    WAIT_FOR(fixture.loop, calls[2].is_done);
    assert_int_equal(calls[2].type, REDIS_DOWN);
    tell_incr(&fixture); /* dropped */
    private_redis_again(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.ups == 2);
    assert_int_equal(fixture.downs, 1); /* failed attempts in between are not told */
    assert_string_equal(fixture_ask(&fixture, "INCR n"), "1");
    fixture_end(&fixture);
}

static void test_late_reply_drops_the_connection(void **state)
{
    struct fixture fixture;
    struct redis_settings settings = {.password = "", .timeout_ms = 150, .reconnect_ms = 20};
    struct numbered call;
    size_t next = 0;

    (void)state;
    fixture_open(&fixture, NULL, &settings);
    WAIT_FOR(fixture.loop, fixture.ups == 1);
    private_redis_freeze(&fixture.server);
    uint64_t began_ms = clock_monotonic_ms();
    incr(&fixture, &call, 0, &next);
    WAIT_FOR(fixture.loop, call.is_done);
    assert_int_equal(call.type, REDIS_DOWN);
    assert_in_range(clock_monotonic_ms() - began_ms, 100, 3000);
    assert_non_null(strstr(fixture.why, "no reply within 150 ms"));
    private_redis_thaw(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.ups == 2);
    fixture_end(&fixture);
}

static void test_password_and_database_are_given_at_each_connect(void **state)
{
    static const char *const options[] = {"--requirepass", "secret", NULL};
    struct redis_settings settings = {
        .password = "secret", .database = 3, .timeout_ms = 5000, .reconnect_ms = 20};
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, options, &settings);
    for (size_t i = 1; i <= 2; i++) {
        WAIT_FOR(fixture.loop, fixture.ups == i);
        assert_non_null(strstr(fixture_ask(&fixture, "CLIENT INFO"), " db=3 "));
        private_redis_kill(&fixture.server);
        WAIT_FOR(fixture.loop, fixture.downs >= i);
        private_redis_again(&fixture.server);
    }
    fixture_end(&fixture);
}

static void on_refused(void *owner, const char *why)
{
    const char **refused = owner;

    assert_non_null(strstr(why, "AUTH refused: WRONGPASS"));
    *refused = "yes";
}

static void test_wrong_password_is_down_with_the_reason(void **state)
{
    static const char *const options[] = {"--requirepass", "secret", NULL};
    static const struct redis_ops ops = {.on_down = on_refused};
    struct redis_settings settings = {.password = "secret", .timeout_ms = 5000, .reconnect_ms = 20};
    struct fixture fixture;
    const char *refused = NULL;

    (void)state;
    fixture_open(&fixture, options, &settings);
    WAIT_FOR(fixture.loop, fixture.ups == 1);
    settings.password = "wrong";
    settings.address = buf_str(&fixture.server.address);
    struct redis *wrong = redis_new(fixture.loop, &settings, &ops, &refused);
    WAIT_FOR(fixture.loop, refused != NULL);
    assert_false(redis_is_up(wrong));
    redis_free(&wrong);
    fixture_end(&fixture);
}

static void test_free_fails_what_is_outstanding(void **state)
{
    struct fixture fixture;
    struct numbered call;
    size_t next = 0;

    (void)state;
    fixture_begin(&fixture, NULL);
    incr(&fixture, &call, 0, &next);
    redis_free(&fixture.redis);
    assert_true(call.is_done);
    assert_int_equal(call.type, REDIS_DOWN);
    assert_null(fixture.redis);
    fixture_end(&fixture);
}

static void test_error_reply_is_a_value(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture, NULL);
    (void)fixture_ask(&fixture, "NOSUCHCOMMAND");
    assert_int_equal(fixture.reply.type, REDIS_ERROR);
    assert_true(redis_is_up(fixture.redis));
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipelined_replies_reach_their_calls_in_order),
        cmocka_unit_test(test_kill_fails_what_is_outstanding_and_comes_back),
        cmocka_unit_test(test_late_reply_drops_the_connection),
        cmocka_unit_test(test_password_and_database_are_given_at_each_connect),
        cmocka_unit_test(test_wrong_password_is_down_with_the_reason),
        cmocka_unit_test(test_free_fails_what_is_outstanding),
        cmocka_unit_test(test_error_reply_is_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
