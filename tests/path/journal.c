/* SPDX-License-Identifier: Apache-2.0
 * See journal.h. */
#include "path/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "proto/event.h"
#include "proto/record.h"

static const char *const GROUPS[BUS_TOPICS] = {[BUS_WORK] = "sender", [BUS_FAILURE] = "bouncer"};

static void set_mail(struct journal_entry *entry, struct slice id)
{
    assert_true(id.len >= ID_LEN);
    memcpy(entry->mail_id, id.at, ID_LEN);
}

static bool has_mail(const struct journal_entry *entry, const char *mail_id)
{
    return strcmp(entry->mail_id, mail_id) == 0;
}

/* What follows the last dot of the type. */
static const char *event_word(const struct journal *journal, struct slice json)
{
    struct slice key = SLICE("\"type\":\"");
    struct slice type = slice_skip(json, slice_find_slice(json, key) + key.len);

    type = slice_sub(type, 0, slice_find(type, '"'));
    return arena_str(journal->arena, slice_skip(type, slice_rfind(type, '.') + 1));
}

static void read_work(const struct journal *journal, struct journal_entry *entry,
                      struct slice value)
{
    struct arena *arena = arena_new(65536);
    struct record_work work;
    struct err err;

    assert_int_equal(record_get_work(arena, value, &work, &err), 0);
    set_mail(entry, work.envelope.mail_id);
    entry->unit = arena_copy(journal->arena, work.parcel_id);
    entry->word = work.destination.len ? "work" : "fanout";
    arena_free(&arena);
}

/* The reason is text among the octets of the record. Copies for an archive may be given up. */
static void check_dead(const struct bus_delivery *record)
{
    if (slice_find_slice(record->value, SLICE("the copy for ")) < record->value.len)
        return;
    char text[512];
    size_t len = record->value.len < sizeof text ? record->value.len : sizeof text;

    for (size_t i = 0; i < len; i++)
        text[i] = (char)(record->value.at[i] < ' ' ? ' ' : record->value.at[i]);
    fail_msg("a record was given up: %.*s", (int)len, text);
}

static void read_record(const struct journal *journal, struct journal_entry *entry,
                        const struct bus_delivery *record)
{
    if (entry->topic == BUS_DEAD)
        check_dead(record);
    if (entry->topic == BUS_WORK) {
        read_work(journal, entry, record->value);
        return;
    }
    set_mail(entry, record->key);
    entry->unit = arena_copy(journal->arena, record->key);
    if (entry->topic == BUS_TIMER)
        entry->word = record->is_tombstone ? "tombstone" : "timer";
    else if (entry->topic == BUS_EVENT)
        entry->word = event_word(journal, record->value);
    else
        entry->word = entry->topic == BUS_BODY   ? "body"
                      : entry->topic == BUS_DEAD ? "dead"
                                                 : "failure";
}

/* The record that the step began with, which ends with this one. */
static const struct journal_entry *input_of(const struct journal *journal,
                                            const struct journal_entry *last)
{
    bool is_bounce = strcmp(last->word, event_name(EVENT_BOUNCED)) == 0 ||
                     strcmp(last->word, event_name(EVENT_DOUBLE_BOUNCE)) == 0;
    enum bus_topic topic = last->topic == BUS_TIMER ? BUS_WORK : BUS_FAILURE;

    for (size_t i = journal->count; i-- > 0;) {
        const struct journal_entry *entry = &journal->entries[i];
        if ((last->topic == BUS_TIMER || is_bounce) && entry->topic == topic &&
            slice_eq(entry->unit, last->unit))
            return entry;
    }
    return NULL;
}

static void check_unfinished(const struct journal *journal, const struct journal_entry *entry)
{
    const struct journal_entry *input = input_of(journal, entry);

    if (input && bus_fake_committed(journal->hub, input->topic, GROUPS[input->topic],
                                    input->partition) > input->offset)
        fail_msg("%s was stored after its %s had been finished", entry->word, input->word);
}

static void on_stored(void *owner, enum bus_topic topic, const struct bus_delivery *record)
{
    struct journal *journal = owner;
    struct journal_entry entry = {
        .topic = topic, .partition = record->partition, .offset = record->offset};

    read_record(journal, &entry, record);
    check_unfinished(journal, &entry);
    if (journal->count == journal->room) {
        journal->room = journal->room ? 2 * journal->room : 64;
        journal->entries = xrealloc(journal->entries, journal->room * sizeof *journal->entries);
    }
    journal->entries[journal->count++] = entry;
}

void journal_start(struct journal *journal, struct bus_hub *hub)
{
    *journal = (struct journal){.hub = hub, .arena = arena_new(4096)};
    bus_fake_watch(hub, on_stored, journal);
}

void journal_end(struct journal *journal)
{
    bus_fake_watch(journal->hub, NULL, NULL);
    arena_free(&journal->arena);
    xfree(journal->entries);
}

/* Of the index-th mail, or NULL. */
static const char *mail_id_of(const struct journal *journal, size_t index)
{
    for (size_t i = 0; i < journal->count; i++) {
        const char *mail_id = journal->entries[i].mail_id;
        size_t j = 0;
        while (!has_mail(&journal->entries[j], mail_id))
            j++;
        if (j == i && index-- == 0)
            return mail_id;
    }
    return NULL;
}

const char *journal_of(const struct journal *journal, size_t index)
{
    const char *mail_id = mail_id_of(journal, index);
    struct buf words = {0};

    for (size_t i = 0; mail_id && i < journal->count; i++)
        if (has_mail(&journal->entries[i], mail_id))
            buf_addf(&words, "%s%s", words.len ? " " : "", journal->entries[i].word);
    const char *text = arena_str(journal->arena, buf_slice(&words));
    buf_free(&words);
    return text;
}

int64_t journal_place(const struct journal *journal, size_t index, const char *word)
{
    const char *mail_id = mail_id_of(journal, index);

    for (size_t i = 0; mail_id && i < journal->count; i++)
        if (has_mail(&journal->entries[i], mail_id) && strcmp(journal->entries[i].word, word) == 0)
            return (int64_t)i;
    return -1;
}

bool journal_is_settled(const struct journal *journal)
{
    for (size_t i = 0; i < journal->count; i++) {
        const struct journal_entry *entry = &journal->entries[i];
        if (GROUPS[entry->topic] &&
            bus_fake_committed(journal->hub, entry->topic, GROUPS[entry->topic],
                               entry->partition) <= entry->offset)
            return false;
    }
    return true;
}
