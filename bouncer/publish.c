/* SPDX-License-Identifier: Apache-2.0
 * Order on the log: all chunks acknowledged, then the work record that points to them; that record
 * is what makes the report exist. */
#include "bouncer/publish.h"

#include "base/hash.h"
#include "bus/place.h"
#include "net/crypto.h"
#include "smtp/dot.h"
#include "smtp/envelope.h"

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
    struct buf head = {0};

    record_put_work(&head, work);
    const struct bus_record record = {
        .topic = BUS_WORK,
        .partition = bus_place_of_repeatable(publication->bus, publication->settings, work),
        .key = work->destination,
        .head = buf_slice(&head),
        .body = work->has_body_ref ? SLICE_NONE : publication->body,
    };
    publication->ticket = (struct bus_ticket){.on_acked = on_work_acked, .owner = publication};
    bus_publish(publication->bus, &record, &publication->ticket);
    buf_free(&head);
}

/* ---- a long one: chunks first ---- */

static void on_stored(void *owner, const struct record_body *ref, const struct err *why)
{
    struct publication *publication = owner;

    if (!ref) {
        publication->has_failed = true;
        publication->kind = why->kind;
        tell(publication);
        return;
    }
    publication->work.has_body_ref = true;
    publication->work.body_ref = *ref;
    publish_work(publication);
}

static void publish_chunks(struct publication *publication)
{
    publication->work.has_body_ref = false;
    publication->chunks.on_stored = on_stored;
    publication->chunks.owner = publication;
    bus_body_put(&publication->chunks, publication->bus, publication->work.envelope.mail_id,
                 publication->body, (size_t)publication->settings->chunk_bytes);
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
    publication->settings = settings;
    publication->body = stuffed(arena, mail->lines);
    publication->work = work_of(arena, mail, publication->body);
}

void publish_start(struct publication *publication, struct bus *bus)
{
    publication->bus = bus;
    publication->has_failed = false;
    publication->kind = ERR_NONE;
    if (publication->body.len > (size_t)publication->settings->inline_max_bytes)
        publish_chunks(publication);
    else
        publish_work(publication);
}
