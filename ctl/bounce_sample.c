/* SPDX-License-Identifier: Apache-2.0
 * Replies as Postfix, Exim and the large providers word them, and what needs no reply. */
#include "ctl/bounce_sample.h"

#include <string.h>

#include "mail/originator.h"
#include "sender/verdict.h"

#define MS_PER_S    1000
#define ATTEMPT_MS  4000 /* from the intake to the failure, but where the retries were over */
#define MAIL_ID     SLICE("4f1c2b")
#define MESSAGE_ID  "<order-1@shop.example>"
#define MX_HOST     SLICE("mx1.dest.example.com")
#define MX_IP       SLICE("192.0.2.25")
#define CLIENT_HELO SLICE("app.shop.example")
#define CLIENT_IP   SLICE("192.0.2.7")

struct bounce_sample {
    const char *name;
    enum smtp_stage stage;
    struct smtp_reply reply; /* code 0: none came, `reason` says why */
    enum route_status route; /* ROUTE_FOUND: the host was asked */
    bool is_expired;
    const char *reason;
};

/* clang-format off */
#define REPLY(name, stage, ...) {name, SMTP_STAGE_##stage, __VA_ARGS__, ROUTE_FOUND, false, ""}
#define EXPIRED(name, stage, reason, ...) {name, SMTP_STAGE_##stage, __VA_ARGS__, ROUTE_FOUND, true, reason}
#define ROUTE(name, status, reason) {name, SMTP_STAGE_CONNECT, {0}, ROUTE_##status, false, reason}

static const struct bounce_sample SAMPLES[] = {
    REPLY("unknown-user", RCPT, {550, {5, 1, 1}, SLICE("<" BOUNCE_SAMPLE_RCPT ">: Recipient address rejected: User unknown")}),
    REPLY("bare-550", RCPT, {550, {0}, SLICE("No such user here")}),
    REPLY("mailbox-disabled", RCPT, {550, {5, 2, 1}, SLICE("The email account that you tried to reach is disabled")}),
    REPLY("mailbox-full", RCPT, {552, {5, 2, 2}, SLICE("Mailbox full: the recipient is over quota")}),
    REPLY("bad-address", RCPT, {553, {5, 1, 3}, SLICE("Bad recipient address syntax")}),
    REPLY("relay-denied", RCPT, {554, {5, 7, 1}, SLICE("<" BOUNCE_SAMPLE_RCPT ">: Relay access denied")}),
    REPLY("blocked", RCPT, {554, {5, 7, 1}, SLICE("Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org")}),
    REPLY("policy", DOT, {554, {5, 7, 1}, SLICE("Message rejected due to policy of the recipient's domain")}),
    REPLY("authentication", DOT, {550, {5, 7, 26}, SLICE("Unauthenticated email from shop.example is not accepted due to domain's DMARC policy")}),
    REPLY("spam", DOT, {550, {5, 7, 1}, SLICE("Message content rejected: spam detected")}),
    REPLY("too-large", MAIL, {552, {5, 3, 4}, SLICE("Message size exceeds fixed limit")}),
    EXPIRED("expired", RCPT, "", {450, {4, 2, 0}, SLICE("Mailbox busy, try again later")}),
    EXPIRED("greylisted", RCPT, "", {451, {4, 7, 1}, SLICE("Greylisted, please try again later")}),
    EXPIRED("no-answer", CONNECT, "the connection timed out", {0}),
    ROUTE("unknown-host", NO_DOMAIN, "the domain dest.example.com does not exist"),
    ROUTE("null-mx", NULL_MX, "the domain accepts no mail (null MX)"),
    REPLY("relayed", DOT, {250, {2, 0, 0}, SLICE("Ok: queued as 4XyZ")}), /* NOTIFY=SUCCESS, no DSN there */
};
/* clang-format on */
#define SAMPLE_COUNT (sizeof SAMPLES / sizeof *SAMPLES)

