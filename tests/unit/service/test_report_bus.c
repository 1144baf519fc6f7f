/* SPDX-License-Identifier: Apache-2.0
 * bus_stats and backlogs become metrics; what belongs to the process is reported once. */
#include "unit/service/cases.h"

#include "service/role.h"
#include "unit/service/stand_in.h"

static void on_bell(void *owner)
{
    (void)owner;
}

struct scene {
    struct loop *loop;
    struct loop_post *bell;
    struct conf *conf;
    struct service_role_state *roles[2];
    struct buf out;
};

static void scene_start(struct scene *scene, bool without_metrics)
{
    scene->loop = loop_new();
    scene->bell = loop_post_new(scene->loop, on_bell, NULL);
    scene->conf = stand_in_conf();
    const struct role_shared shared = {.pod = "p",
                                       .conf = scene->conf,
                                       .main_bell = scene->bell,
                                       .without_metrics = without_metrics};
    for (size_t i = 0; i < 2; i++)
        scene->roles[i] = role_new(&ROLE_PLAIN, &shared, i == 0);
}

static void scene_end(struct scene *scene)
{
    buf_free(&scene->out);
    for (size_t i = 0; i < 2; i++)
        role_free(&scene->roles[i]);
    conf_free(&scene->conf);
    loop_post_free(&scene->bell);
    loop_free(&scene->loop);
}

/* What the first `count` roles say about the log, added up. */
static void report(struct scene *scene, size_t count)
{
    struct metrics *metrics[2];

    for (size_t i = 0; i < count; i++) {
        metrics[i] = scene->roles[i]->env.metrics;
        service_report_bus(&scene->roles[i]->env, NULL);
    }
    metrics_expose(metrics, count, &scene->out);
}

static void expect(struct scene *scene, const char *line)
{
    if (!strstr(buf_str(&scene->out), line))
        fail_msg("no line \"%s\" in:\n%s", line, buf_str(&scene->out));
}

static void test_figures_arrive(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene, false);
    report(&scene, 2);
    expect(&scene,
           "\nhikyaku_bus_produced_total{role=\"plain\",topic=\"body\",result=\"ok\"} 202\n");
    expect(&scene, "\nhikyaku_bus_producer_queue_records{role=\"plain\"} 14\n");
    expect(&scene, "\nhikyaku_bus_stored_bytes 4096\n");
    expect(&scene, "\nhikyaku_bus_retention_seconds{topic=\"work\"} 172800.000000\n");
    expect(&scene, "\nhikyaku_bus_retention_seconds{topic=\"failure\"} 0.000000\n"); /* for ever */
    expect(&scene, "\nhikyaku_bus_errors_total{role=\"plain\",code=\"_TRANSPORT\"} 6\n");
    expect(&scene, "\nhikyaku_bus_rebalances_total{group=\"plain\"} 0\n");
    scene_end(&scene);
}

static void test_durations_become_a_histogram(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene, false);
    report(&scene, 1);
    report(&scene, 1); /* set, not added */
    buf_clear(&scene.out);
    report(&scene, 1);
#define DURATION "\nhikyaku_bus_produce_duration_seconds"
    expect(&scene, DURATION "_bucket{topic=\"work\",le=\"0.0002\"} 0\n");
    expect(&scene, DURATION "_bucket{topic=\"work\",le=\"0.0005\"} 1\n");
    expect(&scene, DURATION "_bucket{topic=\"work\",le=\"5\"} 1\n");
    expect(&scene, DURATION "_bucket{topic=\"work\",le=\"+Inf\"} 2\n");
    expect(&scene, DURATION "_sum{topic=\"work\"} 6.0003");
    expect(&scene, DURATION "_count{topic=\"work\"} 2\n");
    expect(&scene, "\nhikyaku_bus_broker_rtt_seconds{role=\"plain\",broker=\"a:9092\"} 0.001500\n");
    scene_end(&scene);
}

static void test_backlog_is_told_by_partition_and_age(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene, false);
    report(&scene, 1);
    expect(&scene, "\nhikyaku_bus_consumer_lag_records{topic=\"work\",partition=\"0\"} 5\n");
    expect(&scene, "\nhikyaku_bus_consumer_lag_records{topic=\"work\",partition=\"1\"} 4\n");
    expect(&scene, "\nhikyaku_bus_consumer_lag_records{topic=\"work\",partition=\"2\"} 3\n");
    /* More partitions than series: their sum. */
    expect(&scene, "\nhikyaku_bus_consumer_lag_records{topic=\"timer\",partition=\"all\"} 50\n");
    expect(&scene, "\nhikyaku_bus_oldest_unconsumed_seconds{topic=\"work\"} 3600.");
    /* Nobody knows since when. */
    expect(&scene, "\nhikyaku_bus_oldest_unconsumed_seconds{topic=\"body\"} 0.000000\n");
    /* A clock that is ahead. */
    expect(&scene, "\nhikyaku_bus_oldest_unconsumed_seconds{topic=\"timer\"} 0.000000\n");
    assert_null(strstr(buf_str(&scene.out), "unconsumed_seconds{topic=\"failure\""));
    scene_end(&scene);
}

static void test_nothing_is_reported_without_metrics(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene, true);
    assert_null(scene.roles[0]->env.metrics);
    service_report_bus(&scene.roles[0]->env, NULL);
    scene_end(&scene);
}

CASES_RUN(CASE(test_figures_arrive), CASE(test_durations_become_a_histogram),
          CASE(test_backlog_is_told_by_partition_and_age),
          CASE(test_nothing_is_reported_without_metrics))
