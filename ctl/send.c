/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl send: is a listener there, and does it take a mail? Speaks SMTP without TLS and AUTH
 * (RFC 5321) with the senders' own engine over a blocking socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "ctl/plain_socket.h"
#include "ctl/verb.h"
#include "mail/date.h"
#include "net/clock.h"
#include "smtp/client.h"

#define DEFAULT_ADDRESS "127.0.0.1:2525"
#define WHOLE_MS        60000

static const char HELP[] =
    "usage: hikyakuctl send [--address HOST:PORT] [--to ADDRESS] [--sender ADDRESS] [--helo NAME]\n"
    "\n"
    "Sends one short mail to a listener, as an application would, and prints the reply: the 250\n"
    "names the mail's id (then: hikyakuctl trace ID). Without --to it says hello and leaves.\n"
    "\n"
    "  --address HOST:PORT  listener, without TLS from the first byte; default 127.0.0.1:2525\n"
    "  --to ADDRESS         recipient\n"
    "  --sender ADDRESS     envelope sender, who gets the report of a failure; default: --to\n"
    "  --helo NAME          name given in EHLO; default localhost\n"
    "\n"
    "exit: 0 the hello or the mail was accepted; 1 it was not; 2 wrong arguments\n"
    "\n"
    "examples:\n"
    "  hikyakuctl send --address relay.mail.svc:25\n"
    "  hikyakuctl send --address relay.mail.svc:25 --to you@example.com\n";

struct sending {
    int fd;
    struct smtp_client *client;
    const char *address;
    const struct smtp_mail *mail; /* NULL: hello only */
    enum ctl_exit result;
    bool is_over, is_broken; /* broken: bytes could not be sent */
};

/* A host chose the words of a reply: the engine has scrubbed controls, but for line ends. */
static void print_reply(FILE *out, const char *address, enum smtp_stage stage,
                        const struct smtp_reply *reply)
{
    char enhanced[12];

    if (reply->code == 0) {
        (void)fprintf(out, "%s: the connection was lost, or silent for %d s, at %s\n", address,
                      PLAIN_SOCKET_SILENT_S, smtp_stage_name(stage));
        return;
    }
    (void)fprintf(out, "%s: %s: %d %s ", address, smtp_stage_name(stage), reply->code,
                  smtp_enhanced_text(reply->enhanced, enhanced));
    for (size_t i = 0; i < reply->text.len; i++)
        (void)putc(reply->text.at[i] == '\n' ? ' ' : reply->text.at[i], out);
    (void)putc('\n', out);
}

static void finish(struct sending *sending, enum ctl_exit result)
{
    sending->result = result;
    sending->is_over = true;
}

/* ---- the engine's callbacks ---- */

static void on_output(void *owner, const struct slice *parts, size_t count)
{
    struct sending *sending = owner;

    for (size_t i = 0; i < count; i++)
        for (struct slice rest = parts[i]; rest.len > 0 && !sending->is_broken;) {
            ssize_t sent = send(sending->fd, rest.at, rest.len, MSG_NOSIGNAL);
            sending->is_broken = sent <= 0;
            rest = slice_skip(rest, sent > 0 ? (size_t)sent : 0);
        }
}

static void on_ready(void *owner)
{
    struct sending *sending = owner;

    if (sending->mail) {
        smtp_client_send(sending->client, sending->mail);
        return;
    }
    (void)printf("%s: says hello\n", sending->address);
    finish(sending, CTL_OK);
}

static void on_starttls(void *owner)
{
    (void)owner; /* never asked for: use_starttls is off */
}

static void on_result(void *owner, const struct smtp_result *result)
{
    struct sending *sending = owner;
    const struct smtp_rcpt_result *rcpt = &result->rcpts[0];
    bool is_accepted = smtp_reply_class(&rcpt->reply) == 2;

    print_reply(is_accepted ? stdout : stderr, sending->address, rcpt->stage, &rcpt->reply);
    finish(sending, is_accepted ? CTL_OK : CTL_FAILED);
}

static void on_unusable(void *owner, enum smtp_stage stage, const struct smtp_reply *reply)
{
    struct sending *sending = owner;

    print_reply(stderr, sending->address, stage, reply);
    finish(sending, CTL_FAILED);
}

/* ---- the conversation ---- */

static void converse(struct sending *sending)
{
    uint64_t until_ms = clock_monotonic_ms() + WHOLE_MS;
    char piece[4096];

    while (!sending->is_over) {
        ssize_t got = sending->is_broken || clock_monotonic_ms() > until_ms
                          ? -1
                          : recv(sending->fd, piece, sizeof piece, 0);
        if (got > 0)
            smtp_client_feed(sending->client, slice_of(piece, (size_t)got));
        else
            smtp_client_lost(sending->client);
    }
    if (smtp_client_is_idle(sending->client))
        smtp_client_quit(sending->client);
}

static enum ctl_exit send_to(const char *address, const char *helo, const struct smtp_mail *mail)
{
    static const struct smtp_client_ops ops = {
        .on_output = on_output,
        .on_ready = on_ready,
        .on_starttls = on_starttls,
        .on_result = on_result,
        .on_unusable = on_unusable,
    };
    const struct smtp_client_settings settings = {.hostname = helo};
    struct sending sending = {.address = address, .mail = mail};
    struct err err;

    sending.fd = plain_socket_open(address, &err);
    if (sending.fd < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return err.kind == ERR_INVALID ? CTL_USAGE : CTL_FAILED;
    }
    sending.client = smtp_client_new(&settings, &ops, &sending);
    converse(&sending);
    smtp_client_free(&sending.client);
    (void)close(sending.fd);
    return sending.result;
}

static void add_content(struct buf *out, const char *sender, const char *recipient)
{
    int64_t now_ms = clock_wall_ms();

    buf_addf(out, "From: <%s>\r\nTo: <%s>\r\nSubject: hikyaku test\r\nDate: ", sender, recipient);
    date_add(out, now_ms, date_local_zone(now_ms));
    buf_add_str(out, "\r\n\r\nSent by hikyakuctl send.\r\n");
}

static enum ctl_exit run(const struct arguments *arguments)
{
    const char *address = arguments->addresses[0] ? arguments->addresses[0] : DEFAULT_ADDRESS;
    const char *sender = arguments->sender ? arguments->sender : arguments->to;
    const char *helo = arguments->helo ? arguments->helo : "localhost";

    if (arguments->words[1] || arguments->addresses[1]) {
        (void)fputs("send takes one --address and no further words (see hikyakuctl send --help)\n",
                    stderr);
        return CTL_USAGE;
    }
    if (!arguments->to)
        return send_to(address, helo, NULL);
    struct buf content = {0};
    add_content(&content, sender, arguments->to);
    const struct smtp_rcpt rcpt = {.address = slice_str(arguments->to)};
    const struct smtp_mail mail = {.from.address = slice_str(sender),
                                   .rcpts = &rcpt,
                                   .rcpt_count = 1,
                                   .body = buf_slice(&content)};
    enum ctl_exit result = send_to(address, helo, &mail);
    buf_free(&content);
    return result;
}

const struct verb SEND_VERB = {
    .name = "send",
    .summary = "say hello to a listener, or send it one mail",
    .help = HELP,
    .run = run,
};
