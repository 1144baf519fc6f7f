/* SPDX-License-Identifier: Apache-2.0
 * The life of a role's thread: start, turns of the loop with a flush of the log after each, a
 * heartbeat, drain, end. */
#include "service/role.h"

#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "net/clock.h"
#include "service/logging.h"

/* Lines are written after each turn; those that come up just before the loop waits stay no longer
 * than this. */
#define LINE_WAIT_MS 200

/* ---- the role's thread ---- */

static void count_lost_lines(const struct service_role_state *state)
{
    const struct service_env *env = &state->env;
    const char *role = state->role->name;

    metrics_set(env->metrics, METRIC_LOG_DROPPED, METRIC_LABELS(role, "output"),
                (int64_t)log_dropped(env->log));
    metrics_set(env->metrics, METRIC_LOG_DROPPED, METRIC_LABELS(role, "limit"),
                (int64_t)log_limited(env->log));
}

static void on_heartbeat(void *owner)
{
    struct service_role_state *state = owner;
    uint64_t now_us = clock_monotonic_us();
    uint64_t late_us = now_us > state->heartbeat_due_us ? now_us - state->heartbeat_due_us : 0;

    metric_observe(state->lag, (double)late_us / 1e6);
    atomic_store(&state->heartbeat_ms, now_us / 1000);
    count_lost_lines(state);
    if (state->role->measure)
        state->role->measure(state->instance);
    state->heartbeat_due_us = clock_monotonic_us() + (uint64_t)ROLE_HEARTBEAT_MS * 1000;
    loop_timer_start(state->heartbeat, ROLE_HEARTBEAT_MS);
}

static void follow_logging(struct service_env *env, const struct conf *conf)
{
    logging_apply(env->log, conf);
    tracing_apply(env->tracing, conf);
}

static void reload(struct service_role_state *state)
{
    const struct conf *conf = atomic_load(&state->next_conf);

    if (!conf)
        return;
    follow_logging(&state->env, conf);
    if (state->role->reload)
        state->role->reload(state->instance, conf);
    atomic_store(&state->next_conf, NULL);
    loop_post_ring(state->main_bell);
}

static void on_command(void *owner)
{
    struct service_role_state *state = owner;

    reload(state);
    if (atomic_load(&state->wants_stop)) {
        state->is_over = true;
    } else if (atomic_load(&state->wants_drain) && !state->is_draining) {
        state->is_draining = true;
        metrics_set(state->env.metrics, METRIC_DRAINING, METRIC_LABELS(state->role->name), 1);
        log_note(state->env.log, LOG_INFO, "draining", "");
        state->role->drain(state->instance);
    }
}

static void run_turns(struct service_role_state *state)
{
    state->heartbeat = loop_timer_new(state->env.loop, on_heartbeat, state);
    state->heartbeat_due_us = clock_monotonic_us();
    loop_timer_start(state->heartbeat, 0);
    while (!state->is_over) {
        log_flush(state->env.log);
        loop_turn(state->env.loop, LINE_WAIT_MS);
    }
    loop_timer_free(&state->heartbeat);
    state->role->free(&state->instance);
    log_note(state->env.log, LOG_INFO, "ended", "");
    log_flush(state->env.log);
}

static void *run_thread(void *argument)
{
    struct service_role_state *state = argument;

    (void)pthread_setname_np(pthread_self(), state->role->name);
    follow_logging(&state->env, state->env.conf);
    state->has_started = state->role->start(&state->env, &state->instance, &state->start_err) == 0;
    bool has_started = state->has_started;
    if (has_started)
        log_note(state->env.log, LOG_INFO, "started", HIKYAKU_VERSION);
    (void)sem_post(&state->start_over);
    if (has_started)
        run_turns(state);
    atomic_store(&state->is_finished, true);
    loop_post_ring(state->main_bell);
    return NULL;
}

void service_set_ready(struct service_env *env, bool is_ready, const char *why)
{
    struct service_role_state *state = env->state;
    bool has_changed = atomic_exchange(&state->is_working, is_ready) != is_ready;

    (void)pthread_mutex_lock(&state->why_lock);
    (void)strncpy(state->why, why, sizeof state->why - 1);
    (void)pthread_mutex_unlock(&state->why_lock);
    if (!has_changed)
        return;
    if (is_ready)
        atomic_store(&state->has_been_ready, true);
    metrics_set(env->metrics, METRIC_READY, METRIC_LABELS(state->role->name), is_ready);
    log_note(env->log, LOG_INFO, is_ready ? "ready" : "not_ready", why);
}

