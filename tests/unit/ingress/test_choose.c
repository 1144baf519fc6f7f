/* SPDX-License-Identifier: Apache-2.0
 * Which configuration gets a mail: listener, user, network, fallback, in this order. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "ingress/choose.h"
#include "ingress/settings.h"

static const char *const SETS[] = {
    "configurations=({name=\"wide\"; networks=[\"10.0.0.0/8\"];},"
    " {name=\"narrow\"; networks=[\"10.1.0.0/16\", \"2001:db8::/32\"];},"
    " {name=\"people\"; users=[\"anna\"];},"
    " {name=\"bulk\"; listeners=[\"bulk\"];})",
    NULL};

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static struct configurations *read_configurations(void)
{
    const struct conf_faults faults = {.on_fault = on_fault};
    struct conf *conf = NULL;

    assert_int_equal(conf_read("/dev/null", SETS, INGRESS_SECTIONS, &faults, &conf), 0);
    struct configurations *configurations = configurations_new(conf);
    conf_free(&conf);
    return configurations;
}

struct row {
    const char *listener, *fallback, *user, *client, *chosen; /* client: NULL: without a name */
};

static void check_row(const struct configurations *configurations, const struct row *row)
{
    struct net_address client;
    struct err err;

    if (row->client)
        assert_int_equal(net_address_parse(slice_str(row->client), 0, &client, &err), 0);
    const struct choose_origin origin = {.listener = row->listener,
                                         .fallback = row->fallback,
                                         .user = slice_str(row->user),
                                         .client = row->client ? &client : NULL};
    const struct configuration *chosen = choose_configuration(configurations, &origin);
    if (!slice_eq(chosen->name, slice_str(row->chosen)))
        fail_msg("%s %s %s: %.*s, not %s", row->listener, row->user,
                 row->client ? row->client : "(no name)", SLICE_ARGS(chosen->name), row->chosen);
}

static void test_s01_order_of_preference(void **state)
{
    static const struct row ROWS[] = {
        {"bulk", "default", "anna", "10.1.0.1", "bulk"},
        {"smtp", "default", "anna", "10.1.0.1", "people"},
        {"smtp", "default", "Anna", "192.0.2.1", "default"}, /* another user than anna */
        {"smtp", "default", "otto", "10.1.0.1", "wide"},     /* the first of both */
        {"smtp", "default", "", "2001:db8::1", "narrow"},
        {"smtp", "default", "", "::ffff:10.2.0.1", "wide"},
        {"smtp", "default", "", "192.0.2.1", "default"},
        {"smtp", "default", "", NULL, "default"},
        {"smtp", "default", "anna", NULL, "people"},
        {"smtp", "people", "", "192.0.2.1", "people"},
        {"smtp", "gone", "", "192.0.2.1", "default"},
    };
    struct configurations *configurations = read_configurations();

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        check_row(configurations, &ROWS[i]);
    configurations_free(&configurations);
}

static void keep_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
}

static void test_s01_a_listener_names_one_that_exists(void **state)
{
    static const char *const WRONG[] = {"listeners=({configuration=\"bulk\";})", NULL};
    struct buf said = {0};
    const struct conf_faults faults = {keep_fault, &said};
    struct conf *conf = NULL;

    (void)state;
    assert_int_equal(conf_read("/dev/null", WRONG, INGRESS_SECTIONS, &faults, &conf), -1);
    assert_non_null(strstr(buf_str(&said), "listeners: configuration of \"smtp\" is \"bulk\"; "
                                           "allowed: the name of one of configurations"));
    buf_free(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s01_order_of_preference),
        cmocka_unit_test(test_s01_a_listener_names_one_that_exists),
    };

    return cmocka_run_group_tests_name("ingress/choose", tests, NULL, NULL);
}
