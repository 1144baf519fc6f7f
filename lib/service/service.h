/* SPDX-License-Identifier: Apache-2.0
 * The skeleton of every process: flags, configuration, signals, drain, ops port, one thread and
 * loop per role. The main thread runs its own loop with the signals and the ops port and watches
 * each role's heartbeat: a wedged role is seen from outside it (docs/decisions.md). */
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "bus/bus.h"
#include "conf/conf.h"
#include "net/loop.h"
#include "service/metrics.h"
#include "service/tracing.h"

/* What a role gets; all of it outlives the role. Used on the role's thread only. */
struct service_env {
    struct loop *loop;
    struct bus_hub *hub;
    const struct conf *conf;
    struct log *log;
    struct tracing *tracing; /* NULL: nothing is traced */
    struct metrics *metrics; /* NULL: nothing is counted (service.metrics = false) */
    bool without_events;     /* no record goes to the event topic (service.events = false) */
    int64_t leave_ms; /* limit of bus_leave in a drain, so that the role ends before its deadline */
    const char *pod;  /* unique name of this process: setting service.name, or the host name */
    struct service_role_state *state;
};

struct service_role {
    const char *name;                           /* "ingress" */
    const struct conf_section *const *sections; /* its own, NULL-terminated */
    /* On the role's thread, before its loop runs. -1: the process ends with exit 1 and the
     * sentence (a port taken, a certificate unreadable). Never waits for Kafka or Redis. */
    int (*start)(struct service_env *env, void **ret_role, struct err *err);
    /* SIGTERM: stop taking work, finish what is in hand, then service_drained(env). */
    void (*drain)(void *role);
    /* The file was read again (SIGHUP, or it or a file it names was replaced), on the role's
     * thread: take over what is live of conf, for what begins from now on. conf is gone afterwards:
     * copies, no pointers. May be NULL. */
    void (*reload)(void *role, const struct conf *conf);
    /* Before a reload, on the main thread: whether the files that conf (of the start) names can be
     * read again. May be NULL. */
    int (*check_files)(const struct conf *conf, struct err *err);
    /* After service_drained (or the drain deadline); the loop has stopped. */
    void (*free)(void **role);
    /* Before each scrape, on the role's thread every second: refresh gauges. May be NULL. */
    void (*measure)(void *role);
};

/* The role reports whether it can do its work now; may be called as often as wanted. why: copied;
 * "" when it can. /readyz believes the first "ready" until the drain: when Kafka or Redis is away,
 * it is so for all pods, and they must not leave their Service at once. */
void service_set_ready(struct service_env *env, bool is_ready, const char *why);
void service_set_started(struct service_env *env);
void service_drained(struct service_env *env);
/* From measure(): the figures of the role's bus into the bus_* metrics. */
void service_report_bus(struct service_env *env, struct bus *bus);

/* A private child (redis-server of the embedded default): started before the roles, restarted when
 * it dies, ended with the process. */
struct service_child {
    const struct conf_section *section; /* its own */
    /* After the configuration was read, before anyone takes a value: what the child implies for
     * the settings of others. */
    void (*adjust)(struct conf *conf);
    /* After the log was opened. Writes the argument vector for this configuration, allocated in
     * the arena, into *ret_argv, or NULL for none; argv[0] is a path. May write files. */
    int (*prepare)(const struct conf *conf, struct arena *arena, const char *const **ret_argv,
                   struct err *err);
    /* Whether it serves; asked until it does, or for 2 s, before the roles start. */
    bool (*is_up)(const struct conf *conf);
    /* It exited with an error soon after its start: put away what it may have choked on. May be
     * NULL. */
    void (*on_failed)(const struct conf *conf);
};

struct service {
    const char *name;                        /* "hikyaku-ingress" */
    const char *purpose;                     /* one line for --help */
    const struct service_role *const *roles; /* NULL-terminated */
    const struct service_child *child;       /* NULL: none */
    /* Its section "log". NULL: BUS_SECTION, and the roles share a hub on it. Otherwise no hub is
     * opened (env.hub is NULL): a bystander reads the log by itself. */
    const struct conf_section *log;
};

/* Flags: -c FILE, --set SECTION.NAME=VALUE, --check-config, --print-config, --print-reference,
 * --dump-metrics, --version, --help. Exit: 0 ended after drain, 1 could not start or a role failed,
 * 2 wrong flags or configuration (nothing was started). */
int service_main(int argc, char **argv, const struct service *service);
/* The same behind another command line: -c file, --set each of overrides (NULL-terminated). */
int service_run(const struct service *service, const char *file, const char *const *overrides);
