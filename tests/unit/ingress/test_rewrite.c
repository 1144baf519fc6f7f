/* SPDX-License-Identifier: Apache-2.0
 * Rewriting at intake: what the record says afterwards, what is counted, and what stays as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/rewrite.h"
#include "ingress/settings.h"
#include "profile/configuration.h"

struct world {
    struct conf *conf;
    struct metrics *metrics;
    struct arena *arena;
    struct configurations *configurations;
};

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static void begin(struct world *world, const char *const *sets)
{
    const struct conf_faults faults = {.on_fault = on_fault};

    *world = (struct world){.metrics = metrics_new(), .arena = arena_new(1024)};
    assert_int_equal(conf_read("/dev/null", sets, INGRESS_SECTIONS, &faults, &world->conf), 0);
    world->configurations = configurations_new(world->conf);
    conf_free(&world->conf); /* nothing points into it */
}

static void end(struct world *world)
{
    configurations_free(&world->configurations);
    arena_free(&world->arena);
    metrics_free(&world->metrics);
}

static struct record_envelope rewritten(struct world *world, const char *from, struct slice header)
{
    struct record_envelope envelope = {.from = slice_str(from), .original_from = slice_str(from)};

    ingress_rewrite(&configurations_at(world->configurations, 0)->rewrite, world->metrics,
                    world->arena, header, &envelope);
    assert_true(slice_eq(envelope.original_from, slice_str(from)));
    return envelope;
}

static void assert_envelope(struct record_envelope envelope, const char *from, const char *rule,
                            const char *sending_domain)
{
    assert_true(slice_eq(envelope.from, slice_str(from)));
    assert_true(slice_eq(envelope.rewrite_rule, slice_str(rule)));
    assert_true(slice_eq(envelope.sending_domain, slice_str(sending_domain)));
}

static void assert_counted(const struct world *world, const char *series)
{
    struct buf text = {0};

    metrics_expose(&(struct metrics *){world->metrics}, 1, &text);
    if (!strstr(buf_str(&text), series))
        fail_msg("not counted: %s", series);
    buf_free(&text);
}

static void test_s29_nothing_is_done_without_a_rule(void **state)
{
    static const char *const NAMES_ONLY[] = {"sending_domains.[0].domain=shop.test", NULL};
    struct world world;
    struct buf text = {0};

    (void)state;
    begin(&world, NAMES_ONLY);
    assert_envelope(rewritten(&world, "app@shop.test", SLICE("From: n@shop.test\r\n\r\n")),
                    "app@shop.test", "", "");
    metrics_expose(&(struct metrics *){world.metrics}, 1, &text);
    assert_null(strstr(buf_str(&text), "hikyaku_ingress_rewrites_total{"));
    buf_free(&text);
    end(&world);
}

static const char *const BOTH[] = {"configurations.[0].envelope_from.rewrite=b@a.test",
                                   "sending_domains.[0].domain=shop.test",
                                   "sending_domains.[0].rewrite=@d.test", NULL};

static void test_s33_header_from_picks_the_sending_domain(void **state)
{
    struct world world;

    (void)state;
    begin(&world, BOTH);
    assert_envelope(rewritten(&world, "app@other.test",
                              SLICE("To: x@y.test\r\nFROM: \"A, B\"\r\n <n@Shop.test>\r\n\r\n")),
                    "app@d.test", "sending_domain", "shop.test");
    assert_envelope(rewritten(&world, "app@shop.test", SLICE("From: n@other.test\r\n\r\n")),
                    "app@d.test", "sending_domain", "shop.test");
    /* Of two From fields the first one counts. */
    assert_envelope(
        rewritten(&world, "app@x.test", SLICE("From: n@other.test\r\nFrom: n@shop.test\r\n\r\n")),
        "b@a.test", "advanced", "");
    assert_envelope(rewritten(&world, "app@x.test", SLICE("\r\n")), "b@a.test", "advanced", "");
    assert_counted(&world, "hikyaku_ingress_rewrites_total{rule=\"sending_domain\","
                           "result=\"rewritten\"} 2");
    assert_counted(&world, "hikyaku_ingress_rewrites_total{rule=\"advanced\","
                           "result=\"rewritten\"} 2");
    end(&world);
}

static void test_s37_what_is_not_rewritten_has_no_rule(void **state)
{
    struct world world;
    char from[100] = "", room[] = "From: n@shop.test\r\n\r\n";

    (void)state;
    begin(&world, BOTH);
    assert_envelope(rewritten(&world, "", slice_str(room)), "", "", "shop.test");
    memset(from, 'l', 65);
    memcpy(from + 65, "@shop.test", 10);
    assert_envelope(rewritten(&world, from, slice_str(room)), from, "", "shop.test");
    assert_counted(&world, "hikyaku_ingress_rewrites_total{rule=\"sending_domain\","
                           "result=\"null_sender\"} 1");
    assert_counted(&world, "hikyaku_ingress_rewrites_total{rule=\"sending_domain\","
                           "result=\"local_too_long\"} 1");
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s29_nothing_is_done_without_a_rule),
        cmocka_unit_test(test_s33_header_from_picks_the_sending_domain),
        cmocka_unit_test(test_s37_what_is_not_rewritten_has_no_rule),
    };

    return cmocka_run_group_tests_name("ingress/rewrite", tests, NULL, NULL);
}
