/* SPDX-License-Identifier: Apache-2.0
 * The table of section "redis": defaults, and addresses that are refused before anything starts. */
#include "unit/net/cases.h"

#include "redis/settings.h"

static void on_fault(void *owner, const char *sentence)
{
    size_t *faults = owner;

    assert_true(strstr(sentence, "address") || strstr(sentence, "password_file") ||
                strstr(sentence, "tls") || strstr(sentence, "/nowhere/"));
    (*faults)++;
}

static struct conf *read_both(const char *first, const char *second, size_t *faults)
{
    const struct conf_section *const sections[] = {&REDIS_SECTION, NULL};
    const char *const overrides[] = {first, second, NULL};
    const struct conf_faults sink = {.on_fault = on_fault, .owner = faults};
    struct conf *conf = NULL;

    return conf_read("/dev/null", overrides, sections, &sink, &conf) == 0 ? conf : NULL;
}

static struct conf *read_with(const char *override, size_t *faults)
{
    return read_both(override, NULL, faults);
}

static void test_addresses_are_taken_and_refused(void **state)
{
    static const char *const good[] = {
        "redis.address=unix:/run/redis.sock", "redis.address=\"[::1]:6379\"",
        "redis.address=\"127.0.0.1:1\"", "redis.address=\"redis.mail.svc:6379\"",
        "redis.address=\"redis-0:1, redis-1:1,[::1]:2\""};
    static const char *const bad[] = {
        "redis.address=\"local host:6379\"", "redis.address=\"127.0.0.1\"",
        "redis.address=\"a:1,,b:2\"",        "redis.address=\"a:65536\"",
        "redis.address=unix:relative",       "redis.address=\"\""};
    size_t faults = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct conf *conf = read_with(good[i], &faults);
        assert_non_null(conf);
        conf_free(&conf);
    }
    assert_int_equal(faults, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(read_with(bad[i], &faults));
    assert_int_equal(faults, sizeof bad / sizeof *bad);
}

static void test_defaults(void **state)
{
    size_t faults = 0;
    struct conf *conf = read_with("redis.database=2", &faults);

    (void)state;
    assert_non_null(conf);
    const struct redis_settings *settings = conf_values(conf, &REDIS_SECTION);
    assert_string_equal(settings->address, "127.0.0.1:6379");
    assert_string_equal(settings->password, "");
    assert_int_equal(settings->database, 2);
    assert_int_equal(settings->timeout_ms, 2000);
    assert_int_equal(settings->reconnect_ms, 250);
    conf_free(&conf);
}

/* Found before anything starts, not at the first connection. */
static void test_tls_that_cannot_work_is_refused(void **state)
{
    size_t faults = 0;

    (void)state;
    assert_null(read_both("redis.tls=true", "redis.tls_ca=/nowhere/ca.pem", &faults));
    assert_null(read_both("redis.tls=true", "redis.address=unix:/run/redis.sock", &faults));
    assert_null(read_both("redis.tls=true", "redis.tls_key=/nowhere/key.pem", &faults));
    assert_int_equal(faults, 3);
}

static void test_passwords_that_cannot_work_are_refused(void **state)
{
    size_t faults = 0;

    (void)state;
    assert_null(read_with("redis.password_file=/nowhere/password", &faults));
    assert_null(read_both("redis.password=x", "redis.password_file=/nowhere/password", &faults));
    assert_int_equal(faults, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_taken_and_refused),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_tls_that_cannot_work_is_refused),
        cmocka_unit_test(test_passwords_that_cannot_work_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
