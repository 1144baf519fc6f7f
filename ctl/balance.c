/* SPDX-License-Identifier: Apache-2.0
 * One entry per mail with a few bits per recipient. */
#include "ctl/balance.h"

#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"

#define SETTLE_MS      ((int64_t)10000)   /* topics are read side by side: one may be ahead */
#define REPEATS_MS     ((int64_t)3600000) /* a settled mail is remembered for its repeats */
#define RECIPIENTS_MAX 10000

enum fate { ACCEPTED = 1, DELIVERED = 2, FAILED = 4, EXPIRED = 8, OUTCOME = 14 };

struct entry { /* one mail */
    struct map_node node;
    struct entry *next;
    int64_t queued_at_ms;
    bool is_confirmed;
    size_t count;
    unsigned char *fates; /* by index in the mail */
    char id[];
};

struct balance {
    struct balance_limits limits;
    struct map entries;
    struct entry *first;
};

struct balance *balance_new(const struct balance_limits *limits)
{
    struct balance *balance = xalloc(sizeof *balance);

    balance->limits = *limits;
    return balance;
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

static struct entry *find_or_add(struct balance *balance, struct slice id, int64_t queued_at_ms)
{
    struct map_node *node = map_get(&balance->entries, id);

    if (node)
        return MAP_OWNER(node, struct entry, node);
    struct entry *entry = xalloc(sizeof *entry + id.len + 1);
    if (id.len > 0)
        memcpy(entry->id, id.at, id.len);
    entry->queued_at_ms = queued_at_ms;
    entry->next = balance->first;
    balance->first = entry;
    map_put(&balance->entries, &entry->node, slice_of(entry->id, id.len));
    return entry;
}

static void mark(struct entry *entry, int64_t index, enum fate fate)
{
    if (index < 0 || index >= RECIPIENTS_MAX)
        return;
    size_t at = (size_t)index;
    if (at >= entry->count) {
        entry->fates = xrealloc(entry->fates, at + 1);
        memset(entry->fates + entry->count, 0, at + 1 - entry->count);
        entry->count = at + 1;
    }
    entry->fates[at] = (unsigned char)(entry->fates[at] | (unsigned)fate);
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
    return 0;
}

void balance_on_event(struct balance *balance, const struct event_read *event)
{
    enum fate fate = fate_of(event->kind);

    if (fate == 0 || event->is_copy)
        return;
    struct entry *entry = find_or_add(balance, slice_str(event->mail_id), event->created_ms);
    entry->is_confirmed |= fate != ACCEPTED;
    for (size_t i = 0; i < json_array_size(event->recipients); i++) {
        const json_t *index = json_object_get(json_array_get(event->recipients, i), "index");
        mark(entry, json_is_integer(index) ? json_integer_value(index) : -1, fate);
    }
}

void balance_on_work(struct balance *balance, const struct record_work *work)
{
    if (record_is_copy(work))
        return;
    struct entry *entry = find_or_add(balance, work->envelope.mail_id, work->envelope.queued_at_ms);
    entry->is_confirmed = true;
    for (size_t i = 0; i < work->rcpt_count; i++)
        mark(entry, work->rcpts[i].index, ACCEPTED);
}

/* ---- counting ---- */

static bool is_settled(const struct entry *entry)
{
    for (size_t i = 0; i < entry->count; i++)
        if (entry->fates[i] != 0 && (!(entry->fates[i] & ACCEPTED) || !(entry->fates[i] & OUTCOME)))
            return false;
    return true;
}

static void count_recipient(const struct balance *balance, unsigned fates, int64_t age_ms,
                            struct balance_figures *figures)
{
    bool is_accepted = fates & ACCEPTED;

    figures->accepted += is_accepted;
    figures->delivered += (fates & DELIVERED) != 0;
    figures->failed += (fates & (FAILED | DELIVERED)) == FAILED;
    figures->expired += (fates & OUTCOME) == EXPIRED;
    if (is_accepted && !(fates & OUTCOME)) {
        figures->missing += age_ms > balance->limits.lost_after_ms;
        figures->open += age_ms <= balance->limits.lost_after_ms;
    }
    figures->unproven += !is_accepted && fates != 0 && age_ms > SETTLE_MS;
}

static void count_entry(const struct balance *balance, const struct entry *entry, int64_t now_ms,
                        struct balance_figures *figures)
{
    int64_t age_ms = now_ms - entry->queued_at_ms;
    uint64_t open_before = figures->open;

    if (!entry->is_confirmed && age_ms > SETTLE_MS) {
        figures->refused_mails++;
        return;
    }
    for (size_t i = 0; i < entry->count; i++)
        count_recipient(balance, entry->fates[i], age_ms, figures);
    if (figures->open == open_before)
        return;
    figures->open_mails++;
    if (age_ms > figures->oldest_open_ms)
        figures->oldest_open_ms = age_ms;
}

void balance_count(struct balance *balance, int64_t now_ms, struct balance_figures *ret_figures)
{
    struct balance_figures figures = {0};
    struct entry **at = &balance->first;

    while (*at) {
        struct entry *entry = *at;
        int64_t age_ms = now_ms - entry->queued_at_ms;
        if (age_ms <= balance->limits.forget_after_ms)
            count_entry(balance, entry, now_ms, &figures);
        if (age_ms > balance->limits.forget_after_ms ||
            (is_settled(entry) && age_ms > balance->limits.lost_after_ms + REPEATS_MS)) {
            *at = entry->next;
            map_remove(&balance->entries, &entry->node);
            free_entry(entry);
        } else {
            at = &entry->next;
        }
    }
    *ret_figures = figures;
}
