/* SPDX-License-Identifier: Apache-2.0
 * Passwords that change while the connection is in use. */
#include <unistd.h>

#include "redis/credentials.h"
#include "unit/base/private_file.h"
#include "unit/redis/fixture.h"

static const char *const OPTIONS[] = {"--user", "mail", "on", ">old", "~*", "+@all", NULL};

static void begin(struct fixture *fixture, char path[PRIVATE_FILE_PATH])
{
    struct redis_settings settings = {
        .username = "mail", .password = "", .timeout_ms = 5000, .reconnect_ms = 20};

    private_file_new(path, SLICE("old\n"));
    settings.password_file = path;
    fixture_open(fixture, OPTIONS, &settings);
    WAIT_FOR(fixture->loop, fixture->ups == 1);
    fixture->downs = 0;
}

static void end(struct fixture *fixture, const char *path)
{
    fixture_end(fixture);
    (void)unlink(path);
}

/* The old password is gone on both sides, and no command has failed. */
static void test_a_new_password_on_the_same_connection(void **state)
{
    struct fixture fixture;
    char path[PRIVATE_FILE_PATH];

    (void)state;
    begin(&fixture, path);
    struct buf client = {0};
    buf_add_str(&client, fixture_ask(&fixture, "CLIENT ID"));
    (void)fixture_ask(&fixture, "ACL SETUSER mail >new");
    private_file_replace(path, SLICE("new\n"));
    redis_renew(fixture.redis);
    (void)fixture_ask(&fixture, "ACL SETUSER mail <old");
    assert_string_equal(fixture_ask(&fixture, "INCR n"), "1");
    assert_string_equal(fixture_ask(&fixture, "CLIENT ID"), buf_str(&client));
    /* The connection was told the new one: the log of refusals is empty. */
    assert_string_equal(fixture_ask(&fixture, "ACL LOG"), "");
    assert_int_equal(fixture.downs, 0);
    buf_free(&client);
    end(&fixture, path);
}

static void test_a_refused_password_ends_nothing(void **state)
{
    struct fixture fixture;
    char path[PRIVATE_FILE_PATH];

    (void)state;
    begin(&fixture, path);
    private_file_replace(path, SLICE("wrong\n"));
    redis_renew(fixture.redis);
    assert_string_equal(fixture_ask(&fixture, "INCR n"), "1");
    assert_non_null(strstr(fixture_ask(&fixture, "ACL LOG"), "auth"));
    assert_int_equal(fixture.downs, 0);
    end(&fixture, path);
}

/* The next connection gives what the file has then, without anybody saying so. */
static void test_the_file_is_read_at_each_connect(void **state)
{
    struct fixture fixture;
    char path[PRIVATE_FILE_PATH];

    (void)state;
    begin(&fixture, path);
    private_file_replace(path, SLICE("new"));
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.downs == 1);
    static const char *const options[] = {"--user", "mail", "on", ">new", "~*", "+@all", NULL};
    fixture.server.options = options;
    private_redis_again(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.ups == 2);
    assert_string_equal(fixture_ask(&fixture, "ACL WHOAMI"), "mail");
    end(&fixture, path);
}

static void test_what_was_read_stays_when_the_file_goes(void **state)
{
    char path[PRIVATE_FILE_PATH];
    struct redis_settings settings = {.password = "", .password_file = path};
    struct redis_credentials credentials = {0};
    struct err err;

    (void)state;
    private_file_new(path, SLICE_NONE);
    assert_int_equal(redis_credentials_refresh(&credentials, &settings, &err), -1);
    assert_non_null(strstr(err.text, "it is empty"));
    private_file_replace(path, SLICE("pass word\r\n"));
    assert_int_equal(redis_credentials_refresh(&credentials, &settings, &err), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(redis_credentials_refresh(&credentials, &settings, &err), 0);
    assert_string_equal(buf_str(&credentials.password), "pass word");
    assert_int_equal(redis_credentials_check(&settings, &err), -1);
    assert_null(strstr(err.text, "pass word"));
    redis_credentials_free(&credentials);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_password_on_the_same_connection),
        cmocka_unit_test(test_a_refused_password_ends_nothing),
        cmocka_unit_test(test_the_file_is_read_at_each_connect),
        cmocka_unit_test(test_what_was_read_stays_when_the_file_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
