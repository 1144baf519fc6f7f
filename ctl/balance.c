/* SPDX-License-Identifier: Apache-2.0
 * One entry per mail with a few bits per recipient. */
#include "ctl/balance.h"

#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"

#define SETTLE_MS      ((int64_t)10000)   /* clocks of pods, and what overtakes on its way */
#define REMEMBER_MS    ((int64_t)600000)  /* a settled mail, for its repeats */
#define REPORT_MS      ((int64_t)7200000) /* a repeated report is dated anew */
#define RECIPIENTS_MAX 10000
#define ID_MAX         64
#define ENTRY_OVERHEAD 64 /* two allocations and a place in the map */

enum fate { ACCEPTED = 1, DELIVERED = 2, FAILED = 4, EXPIRED = 8, OUTCOME = 14 };

struct entry { /* one mail */
    struct map_node node;
    struct entry *next;
    int64_t queued_at_ms;
    int64_t touched_ms; /* its newest record */
    bool is_report;
    size_t count;
    unsigned char *fates; /* by index in the mail */
    char id[];
};

struct balance {
    struct balance_limits limits;
    int64_t horizon_ms;            /* unknown mails of before prove nothing */
    struct balance_figures closed; /* of mails that were settled and forgotten; unfollowed ones */
    size_t memory_bytes;
    struct map entries;
    struct entry *first;
};

struct balance *balance_new(const struct balance_limits *limits)
{
    struct balance *balance = xalloc(sizeof *balance);

    balance->limits = *limits;
    balance->horizon_ms = limits->horizon_ms;
    return balance;
}

static size_t bytes_of(const struct entry *entry)
{
    return sizeof *entry + entry->node.key.len + entry->count + ENTRY_OVERHEAD;
}

static void free_entry(struct entry *entry)
{
    xfree(entry->fates);
    xfree(entry);
}

void balance_free(struct balance **balance)
{
    if (!*balance)
        return;
    for (struct entry *entry = (*balance)->first, *next; entry; entry = next) {
        next = entry->next;
        free_entry(entry);
    }
    map_free(&(*balance)->entries);
    xfree(*balance);
    *balance = NULL;
}

/* ---- entries ---- */

static void raise_horizon(struct balance *balance, int64_t queued_at_ms)
{
    if (queued_at_ms >= balance->horizon_ms)
        balance->horizon_ms = queued_at_ms + 1;
}

static struct entry *add(struct balance *balance, struct slice id, int64_t queued_at_ms)
{
    struct entry *entry = xalloc(sizeof *entry + id.len);

    memcpy(entry->id, id.at, id.len);
    entry->queued_at_ms = queued_at_ms;
    entry->next = balance->first;
    balance->first = entry;
    map_put(&balance->entries, &entry->node, slice_of(entry->id, id.len));
    balance->memory_bytes += bytes_of(entry);
    return entry;
}

/* NULL: a mail that is not followed. */
static struct entry *find_or_add(struct balance *balance, struct slice id, int64_t queued_at_ms)
{
    struct map_node *node = map_get(&balance->entries, id);

    if (node)
        return MAP_OWNER(node, struct entry, node);
    if (id.len == 0 || id.len > ID_MAX || queued_at_ms < balance->horizon_ms)
        return NULL;
    if (balance->memory_bytes < balance->limits.memory_bytes)
        return add(balance, id, queued_at_ms);
    raise_horizon(balance, queued_at_ms);
    balance->closed.unfollowed_mails++;
    return NULL;
}

static void mark(struct balance *balance, struct entry *entry, int64_t index, enum fate fate)
{
    if (index < 0 || index >= RECIPIENTS_MAX)
        return;
    size_t at = (size_t)index;
    if (at >= entry->count) {
        balance->memory_bytes += at + 1 - entry->count;
        entry->fates = xrealloc(entry->fates, at + 1);
        memset(entry->fates + entry->count, 0, at + 1 - entry->count);
        entry->count = at + 1;
    }
    entry->fates[at] = (unsigned char)(entry->fates[at] | (unsigned)fate);
}

static void touch(struct entry *entry, int64_t stored_at_ms)
{
    if (stored_at_ms > entry->touched_ms)
        entry->touched_ms = stored_at_ms;
}

static enum fate fate_of(const char *kind)
{
    static const struct {
        const char *kind;
        enum fate fate;
    } fates[] = {
        {"accepted", ACCEPTED}, {"delivered", DELIVERED}, {"failed", FAILED}, {"expired", EXPIRED}};

    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
        if (strcmp(kind, fates[i].kind) == 0)
            return fates[i].fate;
    return (enum fate)0;
}

