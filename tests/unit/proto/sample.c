/* SPDX-License-Identifier: Apache-2.0
 * See sample.h. */
#include "sample.h"

#include "base/hash.h"

static const struct record_envelope ENVELOPE = {
    .mail_id = {"aaaaaaaaabbbbbbbbbbb", 20},
    .from = {"bounces@d.test", 14},
    .original_from = {"app-42@shop.test", 16},
    .rewrite_rule = {"domain", 6},
    .sending_domain = {"shop.test", 9},
    .configuration = {"default", 7},
    .listener = {"submission", 10},
    .helo = {"app.shop.test", 13},
    .client_ip = {"192.0.2.7", 9},
    .envid = {"QQ+3D314", 8},
    .trace = {"Received: from a by b;\r\n", 24},
    .message_id = {"<order-1@shop.test>", 19},
    .received_mode = {"abbreviated", 11},
    .public_port = 587,
    .ret = 2,
    .hop_count = 3,
    .queued_at_ms = 1457420514000,
    .size_bytes = 17,
    .is_8bit = true,
    .is_report = true,
};

static const struct record_reply REPLY = {
    .code = 550,
    .enhanced = {"5.1.1", 5},
    .text = {"no\nsuch user", 12},
    .stage = {"RCPT TO", 7},
    .mx_host = {"mx1.dest.example.com", 20},
    .mx_ip = {"192.0.2.25", 10},
    .reason = {"because", 7},
    .status = {"5.1.1", 5},
    .error_class = 2,
    .at_ms = 1457420518000,
};

struct record_work *sample_work(struct arena *arena)
{
    struct record_work *work = arena_alloc(arena, sizeof *work);

    *work = (struct record_work){
        .parcel_id = SLICE("cccccccccccccccccccc"),
        .destination = SLICE("dest.example.com"),
        .envelope = ENVELOPE,
        .rcpts = arena_alloc(arena, 2 * sizeof *work->rcpts),
        .rcpt_count = 2,
        .attempt = 2,
        .has_fence = true,
        .fence = 123456789012,
        .fence_shard = 63,
        .body = SLICE("Subject: x\r\n\r\nhi\r\n"),
    };
    work->body_crc32c = hash_crc32c(0, work->body);
    work->rcpts[0] = (struct record_rcpt){
        .index = 0,
        .address = SLICE("user1@dest.example.com"),
        .notify = 4,
        .orcpt = SLICE("rfc822;user1@dest.example.com"),
        .has_last = true,
        .last = REPLY,
    };
    work->rcpts[1] = (struct record_rcpt){.index = 7, .address = SLICE("u2@dest.example.com")};
    return work;
}

struct record_work *sample_work_with_ref(struct arena *arena)
{
    struct record_work *work = sample_work(arena);

    work->has_body_ref = true;
    work->body_ref = (struct record_body){
        .topic = RECORD_BODY_CHUNKS,
        .partition = 63,
        .first_offset = 4294967296,
        .last_offset = 4294967299,
        .length = 1000000,
        .crc32c = 0xdeadbeef,
    };
    work->body = SLICE_NONE;
    work->body_crc32c = 0;
    return work;
}

static bool envelope_eq(const struct record_envelope *a, const struct record_envelope *b)
{
    return slice_eq(a->mail_id, b->mail_id) && slice_eq(a->from, b->from) &&
           slice_eq(a->original_from, b->original_from) &&
           slice_eq(a->rewrite_rule, b->rewrite_rule) &&
           slice_eq(a->sending_domain, b->sending_domain) &&
           slice_eq(a->configuration, b->configuration) && slice_eq(a->listener, b->listener) &&
           slice_eq(a->helo, b->helo) && slice_eq(a->client_ip, b->client_ip) &&
           slice_eq(a->envid, b->envid) && slice_eq(a->trace, b->trace) &&
           slice_eq(a->message_id, b->message_id) && slice_eq(a->received_mode, b->received_mode) &&
           a->public_port == b->public_port && a->ret == b->ret && a->hop_count == b->hop_count &&
           a->queued_at_ms == b->queued_at_ms && a->size_bytes == b->size_bytes &&
           a->is_8bit == b->is_8bit && a->is_report == b->is_report;
}

static bool reply_eq(const struct record_reply *a, const struct record_reply *b)
{
    return a->code == b->code && slice_eq(a->enhanced, b->enhanced) && slice_eq(a->text, b->text) &&
           slice_eq(a->stage, b->stage) && slice_eq(a->mx_host, b->mx_host) &&
           slice_eq(a->mx_ip, b->mx_ip) && slice_eq(a->source_ip, b->source_ip) &&
           slice_eq(a->reason, b->reason) && slice_eq(a->status, b->status) &&
           a->error_class == b->error_class && a->at_ms == b->at_ms;
}

static bool rcpt_eq(const struct record_rcpt *a, const struct record_rcpt *b)
{
    return a->index == b->index && slice_eq(a->address, b->address) && a->notify == b->notify &&
           slice_eq(a->orcpt, b->orcpt) && a->has_last == b->has_last &&
           reply_eq(&a->last, &b->last);
}

static bool body_ref_eq(const struct record_body *a, const struct record_body *b)
{
    return a->topic == b->topic && a->partition == b->partition &&
           a->first_offset == b->first_offset && a->last_offset == b->last_offset &&
           a->length == b->length && a->crc32c == b->crc32c;
}

bool sample_work_eq(const struct record_work *a, const struct record_work *b)
{
    if (a->rcpt_count != b->rcpt_count)
        return false;
    for (size_t i = 0; i < a->rcpt_count; i++)
        if (!rcpt_eq(&a->rcpts[i], &b->rcpts[i]))
            return false;
    return slice_eq(a->parcel_id, b->parcel_id) && slice_eq(a->destination, b->destination) &&
           envelope_eq(&a->envelope, &b->envelope) && a->attempt == b->attempt &&
           a->has_fence == b->has_fence && a->fence == b->fence &&
           a->fence_shard == b->fence_shard && a->has_body_ref == b->has_body_ref &&
           body_ref_eq(&a->body_ref, &b->body_ref) && slice_eq(a->body, b->body) &&
           a->body_crc32c == b->body_crc32c && slice_eq(a->copy.host, b->copy.host) &&
           a->copy.port == b->copy.port;
}
