/* SPDX-License-Identifier: Apache-2.0
 * The reply table. No I/O, no clock, no memory of its own. */
#include "sender/verdict.h"

#include "base/assert.h"

#define ANY_STAGE ((int)-1)

enum error_class {
    CLASS_UNKNOWN_HOST = 1,
    CLASS_UNKNOWN_USER = 2,
    CLASS_RETRY_TIMEOUT = 3,
    CLASS_POLICY = 4,
    CLASS_OVER_CAPACITY = 5,
    CLASS_RECEIVER_MISCONFIGURED = 7,
    CLASS_TOO_LARGE = 8,
    CLASS_BAD_ADDRESS = 9,
    CLASS_BLOCKED = VERDICT_CLASS_BLOCKED,
    CLASS_OTHER = 99,
};

/* First match wins; the more exact enhanced code comes before the bare code. */
struct class_by_status {
    uint16_t subject;
    int detail; /* -1: any */
    enum error_class error_class;
};

static const struct class_by_status CLASSES_BY_STATUS[] = {
    {1, 1, CLASS_UNKNOWN_USER},
    {1, 2, CLASS_UNKNOWN_HOST},
    {1, 3, CLASS_BAD_ADDRESS},
    {1, 6, CLASS_UNKNOWN_USER},
    {1, 7, CLASS_BAD_ADDRESS},
    {1, 8, CLASS_BAD_ADDRESS},
    {1, 10, CLASS_UNKNOWN_HOST},
    {2, 1, CLASS_UNKNOWN_USER},
    {2, 2, CLASS_OVER_CAPACITY},
    {2, 3, CLASS_TOO_LARGE},
    {3, 1, CLASS_OVER_CAPACITY},
    {3, 4, CLASS_TOO_LARGE},
    {3, 5, CLASS_RECEIVER_MISCONFIGURED},
    {4, 4, CLASS_UNKNOWN_HOST},
    {4, 5, CLASS_OVER_CAPACITY},
    {4, 6, CLASS_RECEIVER_MISCONFIGURED},
    {4, 7, CLASS_RETRY_TIMEOUT},
    {7, -1, CLASS_POLICY},
};

struct class_by_code {
    uint16_t code;
    int stage; /* ANY_STAGE, or enum smtp_stage */
    enum error_class error_class;
};

static const struct class_by_code CLASSES_BY_CODE[] = {
    {552, SMTP_STAGE_RCPT, CLASS_OVER_CAPACITY}, {552, ANY_STAGE, CLASS_TOO_LARGE},
    {452, ANY_STAGE, CLASS_OVER_CAPACITY},       {550, SMTP_STAGE_RCPT, CLASS_UNKNOWN_USER},
    {551, ANY_STAGE, CLASS_UNKNOWN_USER},        {553, ANY_STAGE, CLASS_BAD_ADDRESS},
    {501, ANY_STAGE, CLASS_BAD_ADDRESS},         {521, ANY_STAGE, CLASS_RECEIVER_MISCONFIGURED},
    {556, ANY_STAGE, CLASS_UNKNOWN_HOST},        {554, SMTP_STAGE_DOT, CLASS_POLICY},
};

static const struct slice BLOCKLIST_WORDS[] = {
    {"blocklist", 9}, {"block list", 10}, {"blacklist", 9}, {"black list", 10},
    {"spamhaus", 8},  {"dnsbl", 5},       {"rbl", 3},       {"blocked using", 13},
};

static bool has_word(struct slice text, struct slice word)
{
    for (; text.len >= word.len; text = slice_skip(text, 1))
        if (slice_starts_nocase(text, word))
            return true;
    return false;
}

static bool names_blocklist(struct slice text)
{
    for (size_t i = 0; i < sizeof BLOCKLIST_WORDS / sizeof *BLOCKLIST_WORDS; i++)
        if (has_word(text, BLOCKLIST_WORDS[i]))
            return true;
    return false;
}

static enum error_class class_of_status(struct smtp_enhanced status)
{
    for (size_t i = 0; i < sizeof CLASSES_BY_STATUS / sizeof *CLASSES_BY_STATUS; i++) {
        const struct class_by_status *row = &CLASSES_BY_STATUS[i];
        if (row->subject == status.subject && (row->detail < 0 || row->detail == status.detail))
            return row->error_class;
    }
    return CLASS_OTHER;
}

static enum error_class class_of_code(uint16_t code, enum smtp_stage stage)
{
    for (size_t i = 0; i < sizeof CLASSES_BY_CODE / sizeof *CLASSES_BY_CODE; i++) {
        const struct class_by_code *row = &CLASSES_BY_CODE[i];
        if (row->code == code && (row->stage == ANY_STAGE || row->stage == (int)stage))
            return row->error_class;
    }
    return CLASS_OTHER;
}

static unsigned error_class_of(enum smtp_stage stage, const struct smtp_reply *reply)
{
    if (names_blocklist(reply->text))
        return CLASS_BLOCKED;
    if (reply->enhanced.class) {
        enum error_class found = class_of_status(reply->enhanced);
        if (found != CLASS_OTHER)
            return found;
    }
    return class_of_code(reply->code, stage);
}

static struct smtp_enhanced status_of(const struct smtp_reply *reply)
{
    if (reply->enhanced.class == smtp_reply_class(reply))
        return reply->enhanced;
    return (struct smtp_enhanced){(uint8_t)smtp_reply_class(reply), 0, 0};
}

