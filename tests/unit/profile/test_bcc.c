/* SPDX-License-Identifier: Apache-2.0
 * What may be an archive's host, and what must not be beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "profile/configuration.h"
#include "profile/domains.h"

static void test_s24_host_is_a_name_or_an_address(void **state)
{
    static const char *const GOOD[] = {"",    "archive.example.com", "archive", "192.0.2.1",
                                       "::1", "2001:db8::25"};
    static const char *const BAD[] = {"archive.example.com:25",
                                      "[2001:db8::25]",
                                      "a b",
                                      "-",
                                      "a..b",
                                      "2001:db8::g",
                                      "user@archive"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_int_equal(bcc_check_host(GOOD[i], &err), 0);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(bcc_check_host(BAD[i], &err), -1);
        assert_int_equal(err.kind, ERR_INVALID);
        assert_non_null(strstr(err.text, BAD[i]));
    }
}

static void on_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
    buf_add_char(owner, '\n');
}

/* What is wrong with these settings; "": nothing. The caller frees it. */
static struct buf faults_of(const char *const *sets, struct conf **ret_conf)
{
    static const struct conf_section *const SECTIONS[] = {
        &CONFIGURATIONS_SECTION,   &SENDING_DOMAINS_SECTION, &BOUNCES_SECTION,
        &FORWARDING_RULES_SECTION, &SOURCE_POOLS_SECTION,    NULL};
    struct buf faults = {0};
    const struct conf_faults to = {.on_fault = on_fault, .owner = &faults};

    *ret_conf = NULL;
    int rc = conf_read("/dev/null", sets, SECTIONS, &to, ret_conf);
    assert_int_equal(rc == 0, faults.len == 0);
    return faults;
}

#define BCC     "configurations=({name=\"eu\"; bcc={host=\"archive.example\";};})"
#define NO_BCC  "configurations=({name=\"eu\"; bcc={host=\"\";};})"
#define RULE    "forwarding_rules=({recipient=\"a@x.test\"; to=\"b@x.test\";})"
#define NO_RULE "forwarding_rules=()"

static void test_s25_not_together_with_forwarding_rules(void **state)
{
    static const char *const REFUSED[][3] = {{BCC, RULE, NULL}, {RULE, BCC, NULL}};
    static const char *const FINE[][3] = {{BCC, NO_RULE, NULL}, {NO_BCC, RULE, NULL}};
    struct conf *conf;

    (void)state;
    for (size_t i = 0; i < 2; i++) { /* whichever comes second */
        struct buf faults = faults_of(REFUSED[i], &conf);
        assert_non_null(strstr(buf_str(&faults), "bcc.host"));
        assert_non_null(strstr(buf_str(&faults), "\"eu\""));
        assert_non_null(strstr(buf_str(&faults), "forwarding_rules"));
        buf_free(&faults);
        faults = faults_of(FINE[i], &conf);
        assert_string_equal(buf_str(&faults), "");
        buf_free(&faults);
        conf_free(&conf);
    }
}

static void test_s24_port_is_25_by_default(void **state)
{
    static const char *const SETS[] = {BCC, NULL};
    struct conf *conf;
    struct buf faults = faults_of(SETS, &conf);
    struct configurations *configurations = configurations_new(conf);
    const struct configuration *eu = configurations_find(configurations, SLICE("eu"));
    const struct configuration *other = configurations_find(configurations, SLICE("default"));

    (void)state;
    assert_int_equal(faults.len, 0);
    assert_true(slice_eq(eu->bcc.host, SLICE("archive.example")));
    assert_int_equal(eu->bcc.port, 25);
    assert_int_equal(other->bcc.host.len, 0);
    configurations_free(&configurations);
    conf_free(&conf);
    buf_free(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s24_host_is_a_name_or_an_address),
        cmocka_unit_test(test_s24_port_is_25_by_default),
        cmocka_unit_test(test_s25_not_together_with_forwarding_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
