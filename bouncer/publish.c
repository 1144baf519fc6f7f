/* SPDX-License-Identifier: Apache-2.0
 * Order on the log: all chunks acknowledged, then the work record that points to them; that record
 * is what makes the report exist. */
#include "bouncer/publish.h"

#include "base/hash.h"
#include "net/crypto.h"
#include "smtp/dot.h"
#include "smtp/envelope.h"

struct publish_chunk {
    struct publication *publication;
    struct bus_ticket ticket;
    int64_t offset;
};

void publish_report_id(const struct record_failure *failure, const struct record_rcpt *const *rcpts,
                       size_t count, struct slice target, char out[ID_LEN + 1])
{
    struct buf text = {0};
    uint8_t digest[32];

    buf_add(&text, failure->work.envelope.mail_id);
    buf_addf(&text, "\n%u\n", (unsigned)failure->action);
    for (size_t i = 0; i < count; i++)
        buf_addf(&text, "%u ", (unsigned)rcpts[i]->index);
    buf_add_char(&text, '\n');
    buf_add(&text, target);
    crypto_sha256(buf_slice(&text), digest);
    id_derived(digest, out);
    buf_free(&text);
}

static void tell(struct publication *publication)
{
    publication->on_published(publication->owner, publication, !publication->has_failed,
                              publication->kind);
}

static void note_failure(struct publication *publication, const struct bus_ack *ack)
{
    if (ack->ok || publication->has_failed)
        return;
    publication->has_failed = true;
    publication->kind = ack->kind;
}

/* ---- the work record ---- */

static void on_work_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct publication *publication = owner;

    (void)ticket;
    note_failure(publication, ack);
    tell(publication);
}

static void publish_work(struct publication *publication)
{
    const struct record_work *work = &publication->work;
    struct buf head = {0}, key = {0};

    record_put_work(&head, work);
    record_work_key(&key, work->destination, work->envelope.mail_id,
                    (unsigned)publication->settings->fanout);
    const struct bus_record record = {
        .topic = BUS_WORK,
        .partition = bus_partition_of(publication->bus, BUS_WORK, buf_slice(&key)),
        .key = buf_slice(&key),
        .head = buf_slice(&head),
        .body = work->has_body_ref ? SLICE_NONE : publication->body,
    };
    publication->ticket = (struct bus_ticket){.on_acked = on_work_acked, .owner = publication};
    bus_publish(publication->bus, &record, &publication->ticket);
    buf_free(&head);
    buf_free(&key);
}

/* ---- chunks ---- */

static void refer_to_chunks(struct publication *publication)
{
    struct record_work *work = &publication->work;

    work->has_body_ref = true;
    work->body_ref = (struct record_body){
        .topic = RECORD_BODY_CHUNKS,
        .partition = publication->body_partition,
        .first_offset = publication->chunks[0].offset,
        .last_offset = publication->chunks[publication->chunk_count - 1].offset,
        .length = publication->body.len,
        .crc32c = hash_crc32c(0, publication->body),
    };
}

/* A chunk that took its place only at a second try lies behind the ones that follow it: a range
 * cannot be read in that order. */
static bool are_in_order(const struct publication *publication)
{
    for (size_t i = 1; i < publication->chunk_count; i++)
        if (publication->chunks[i].offset <= publication->chunks[i - 1].offset)
            return false;
    return true;
}

static void on_chunk_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct publish_chunk *chunk = owner;
    struct publication *publication = chunk->publication;

    (void)ticket;
    chunk->offset = ack->offset;
    note_failure(publication, ack);
    if (--publication->pending > 0)
        return;
    if (!publication->has_failed && !are_in_order(publication)) {
        publication->has_failed = true;
        publication->kind = ERR_RETRY;
    }
    if (publication->has_failed) {
        tell(publication);
        return;
    }
    refer_to_chunks(publication);
    publish_work(publication);
}

static void publish_chunk(struct publication *publication, size_t i)
{
    size_t size = (size_t)publication->settings->chunk_bytes;
    struct publish_chunk *chunk = &publication->chunks[i];
    struct slice key = publication->work.envelope.mail_id;
    struct buf head = {0};
    const struct record_chunk header = {
        .sequence = (uint32_t)i,
        .total = i + 1 == publication->chunk_count ? (uint32_t)publication->chunk_count : 0,
        .bytes = SLICE_NONE,
    };

    record_put_chunk(&head, &header);
    const struct bus_record record = {
        .topic = BUS_BODY,
        .partition = publication->body_partition,
        .key = key,
        .head = buf_slice(&head),
        .body = slice_sub(publication->body, i * size, (i + 1) * size),
    };
    *chunk = (struct publish_chunk){.publication = publication,
                                    .ticket = {.on_acked = on_chunk_acked, .owner = chunk}};
    bus_publish(publication->bus, &record, &chunk->ticket);
    buf_free(&head);
}

static void publish_chunks(struct publication *publication)
{
    publication->work.has_body_ref = false;
    publication->body_partition =
        bus_partition_of(publication->bus, BUS_BODY, publication->work.envelope.mail_id);
    publication->pending = publication->chunk_count;
    for (size_t i = 0; i < publication->chunk_count; i++)
        publish_chunk(publication, i);
}

/* ---- the mail ---- */

static struct slice stuffed(struct arena *arena, struct slice lines)
{
    struct buf out = {0};

    smtp_dot_stuff(&out, lines);
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_free(&out);
    return copy;
}

/* A report is never rewritten, never reported about, and belongs to the settings group of the mail
 * it is about. */
static struct record_work work_of(struct arena *arena, const struct publish_mail *mail,
                                  struct slice body)
{
    struct record_rcpt *rcpt = arena_alloc(arena, sizeof *rcpt);

    *rcpt = (struct record_rcpt){.address = mail->target, .notify = SMTP_NOTIFY_NEVER};
    return (struct record_work){
        .parcel_id = mail->id,
        .destination = record_destination(arena, mail->target),
        .envelope = {.mail_id = mail->id,
                     .configuration = mail->original->configuration,
                     .queued_at_ms = mail->now_ms,
                     .size_bytes = body.len,
                     .is_report = true},
        .rcpts = rcpt,
        .rcpt_count = 1,
        .body = body,
        .body_crc32c = hash_crc32c(0, body),
    };
}

void publish_prepare(struct publication *publication, struct arena *arena,
                     const struct work_settings *settings, const struct publish_mail *mail)
{
    size_t chunk_bytes = (size_t)settings->chunk_bytes;

    publication->settings = settings;
    publication->body = stuffed(arena, mail->lines);
    publication->work = work_of(arena, mail, publication->body);
    if (publication->body.len <= (size_t)settings->inline_max_bytes)
        return;
    publication->chunk_count = (publication->body.len + chunk_bytes - 1) / chunk_bytes;
    publication->chunks =
        arena_alloc(arena, publication->chunk_count * sizeof *publication->chunks);
}

void publish_start(struct publication *publication, struct bus *bus)
{
    publication->bus = bus;
    publication->has_failed = false;
    publication->kind = ERR_NONE;
    if (publication->chunk_count > 0)
        publish_chunks(publication);
    else
        publish_work(publication);
}