const char *bounce_sample_name(size_t i)
{
    return i < SAMPLE_COUNT ? SAMPLES[i].name : NULL;
}

const struct bounce_sample *bounce_sample_find(const char *name)
{
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        if (strcmp(SAMPLES[i].name, name) == 0)
            return &SAMPLES[i];
    return NULL;
}

static struct verdict verdict_of(const struct bounce_sample *sample)
{
    if (sample->is_expired)
        return verdict_from_expiry();
    if (sample->route != ROUTE_FOUND)
        return verdict_from_route(sample->route);
    return verdict_from_reply(sample->stage, &sample->reply, false);
}

static struct slice status_text(struct arena *arena, struct smtp_enhanced status)
{
    char text[12];

    return arena_copy(arena, slice_str(smtp_enhanced_text(status, text)));
}

static struct record_reply reply_of(const struct bounce_sample *sample, struct arena *arena,
                                    struct verdict verdict, int64_t now_ms)
{
    struct record_reply reply = {
        .code = sample->reply.code,
        .enhanced = status_text(arena, sample->reply.enhanced),
        .text = sample->reply.text,
        .reason = slice_str(sample->reason),
        .status = status_text(arena, verdict.status),
        .error_class = verdict.error_class,
        .at_ms = now_ms,
    };

    if (sample->route == ROUTE_FOUND) {
        reply.stage = slice_str(smtp_stage_name(sample->stage));
        reply.mx_host = MX_HOST;
        reply.mx_ip = MX_IP;
    }
    return reply;
}

static struct record_envelope envelope_of(struct arena *arena,
                                          const struct configuration *configuration,
                                          struct slice sender, int64_t queued_at_ms)
{
    char *room = arena_alloc(arena, MAIL_DOMAIN_MAX);

    return (struct record_envelope){
        .mail_id = MAIL_ID,
        .from =
            rewrite_decide(&configuration->rewrite, arena, sender, originator_domain(sender, room))
                .from,
        .original_from = sender,
        .configuration = configuration->name,
        .helo = CLIENT_HELO,
        .client_ip = CLIENT_IP,
        .message_id = SLICE(MESSAGE_ID),
        .received_mode = slice_str(RECEIVED_MODE_NAMES[configuration->received]),
        .queued_at_ms = queued_at_ms,
    };
}

struct slice bounce_sample_original(struct arena *arena, struct slice sender)
{
    return arena_printf(arena,
                        "From: Shop <%.*s>\r\nTo: <" BOUNCE_SAMPLE_RCPT ">\r\n"
                        "Subject: Your order\r\nMessage-ID: " MESSAGE_ID "\r\n\r\nThank you.\r\n",
                        SLICE_ARGS(sender));
}

struct record_failure *bounce_sample_failure(const struct bounce_sample *sample,
                                             struct arena *arena,
                                             const struct configuration *configuration,
                                             struct slice sender, int64_t now_ms)
{
    struct record_failure *failure = arena_alloc(arena, sizeof *failure);
    struct record_rcpt *rcpt = arena_alloc(arena, sizeof *rcpt);
    struct verdict verdict = verdict_of(sample);
    int64_t age_ms = sample->is_expired ? configuration->retry.period_s * MS_PER_S : ATTEMPT_MS;

    *rcpt = (struct record_rcpt){.address = SLICE(BOUNCE_SAMPLE_RCPT),
                                 .has_last = true,
                                 .last = reply_of(sample, arena, verdict, now_ms)};
    failure->action = verdict.kind == VERDICT_DELIVERED ? RECORD_RELAYED : RECORD_FAILED;
    failure->work = (struct record_work){
        .envelope = envelope_of(arena, configuration, sender, now_ms - age_ms),
        .rcpts = rcpt,
        .rcpt_count = 1,
        .attempt = 1,
        .has_body_ref = true,
        .body_ref = {.length = bounce_sample_original(arena, sender).len},
    };
    return failure;
}
