/* SPDX-License-Identifier: Apache-2.0
 * Rewriting the envelope From: the forms of a rule (S29..S32), the matrix (S33..S37), the limits
 * and <>. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/rewrite.h"

#define SUBMITTED "app-42@shop.test"

static struct rewrite_rule rule(const char *text)
{
    struct rewrite_rule rule;
    struct err err;

    if (rewrite_rule_parse(slice_str(text), &rule, &err) != 0)
        fail_msg("%s", err.text);
    return rule;
}

/* With a sending domain shop.test that has the first rule, and the second as the advanced one. */
static struct rewrite_outcome decide(struct arena *arena, const char *of_domain,
                                     const char *advanced, struct slice from)
{
    struct rewrite_domain *domain = arena_alloc(arena, sizeof *domain);
    const struct rewrite_rules rules = {
        .advanced = rule(advanced), .domains = domain, .domain_count = 1};

    *domain = (struct rewrite_domain){SLICE("shop.test"), rule(of_domain)};
    return rewrite_decide(&rules, arena, from, SLICE("shop.test"));
}

static void assert_slice(struct slice actual, const char *expected)
{
    if (!slice_eq(actual, slice_str(expected)))
        fail_msg("\"%.*s\", not \"%s\"", SLICE_ARGS(actual), expected);
}

/* ---- S29..S32 ---- */

static const struct {
    const char *text;
    enum rewrite_kind kind;
    const char *sentence; /* of a refusal */
} FORMS[] = {
    {"none", REWRITE_NONE, NULL},
    {"bounce@a.test", REWRITE_ADDRESS, NULL},
    {"\"a b\"@a.test", REWRITE_ADDRESS, NULL},
    {"@a.test", REWRITE_DOMAIN, NULL},
    {"", REWRITE_NONE, "\"\": there is no @"},
    {"None", REWRITE_NONE, "\"None\": there is no @"},
    {"a.test", REWRITE_NONE, "\"a.test\": there is no @"},
    {"@", REWRITE_NONE, "\"@\": the domain is malformed"},
    {"@a..test", REWRITE_NONE, "\"@a..test\": the domain is malformed"},
    {"@[192.0.2.1]", REWRITE_NONE, "\"@[192.0.2.1]\": the domain is malformed"},
    {"a@[192.0.2.1]", REWRITE_NONE, "\"a@[192.0.2.1]\": the domain is malformed"},
    {"a@", REWRITE_NONE, "\"a@\": the domain is malformed"},
    {"a@b@c.test", REWRITE_NONE, "\"a@b@c.test\": something follows the address"},
    {"<a@a.test>", REWRITE_NONE, "\"<a@a.test>\": the local part is malformed"},
    {"a@a.test ", REWRITE_NONE, "\"a@a.test \": something follows the address"},
};

static void test_s29_to_s32_forms_of_a_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        struct rewrite_rule parsed = {REWRITE_NONE, SLICE_NONE};
        struct err err = {ERR_NONE, ""};
        int rc = rewrite_rule_parse(slice_str(FORMS[i].text), &parsed, &err);
        assert_int_equal(rc, FORMS[i].sentence ? -1 : 0);
        assert_int_equal(parsed.kind, FORMS[i].kind);
        struct slice sentence = slice_str(err.text);
        if (FORMS[i].sentence)
            assert_slice(slice_sub(sentence, 0, slice_find(sentence, ';')), FORMS[i].sentence);
        assert_true(rc == 0 || slice_ends_nocase(
                                   sentence, SLICE("; allowed: none, account@domain or @domain")));
    }
}

static void assert_from(const char *advanced, const char *from, const char *expected)
{
    struct arena *arena = arena_new(256);
    struct rewrite_outcome outcome = decide(arena, "none", advanced, slice_str(from));

    assert_slice(outcome.from, expected);
    arena_free(&arena);
}

