/* SPDX-License-Identifier: Apache-2.0
 * A whole client session against a scripted peer. First octet: the size of the pieces; second:
 * settings. Oracles: only CRLF lines go out, one result per mail and never from inside send, the
 * session ends once, flags make sense. */
#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "smtp/client.h"

enum mood { USES_TLS = 1, NEEDS_TLS = 2, IS_8BIT = 4 };

#define MAILS 4

struct session {
    struct smtp_client *client;
    struct smtp_mail mail;
    unsigned mood, sent, results;
    bool is_sending, is_over;
    char last; /* octet sent, across calls */
};

static void check_octet(struct session *session, char c)
{
    ASSERT((session->last == '\r') == (c == '\n'));
    session->last = c;
}

static void on_output(void *owner, const struct slice *parts, size_t count)
{
    struct session *session = owner;

    for (size_t i = 0; i < count; i++) {
        ASSERT(parts[i].len > 0);
        for (size_t at = 0; at < parts[i].len; at++)
            check_octet(session, parts[i].at[at]);
    }
    ASSERT(session->last == '\n');
}

static void send_next(struct session *session)
{
    if (session->sent == MAILS) {
        smtp_client_quit(session->client);
        session->is_over = true;
        return;
    }
    session->sent++;
    session->is_sending = true;
    smtp_client_send(session->client, &session->mail);
    session->is_sending = false;
}

static void on_ready(void *owner)
{
    send_next(owner);
}

static void on_starttls(void *owner)
{
    struct session *session = owner;

    ASSERT(session->mood & (USES_TLS | NEEDS_TLS));
    smtp_client_secured(session->client);
}

static void on_result(void *owner, const struct smtp_result *result)
{
    struct session *session = owner;

    ASSERT(!session->is_sending && ++session->results == session->sent);
    ASSERT(result->rcpt_count == session->mail.rcpt_count);
    ASSERT(!(result->is_uncertain || result->is_unsent) || result->is_lost);
    ASSERT(!(result->is_uncertain && result->is_unsent));
    ASSERT(!(result->is_lost && result->is_reusable));
    for (size_t i = 0; i < result->rcpt_count; i++)
        ASSERT(result->is_lost || result->rcpts[i].reply.code >= 200);
    if (result->is_reusable)
        send_next(session);
    else
        session->is_over = true;
}

static void on_unusable(void *owner, enum smtp_stage stage, const struct smtp_reply *reply)
{
    struct session *session = owner;

    ASSERT(!session->is_over && reply && smtp_stage_name(stage));
    session->is_over = true;
}

static const struct smtp_client_ops OPS = {
    .on_output = on_output,
    .on_ready = on_ready,
    .on_starttls = on_starttls,
    .on_result = on_result,
    .on_unusable = on_unusable,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct smtp_rcpt RCPTS[] = {
        {.address = {"b@b.test", 8}, .notify = SMTP_NOTIFY_FAILURE},
        {.address = {"no address", 10}},
        {.address = {"c@b.test", 8}, .orcpt = {"rfc822;c", 8}},
    };

    if (size < 2)
        return 0;
    const struct smtp_client_settings settings = {.hostname = "relay.test",
                                                  .use_starttls = data[1] & USES_TLS,
                                                  .need_tls = data[1] & NEEDS_TLS};
    struct session session = {.mood = data[1]};
    struct slice rest = slice_of(data + 2, size - 2);
    size_t step = data[0] ? data[0] : size;

    session.mail = (struct smtp_mail){.from = {.address = SLICE("a@app.test"), .envid = SLICE("e")},
                                      .rcpts = RCPTS,
                                      .rcpt_count = 3,
                                      .body = SLICE("\r\n..\r\ntext\r\n"),
                                      .is_8bit = data[1] & IS_8BIT};
    session.client = smtp_client_new(&settings, &OPS, &session);
    for (; rest.len; rest = slice_skip(rest, step))
        smtp_client_feed(session.client, slice_sub(rest, 0, step));
    smtp_client_lost(session.client);
    ASSERT(session.is_over && session.results == session.sent);
    smtp_client_free(&session.client);
    return 0;
}
