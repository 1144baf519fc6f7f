/* SPDX-License-Identifier: Apache-2.0
 * Plain structs -> records. The protobuf structs point into the plain ones; only their array of
 * recipients is on the heap. Shortens what only people read, so that a hostile peer's long replies
 * cannot make a record that decoding refuses. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "hikyaku.pb-c.h"
#include "proto/record_frame.h"

struct packed_rcpt {
    Hikyaku__Recipient rcpt;
    Hikyaku__Reply last;
};

struct packed_work {
    Hikyaku__Work work;
    Hikyaku__Envelope envelope;
    Hikyaku__BodyRef body;
    Hikyaku__Recipient **list; /* heap: the pointers, then the recipients */
};

static ProtobufCBinaryData bytes_of(struct slice s)
{
    /* protobuf-c has no const; packing only reads. */
    const union {
        const char *of_slice;
        uint8_t *of_protobuf;
    } at = {.of_slice = s.at};

    return (ProtobufCBinaryData){.len = s.len, .data = at.of_protobuf};
}

static Hikyaku__Reply pack_reply(const struct record_reply *reply)
{
    Hikyaku__Reply packed = HIKYAKU__REPLY__INIT;

    packed.code = reply->code;
    packed.enhanced = bytes_of(reply->enhanced);
    packed.text = bytes_of(slice_sub(reply->text, 0, RECORD_TEXT_MAX));
    packed.stage = bytes_of(reply->stage);
    packed.mx_host = bytes_of(reply->mx_host);
    packed.mx_ip = bytes_of(reply->mx_ip);
    packed.source_ip = bytes_of(reply->source_ip);
    packed.reason = bytes_of(slice_sub(reply->reason, 0, RECORD_TEXT_MAX));
    packed.status = bytes_of(reply->status);
    packed.error_class = reply->error_class;
    packed.at_ms = reply->at_ms;
    return packed;
}

static void pack_rcpt(struct packed_rcpt *packed, const struct record_rcpt *rcpt)
{
    hikyaku__recipient__init(&packed->rcpt);
    packed->rcpt.index = rcpt->index;
    packed->rcpt.address = bytes_of(rcpt->address);
    packed->rcpt.notify = rcpt->notify;
    packed->rcpt.orcpt = bytes_of(rcpt->orcpt);
    if (!rcpt->has_last)
        return;
    packed->last = pack_reply(&rcpt->last);
    packed->rcpt.last = &packed->last;
}

static Hikyaku__Envelope pack_envelope(const struct record_envelope *envelope)
{
    Hikyaku__Envelope packed = HIKYAKU__ENVELOPE__INIT;

    packed.mail_id = bytes_of(envelope->mail_id);
    packed.from = bytes_of(envelope->from);
    packed.original_from = bytes_of(envelope->original_from);
    packed.rewrite_rule = bytes_of(envelope->rewrite_rule);
    packed.sending_domain = bytes_of(envelope->sending_domain);
    packed.configuration = bytes_of(envelope->configuration);
    packed.listener = bytes_of(envelope->listener);
    packed.public_port = envelope->public_port;
    packed.helo = bytes_of(envelope->helo);
    packed.client_ip = bytes_of(envelope->client_ip);
    packed.queued_at_ms = envelope->queued_at_ms;
    packed.size_bytes = envelope->size_bytes;
    packed.is_8bit = envelope->is_8bit;
    packed.is_report = envelope->is_report;
    packed.ret = envelope->ret;
    packed.envid = bytes_of(envelope->envid);
    packed.hop_count = envelope->hop_count;
    packed.trace = bytes_of(envelope->trace);
    packed.message_id = bytes_of(envelope->message_id);
    packed.received_mode = bytes_of(envelope->received_mode);
    return packed;
}

static Hikyaku__BodyRef pack_body(const struct record_body *body)
{
    Hikyaku__BodyRef packed = HIKYAKU__BODY_REF__INIT;

    packed.topic = (uint32_t)body->topic;
    packed.partition = body->partition;
    packed.first_offset = body->first_offset;
    packed.last_offset = body->last_offset;
    packed.length = body->length;
    packed.crc32c = body->crc32c;
    return packed;
}