static void test_s30_none_leaves_it(void **state)
{
    (void)state;
    assert_from("none", SUBMITTED, SUBMITTED);
}

static void test_s31_account_at_domain_takes_all(void **state)
{
    (void)state;
    assert_from("b@a.test", SUBMITTED, "b@a.test");
    assert_from("b@a.test", "\"any thing\"@[192.0.2.1]", "b@a.test");
}

static void test_s32_at_domain_keeps_the_local_part(void **state)
{
    (void)state;
    assert_from("@a.test", SUBMITTED, "app-42@a.test");
    assert_from("@a.test", "App+X=y@SHOP.test", "App+X=y@a.test");
    assert_from("@a.test", "\"a@b \\\" c\"@shop.test", "\"a@b \\\" c\"@a.test");
}

/* ---- S33..S37 ---- */

static const struct {
    const char *of_domain, *advanced, *from;
    enum rewrite_source source;
} MATRIX[] = {
    {"none", "none", "app-42@shop.test", REWRITE_BY_NONE},
    {"none", "b@a.test", "b@a.test", REWRITE_BY_ADVANCED},
    {"none", "@a.test", "app-42@a.test", REWRITE_BY_ADVANCED},
    {"b@d.test", "none", "b@d.test", REWRITE_BY_SENDING_DOMAIN},
    {"b@d.test", "b@a.test", "b@d.test", REWRITE_BY_SENDING_DOMAIN},
    {"b@d.test", "@a.test", "b@d.test", REWRITE_BY_SENDING_DOMAIN},
    {"@d.test", "none", "app-42@d.test", REWRITE_BY_SENDING_DOMAIN},
    {"@d.test", "b@a.test", "app-42@d.test", REWRITE_BY_SENDING_DOMAIN},
    {"@d.test", "@a.test", "app-42@d.test", REWRITE_BY_SENDING_DOMAIN},
};

static void test_s33_to_s37_matrix(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MATRIX / sizeof *MATRIX; i++) {
        struct arena *arena = arena_new(256);
        struct rewrite_outcome outcome =
            decide(arena, MATRIX[i].of_domain, MATRIX[i].advanced, SLICE(SUBMITTED));
        assert_slice(outcome.from, MATRIX[i].from);
        assert_slice(outcome.sending_domain, "shop.test");
        assert_int_equal(outcome.source, MATRIX[i].source);
        assert_int_equal(outcome.result, i == 0 ? REWRITE_NO_RULE : REWRITE_DONE);
        arena_free(&arena);
    }
}

static void test_s33_sending_domain_is_picked_by_header_then_envelope(void **state)
{
    static const struct {
        const char *from, *header_domain, *sending_domain, *effective;
    } ROWS[] = {
        {"x@two.test", "one.test", "one.test", "x@d1.test"},
        {"x@two.test", "ONE.Test", "one.test", "x@d1.test"},
        {"x@two.test", "sub.one.test", "two.test", "x@d2.test"},
        {"x@TWO.test", "", "two.test", "x@d2.test"},
        {"x@sub.two.test", "", "", "x@a.test"},
        {"x@other.test", "another.test", "", "x@a.test"},
    };
    const struct rewrite_domain domains[] = {{SLICE("one.test"), rule("@d1.test")},
                                             {SLICE("two.test"), rule("@d2.test")}};
    const struct rewrite_rules rules = {rule("@a.test"), domains, 2};
    struct arena *arena = arena_new(256);

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct rewrite_outcome outcome = rewrite_decide(&rules, arena, slice_str(ROWS[i].from),
                                                        slice_str(ROWS[i].header_domain));
        assert_slice(outcome.sending_domain, ROWS[i].sending_domain);
        assert_slice(outcome.from, ROWS[i].effective);
    }
    arena_free(&arena);
}

