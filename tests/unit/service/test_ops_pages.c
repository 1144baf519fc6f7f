/* SPDX-License-Identifier: Apache-2.0
 * What the probes say about roles in each state. */
#include "unit/service/cases.h"

#include <stdlib.h>

#include "net/clock.h"
#include "service/ops_pages.h"
#include "unit/service/stand_in.h"

struct scene {
    struct loop *loop;
    struct loop_post *bell;
    struct conf *conf;
    struct ops_state state;
};

static void on_bell(void *owner)
{
    (void)owner;
}

static void scene_start(struct scene *scene)
{
    scene->loop = loop_new();
    scene->bell = loop_post_new(scene->loop, on_bell, scene);
    scene->conf = stand_in_conf();
    const struct role_shared shared = {.pod = "p", .conf = scene->conf, .main_bell = scene->bell};
    scene->state.process = metrics_new();
    scene->state.count = 1;
    scene->state.roles[0] = role_new(&ROLE_PLAIN, &shared, true);
}

static void scene_end(struct scene *scene)
{
    role_free(&scene->state.roles[0]);
    metrics_free(&scene->state.process);
    conf_free(&scene->conf);
    loop_post_free(&scene->bell);
    loop_free(&scene->loop);
}

static void expect(struct scene *scene, const char *path, unsigned status, const char *text)
{
    struct buf out = {0};

    assert_int_equal(ops_page(&scene->state, path, &out), status);
    assert_string_equal(buf_str(&out), text);
    buf_free(&out);
}

static void test_a_role_that_has_not_started(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    expect(&scene, "/livez", 200, "plain: ok\n");
    expect(&scene, "/startupz", 503, "plain: starting\n");
    expect(&scene, "/readyz", 503, "plain: starting\n");
    expect(&scene, "/nothing", 404, "");
    scene_end(&scene);
}

/* While the log opens and the child starts there may be no role yet, or some: not ready. */
static void test_a_process_whose_roles_are_to_come(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    service_set_started(&scene.state.roles[0]->env);
    service_set_ready(&scene.state.roles[0]->env, true, "");
    scene.state.is_starting = true;
    expect(&scene, "/livez", 200, "plain: ok\n");
    expect(&scene, "/startupz", 503, "process: starting\nplain: ok\n");
    expect(&scene, "/readyz", 503, "process: starting\nplain: ok\n");
    scene.state.count = 0;
    expect(&scene, "/livez", 200, "");
    expect(&scene, "/readyz", 503, "process: starting\n");
    expect(&scene, "/healthz", 503, "process: starting\n");
    scene.state.count = 1;
    scene_end(&scene);
}

static void test_a_ready_role(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    struct service_env *env = &scene.state.roles[0]->env;
    service_set_started(env);
    service_set_ready(env, true, "");
    expect(&scene, "/startupz", 200, "plain: ok\n");
    expect(&scene, "/readyz", 200, "plain: ok\n");
    expect(&scene, "/healthz", 200, "plain: alive yes, started yes, ready yes, working yes\n");
    scene_end(&scene);
}

static void test_a_role_that_cannot_work_any_more_stays_ready(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    struct service_env *env = &scene.state.roles[0]->env;
    service_set_started(env);
    service_set_ready(env, false, "no broker answers");
    expect(&scene, "/readyz", 503, "plain: no broker answers\n");
    service_set_ready(env, true, "");
    service_set_ready(env, false, "no broker answers");
    expect(&scene, "/readyz", 200, "plain: ok\n");
    expect(&scene, "/healthz", 503,
           "plain: alive yes, started yes, ready yes, working no: no broker answers\n");
    scene_end(&scene);
}

static void test_a_wedged_role_is_not_alive(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    atomic_store(&scene.state.roles[0]->heartbeat_ms, clock_monotonic_ms() - ROLE_WEDGED_MS - 1);
    expect(&scene, "/livez", 503, "plain: the loop is wedged\n");
    atomic_store(&scene.state.roles[0]->is_finished, true); /* it ended: nothing to be alive */
    expect(&scene, "/livez", 200, "plain: ok\n");
    scene_end(&scene);
}

static void test_a_draining_role_is_not_ready(void **state)
{
    struct scene scene = {0};
    struct err err;

    (void)state;
    scene_start(&scene);
    assert_int_equal(role_start(scene.state.roles[0], &err), 0);
    expect(&scene, "/readyz", 200, "plain: ok\n");
    role_drain(scene.state.roles[0]);
    expect(&scene, "/readyz", 503, "plain: draining\n");
    scene_end(&scene);
}

static void test_metrics_of_process_and_roles(void **state)
{
    struct scene scene = {0};
    struct buf out = {0};

    (void)state;
    scene_start(&scene);
    metrics_set(scene.state.process, METRIC_BUILD_INFO, METRIC_LABELS("x", "1"), 1);
    assert_int_equal(ops_page(&scene.state, "/metrics", &out), 200);
    assert_non_null(strstr(buf_str(&out), "hikyaku_build_info{component=\"x\",version=\"1\"} 1\n"));
    assert_non_null(strstr(buf_str(&out), "hikyaku_ready{role=\"plain\"} 0\n"));
    const char *memory = strstr(buf_str(&out), "\nhikyaku_process_resident_memory_bytes ");
    assert_non_null(memory);
    assert_true(strtoll(strchr(memory, ' '), NULL, 10) > 100000);
    assert_non_null(strstr(buf_str(&out), "\nhikyaku_process_open_fds "));
    buf_free(&out);
    scene_end(&scene);
}

static void test_metrics_can_be_off(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    metrics_free(&scene.state.process);
    expect(&scene, "/metrics", 404, "nothing is counted: the setting service.metrics is false\n");
    scene_end(&scene);
}

CASES_RUN(CASE(test_metrics_can_be_off), CASE(test_a_role_that_has_not_started),
          CASE(test_a_process_whose_roles_are_to_come), CASE(test_a_ready_role),
          CASE(test_a_role_that_cannot_work_any_more_stays_ready),
          CASE(test_a_wedged_role_is_not_alive), CASE(test_a_draining_role_is_not_ready),
          CASE(test_metrics_of_process_and_roles))