static void pack_rcpts(struct packed_work *packed, const struct record_work *work)
{
    size_t pointers = work->rcpt_count * sizeof *packed->list;
    char *block = xalloc(pointers + work->rcpt_count * sizeof(struct packed_rcpt));
    struct packed_rcpt *rcpts = (void *)(block + pointers);

    packed->list = (void *)block;
    for (size_t i = 0; i < work->rcpt_count; i++) {
        pack_rcpt(&rcpts[i], &work->rcpts[i]);
        packed->list[i] = &rcpts[i].rcpt;
    }
    packed->work.n_recipients = work->rcpt_count;
    packed->work.recipients = packed->list;
}

/* Ends with packed_work_free. packed must not move: it points into itself. */
static void pack_work(struct packed_work *packed, const struct record_work *work)
{
    hikyaku__work__init(&packed->work);
    packed->envelope = pack_envelope(&work->envelope);
    packed->work.envelope = &packed->envelope;
    packed->work.parcel_id = bytes_of(work->parcel_id);
    packed->work.destination = bytes_of(work->destination);
    packed->work.attempt = work->attempt;
    packed->work.has_fence = work->has_fence;
    packed->work.fence = work->fence;
    packed->work.fence_shard = work->fence_shard;
    packed->work.copy_host = bytes_of(work->copy.host);
    packed->work.copy_port = work->copy.port;
    if (work->has_body_ref) {
        packed->body = pack_body(&work->body_ref);
        packed->work.body = &packed->body;
    } else {
        packed->work.body_crc32c = work->body_crc32c;
    }
    pack_rcpts(packed, work);
}

static void packed_work_free(struct packed_work *packed)
{
    xfree(packed->list);
}

static void put(struct buf *head, const ProtobufCMessage *header)
{
    size_t bytes = protobuf_c_message_get_packed_size(header);
    char frame[RECORD_FRAME_BYTES];

    record_frame_put(frame, bytes);
    buf_add(head, slice_of(frame, sizeof frame));
    buf_reserve(head, bytes);
    size_t packed = protobuf_c_message_pack(header, (uint8_t *)head->at + head->len);
    ASSERT(packed == bytes);
    head->len += bytes;
}

void record_put_work(struct buf *head, const struct record_work *work)
{
    struct packed_work packed;

    pack_work(&packed, work);
    put(head, &packed.work.base);
    packed_work_free(&packed);
}

void record_put_timer(struct buf *head, const struct record_timer *timer)
{
    Hikyaku__Timer header = HIKYAKU__TIMER__INIT;
    struct packed_work packed;

    pack_work(&packed, &timer->work);
    header.due_ms = timer->due_ms;
    header.reason = bytes_of(timer->reason);
    header.work = &packed.work;
    put(head, &header.base);
    packed_work_free(&packed);
}

void record_put_failure(struct buf *head, const struct record_failure *failure)
{
    Hikyaku__Failure header = HIKYAKU__FAILURE__INIT;
    struct packed_work packed;

    pack_work(&packed, &failure->work);
    header.action = (uint32_t)failure->action;
    header.event_id = bytes_of(failure->event_id);
    header.work = &packed.work;
    put(head, &header.base);
    packed_work_free(&packed);
}

void record_put_chunk(struct buf *head, const struct record_chunk *chunk)
{
    Hikyaku__Chunk header = HIKYAKU__CHUNK__INIT;

    header.sequence = chunk->sequence;
    header.total = chunk->total;
    put(head, &header.base);
}

void record_put_dead(struct buf *head, const struct record_dead *dead)
{
    Hikyaku__Dead header = HIKYAKU__DEAD__INIT;

    header.topic = bytes_of(slice_str(dead->topic));
    header.partition = dead->partition;
    header.offset = dead->offset;
    header.reason = bytes_of(slice_sub(slice_str(dead->reason), 0, RECORD_TEXT_MAX));
    header.component = bytes_of(slice_str(dead->component));
    put(head, &header.base);
}