static void test_s37_null_sender_is_never_rewritten(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MATRIX / sizeof *MATRIX; i++) {
        struct arena *arena = arena_new(256);
        struct rewrite_outcome outcome =
            decide(arena, MATRIX[i].of_domain, MATRIX[i].advanced, SLICE(""));
        assert_int_equal(outcome.from.len, 0);
        assert_int_equal(outcome.source, MATRIX[i].source);
        assert_int_equal(outcome.result, i == 0 ? REWRITE_NO_RULE : REWRITE_NULL_SENDER);
        arena_free(&arena);
    }
}

/* ---- limits ---- */

/* A domain of that many octets. */
static const char *domain_of(struct arena *arena, size_t length)
{
    char *domain = arena_alloc(arena, length + 1);

    memset(domain, 'd', length);
    for (size_t i = 50; i + 1 < length; i += 50)
        domain[i] = '.';
    return domain;
}

static void test_s32_limits_of_the_result(void **state)
{
    static const struct {
        size_t local, domain;
        enum rewrite_result result;
    } ROWS[] = {
        {64, 20, REWRITE_DONE},     {65, 20, REWRITE_LOCAL_TOO_LONG}, {1, 252, REWRITE_DONE},
        {2, 252, REWRITE_TOO_LONG}, {64, 189, REWRITE_DONE},          {64, 190, REWRITE_TOO_LONG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct arena *arena = arena_new(256);
        char from[100] = "";
        memset(from, 'l', ROWS[i].local);
        memcpy(from + ROWS[i].local, "@shop.test", 10);
        const char *text = arena_printf(arena, "@%s", domain_of(arena, ROWS[i].domain)).at;
        struct rewrite_outcome outcome = decide(arena, "none", text, slice_str(from));
        assert_int_equal(outcome.result, ROWS[i].result);
        if (ROWS[i].result == REWRITE_DONE)
            assert_int_equal(outcome.from.len, ROWS[i].local + 1 + ROWS[i].domain);
        else
            assert_slice(outcome.from, from);
        arena_free(&arena);
    }
}

/* An account fits whatever it replaces. */
static void test_s31_a_long_sender_becomes_the_account(void **state)
{
    struct arena *arena = arena_new(256);
    char from[100] = "";

    (void)state;
    memset(from, 'l', 70);
    memcpy(from + 70, "@shop.test", 10);
    assert_slice(decide(arena, "b@d.test", "none", slice_str(from)).from, "b@d.test");
    arena_free(&arena);
}

static void test_off_means_that_no_rule_is_there(void **state)
{
    const struct rewrite_domain nothing = {SLICE("shop.test"), rule("none")};
    const struct rewrite_domain something = {SLICE("shop.test"), rule("@d.test")};

    (void)state;
    assert_true(rewrite_is_off(&(struct rewrite_rules){rule("none"), &nothing, 1}));
    assert_true(rewrite_is_off(&(struct rewrite_rules){rule("none"), NULL, 0}));
    assert_false(rewrite_is_off(&(struct rewrite_rules){rule("none"), &something, 1}));
    assert_false(rewrite_is_off(&(struct rewrite_rules){rule("@a.test"), &nothing, 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s29_to_s32_forms_of_a_rule),
        cmocka_unit_test(test_s30_none_leaves_it),
        cmocka_unit_test(test_s31_account_at_domain_takes_all),
        cmocka_unit_test(test_s32_at_domain_keeps_the_local_part),
        cmocka_unit_test(test_s33_to_s37_matrix),
        cmocka_unit_test(test_s33_sending_domain_is_picked_by_header_then_envelope),
        cmocka_unit_test(test_s37_null_sender_is_never_rewritten),
        cmocka_unit_test(test_s32_limits_of_the_result),
        cmocka_unit_test(test_s31_a_long_sender_becomes_the_account),
        cmocka_unit_test(test_off_means_that_no_rule_is_there),
    };

    return cmocka_run_group_tests_name("profile/rewrite", tests, NULL, NULL);
}
