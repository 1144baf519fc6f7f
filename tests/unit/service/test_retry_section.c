/* SPDX-License-Identifier: Apache-2.0
 * Section "retry": its defaults are S16, its bounds S12, its rules lib/profile's. */
#include "unit/service/cases.h"

#include <unistd.h>

#include "base/buf.h"
#include "service/retry_section.h"
#include "unit/service/process.h"

static void on_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
}

static int read_retry(const char *text, struct retry_settings *settings, struct buf *said)
{
    const struct conf_section *const sections[] = {&RETRY_SECTION, NULL};
    const struct conf_faults faults = {on_fault, said};
    const char *const none[] = {NULL};
    struct conf *conf = NULL;
    char file[64];

    process_file(file, text);
    int rc = conf_read(file, none, sections, &faults, &conf);
    (void)unlink(file);
    if (rc == 0)
        *settings = retry_section_get(conf);
    conf_free(&conf);
    return rc;
}

static void test_s16_defaults(void **state)
{
    struct retry_settings expected = retry_defaults(), settings;
    struct buf said = {0};

    (void)state;
    assert_int_equal(read_retry("", &settings, &said), 0);
    assert_int_equal(settings.kind, expected.kind);
    assert_int_equal(settings.period_s, expected.period_s);
    assert_int_equal(settings.a_s, expected.a_s);
    assert_int_equal(settings.b_s, expected.b_s);
    buf_free(&said);
}

static void test_values_are_taken(void **state)
{
    struct retry_settings settings;
    struct buf said = {0};

    (void)state;
    assert_int_equal(
        read_retry("retry: { interval = \"linear\"; a_s = 5; period_s = 60; };", &settings, &said),
        0);
    assert_int_equal(settings.kind, RETRY_LINEAR);
    assert_int_equal(settings.a_s, 5);
    assert_int_equal(settings.period_s, 60);
    buf_free(&said);
}

static void test_geometric_list_and_jitter_are_taken(void **state)
{
    struct retry_settings settings;
    struct buf said = {0};

    (void)state;
    assert_int_equal(
        read_retry("retry: { interval = \"geometric\"; a_s = 60; factor_percent = 150; "
                   "cap_s = 3600; jitter_percent = 10; };",
                   &settings, &said),
        0);
    assert_int_equal(settings.kind, RETRY_GEOMETRIC);
    assert_int_equal(settings.factor_percent, 150);
    assert_int_equal(settings.cap_s, 3600);
    assert_int_equal(settings.jitter_percent, 10);
    assert_int_equal(read_retry("retry: { interval = \"list\"; list_s = [ \"300\", \"3600\" ]; };",
                                &settings, &said),
                     0);
    assert_int_equal(settings.kind, RETRY_LIST);
    assert_int_equal(settings.list_count, 2);
    assert_int_equal(settings.list_s[0], 300);
    assert_int_equal(settings.list_s[1], 3600);
    buf_free(&said);
}

static void test_a_wait_that_is_none_is_a_fault(void **state)
{
    static const char *const WRONG[] = {"", "0", "-5", "5 min", "604801", "99999999999999999999"};
    struct retry_settings settings;
    struct buf said = {0}, text = {0};

    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        buf_clear(&said);
        buf_clear(&text);
        buf_addf(&text, "retry: { interval = \"list\"; list_s = [ \"60\", \"%s\" ]; };", WRONG[i]);
        assert_int_equal(read_retry(buf_str(&text), &settings, &said), -1);
        assert_non_null(strstr(buf_str(&said), "a wait is a number of seconds from 1 to 604800"));
    }
    buf_free(&text);
    buf_free(&said);
}

static void test_s12_s15_rules_are_faults(void **state)
{
    struct retry_settings settings;
    struct buf said = {0};

    (void)state;
    assert_int_equal(read_retry("retry: { period_s = 59; };", &settings, &said), -1);
    assert_non_null(strstr(buf_str(&said), "an integer from 60 to 604800 (s)"));
    buf_clear(&said);
    assert_int_equal(read_retry("\nretry: { a_s = 100; b_s = -100; };", &settings, &said), -1);
    assert_non_null(strstr(buf_str(&said), ":2: retry: "));
    buf_clear(&said);
    assert_int_equal(read_retry("retry: { interval = \"list\"; };", &settings, &said), -1);
    assert_non_null(strstr(buf_str(&said), "retry list has 0 waits: list wants 1..32"));
    buf_free(&said);
}

CASES_RUN(CASE(test_s16_defaults), CASE(test_values_are_taken),
          CASE(test_geometric_list_and_jitter_are_taken), CASE(test_a_wait_that_is_none_is_a_fault),
          CASE(test_s12_s15_rules_are_faults))
