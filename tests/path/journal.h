/* SPDX-License-Identifier: Apache-2.0
 * What was stored on the log, in order: one word per record, by mail. Checks with each record that
 * nothing was finished that must not be (docs/reliability.md, invariants 1 and 3).
 *   work, fanout, body, failure, timer, tombstone, dead; an event by its own name: delivered, ...
 */
#pragma once

#include "base/arena.h"
#include "base/id.h"
#include "fakes/bus_fake.h"

struct journal_entry {
    char mail_id[ID_LEN + 1];
    const char *word;
    struct slice unit; /* the parcel a work or timer record is about; the mail otherwise */
    enum bus_topic topic;
    int32_t partition;
    int64_t offset;
};

struct journal {
    struct bus_hub *hub;
    struct arena *arena;
    struct journal_entry *entries;
    size_t count, room;
};

/* From now on. */
void journal_start(struct journal *journal, struct bus_hub *hub);
void journal_end(struct journal *journal);
/* The words of the index-th mail, in order of appearance, joined by spaces; "" when there is no
 * such mail. Alive as long as the journal. */
const char *journal_of(const struct journal *journal, size_t index);
/* The place in the whole sequence of the mail's first record of that word, or -1. */
int64_t journal_place(const struct journal *journal, size_t index, const char *word);
/* Every record of work and failure is finished and committed. */
bool journal_is_settled(const struct journal *journal);
