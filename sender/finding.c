/* SPDX-License-Identifier: Apache-2.0
 * From verdicts to the reply fields of records. */
#include "sender/finding.h"

#include "net/clock.h"

#define TEXT_MAX 1000 /* 100 recipients' replies must fit into a record's header */

static struct slice ip_text(struct arena *arena, const struct net_address *address)
{
    char ip[NET_ADDRESS_TEXT];

    if (address->any.sa_family == AF_UNSPEC)
        return SLICE_NONE;
    return arena_copy(arena, slice_str(net_address_ip(address, ip)));
}

struct finding_place finding_place(struct arena *arena, struct slice host,
                                   const struct net_address *address,
                                   const struct net_address *source)
{
    return (struct finding_place){.host = arena_copy(arena, host),
                                  .ip = ip_text(arena, address),
                                  .source_ip = ip_text(arena, source)};
}

static struct slice status_text(struct arena *arena, struct smtp_enhanced status)
{
    char text[12];

    return arena_copy(arena, slice_str(smtp_enhanced_text(status, text)));
}

static struct finding finding_of(struct parcel *parcel, const struct finding_place *place,
                                 struct verdict verdict)
{
    struct finding finding = {.verdict = verdict};

    finding.reply.mx_host = place->host;
    finding.reply.mx_ip = place->ip;
    finding.reply.source_ip = place->source_ip;
    finding.reply.status = status_text(parcel->arena, verdict.status);
    finding.reply.error_class = verdict.error_class;
    finding.reply.at_ms = clock_wall_ms();
    return finding;
}

struct finding finding_from_reply(struct parcel *parcel, const struct finding_place *place,
                                  const struct smtp_rcpt_result *result, bool has_accepted)
{
    const struct smtp_reply *reply = &result->reply;
    struct finding finding =
        finding_of(parcel, place, verdict_from_reply(result->stage, reply, has_accepted));
    struct slice text = arena_copy(parcel->arena, slice_sub(reply->text, 0, TEXT_MAX));

    finding.reply.stage = slice_str(smtp_stage_name(result->stage));
    if (result->is_ours) {
        finding.reply.reason = text;
        return finding;
    }
    finding.reply.code = reply->code;
    if (reply->enhanced.class)
        finding.reply.enhanced = status_text(parcel->arena, reply->enhanced);
    finding.reply.text = text;
    return finding;
}

struct finding finding_from_loss(struct parcel *parcel, const struct finding_place *place,
                                 enum smtp_stage stage, bool is_uncertain, const char *reason)
{
    struct finding finding = finding_of(parcel, place, verdict_from_loss(stage, is_uncertain));

    finding.reply.stage = slice_str(smtp_stage_name(stage));
    finding.reply.reason = arena_copy(parcel->arena, slice_str(reason));
    return finding;
}

/* No connection was involved. */
static struct finding finding_nowhere(struct parcel *parcel, struct verdict verdict,
                                      const char *reason)
{
    static const struct finding_place nowhere = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct finding finding = finding_of(parcel, &nowhere, verdict);

    finding.reply.reason = arena_copy(parcel->arena, slice_str(reason));
    return finding;
}

struct finding finding_from_proxy(struct parcel *parcel, enum proxy_fault fault, const char *reason)
{
    return finding_nowhere(parcel, verdict_from_proxy(fault), reason);
}

struct finding finding_from_route(struct parcel *parcel, enum route_status status,
                                  const char *reason)
{
    return finding_nowhere(parcel, verdict_from_route(status), reason);
}

struct finding finding_from_lost_body(struct parcel *parcel, const char *reason)
{
    return finding_nowhere(parcel, verdict_from_lost_body(), reason);
}

void finding_apply(struct parcel *parcel, size_t rcpt, const struct finding *finding)
{
    parcel->verdicts[rcpt] = finding->verdict;
    parcel->work.rcpts[rcpt].has_last = true;
    parcel->work.rcpts[rcpt].last = finding->reply;
}

void finding_apply_rest(struct parcel *parcel, const struct finding *finding)
{
    for (size_t i = 0; i < parcel->work.rcpt_count; i++)
        if (parcel->verdicts[i].kind == VERDICT_NONE)
            finding_apply(parcel, i, finding);
}

void finding_expire(struct parcel *parcel, size_t rcpt, struct slice reason)
{
    struct record_rcpt *to = &parcel->work.rcpts[rcpt];
    struct verdict verdict = verdict_from_expiry();

    parcel->verdicts[rcpt] = verdict;
    to->last.status = status_text(parcel->arena, verdict.status);
    to->last.error_class = verdict.error_class;
    if (!to->has_last) {
        to->has_last = true;
        to->last.at_ms = clock_wall_ms();
        to->last.reason = reason;
    }
}
