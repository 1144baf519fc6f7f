/* SPDX-License-Identifier: Apache-2.0
 * Section "log" of the Kafka back end: its own rules, and what librdkafka itself refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "bus/bus.h"
#include "bus/settings.h"
#include "unit/base/private_file.h"

static const struct conf_setting *find(const char *name)
{
    for (size_t i = 0; i < BUS_SECTION.count; i++)
        if (strcmp(BUS_SECTION.settings[i].name, name) == 0)
            return &BUS_SECTION.settings[i];
    fail_msg("no setting %s", name);
    return NULL;
}

static void test_settings_are_in_alphabetical_order(void **state)
{
    (void)state;
    for (size_t i = 1; i < BUS_SECTION.count; i++)
        assert_true(strcmp(BUS_SECTION.settings[i - 1].name, BUS_SECTION.settings[i].name) < 0);
}

static void test_settings_check_strings(void **state)
{
    static const struct {
        const char *name, *value;
        int result;
    } rows[] = {
        {"compression", "lz4", 0},
        {"compression", "rar", -1},
        {"topic_prefix", "", 0},
        {"topic_prefix", "mail_2.a-", 0},
        {"topic_prefix", "mail/", -1},
        {"librdkafka", "security.protocol=SASL_SSL", 0},
        {"librdkafka", "sasl.password = a=b", 0},
        {"librdkafka", "linger.ms", -1},
        {"librdkafka", "acks=1", -1},
        {"librdkafka", " enable.auto.commit = true", -1},
        {"librdkafka_files", "sasl.password=/run/secrets/password", 0},
        {"librdkafka_files", "/run/secrets/password", -1},
        {"librdkafka_files", "group.id=/run/secrets/group", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err;
        assert_int_equal(find(rows[i].name)->check(rows[i].value, &err), rows[i].result);
    }
}

static void test_settings_min_insync_above_replication_is_refused(void **state)
{
    struct bus_settings settings = {.replication = 2, .min_insync = 3};
    struct err err;

    (void)state;
    assert_int_equal(BUS_SECTION.check(&settings, &err), -1);
    settings.replication = 3;
    assert_int_equal(BUS_SECTION.check(&settings, &err), 0);
}

static void test_settings_unknown_to_librdkafka_are_named(void **state)
{
    static const char *const extra[] = {"no.such.thing=1", NULL};
    const struct bus_settings settings = {
        .topic_prefix = "", .brokers = "127.0.0.1:1", .compression = "lz4", .librdkafka = extra};
    struct bus_hub *hub = NULL;
    struct err err;

    (void)state;
    assert_int_equal(bus_hub_open(&settings, &hub, &err), -1);
    assert_int_equal(err.kind, ERR_INVALID);
    assert_non_null(strstr(err.text, "no.such.thing"));
    assert_null(hub);
}

static void test_settings_tell_their_files(void **state)
{
    (void)state;
    assert_string_equal(find("librdkafka")->file_of("ssl.ca.location = /etc/ca"), "/etc/ca");
    assert_null(find("librdkafka")->file_of("sasl.password=/etc/ca"));
    assert_string_equal(find("librdkafka_files")->file_of("sasl.password=/a=b"), "/a=b");
}

/* A file that cannot be used changes nothing, and what is in it is told to nobody. */
static void test_settings_in_files_are_read_again(void **state)
{
    char path[PRIVATE_FILE_PATH], option[PRIVATE_FILE_PATH + 32];
    const char *files[] = {option, NULL};
    const struct bus_settings settings = {.topic_prefix = "",
                                          .brokers = "127.0.0.1:1",
                                          .compression = "lz4",
                                          .librdkafka_files = files};
    struct bus_hub *hub = NULL;
    struct err err;

    (void)state;
    private_file_new(path, SLICE_NONE);
    (void)snprintf(option, sizeof option, "security.protocol=%s", path);
    assert_int_equal(bus_hub_open(&settings, &hub, &err), -1);
    assert_non_null(strstr(err.text, path));
    private_file_replace(path, SLICE("plaintext\n"));
    assert_int_equal(bus_hub_open(&settings, &hub, &err), 0);
    assert_int_equal(bus_hub_renew(hub, &err), 0);
    private_file_replace(path, SLICE_NONE);
    assert_int_equal(bus_hub_renew(hub, &err), -1);
    assert_non_null(strstr(err.text, "it is empty"));
    bus_hub_close(&hub);
    (void)unlink(path);
}

static void test_settings_secrets_are_not_told(void **state)
{
    static const char *const extra[] = {"sasl.password=open sesame", "sasl.no.such=open sesame",
                                        NULL};
    const struct bus_settings settings = {
        .topic_prefix = "", .brokers = "127.0.0.1:1", .compression = "lz4", .librdkafka = extra};
    struct bus_hub *hub = NULL;
    struct err err;

    (void)state;
    assert_int_equal(bus_hub_open(&settings, &hub, &err), -1);
    assert_non_null(strstr(err.text, "sasl.no.such"));
    assert_null(strstr(err.text, "sesame"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_in_alphabetical_order),
        cmocka_unit_test(test_settings_check_strings),
        cmocka_unit_test(test_settings_min_insync_above_replication_is_refused),
        cmocka_unit_test(test_settings_unknown_to_librdkafka_are_named),
        cmocka_unit_test(test_settings_tell_their_files),
        cmocka_unit_test(test_settings_in_files_are_read_again),
        cmocka_unit_test(test_settings_secrets_are_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
