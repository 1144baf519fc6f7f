/* SPDX-License-Identifier: Apache-2.0
 * A scan that feeds a balance. */
#include "ctl/audit_read.h"

#include "base/arena.h"
#include "base/xalloc.h"
#include "ctl/audit_settings.h"
#include "ctl/settings.h"
#include "net/clock.h"
#include "service/settings.h"

#define HOUR_S     ((int64_t)3600)
#define DAY_S      ((int64_t)86400)
#define SECOND_MS  ((int64_t)1000)
#define SLACK_S    HOUR_S /* of what the topics keep, and of the last attempt */
#define WORK_BYTES 65536
#define FORGET_MS  60000 /* of what the log stored: it is read faster than it was written */

struct audit_read {
    struct scan *scan;
    struct balance *balance;
    struct arena *arena; /* of one work record */
    uint64_t records;
    int64_t clock_ms, forgot_ms; /* wall clock */
};

/* What was accepted before the horizon may have outcomes that are not in the log any more. Work
 * records are kept for a day more than the longest period (bus/topic.h). */
static struct balance_limits limits_of(const struct audit_settings *settings,
                                       const struct bus_settings *log)
{
    int64_t retention_s = (int64_t)bus_topic_row(BUS_EVENT)->retention_days * DAY_S;
    int64_t lost_after_s =
        settings->lost_after_s > 0 ? settings->lost_after_s : log->longest_period_s + SLACK_S;
    int64_t proof_s = log->longest_period_s + DAY_S, now_ms = clock_wall_ms();
    int64_t keep_s = retention_s > lost_after_s + DAY_S ? retention_s : lost_after_s + DAY_S;

    return (struct balance_limits){
        .lost_after_ms = lost_after_s * SECOND_MS,
        .keep_ms = keep_s * SECOND_MS,
        .horizon_ms = now_ms - (retention_s - SLACK_S) * SECOND_MS,
        .proof_ms = now_ms - (proof_s - SLACK_S) * SECOND_MS,
        .memory_bytes = (size_t)settings->memory_bytes,
    };
}

int audit_read_new(const struct conf *conf, bool is_embedded, struct audit_read **ret_read,
                   struct err *err)
{
    static const enum bus_topic topics[] = {BUS_WORK, BUS_EVENT};
    const struct service_settings *service = conf_values(conf, &SERVICE_SECTION);
    struct bus_settings log;
    struct scan *scan;

    if (!service->events)
        return err_set(err, ERR_INVALID, "service.events is false: no outcome is in the log");
    settings_log(conf, is_embedded, &log);
    if (scan_open(settings_scan(is_embedded), &log, topics, 2, &scan, err))
        return -1;
    const struct balance_limits limits = limits_of(conf_values(conf, &AUDIT_SECTION), &log);
    struct audit_read *read = xalloc(sizeof *read);
    read->scan = scan;
    read->balance = balance_new(&limits);
    read->arena = arena_new(WORK_BYTES);
    *ret_read = read;
    return 0;
}

void audit_read_free(struct audit_read **read)
{
    struct audit_read *r = *read;

    if (!r)
        return;
    scan_free(&r->scan);
    balance_free(&r->balance);
    arena_free(&r->arena);
    xfree(r);
    *read = NULL;
}

static void take_event(struct audit_read *read, const struct bus_delivery *delivery)
{
    struct event_read event;

    if (!event_read(delivery->value, &event))
        return;
    balance_on_event(read->balance, &event, delivery->stored_at_ms);
    json_decref(event.root);
}

static void take_work(struct audit_read *read, const struct bus_delivery *delivery)
{
    struct record_work work;
    struct err err;

    if (record_get_work(read->arena, delivery->value, &work, &err) == 0)
        balance_on_work(read->balance, &work, delivery->stored_at_ms);
    arena_reset(read->arena);
}

static void on_record(void *owner, enum bus_topic topic, const struct bus_delivery *delivery)
{
    struct audit_read *read = owner;

    read->records++;
    if (topic == BUS_EVENT)
        take_event(read, delivery);
    else
        take_work(read, delivery);
}

static void forget(struct audit_read *read)
{
    struct balance_figures figures;

    balance_count(read->balance, read->clock_ms, &figures);
    read->forgot_ms = read->clock_ms;
}

int audit_read_some(struct audit_read *read, int timeout_ms, struct err *err)
{
    const struct scan_ops ops = {.on_record = on_record, .owner = read};
    int64_t now_ms = clock_wall_ms();

    if (scan_read(read->scan, timeout_ms, &ops, err))
        return -1;
    int64_t read_to_ms = scan_read_to_ms(read->scan);
    read->clock_ms = read_to_ms < now_ms ? read_to_ms : now_ms;
    if (read->clock_ms - read->forgot_ms > FORGET_MS)
        forget(read);
    return 0;
}

bool audit_read_is_at_end(const struct audit_read *read)
{
    return scan_is_at_end(read->scan);
}

uint64_t audit_read_records(const struct audit_read *read)
{
    return read->records;
}

int64_t audit_read_clock_ms(const struct audit_read *read)
{
    return read->clock_ms;
}

void audit_read_count(struct audit_read *read, struct balance_figures *ret_figures)
{
    balance_count(read->balance, read->clock_ms, ret_figures);
}
