/* SPDX-License-Identifier: Apache-2.0
 * Records -> plain structs. protobuf-c decodes into the caller's arena (nothing to free, no malloc
 * per field); the plain structs then point at its copies. Unknown fields are ignored: they come
 * from newer versions. */
#include "hikyaku.pb-c.h"
#include "proto/record_frame.h"

static void *arena_take(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_keep(void *arena, void *at)
{
    (void)arena;
    (void)at;
}

/* The decoded header, or NULL. */
static void *unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                    struct slice header)
{
    ProtobufCAllocator allocator = {
        .alloc = arena_take, .free = arena_keep, .allocator_data = arena};

    return protobuf_c_message_unpack(descriptor, &allocator, header.len,
                                     (const uint8_t *)header.at);
}

struct opened { /* a record whose frame and protobuf header were read */
    void *header;
    struct slice body;
};

static int open_record(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                       struct slice value, struct opened *ret_opened, struct err *err)
{
    struct slice header;

    if (record_frame_get(value, &header, &ret_opened->body, err))
        return -1;
    ret_opened->header = unpack(arena, descriptor, header);
    if (!ret_opened->header)
        return err_set(err, ERR_INVALID, "header is no %s", descriptor->short_name);
    return 0;
}

static int refuse_body(const struct opened *opened, struct err *err)
{
    if (opened->body.len == 0)
        return 0;
    return err_set(err, ERR_INVALID, "%zu bytes behind the header", opened->body.len);
}

static struct slice slice_from(ProtobufCBinaryData bytes)
{
    return slice_of(bytes.data, bytes.len);
}

static struct record_reply reply_from(const Hikyaku__Reply *packed)
{
    return (struct record_reply){
        .code = packed->code,
        .enhanced = slice_from(packed->enhanced),
        .text = slice_from(packed->text),
        .stage = slice_from(packed->stage),
        .mx_host = slice_from(packed->mx_host),
        .mx_ip = slice_from(packed->mx_ip),
        .source_ip = slice_from(packed->source_ip),
        .reason = slice_from(packed->reason),
        .status = slice_from(packed->status),
        .error_class = packed->error_class,
        .at_ms = packed->at_ms,
    };
}

static struct record_rcpt rcpt_from(const Hikyaku__Recipient *packed)
{
    struct record_rcpt rcpt = {
        .index = packed->index,
        .address = slice_from(packed->address),
        .notify = packed->notify,
        .orcpt = slice_from(packed->orcpt),
    };

    if (packed->last) {
        rcpt.has_last = true;
        rcpt.last = reply_from(packed->last);
    }
    return rcpt;
}

static struct record_envelope envelope_from(const Hikyaku__Envelope *packed)
{
    return (struct record_envelope){
        .mail_id = slice_from(packed->mail_id),
        .from = slice_from(packed->from),
        .original_from = slice_from(packed->original_from),
        .rewrite_rule = slice_from(packed->rewrite_rule),
        .sending_domain = slice_from(packed->sending_domain),
        .configuration = slice_from(packed->configuration),
        .listener = slice_from(packed->listener),
        .helo = slice_from(packed->helo),
        .client_ip = slice_from(packed->client_ip),
        .envid = slice_from(packed->envid),
        .trace = slice_from(packed->trace),
        .message_id = slice_from(packed->message_id),
        .received_mode = slice_from(packed->received_mode),
        .public_port = packed->public_port,
        .ret = packed->ret,
        .hop_count = packed->hop_count,
        .queued_at_ms = packed->queued_at_ms,
        .size_bytes = packed->size_bytes,
        .is_8bit = packed->is_8bit != 0,
        .is_report = packed->is_report != 0,
    };
}

static struct record_body body_from(const Hikyaku__BodyRef *packed)
{
    return (struct record_body){
        .topic = (enum record_body_topic)packed->topic,
        .partition = packed->partition,
        .first_offset = packed->first_offset,
        .last_offset = packed->last_offset,
        .length = packed->length,
        .crc32c = packed->crc32c,
    };
}

