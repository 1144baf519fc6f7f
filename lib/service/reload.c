/* SPDX-License-Identifier: Apache-2.0
 * The steps of a reload: read, check what only the running process can check, post to the roles,
 * and once all of them hold copies of their own, let go of the configuration before. */
#include "service/reload.h"

#include "base/xalloc.h"
#include "conf/diff.h"
#include "net/clock.h"
#include "service/logging.h"

struct reload {
    struct reload_plan plan;
    const struct conf *current; /* the live settings in use: plan.first, or owned */
    struct conf *owned;
    struct conf *next; /* under way: the roles are taking it over */
    bool is_wanted;    /* again, once `next` is through */
};

static void count(const struct reload *reload, const char *result)
{
    metrics_add(reload->plan.state->process, METRIC_CONFIG_RELOADS, METRIC_LABELS(result), 1);
}

static void note_in_use(const struct reload *reload)
{
    struct metrics *metrics = reload->plan.state->process;

    metrics_set(metrics, METRIC_CONFIG_REVISION, METRIC_LABELS(source_name(reload->plan.source)),
                source_revision(reload->current));
    metrics_set(metrics, METRIC_CONFIG_LAST_RELOAD, METRIC_NO_LABELS, clock_wall_ms() / 1000);
}

/* ---- refusing ---- */

static void on_fault(void *owner, const char *sentence)
{
    const struct reload *reload = owner;
    log_note(reload->plan.log, LOG_ERROR, "reload_refused", sentence);
}

/* The log keeps mail for what the period was when the process started. */
static int check_period(const struct reload *reload, const struct conf *next, struct err *err)
{
    int64_t first_s = source_longest_period_s(reload->plan.first);
    int64_t next_s = source_longest_period_s(next);

    if (next_s <= first_s)
        return 0;
    return err_set(err, ERR_INVALID,
                   "%s: the longest period_s is %lld, but the log was opened for %lld when this "
                   "process started; allowed: up to that, or start the process again",
                   reload->plan.source->file, (long long)next_s, (long long)first_s);
}

static int check_roles(const struct reload *reload, struct err *err)
{
    const struct service_role *const *roles = reload->plan.source->service->roles;

    for (; *roles; roles++)
        if ((*roles)->check_files && (*roles)->check_files(reload->plan.first, err) != 0)
            return -1;
    return 0;
}

static int check(struct reload *reload, const struct conf *next)
{
    struct err err;

    if (check_period(reload, next, &err) == 0 && check_roles(reload, &err) == 0 &&
        (!reload->plan.hub || bus_hub_renew(reload->plan.hub, &err) == 0))
        return 0;
    on_fault(reload, err.text);
    return -1;
}

static struct conf *read_next(struct reload *reload)
{
    const struct conf_faults faults = {on_fault, reload};
    struct conf *next;

    if (source_read(reload->plan.source, &faults, &next) != 0)
        return NULL;
    if (check(reload, next) != 0)
        conf_free(&next);
    return next;
}

/* ---- telling what changed ---- */

struct telling {
    const struct reload *reload;
    size_t count;      /* live changes */
    struct buf pended; /* names of the others */
};

static void on_live_change(void *owner, const struct conf_change *change)
{
    struct telling *telling = owner;
    struct buf words = {0};

    if (!change->section->is_live)
        return;
    telling->count++;
    conf_change_put(change, &words);
    log_note(telling->reload->plan.log, LOG_INFO, "setting_changed", buf_str(&words));
    buf_free(&words);
}

static void on_other_change(void *owner, const struct conf_change *change)
{
    struct telling *telling = owner;

    if (change->section->is_live)
        return;
    buf_add_str(&telling->pended,
                telling->pended.len > 0 ? ", " : "takes effect at the next start: ");
    conf_change_put_name(change, &telling->pended);
}

static void tell(const struct reload *reload)
{
    const struct conf_section *const *sections = reload->plan.source->sections;
    struct telling telling = {.reload = reload};
    const struct conf_changes live = {on_live_change, &telling};
    const struct conf_changes others = {on_other_change, &telling};
    struct log_line line;

    conf_diff(reload->current, reload->next, sections, &live);
    conf_diff(reload->plan.first, reload->next, sections, &others);
    if (telling.pended.len > 0)
        log_note(reload->plan.log, LOG_WARNING, "setting_pending", buf_str(&telling.pended));
    log_begin(&line, reload->plan.log, LOG_INFO, "reloaded");
    log_int(&line, LOG_COUNT, (int64_t)telling.count);
    log_end(&line);
    buf_free(&telling.pended);
}

/* ---- the roles ---- */

static bool is_through(const struct reload *reload)
{
    const struct ops_state *state = reload->plan.state;
    bool is_through = true;

    for (size_t i = 0; i < state->count; i++)
        is_through = is_through && role_has_reloaded(state->roles[i]);
    return is_through;
}

static void begin(struct reload *reload)
{
    const struct ops_state *state = reload->plan.state;

    for (size_t i = 0; i < state->count; i++)
        role_reload(state->roles[i], reload->next);
}

static void finish(struct reload *reload)
{
    tell(reload);
    logging_apply(reload->plan.log, reload->next);
    conf_free(&reload->owned);
    reload->current = reload->owned = reload->next;
    reload->next = NULL;
    count(reload, "ok");
    note_in_use(reload);
}

void reload_start(struct reload *reload)
{
    reload->is_wanted = true;
    if (reload->next)
        return;
    reload->is_wanted = false;
    reload->next = read_next(reload);
    if (reload->next)
        begin(reload);
    else
        count(reload, "refused");
}

void reload_look(struct reload *reload)
{
    if (!reload->next || !is_through(reload))
        return;
    finish(reload);
    if (reload->is_wanted)
        reload_start(reload);
}

struct reload *reload_new(const struct reload_plan *plan)
{
    struct reload *reload = xalloc(sizeof *reload);

    reload->plan = *plan;
    reload->current = plan->first;
    note_in_use(reload);
    return reload;
}

void reload_free(struct reload **reload)
{
    if (!*reload)
        return;
    conf_free(&(*reload)->next);
    conf_free(&(*reload)->owned);
    xfree(*reload);
    *reload = NULL;
}
