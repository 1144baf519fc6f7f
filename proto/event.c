/* SPDX-License-Identifier: Apache-2.0
 * Writing events. The names a customer knows from his relay's reports (returnPath, messageId,
 * sourceIp, status) are kept; the others are those of our log lines. proto/events/ has the schema
 * of each kind. */
#include "proto/event.h"

#include <time.h>

#include "base/json.h"

/* Of each recipient: an event with many of them must stay far below a record's limit. */
#define REASON_MAX 512

static const struct {
    const char *name, *status;
} KINDS[EVENT_KINDS] = {
    [EVENT_ACCEPTED] = {"accepted", "queued"},
    [EVENT_DEFERRED] = {"deferred", "deferred"},
    [EVENT_DELIVERED] = {"delivered", "succeeded"},
    [EVENT_FAILED] = {"failed", "failed"},
    [EVENT_EXPIRED] = {"expired", "failed"},
    [EVENT_BOUNCED] = {"bounced", "bounced"},
    [EVENT_BOUNCE_FORWARDED] = {"bounce_forwarded", "bounced"},
    [EVENT_DOUBLE_BOUNCE] = {"double_bounce", "failed"},
    [EVENT_SUPPRESSED] = {"suppressed", "suppressed"},
};

const char *event_name(enum event_kind kind)
{
    return KINDS[kind].name;
}

/* RFC 3339, UTC, ms; never the first member. */
static void add_time(struct json *json, const char *key, int64_t wall_ms)
{
    int64_t since_epoch_ms = wall_ms > 0 ? wall_ms : 0;
    time_t seconds = (time_t)(since_epoch_ms / 1000);
    struct tm utc;
    char text[48];

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_addf(json->out, ",\"%s\":\"%s.%03dZ\"", key, text, (int)(since_epoch_ms % 1000));
}

static void add_optional(struct json *json, const char *key, struct slice value)
{
    if (value.len)
        json_slice(json, key, value);
}

static void add_reply(struct json *json, const struct record_reply *reply)
{
    struct slice reason = reply->text.len ? reply->text : reply->reason;

    add_optional(json, "reason", slice_sub(reason, 0, REASON_MAX));
    if (reply->code)
        json_int(json, "code", reply->code);
    add_optional(json, "enhanced", reply->enhanced.len ? reply->enhanced : reply->status);
    add_optional(json, "stage", reply->stage);
    add_optional(json, "mx", reply->mx_host);
    add_optional(json, "ip", reply->mx_ip);
    add_optional(json, "senderIp", reply->source_ip);
    if (reply->error_class)
        json_int(json, "class", reply->error_class);
}

static void add_rcpt(struct buf *out, const struct record_rcpt *rcpt)
{
    struct json json;

    json_begin(&json, out);
    json_int(&json, "index", rcpt->index);
    json_slice(&json, "to", rcpt->address);
    if (rcpt->has_last)
        add_reply(&json, &rcpt->last);
    json_end(&json);
}

static const struct record_rcpt *rcpt_at(const struct event *event, size_t i)
{
    return event->rcpts ? event->rcpts[i] : &event->work->rcpts[i];
}

static void add_rcpts(struct json *json, const struct event *event)
{
    size_t count = event->rcpts ? event->rcpt_count : event->work->rcpt_count;

    buf_add_str(json->out, ",\"recipients\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(json->out, ',');
        add_rcpt(json->out, rcpt_at(event, i));
    }
    buf_add_char(json->out, ']');
}

static void add_delays(struct json *json, const struct delays *delays)
{
    if (!delays || !delays_has_any(delays))
        return;
    json_object_begin(json, "delays");
    for (enum delay delay = 0; delay < DELAYS; delay++)
        if (delays->has[delay])
            json_int(json, delay_name(delay), (int64_t)delays->ms[delay]);
    json_object_end(json);
}

static void add_data(struct json *json, const struct event *event)
{
    const struct record_work *work = event->work;
    const struct record_envelope *envelope = &work->envelope;

    json_object_begin(json, "data");
    json_slice(json, "mail_id", envelope->mail_id);
    json_slice(json, "parcel_id", work->parcel_id);
    json_str(json, "status", KINDS[event->kind].status);
    json_str(json, "pod", event->pod);
    add_optional(json, "configuration", envelope->configuration);
    add_time(json, "created", envelope->queued_at_ms);
    json_slice(json, "returnPath", envelope->from);
    json_slice(json, "from", envelope->original_from);
    add_optional(json, "messageId", envelope->message_id);
    add_optional(json, "sourceIp", envelope->client_ip);
    json_int(json, "attempt", work->attempt);
    json_int(json, "size_bytes", (int64_t)(envelope->size_bytes & INT64_MAX));
    json_bool(json, "is_report", envelope->is_report);
    if (record_is_copy(work))
        json_bool(json, "is_copy", true);
    if (event->due_ms)
        add_time(json, "due", event->due_ms);
    add_optional(json, "report_id", event->report_id);
    add_optional(json, "dest_group", event->dest_group);
    add_delays(json, event->delays);
    add_rcpts(json, event);
    json_object_end(json);
}

/* mail.parcel.attempt.kind.index: the same for every repeat. The index (of the first recipient
 * concerned) tells apart what one attempt did to different recipients: refused, expired. */
static void add_id(struct json *json, const struct event *event)
{
    struct buf id = {0};

    buf_add(&id, event->work->envelope.mail_id);
    buf_add_char(&id, '.');
    buf_add(&id, event->work->parcel_id);
    buf_add_char(&id, '.');
    buf_add_u64(&id, event->work->attempt);
    buf_add_char(&id, '.');
    buf_add_str(&id, event_name(event->kind));
    buf_add_char(&id, '.');
    buf_add_u64(&id, rcpt_at(event, 0)->index);
    json_slice(json, "id", buf_slice(&id));
    buf_free(&id);
}

/* Without the pod: a repeat from another one must have the same source and id. */
static void add_source(struct json *json, const char *role)
{
    buf_add_str(json->out, ",\"source\":\"/hikyaku/");
    buf_add_str(json->out, role);
    buf_add_char(json->out, '"');
}

static void add_type(struct json *json, enum event_kind kind)
{
    buf_add_str(json->out, ",\"type\":\"hikyaku.mail.");
    buf_add_str(json->out, event_name(kind));
    buf_add_char(json->out, '"');
}

void event_put(struct buf *out, const struct event *event)
{
    struct json json;

    json_begin(&json, out);
    json_str(&json, "specversion", "1.0");
    add_id(&json, event);
    add_source(&json, event->source);
    add_type(&json, event->kind);
    json_slice(&json, "subject", event->work->envelope.mail_id);
    add_time(&json, "time", event->at_ms);
    json_str(&json, "datacontenttype", "application/json");
    add_data(&json, event);
    json_end(&json);
}