static struct record_rcpt *rcpts_from(struct arena *arena, const Hikyaku__Work *packed)
{
    struct record_rcpt *rcpts = arena_alloc(arena, packed->n_recipients * sizeof *rcpts);

    for (size_t i = 0; i < packed->n_recipients; i++)
        rcpts[i] = rcpt_from(packed->recipients[i]);
    return rcpts;
}

static int work_from(struct arena *arena, const Hikyaku__Work *packed, struct record_work *ret_work,
                     struct err *err)
{
    if (!packed || !packed->envelope)
        return err_set(err, ERR_INVALID, "no envelope");
    if (packed->n_recipients > RECORD_FANOUT_RCPTS_MAX)
        return err_set(err, ERR_INVALID, "%zu recipients are too many", packed->n_recipients);
    *ret_work = (struct record_work){
        .parcel_id = slice_from(packed->parcel_id),
        .destination = slice_from(packed->destination),
        .envelope = envelope_from(packed->envelope),
        .rcpts = rcpts_from(arena, packed),
        .rcpt_count = packed->n_recipients,
        .attempt = packed->attempt,
        .has_fence = packed->has_fence != 0,
        .fence = packed->fence,
        .fence_shard = packed->fence_shard,
        .has_body_ref = packed->body != NULL,
        .body_crc32c = packed->body_crc32c,
        .copy = {.host = slice_from(packed->copy_host), .port = packed->copy_port},
    };
    if (packed->body)
        ret_work->body_ref = body_from(packed->body);
    return 0;
}

int record_get_work(struct arena *arena, struct slice value, struct record_work *ret_work,
                    struct err *err)
{
    struct opened opened;
    struct record_work work = {0};

    if (open_record(arena, &hikyaku__work__descriptor, value, &opened, err) ||
        work_from(arena, opened.header, &work, err) || record_check_work(&work, err))
        return -1;
    if (work.has_body_ref && refuse_body(&opened, err))
        return -1;
    work.body = opened.body;
    *ret_work = work;
    return 0;
}

int record_get_timer(struct arena *arena, struct slice value, struct record_timer *ret_timer,
                     struct err *err)
{
    struct opened opened;

    if (open_record(arena, &hikyaku__timer__descriptor, value, &opened, err) ||
        refuse_body(&opened, err))
        return -1;
    const Hikyaku__Timer *packed = opened.header;
    struct record_timer timer = {.due_ms = packed->due_ms, .reason = slice_from(packed->reason)};
    if (work_from(arena, packed->work, &timer.work, err) || record_check_timer(&timer, err))
        return -1;
    *ret_timer = timer;
    return 0;
}

int record_get_failure(struct arena *arena, struct slice value, struct record_failure *ret_failure,
                       struct err *err)
{
    struct opened opened;

    if (open_record(arena, &hikyaku__failure__descriptor, value, &opened, err) ||
        refuse_body(&opened, err))
        return -1;
    const Hikyaku__Failure *packed = opened.header;
    struct record_failure failure = {
        .action = (enum record_action)packed->action,
        .event_id = slice_from(packed->event_id),
    };
    if (work_from(arena, packed->work, &failure.work, err) || record_check_failure(&failure, err))
        return -1;
    *ret_failure = failure;
    return 0;
}

int record_get_chunk(struct arena *arena, struct slice value, struct record_chunk *ret_chunk,
                     struct err *err)
{
    struct opened opened;

    if (open_record(arena, &hikyaku__chunk__descriptor, value, &opened, err))
        return -1;
    const Hikyaku__Chunk *packed = opened.header;
    struct record_chunk chunk = {
        .sequence = packed->sequence, .total = packed->total, .bytes = opened.body};
    if (record_check_chunk(&chunk, err))
        return -1;
    *ret_chunk = chunk;
    return 0;
}
