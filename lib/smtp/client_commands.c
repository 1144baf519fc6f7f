/* SPDX-License-Identifier: Apache-2.0
 * Wording MAIL and RCPT, and the last check before the wire: whatever we were given, nothing goes
 * out that is no address, no xtext or no CRLF line (C9, C11, C12, C24). */
#include "mail/address.h"
#include "smtp/client_state.h"
#include "smtp/dot.h"
#include "smtp/params.h"

static bool is_address(struct slice text)
{
    struct mail_address address;
    const char *why;

    return mail_address_parse(text, false, &address, &why);
}

static bool is_sender(const struct smtp_from *from)
{
    return (from->address.len == 0 || is_address(from->address)) &&
           (from->envid.len == 0 || smtp_xtext_is_valid(from->envid));
}

bool client_can_send_to(const struct smtp_rcpt *rcpt)
{
    return (slice_eq_nocase(rcpt->address, SLICE("postmaster")) || is_address(rcpt->address)) &&
           (rcpt->orcpt.len == 0 || smtp_orcpt_is_valid(rcpt->orcpt));
}

/* What another host of the destination may take. */
static bool is_beyond(const struct smtp_client *client, const struct smtp_mail *mail,
                      struct smtp_reply *ret_refusal)
{
    const struct client_peer *peer = &client->peer;

    if (peer->size_max && client->size_bytes > peer->size_max)
        *ret_refusal = SMTP_REPLY(552, 5, 3, 4, "The mail is bigger than the peer takes");
    else if (mail->is_8bit && !peer->has_8bitmime)
        *ret_refusal = SMTP_REPLY(554, 5, 6, 3, "The mail is 8-bit, the peer takes 7-bit only");
    else
        return false;
    return true;
}

bool client_can_send(struct smtp_client *client, const struct smtp_mail *mail,
                     struct smtp_reply *ret_refusal)
{
    const struct slice parts[] = {mail->trace, mail->body};
    uint64_t stuffed;

    client->is_beyond_peer = false;
    if (!smtp_dot_is_sendable(parts, 2, &stuffed)) {
        *ret_refusal = SMTP_REPLY(554, 5, 6, 0, "The mail is not made of CRLF lines");
        return false;
    }
    client->size_bytes = mail->trace.len + mail->body.len - stuffed;
    if (!is_sender(&mail->from)) {
        *ret_refusal = SMTP_REPLY(553, 5, 1, 7, "The sender's address cannot be sent");
        return false;
    }
    client->is_beyond_peer = is_beyond(client, mail, ret_refusal);
    return !client->is_beyond_peer;
}

void client_write_mail(struct smtp_client *client, const struct smtp_mail *mail)
{
    static const char *const RET[] = {[SMTP_RET_FULL] = " RET=FULL", [SMTP_RET_HDRS] = " RET=HDRS"};
    const struct client_peer *peer = &client->peer;
    struct buf *out = &client->commands;

    buf_add_str(out, "MAIL FROM:<");
    buf_add(out, mail->from.address);
    buf_add_char(out, '>');
    if (peer->has_size) {
        buf_add_str(out, " SIZE=");
        buf_add_u64(out, client->size_bytes);
    }
    if (peer->has_8bitmime && (mail->is_8bit || mail->from.body == SMTP_BODY_8BITMIME))
        buf_add_str(out, " BODY=8BITMIME");
    if (peer->has_dsn && mail->from.ret != SMTP_RET_NONE)
        buf_add_str(out, RET[mail->from.ret]);
    if (peer->has_dsn && mail->from.envid.len) {
        buf_add_str(out, " ENVID=");
        buf_add(out, mail->from.envid);
    }
    buf_add_str(out, "\r\n");
}

void client_write_rcpt(struct smtp_client *client, const struct smtp_rcpt *rcpt)
{
    bool has_dsn = client->peer.has_dsn;
    struct buf *out = &client->commands;

    buf_add_str(out, "RCPT TO:<");
    buf_add(out, rcpt->address);
    buf_add_char(out, '>');
    if (has_dsn && rcpt->notify) {
        buf_add_str(out, " NOTIFY=");
        smtp_notify_add(out, rcpt->notify);
    }
    if (has_dsn && rcpt->orcpt.len) {
        buf_add_str(out, " ORCPT=");
        buf_add(out, rcpt->orcpt);
    }
    buf_add_str(out, "\r\n");
}