/* Its bouncer says that the report is durable: an acceptance of one recipient. */
static void on_report(struct balance *balance, const struct event_read *event, int64_t stored_at_ms)
{
    struct entry *entry =
        find_or_add(balance, slice_str(event->report_id), event_read_time(event->time));

    if (!entry)
        return;
    touch(entry, stored_at_ms);
    entry->is_report = true;
    mark(balance, entry, 0, ACCEPTED);
}

void balance_on_event(struct balance *balance, const struct event_read *event, int64_t stored_at_ms)
{
    enum fate fate = fate_of(event->kind);

    if (event->report_id[0])
        on_report(balance, event, stored_at_ms);
    if (!fate || event->is_copy)
        return;
    struct entry *entry = find_or_add(balance, slice_str(event->mail_id), event->created_ms);
    if (!entry)
        return;
    touch(entry, stored_at_ms);
    entry->is_report |= event->is_report;
    for (size_t i = 0; i < json_array_size(event->recipients); i++) {
        const json_t *index = json_object_get(json_array_get(event->recipients, i), "index");
        mark(balance, entry, json_is_integer(index) ? json_integer_value(index) : -1, fate);
    }
}

void balance_on_work(struct balance *balance, const struct record_work *work, int64_t stored_at_ms)
{
    if (record_is_copy(work))
        return;
    struct entry *entry = find_or_add(balance, work->envelope.mail_id, work->envelope.queued_at_ms);
    if (!entry)
        return;
    touch(entry, stored_at_ms);
    entry->is_report |= work->envelope.is_report;
    for (size_t i = 0; i < work->rcpt_count; i++)
        mark(balance, entry, work->rcpts[i].index, ACCEPTED);
}

/* ---- counting ---- */

static bool is_settled(const struct entry *entry)
{
    for (size_t i = 0; i < entry->count; i++)
        if (entry->fates[i] != 0 && (!(entry->fates[i] & ACCEPTED) || !(entry->fates[i] & OUTCOME)))
            return false;
    return true;
}

static void count_recipient(unsigned fates, bool is_lost, bool is_proof_due,
                            struct balance_figures *figures)
{
    bool is_accepted = fates & ACCEPTED;

    figures->accepted += is_accepted;
    figures->delivered += (fates & DELIVERED) != 0;
    figures->failed += (fates & (FAILED | DELIVERED)) == FAILED;
    figures->expired += (fates & OUTCOME) == EXPIRED;
    if (is_accepted && !(fates & OUTCOME)) {
        figures->missing += is_lost;
        figures->open += !is_lost;
    }
    figures->unproven += !is_accepted && fates != 0 && is_proof_due;
}

static void count_entry(const struct balance *balance, const struct entry *entry, int64_t clock_ms,
                        struct balance_figures *figures)
{
    int64_t age_ms = clock_ms - entry->queued_at_ms;
    bool is_lost = age_ms > balance->limits.lost_after_ms;
    bool is_proof_due =
        clock_ms - entry->touched_ms > SETTLE_MS && entry->queued_at_ms >= balance->limits.proof_ms;
    uint64_t open_before = figures->open;

    for (size_t i = 0; i < entry->count; i++)
        count_recipient(entry->fates[i], is_lost, is_proof_due, figures);
    if (figures->open == open_before)
        return;
    figures->open_mails++;
    if (age_ms > figures->oldest_open_ms)
        figures->oldest_open_ms = age_ms;
}

/* True: nothing more is expected of this mail. */
static bool is_over(const struct balance *balance, const struct entry *entry, int64_t clock_ms)
{
    if (!is_settled(entry))
        return clock_ms - entry->queued_at_ms > balance->limits.keep_ms;
    return clock_ms - entry->touched_ms > (entry->is_report ? REPORT_MS : REMEMBER_MS);
}

/* What was settled stays counted. */
static void forget(struct balance *balance, struct entry *entry, int64_t clock_ms)
{
    if (is_settled(entry))
        count_entry(balance, entry, clock_ms, &balance->closed);
    raise_horizon(balance, entry->queued_at_ms);
    balance->memory_bytes -= bytes_of(entry);
    map_remove(&balance->entries, &entry->node);
    free_entry(entry);
}

void balance_count(struct balance *balance, int64_t clock_ms, struct balance_figures *ret_figures)
{
    struct balance_figures open = {0};
    struct entry **at = &balance->first;

    while (*at) {
        struct entry *entry = *at;
        if (is_over(balance, entry, clock_ms)) {
            *at = entry->next;
            forget(balance, entry, clock_ms);
        } else {
            count_entry(balance, entry, clock_ms, &open);
            at = &entry->next;
        }
    }
    *ret_figures = open;
    ret_figures->accepted += balance->closed.accepted;
    ret_figures->delivered += balance->closed.delivered;
    ret_figures->failed += balance->closed.failed;
    ret_figures->expired += balance->closed.expired;
    ret_figures->unfollowed_mails = balance->closed.unfollowed_mails;
    ret_figures->memory_bytes = balance->memory_bytes;
}
