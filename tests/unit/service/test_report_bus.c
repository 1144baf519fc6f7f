/* SPDX-License-Identifier: Apache-2.0
 * bus_stats become metrics; what belongs to the process is reported once. */
#include "unit/service/cases.h"

#include "service/role.h"
#include "unit/service/stand_in.h"

static void on_bell(void *owner)
{
    (void)owner;
}

static void test_figures_arrive(void **state)
{
    struct loop *loop = loop_new();
    struct loop_post *bell = loop_post_new(loop, on_bell, NULL);
    const struct role_shared shared = {.pod = "p", .main_bell = bell};
    struct service_role_state *roles[] = {role_new(&ROLE_PLAIN, &shared, true),
                                          role_new(&ROLE_PLAIN, &shared, false)};
    struct metrics *metrics[] = {roles[0]->env.metrics, roles[1]->env.metrics};
    struct buf out = {0};

    (void)state;
    service_report_bus(&roles[0]->env, NULL);
    service_report_bus(&roles[1]->env, NULL);
    metrics_expose(metrics, 2, &out);
    assert_non_null(strstr(buf_str(&out), "hikyaku_bus_produced_total{role=\"plain\",topic=\"body\""
                                          ",result=\"ok\"} 202\n"));
    assert_non_null(
        strstr(buf_str(&out), "hikyaku_bus_producer_queue_records{role=\"plain\"} 14\n"));
    assert_non_null(strstr(buf_str(&out), "hikyaku_bus_stored_bytes 4096\n"));
    buf_free(&out);
    role_free(&roles[0]);
    role_free(&roles[1]);
    loop_post_free(&bell);
    loop_free(&loop);
}

CASES_RUN(CASE(test_figures_arrive))
