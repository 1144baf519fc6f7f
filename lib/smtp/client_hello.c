/* SPDX-License-Identifier: Apache-2.0
 * Opening a session: greeting, EHLO with HELO behind it, STARTTLS and EHLO again (RFC 5321 3.2,
 * RFC 3207; C6, C18, C19). Ends in on_ready or in client_fail. */
#include "smtp/client_state.h"

static void say(struct smtp_client *client, const char *verb, const char *argument,
                enum client_owed kind)
{
    buf_add_str(&client->commands, verb);
    if (argument) {
        buf_add_char(&client->commands, ' ');
        buf_add_str(&client->commands, argument);
    }
    buf_add_str(&client->commands, "\r\n");
    client_owe(client, kind, 0);
    client_flush(client);
}

static void take_limits(struct client_peer *peer, struct slice words)
{
    struct slice limit = SLICE("RCPTMAX=");

    while (words.len) {
        struct slice word = slice_cut(&words, ' ');
        if (slice_starts_nocase(word, limit))
            (void)slice_to_u64(slice_skip(word, limit.len), UINT64_MAX, &peer->rcpt_max);
    }
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ) */
static void take_keyword(struct client_peer *peer, struct slice line)
{
    struct slice rest = line;
    struct slice keyword = slice_cut(&rest, ' ');

    if (slice_eq_nocase(keyword, SLICE("PIPELINING"))) {
        peer->has_pipelining = true;
    } else if (slice_eq_nocase(keyword, SLICE("8BITMIME"))) {
        peer->has_8bitmime = true;
    } else if (slice_eq_nocase(keyword, SLICE("STARTTLS"))) {
        peer->has_starttls = true;
    } else if (slice_eq_nocase(keyword, SLICE("DSN"))) {
        peer->has_dsn = true;
    } else if (slice_eq_nocase(keyword, SLICE("SIZE"))) {
        peer->has_size = true;
        (void)slice_to_u64(slice_trim(rest), UINT64_MAX, &peer->size_max);
    } else if (slice_eq_nocase(keyword, SLICE("LIMITS"))) {
        take_limits(peer, rest);
    }
}

static void take_offer(struct smtp_client *client, struct slice text)
{
    client->peer = (struct client_peer){0};
    (void)slice_cut(&text, '\n'); /* the peer's name and greeting */
    while (text.len)
        take_keyword(&client->peer, slice_cut(&text, '\n'));
}

static void be_ready(struct smtp_client *client)
{
    if (client->settings->need_tls && !client->is_secured) {
        client_fail(client, SMTP_STAGE_TLS, NULL);
        return;
    }
    client->is_ready = true;
    client->ops->on_ready(client->owner);
}

void client_on_greeting(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    if (smtp_reply_class(reply) == 2)
        say(client, "EHLO", client->settings->hostname, CLIENT_OWED_EHLO);
    else
        client_fail(client, SMTP_STAGE_GREETING, reply);
}

void client_on_ehlo(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    if (smtp_reply_class(reply) == 5) {
        say(client, "HELO", client->settings->hostname, CLIENT_OWED_HELO);
        return;
    }
    if (smtp_reply_class(reply) != 2) {
        client_fail(client, SMTP_STAGE_HELO, reply);
        return;
    }
    take_offer(client, reply->text);
    bool wants_tls = client->settings->use_starttls || client->settings->need_tls;
    if (wants_tls && client->peer.has_starttls && !client->is_secured)
        say(client, "STARTTLS", NULL, CLIENT_OWED_STARTTLS);
    else
        be_ready(client);
}

void client_on_helo(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    client->peer = (struct client_peer){0};
    if (smtp_reply_class(reply) == 2)
        be_ready(client);
    else
        client_fail(client, SMTP_STAGE_HELO, reply);
}

void client_on_starttls(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    if (smtp_reply_class(reply) != 2) {
        if (client->settings->need_tls)
            client_fail(client, SMTP_STAGE_TLS, reply);
        else
            be_ready(client);
        return;
    }
    client->is_awaiting_tls = true;
    client->ops->on_starttls(client->owner);
}

void smtp_client_secured(struct smtp_client *client)
{
    if (client->is_over || !client->is_awaiting_tls)
        return;
    client->is_awaiting_tls = false;
    client->is_secured = true;
    client->peer = (struct client_peer){0};
    say(client, "EHLO", client->settings->hostname, CLIENT_OWED_EHLO);
}
