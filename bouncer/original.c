/* SPDX-License-Identifier: Apache-2.0
 * The pieces of a body: one work record, or chunks in order. Records that do not fit are passed
 * over; length and checksum of the whole have the last word. */
#include "bouncer/original.h"

#include "smtp/dot.h"

#define ARENA_BYTES 512 /* a chunk's header */

static void take_inline(struct original *original, struct slice value)
{
    struct slice body;
    struct err err;

    if (record_get_body(value, &body, &err) == 0)
        buf_add(&original->stuffed, body);
}

static void take_chunk(struct original *original, struct slice value)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct record_chunk chunk;
    struct err err;

    if (record_get_chunk(arena, value, &chunk, &err) == 0 &&
        chunk.sequence == original->next_sequence &&
        chunk.bytes.len <= original->ref.length - original->stuffed.len) {
        original->next_sequence++;
        buf_add(&original->stuffed, chunk.bytes);
    }
    arena_free(&arena);
}

static void on_piece(void *owner, struct bus_fetch *fetch, const struct bus_delivery *piece)
{
    struct original *original = owner;

    (void)fetch;
    if (original->ref.topic == RECORD_BODY_CHUNKS)
        take_chunk(original, piece->value);
    else
        take_inline(original, piece->value);
}

static bool is_intact(const struct original *original)
{
    struct slice bytes = buf_slice(&original->stuffed);

    if (original->ref.topic == RECORD_BODY_CHUNKS && !original->wants_whole)
        return original->next_sequence > 0;
    return record_body_is_intact(bytes, original->ref.length, original->ref.crc32c);
}

static void on_fetched(void *owner, struct bus_fetch *fetch, bool found, bool is_gone)
{
    struct original *original = owner;
    enum original_result result = ORIGINAL_READ;

    (void)fetch;
    if (!found)
        result = is_gone ? ORIGINAL_GONE : ORIGINAL_FAILED;
    else if (!is_intact(original))
        result = ORIGINAL_GONE;
    else
        smtp_dot_unstuff(&original->lines, buf_slice(&original->stuffed));
    buf_free(&original->stuffed);
    original->on_read(original->owner, original, result);
}

void original_read(struct original *original, struct bus *bus, const struct record_work *work,
                   bool wants_whole)
{
    const struct record_body *ref = &work->body_ref;
    bool is_chunked = ref->topic == RECORD_BODY_CHUNKS;

    original_free(original);
    original->ref = *ref;
    original->wants_whole = wants_whole;
    original->next_sequence = 0;
    original->fetch = (struct bus_fetch){
        .ref = {.topic = is_chunked ? BUS_BODY : BUS_WORK,
                .partition = ref->partition,
                .first_offset = ref->first_offset,
                .last_offset = is_chunked && wants_whole ? ref->last_offset : ref->first_offset,
                .key = is_chunked ? work->envelope.mail_id : SLICE_NONE},
        .on_piece = on_piece,
        .on_fetched = on_fetched,
        .owner = original,
    };
    bus_fetch(bus, &original->fetch);
}

void original_free(struct original *original)
{
    buf_free(&original->stuffed);
    buf_free(&original->lines);
}