void service_set_started(struct service_env *env)
{
    atomic_store(&env->state->is_started, true);
}

void service_drained(struct service_env *env)
{
    env->state->is_over = true;
}

/* ---- the main thread ---- */

struct service_role_state *role_new(const struct service_role *role,
                                    const struct role_shared *shared, bool is_first)
{
    struct service_role_state *state = xalloc(sizeof *state);
    const char *const *labels = METRIC_LABELS(role->name);

    state->role = role;
    state->is_first = is_first;
    state->main_bell = shared->main_bell;
    state->env.loop = loop_new();
    state->env.hub = shared->hub;
    state->env.conf = shared->conf;
    state->env.pod = shared->pod;
    state->env.log = log_new(STDOUT_FILENO, LOG_INFO, role->name, shared->pod, clock_wall_us);
    state->env.tracing = tracing_new(state->env.log);
    state->env.metrics = shared->without_metrics ? NULL : metrics_new();
    state->env.without_events = shared->without_events;
    state->env.leave_ms = shared->leave_ms;
    state->env.state = state;
    state->command = loop_post_new(state->env.loop, on_command, state);
    state->lag = metrics_cell(state->env.metrics, METRIC_LOOP_LAG, labels);
    metrics_set(state->env.metrics, METRIC_READY, labels, 0);
    metrics_set(state->env.metrics, METRIC_DRAINING, labels, 0);
    metrics_zero(state->env.metrics, role->name);
    atomic_store(&state->heartbeat_ms, clock_monotonic_ms());
    ASSERT(sem_init(&state->start_over, 0, 0) == 0);
    ASSERT(pthread_mutex_init(&state->why_lock, NULL) == 0);
    (void)strncpy(state->why, "starting", sizeof state->why - 1);
    return state;
}

int role_start(struct service_role_state *state, struct err *err)
{
    int rc = pthread_create(&state->thread, NULL, run_thread, state);

    if (rc != 0)
        return err_set(err, ERR_LIMIT, "%s: no thread: %s", state->role->name, strerror(rc));
    while (sem_wait(&state->start_over) != 0)
        continue;
    if (state->has_started)
        return 0;
    *err = state->start_err;
    return err_wrap(err, "%s", state->role->name);
}

void role_drain(struct service_role_state *state)
{
    atomic_store(&state->wants_drain, true);
    loop_post_ring(state->command);
}

void role_stop(struct service_role_state *state)
{
    atomic_store(&state->wants_stop, true);
    loop_post_ring(state->command);
}

void role_reload(struct service_role_state *state, const struct conf *conf)
{
    atomic_store(&state->next_conf, conf);
    loop_post_ring(state->command);
}

bool role_has_reloaded(const struct service_role_state *state)
{
    return atomic_load(&state->is_finished) || !atomic_load(&state->next_conf);
}

void role_free(struct service_role_state **state)
{
    struct service_role_state *s = *state;

    if (!s)
        return;
    if (s->thread)
        (void)pthread_join(s->thread, NULL);
    loop_post_free(&s->command);
    loop_free(&s->env.loop);
    metrics_free(&s->env.metrics);
    tracing_free(&s->env.tracing);
    log_free(&s->env.log);
    (void)sem_destroy(&s->start_over);
    (void)pthread_mutex_destroy(&s->why_lock);
    xfree(s);
    *state = NULL;
}

void role_look(struct service_role_state *state, struct role_view *ret_view)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t heartbeat_ms = atomic_load(&state->heartbeat_ms);

    *ret_view = (struct role_view){.name = state->role->name};
    ret_view->is_finished = atomic_load(&state->is_finished);
    ret_view->is_alive = ret_view->is_finished || now_ms < heartbeat_ms + ROLE_WEDGED_MS;
    ret_view->is_started = atomic_load(&state->is_started);
    bool is_wanted = !atomic_load(&state->wants_drain);
    ret_view->is_ready = is_wanted && atomic_load(&state->has_been_ready);
    ret_view->is_working = is_wanted && atomic_load(&state->is_working);
    (void)pthread_mutex_lock(&state->why_lock);
    memcpy(ret_view->why, state->why, sizeof state->why);
    (void)pthread_mutex_unlock(&state->why_lock);
    if (!is_wanted)
        (void)strncpy(ret_view->why, "draining", sizeof ret_view->why - 1);
}
