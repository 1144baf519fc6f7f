/* SPDX-License-Identifier: Apache-2.0
 * Chunks in order: a reference names a range that is read from first to last. */
#include "bus/body.h"

#include "base/hash.h"

static void fail(struct bus_body *body, enum err_kind kind, const char *detail)
{
    if (!body->has_failed)
        (void)err_set(&body->why, kind, "%s", detail);
    body->has_failed = true;
    body->next = body->count; /* no more of them */
}

/* A chunk that took its place only at a second try, behind the ones that follow it, makes the body
 * unreadable. */
static bool is_in_order(struct bus_body *body, uint32_t sequence, int64_t offset)
{
    struct record_body *ref = &body->ref;

    if (sequence != body->stored || offset <= ref->last_offset)
        return false;
    if (sequence == 0)
        ref->first_offset = offset;
    ref->last_offset = offset;
    body->stored++;
    return true;
}

static void put_chunk(struct bus_body *body, struct bus_body_chunk *chunk)
{
    size_t from = body->next * body->chunk_bytes;
    const struct record_chunk header = {
        .sequence = body->next,
        .total = body->next + 1 == body->count ? body->count : 0,
    };
    struct buf head = {0};

    record_put_chunk(&head, &header);
    const struct bus_record record = {
        .topic = BUS_BODY,
        .partition = body->ref.partition,
        .key = body->mail_id,
        .head = buf_slice(&head),
        .body = slice_sub(body->bytes, from, from + body->chunk_bytes),
    };
    chunk->sequence = body->next++;
    chunk->is_busy = true;
    body->pending++;
    bus_publish(body->bus, &record, &chunk->ticket);
    buf_free(&head);
}

static void put_chunks(struct bus_body *body)
{
    for (size_t i = 0; i < BUS_BODY_OUTSTANDING; i++)
        if (!body->chunks[i].is_busy && body->next < body->count)
            put_chunk(body, &body->chunks[i]);
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct bus_body_chunk *chunk = owner;
    struct bus_body *body = chunk->body;

    (void)ticket;
    chunk->is_busy = false;
    body->pending--;
    if (!ack->ok)
        fail(body, ack->kind, ack->detail);
    else if (!is_in_order(body, chunk->sequence, ack->offset))
        fail(body, ERR_RETRY, "the chunks are not in order on the log");
    put_chunks(body);
    if (body->pending == 0)
        body->on_stored(body->owner, body->has_failed ? NULL : &body->ref, &body->why);
}

void bus_body_put(struct bus_body *body, struct bus *bus, struct slice mail_id, struct slice bytes,
                  size_t chunk_bytes)
{
    *body = (struct bus_body){
        .on_stored = body->on_stored,
        .owner = body->owner,
        .bus = bus,
        .mail_id = mail_id,
        .bytes = bytes,
        .chunk_bytes = chunk_bytes,
        .count = (uint32_t)((bytes.len + chunk_bytes - 1) / chunk_bytes),
        .ref = {.topic = RECORD_BODY_CHUNKS,
                .partition = bus_partition_of(bus, BUS_BODY, mail_id),
                .first_offset = -1,
                .last_offset = -1,
                .length = bytes.len,
                .crc32c = hash_crc32c(0, bytes)},
    };
    for (size_t i = 0; i < BUS_BODY_OUTSTANDING; i++)
        body->chunks[i] = (struct bus_body_chunk){
            .ticket = {.on_acked = on_acked, .owner = &body->chunks[i]}, .body = body};
    put_chunks(body);
}
