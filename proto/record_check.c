/* SPDX-License-Identifier: Apache-2.0
 * The bounds of decoded records, as tables: what passes here may be used without further doubt
 * about its size. What a value means (is this a mailbox?) is not asked. */
#include "proto/record_frame.h"

struct bound { /* of one slice of a struct */
    size_t offset, min, max;
    const char *name;
};

#define BOUND(type, member, min, max)                                                              \
    {                                                                                              \
        offsetof(struct type, member), (min), (max), #member                                       \
    }
#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct bound ENVELOPE[] = {
    BOUND(record_envelope, mail_id, 1, RECORD_ID_MAX),
    BOUND(record_envelope, from, 0, RECORD_ADDRESS_MAX),
    BOUND(record_envelope, original_from, 0, RECORD_ADDRESS_MAX),
    BOUND(record_envelope, rewrite_rule, 0, RECORD_NAME_MAX),
    BOUND(record_envelope, sending_domain, 0, RECORD_NAME_MAX),
    BOUND(record_envelope, configuration, 0, RECORD_NAME_MAX),
    BOUND(record_envelope, listener, 0, RECORD_NAME_MAX),
    BOUND(record_envelope, helo, 0, RECORD_NAME_MAX),
    BOUND(record_envelope, client_ip, 0, RECORD_ID_MAX),
    BOUND(record_envelope, envid, 0, RECORD_ENVID_MAX),
    BOUND(record_envelope, trace, 0, RECORD_TRACE_MAX),
    BOUND(record_envelope, message_id, 0, RECORD_FIELD_MAX),
    BOUND(record_envelope, received_mode, 0, RECORD_ID_MAX),
};

static const struct bound REPLY[] = {
    BOUND(record_reply, enhanced, 0, 16),
    BOUND(record_reply, text, 0, RECORD_TEXT_MAX),
    BOUND(record_reply, stage, 0, RECORD_ID_MAX),
    BOUND(record_reply, mx_host, 0, RECORD_NAME_MAX),
    BOUND(record_reply, mx_ip, 0, RECORD_ID_MAX),
    BOUND(record_reply, source_ip, 0, RECORD_ID_MAX),
    BOUND(record_reply, reason, 0, RECORD_TEXT_MAX),
    BOUND(record_reply, status, 0, 16),
};

static const struct bound RCPT[] = {
    BOUND(record_rcpt, address, 1, RECORD_ADDRESS_MAX),
    BOUND(record_rcpt, orcpt, 0, RECORD_ORCPT_MAX),
};

static const struct bound WORK[] = {
    BOUND(record_work, parcel_id, 1, RECORD_ID_MAX),
    BOUND(record_work, destination, 0, RECORD_DESTINATION_MAX),
    BOUND(record_work, copy.host, 0, RECORD_NAME_MAX),
};

static int check_slices(const void *object, const struct bound *bounds, size_t count,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct bound *bound = &bounds[i];
        const struct slice *s = (const void *)((const char *)object + bound->offset);
        if (s->len < bound->min || s->len > bound->max)
            return err_set(err, ERR_INVALID, "%s has %zu bytes, not %zu..%zu", bound->name, s->len,
                           bound->min, bound->max);
    }
    return 0;
}

static int check_rcpt(const struct record_rcpt *rcpt, struct err *err)
{
    if (rcpt->index >= RECORD_FANOUT_RCPTS_MAX)
        return err_set(err, ERR_INVALID, "recipient index %u is out of range", rcpt->index);
    if (rcpt->last.code > 999)
        return err_set(err, ERR_INVALID, "reply code %u is out of range", rcpt->last.code);
    if (check_slices(rcpt, RCPT, COUNT(RCPT), err))
        return -1;
    return rcpt->has_last ? check_slices(&rcpt->last, REPLY, COUNT(REPLY), err) : 0;
}

static int check_body_ref(const struct record_body *body, struct err *err)
{
    if (body->topic > RECORD_BODY_CHUNKS)
        return err_set(err, ERR_INVALID, "body lies on unknown topic %u", (unsigned)body->topic);
    if (body->partition < 0 || body->first_offset < 0 || body->last_offset < body->first_offset)
        return err_set(err, ERR_INVALID, "body reference is no range of offsets");
    if (body->topic == RECORD_BODY_INLINE_OF_WORK && body->last_offset != body->first_offset)
        return err_set(err, ERR_INVALID, "inline body spans several records");
    return 0;
}

static int check_copy(const struct record_copy *copy, struct err *err)
{
    if (copy->port <= UINT16_MAX && (copy->port > 0) == (copy->host.len > 0))
        return 0;
    return err_set(err, ERR_INVALID, "port %u for a copy is out of range", copy->port);
}

int record_check_work(const struct record_work *work, struct err *err)
{
    size_t max = work->destination.len ? RECORD_RCPTS_MAX : RECORD_FANOUT_RCPTS_MAX;

    if (work->rcpt_count == 0 || work->rcpt_count > max)
        return err_set(err, ERR_INVALID, "%zu recipients, not 1..%zu", work->rcpt_count, max);
    if (work->envelope.queued_at_ms < 0 || work->envelope.queued_at_ms > RECORD_TIME_MAX_MS)
        return err_set(err, ERR_INVALID, "time of acceptance is out of range");
    if (work->has_fence && (work->fence < 0 || work->fence_shard < 0))
        return err_set(err, ERR_INVALID, "fence is no offset");
    if (check_slices(work, WORK, COUNT(WORK), err) || check_copy(&work->copy, err) ||
        check_slices(&work->envelope, ENVELOPE, COUNT(ENVELOPE), err))
        return -1;
    for (size_t i = 0; i < work->rcpt_count; i++)
        if (check_rcpt(&work->rcpts[i], err))
            return -1;
    return work->has_body_ref ? check_body_ref(&work->body_ref, err) : 0;
}

int record_check_timer(const struct record_timer *timer, struct err *err)
{
    if (!timer->work.has_body_ref)
        return err_set(err, ERR_INVALID, "timer without a body reference");
    if (timer->work.destination.len == 0)
        return err_set(err, ERR_INVALID, "timer without a destination");
    if (timer->reason.len > RECORD_NAME_MAX)
        return err_set(err, ERR_INVALID, "reason has %zu bytes", timer->reason.len);
    return record_check_work(&timer->work, err);
}

int record_check_failure(const struct record_failure *failure, struct err *err)
{
    if (failure->action > RECORD_RELAYED)
        return err_set(err, ERR_INVALID, "action %u is not known", (unsigned)failure->action);
    if (failure->event_id.len > RECORD_ID_MAX)
        return err_set(err, ERR_INVALID, "event id has %zu bytes", failure->event_id.len);
    return record_check_work(&failure->work, err);
}

int record_check_chunk(const struct record_chunk *chunk, struct err *err)
{
    if (chunk->sequence >= RECORD_CHUNKS_MAX ||
        (chunk->total != 0 && chunk->total != chunk->sequence + 1))
        return err_set(err, ERR_INVALID, "chunk %u of %u is out of range", chunk->sequence,
                       chunk->total);
    return 0;
}
