/* SPDX-License-Identifier: Apache-2.0
 * EHLO, HELO and STARTTLS: what resets the session (RFC 5321 4.1.1.1, RFC 3207 4.2). */
#include "smtp/server_state.h"

#define NAME_MAX_BYTES 255

/* ehlo = "EHLO" SP ( Domain / address-literal ) CRLF. A name that is wrong but harmless must not
 * be refused (4.1.4): one word of printable octets is enough. */
static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= ' ' || name.at[i] > '~')
            return false;
    return name.len > 0 && name.len <= NAME_MAX_BYTES;
}

static void add_number_line(struct buf *text, const char *keyword, uint64_t number)
{
    buf_add_str(text, keyword);
    if (number)
        buf_add_u64(text, number);
}

static void add_extensions(const struct smtp_server *server, struct buf *text)
{
    const struct smtp_server_settings *settings = server->settings;

    buf_add_str(text, "\nPIPELINING\n8BITMIME\nENHANCEDSTATUSCODES");
    add_number_line(text, settings->max_size_bytes ? "\nSIZE " : "\nSIZE",
                    settings->max_size_bytes);
    if (settings->max_recipients)
        add_number_line(text, "\nLIMITS RCPTMAX=", settings->max_recipients);
    if (settings->has_dsn)
        buf_add_str(text, "\nDSN");
    if (settings->has_starttls && !server->is_secured)
        buf_add_str(text, "\nSTARTTLS");
    if (settings->has_auth && server->is_secured)
        buf_add_str(text, "\nAUTH PLAIN LOGIN");
}

static void start_session(struct smtp_server *server, struct slice name, bool is_extended)
{
    struct smtp_reply reply;
    struct buf text = {0};

    if (is_name(name))
        reply = server->ops->on_helo(server->owner, name, is_extended);
    else
        reply = server_reply_of(SERVER_REPLY_HELO_SYNTAX);
    if (reply.code) {
        reply.enhanced = (struct smtp_enhanced){0}; /* RFC 2034 4: never on HELO and EHLO */
        server_reply(server, reply);
        return;
    }
    buf_clear(&server->helo);
    buf_add(&server->helo, name);
    server->is_esmtp = is_extended;
    server_drop_transaction(server);
    buf_add_str(&text, server->settings->hostname);
    if (is_extended)
        add_extensions(server, &text);
    server_reply(server, (struct smtp_reply){.code = 250, .text = buf_slice(&text)});
    buf_free(&text);
}

void server_ehlo(struct smtp_server *server, struct slice args)
{
    start_session(server, args, true);
}

void server_helo(struct smtp_server *server, struct slice args)
{
    start_session(server, args, false);
}

void server_starttls(struct smtp_server *server, struct slice args)
{
    (void)args;
    if (server->is_secured) {
        server_reply_with(server, SERVER_REPLY_TLS_ALREADY);
    } else if (!server->settings->has_starttls) {
        server_reply_with(server, SERVER_REPLY_NOT_OFFERED);
    } else if (server->behind_bytes) { /* somebody injects: CVE-2011-0411 and its kin */
        server_close(server, server_reply_of(SERVER_REPLY_BEHIND_STARTTLS));
    } else {
        server_reply_with(server, SERVER_REPLY_START_TLS);
        server->phase = SMTP_SERVER_TLS;
        server->ops->on_starttls(server->owner);
    }
}
