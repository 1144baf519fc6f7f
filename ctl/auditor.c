/* SPDX-License-Identifier: Apache-2.0
 * A role that reads for some ms, lets the loop turn, and counts every few seconds. It writes
 * nothing anywhere: it may end at any moment and begins anew. */
#include "ctl/auditor.h"

#include <inttypes.h>

#include "base/xalloc.h"
#include "bus/lmdb/section.h"
#include "bus/settings.h"
#include "ctl/audit_read.h"
#include "ctl/audit_settings.h"
#include "net/clock.h"

#define IDLE_MS  50
#define TURN_MS  50 /* of reading */
#define COUNT_MS 5000

struct auditor {
    struct service_env *env;
    struct audit_read *read;
    struct loop_timer *turn;
    uint64_t count_due_ms;
    uint64_t drift; /* as of the last log line about it */
    bool is_embedded, is_out_of_reach;
};

/* ---- figures ---- */

static void publish(struct auditor *auditor, const struct balance_figures *figures)
{
    const struct {
        enum metric metric;
        int64_t value;
    } rows[] = {
        {METRIC_OPEN_MAILS, (int64_t)figures->open_mails},
        {METRIC_OLDEST_OPEN, figures->oldest_open_ms / 1000},
        {METRIC_BALANCE_DRIFT, (int64_t)balance_drift(figures)},
        {METRIC_AUDIT_UNFOLLOWED, (int64_t)figures->unfollowed_mails},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        metrics_set(auditor->env->metrics, rows[i].metric, METRIC_NO_LABELS, rows[i].value);
}

static void log_drift(struct auditor *auditor, const struct balance_figures *figures)
{
    uint64_t drift = balance_drift(figures);
    struct buf text = {0};

    if (drift == auditor->drift)
        return;
    auditor->drift = drift;
    buf_addf(&text, "missing %" PRIu64 ", unproven %" PRIu64, figures->missing, figures->unproven);
    log_note(auditor->env->log, drift ? LOG_ERROR : LOG_INFO,
             drift ? "balance_broken" : "balance_restored", buf_str(&text));
    buf_free(&text);
}

/* Before the end of the log was seen the figures would be of a part of it. */
static void count(struct auditor *auditor)
{
    struct balance_figures figures;

    if (!audit_read_is_at_end(auditor->read))
        return;
    audit_read_count(auditor->read, &figures);
    service_set_ready(auditor->env, true, "");
    publish(auditor, &figures);
    log_drift(auditor, &figures);
}

static void count_when_due(struct auditor *auditor)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms < auditor->count_due_ms)
        return;
    count(auditor);
    auditor->count_due_ms = now_ms + COUNT_MS;
}

/* ---- reading ---- */

static void note_reach(struct auditor *auditor, bool is_out_of_reach, const char *why)
{
    if (is_out_of_reach != auditor->is_out_of_reach)
        log_note(auditor->env->log, is_out_of_reach ? LOG_WARNING : LOG_INFO,
                 is_out_of_reach ? "log_out_of_reach" : "log_in_reach", why);
    auditor->is_out_of_reach = is_out_of_reach;
}

/* True: there may be more at once. */
static bool read_turn(struct auditor *auditor)
{
    uint64_t until_ms = clock_monotonic_ms() + TURN_MS, before;
    struct err err;

    do {
        before = audit_read_records(auditor->read);
        if (audit_read_some(auditor->read, 0, &err)) {
            note_reach(auditor, true, err.text);
            return false;
        }
        note_reach(auditor, false, "");
    } while (audit_read_records(auditor->read) > before && clock_monotonic_ms() < until_ms);
    return audit_read_records(auditor->read) > before;
}

static void on_turn(void *owner)
{
    struct auditor *auditor = owner;
    bool was_at_end = audit_read_is_at_end(auditor->read);
    bool has_more = read_turn(auditor);

    if (!was_at_end && audit_read_is_at_end(auditor->read))
        auditor->count_due_ms = 0;
    count_when_due(auditor);
    loop_timer_start(auditor->turn, has_more ? 0 : IDLE_MS);
}

/* ---- the role ---- */

static int start(struct service_env *env, bool is_embedded, void **ret_role, struct err *err)
{
    struct audit_read *read;

    if (audit_read_new(env->conf, is_embedded, &read, err))
        return -1;
    struct auditor *auditor = xalloc(sizeof *auditor);
    auditor->env = env;
    auditor->is_embedded = is_embedded;
    auditor->read = read;
    auditor->turn = loop_timer_new(env->loop, on_turn, auditor);
    loop_timer_start(auditor->turn, 0);
    service_set_started(env);
    service_set_ready(env, false, "the log was not read to its end yet");
    *ret_role = auditor;
    return 0;
}

static int start_beside_cluster(struct service_env *env, void **ret_role, struct err *err)
{
    return start(env, false, ret_role, err);
}

static int start_beside_embedded(struct service_env *env, void **ret_role, struct err *err)
{
    return start(env, true, ret_role, err);
}

static void drain(void *role)
{
    struct auditor *auditor = role;

    loop_timer_stop(auditor->turn);
    service_drained(auditor->env);
}

/* New secrets of brokers, a new longest period: from the beginning with them. The figures stay as
 * they are until the end is reached again. */
static void reload(void *role, const struct conf *conf)
{
    struct auditor *auditor = role;
    struct audit_read *read;
    struct err err;

    if (audit_read_new(conf, auditor->is_embedded, &read, &err)) {
        log_note(auditor->env->log, LOG_ERROR, "audit_not_begun_again", err.text);
        return;
    }
    audit_read_free(&auditor->read);
    auditor->read = read;
}

static void measure(void *role)
{
    const struct auditor *auditor = role;
    int64_t clock_ms = audit_read_clock_ms(auditor->read), behind_ms = clock_wall_ms() - clock_ms;

    if (clock_ms > 0)
        metrics_set(auditor->env->metrics, METRIC_AUDIT_BEHIND, METRIC_NO_LABELS,
                    behind_ms > 0 ? behind_ms / 1000 : 0);
}

static void free_auditor(void **role)
{
    struct auditor *auditor = *role;

    loop_timer_free(&auditor->turn);
    audit_read_free(&auditor->read);
    xfree(auditor);
    *role = NULL;
}

static const struct conf_section *const SECTIONS[] = {&AUDIT_SECTION, NULL};

#define AUDITOR_ROLE(start_it)                                                                     \
    {                                                                                              \
        .name = "auditor", .sections = SECTIONS, .start = (start_it), .drain = drain,              \
        .reload = reload, .free = free_auditor, .measure = measure,                                \
    }

const struct service *auditor_service(bool is_embedded)
{
    static const struct service_role roles[2] = {AUDITOR_ROLE(start_beside_cluster),
                                                 AUDITOR_ROLE(start_beside_embedded)};
    static const struct service_role *const lists[2][2] = {{&roles[false], NULL},
                                                           {&roles[true], NULL}};
    static const struct service services[2] = {
        {.name = "hikyaku-auditor", .roles = lists[false], .log = &BUS_SECTION},
        {.name = "hikyaku-auditor", .roles = lists[true], .log = &LMDB_SECTION},
    };

    return &services[is_embedded];
}