static bool is_about_host(enum smtp_stage stage)
{
    return stage == SMTP_STAGE_CONNECT || stage == SMTP_STAGE_GREETING ||
           stage == SMTP_STAGE_HELO || stage == SMTP_STAGE_TLS;
}

static struct verdict refused_by_host(enum smtp_stage stage, const struct smtp_reply *reply)
{
    struct smtp_enhanced status = status_of(reply);

    /* A 5xx here says nothing about a recipient, so the status must not either. */
    status.class = 4;
    return (struct verdict){.kind = VERDICT_DEFERRED,
                            .next = VERDICT_NEXT_HOST,
                            .stage = stage,
                            .status = status,
                            .error_class = error_class_of(stage, reply),
                            .reason = stage == SMTP_STAGE_TLS ? "tls" : "host"};
}

static bool is_enough_recipients(enum smtp_stage stage, const struct smtp_reply *reply)
{
    return stage == SMTP_STAGE_RCPT && (reply->code == 552 || reply->code == 452);
}

struct verdict verdict_from_reply(enum smtp_stage stage, const struct smtp_reply *reply,
                                  bool has_accepted)
{
    struct verdict verdict = {
        .stage = stage, .status = status_of(reply), .error_class = error_class_of(stage, reply)};

    if (is_about_host(stage))
        return refused_by_host(stage, reply);
    if (has_accepted && is_enough_recipients(stage, reply)) {
        verdict.kind = VERDICT_DEFERRED;
        verdict.next = VERDICT_FOLLOW_UP;
        verdict.status.class = 4;
        verdict.reason = "rcpt_limit";
        return verdict;
    }
    if (smtp_reply_class(reply) == 2 && stage == SMTP_STAGE_DOT) {
        verdict.kind = VERDICT_DELIVERED;
        verdict.error_class = 0;
        verdict.reason = "reply";
    } else if (smtp_reply_class(reply) == 5) {
        verdict.kind = VERDICT_FAILED;
        verdict.reason = "reply";
    } else if (smtp_reply_class(reply) == 4) {
        verdict.kind = VERDICT_DEFERRED;
        verdict.reason = reply->code == 421 ? "host" : "reply";
    } else { /* 3xx where 2xx belongs, or 2xx to DATA: not the protocol */
        verdict.kind = VERDICT_DEFERRED;
        verdict.status = (struct smtp_enhanced){4, 5, 0};
        verdict.error_class = CLASS_RECEIVER_MISCONFIGURED;
        verdict.reason = "protocol";
    }
    return verdict;
}

struct verdict verdict_from_loss(enum smtp_stage stage, bool is_uncertain)
{
    struct verdict verdict = {.kind = VERDICT_DEFERRED,
                              .next = VERDICT_NEXT_HOST,
                              .stage = stage,
                              .status = {4, 4, 2},
                              .error_class = CLASS_OTHER,
                              .reason = "lost"};

    if (is_uncertain) {
        verdict.next = VERDICT_DECIDED;
        verdict.maybe_duplicate = true;
        verdict.reason = "uncertain";
    } else if (stage == SMTP_STAGE_CONNECT) {
        verdict.status.detail = 1;
        verdict.reason = "connect";
    } else if (stage == SMTP_STAGE_TLS) {
        verdict.status = (struct smtp_enhanced){4, 7, 5};
        verdict.reason = "tls";
    }
    return verdict;
}

struct verdict verdict_from_proxy(enum proxy_fault fault)
{
    bool is_hopeless = fault == PROXY_FAULT_ITSELF; /* with any host of the destination */

    return (struct verdict){.kind = VERDICT_DEFERRED,
                            .next = is_hopeless ? VERDICT_DECIDED : VERDICT_NEXT_HOST,
                            .stage = SMTP_STAGE_CONNECT,
                            .status = {4, 4, 0},
                            .error_class = CLASS_OTHER,
                            .reason = "proxy"};
}

struct verdict verdict_from_route(enum route_status status)
{
    struct verdict verdict = {.kind = VERDICT_FAILED,
                              .status = {5, 4, 4},
                              .error_class = CLASS_UNKNOWN_HOST,
                              .reason = "dns"};

    ASSERT(status != ROUTE_FOUND);
    if (status == ROUTE_NO_DOMAIN) {
        verdict.status = (struct smtp_enhanced){5, 1, 2};
    } else if (status == ROUTE_NULL_MX) {
        verdict.status = (struct smtp_enhanced){5, 1, 10};
    } else if (status == ROUTE_LOOP) {
        verdict.status = (struct smtp_enhanced){5, 4, 6};
        verdict.error_class = CLASS_RECEIVER_MISCONFIGURED;
        verdict.reason = "loop";
    } else if (status == ROUTE_TEMPORARY) {
        verdict.kind = VERDICT_DEFERRED;
        verdict.status = (struct smtp_enhanced){4, 4, 3};
    }
    return verdict;
}

struct verdict verdict_from_lost_body(void)
{
    return (struct verdict){.kind = VERDICT_FAILED,
                            .is_body_lost = true,
                            .status = {5, 3, 0},
                            .error_class = CLASS_OTHER,
                            .reason = "body_gone"};
}

struct verdict verdict_from_expiry(void)
{
    return (struct verdict){.kind = VERDICT_EXPIRED,
                            .status = {4, 4, 7},
                            .error_class = CLASS_RETRY_TIMEOUT,
                            .reason = "expired"};
}
