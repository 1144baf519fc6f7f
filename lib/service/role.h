/* SPDX-License-Identifier: Apache-2.0
 * One role: its thread, its loop, and what the main thread may see of it. role_ functions are the
 * main thread's, the service_ functions of service.h the role's. Not for other folders. */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "service/service.h"

#define ROLE_WHY_BYTES    160
#define ROLE_HEARTBEAT_MS 1000
#define ROLE_WEDGED_MS    10000 /* a heartbeat older than this: not alive */

struct service_role_state {
    const struct service_role *role;
    struct service_env env;
    bool is_first; /* of the process: reports what is the process's */
    pthread_t thread;
    struct loop_post *command;   /* rung by the main thread after it set a wish */
    struct loop_post *main_bell; /* the main loop's: something changed */
    _Atomic bool wants_drain, wants_stop;
    _Atomic(const struct conf *) next_conf; /* to be taken over; NULL: nothing, or done */
    /* the role's thread */
    void *instance;
    struct loop_timer *heartbeat;
    uint64_t heartbeat_due_us;
    struct metric_cell *lag;
    bool is_draining, is_over;
    sem_t start_over;
    bool has_started;
    struct err start_err;
    /* what the main thread reads */
    _Atomic uint64_t heartbeat_ms;
    _Atomic bool is_working, has_been_ready, is_started, is_finished;
    pthread_mutex_t why_lock;
    char why[ROLE_WHY_BYTES];
};

struct role_shared { /* by the roles of a process */
    struct bus_hub *hub;
    const struct conf *conf;
    const char *pod;
    struct loop_post *main_bell;
    bool without_metrics, without_events; /* service.metrics, service.events */
    int64_t leave_ms;
};

struct service_role_state *role_new(const struct service_role *role,
                                    const struct role_shared *shared, bool is_first);
/* Starts the thread and waits until the role's start() returned. */
MUST_CHECK int role_start(struct service_role_state *state, struct err *err);
/* Both only wish; the main bell rings when is_finished. */
void role_drain(struct service_role_state *state);
void role_stop(struct service_role_state *state);
/* The main bell rings when the role has reloaded (or ended); conf lives until then. */
void role_reload(struct service_role_state *state, const struct conf *conf);
bool role_has_reloaded(const struct service_role_state *state);
/* Waits for the thread's end. NULL accepted, NULL set. */
void role_free(struct service_role_state **state);

struct role_view {
    const char *name;
    bool is_alive, is_started, is_finished;
    bool is_ready;   /* has worked once and does not drain: also while Kafka or Redis is away */
    bool is_working; /* as of its last service_set_ready, and does not drain */
    char why[ROLE_WHY_BYTES]; /* not working */
};
void role_look(struct service_role_state *state, struct role_view *ret_view);
