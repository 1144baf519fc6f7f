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
        read_retry("retry: { interval = \"linear\"; a_s = 5; period_s = 60; };", &settings, &said), 0);
    assert_int_equal(settings.kind, RETRY_LINEAR);
    assert_int_equal(settings.a_s, 5);
    assert_int_equal(settings.period_s, 60);
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
    buf_free(&said);
}

CASES_RUN(CASE(test_s16_defaults), CASE(test_values_are_taken), CASE(test_s12_s15_rules_are_faults))
