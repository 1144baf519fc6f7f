/* SPDX-License-Identifier: Apache-2.0
 * RFC 3464 2.3.4 (Status), 2.3.6 (Diagnostic-Code); RFC 3463 (status codes). */
#include "bouncer/report_text.h"

/* Less room than this is not worth another line of a reply. */
#define LINE_WORTHWHILE 40

void report_text_add(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.at[i];
        if (c == '\t')
            buf_add_char(out, ' ');
        else if (c > 0x7e && c != 0x7f)
            buf_add_char(out, '?');
        else if (c >= ' ' && c != 0x7f)
            buf_add_char(out, (char)c);
    }
}

bool report_reply_is_remote(const struct record_reply *reply)
{
    return reply->code != 0;
}

bool report_reply_is_expired(const struct record_reply *reply)
{
    return slice_eq(reply->status, SLICE("4.4.7"));
}

static void add_line(struct buf *out, const struct record_reply *reply, struct slice text,
                     bool is_last)
{
    buf_addf(out, "%03u", (unsigned)reply->code);
    if (is_last && text.len == 0 && reply->enhanced.len == 0)
        return;
    buf_add_char(out, is_last ? ' ' : '-');
    report_text_add(out, reply->enhanced);
    if (reply->enhanced.len && text.len)
        buf_add_char(out, ' ');
    report_text_add(out, text);
}

void report_reply_add_remote(struct buf *out, const struct record_reply *reply, const char *joint)
{
    size_t begin = out->len, room = REPORT_DIAGNOSTIC_MAX;
    size_t prefix = 5 + reply->enhanced.len; /* "550-", the enhanced code, a blank */
    struct slice rest = reply->text;
    bool is_last = false;

    while (!is_last) {
        if (out->len > begin)
            buf_add_str(out, joint);
        struct slice line = slice_sub(slice_cut(&rest, '\n'), 0, room - prefix);
        room -= prefix + line.len;
        is_last = rest.len == 0 || room < prefix + LINE_WORTHWHILE;
        add_line(out, reply, slice_trim(line), is_last);
    }
}

void report_reply_add_own(struct buf *out, const struct record_reply *reply)
{
    struct slice reason = reply->reason.len ? reply->reason : reply->text;
    size_t begin = out->len;

    report_text_add(out, slice_sub(reason, 0, REPORT_DIAGNOSTIC_MAX));
    if (out->len == begin)
        buf_add_str(out, "no reason is known");
}

void report_reply_add_speaker(struct buf *out, const struct record_reply *reply)
{
    if (reply->mx_host.len)
        report_text_add(out, reply->mx_host);
    else
        buf_add_str(out, "the remote server");
    if (reply->mx_ip.len) {
        buf_add_str(out, " [");
        report_text_add(out, reply->mx_ip);
        buf_add_char(out, ']');
    }
    buf_add_str(out, " said");
    if (reply->stage.len) {
        buf_add_str(out, " (");
        report_text_add(out, reply->stage);
        buf_add_char(out, ')');
    }
    buf_add_char(out, ':');
}

/* status-code = DIGIT "." 1*3DIGIT "." 1*3DIGIT */
static bool is_status(struct slice text)
{
    struct slice rest = text;
    uint64_t number;

    for (int part = 0; part < 3; part++) {
        size_t length = slice_find(rest, '.');
        uint64_t max = part == 0 ? 9 : 999;
        if (length > 3 || !slice_to_u64(slice_sub(rest, 0, length), max, &number))
            return false;
        if ((part == 2) != (length == rest.len))
            return false;
        rest = slice_skip(rest, length + 1);
    }
    return true;
}

static char class_of(const struct record_reply *reply, enum record_action action)
{
    uint32_t digit = reply->code / 100;

    if (digit == 2 || digit == 4 || digit == 5)
        return (char)('0' + digit);
    if (action == RECORD_FAILED)
        return '5';
    return action == RECORD_DELAYED ? '4' : '2';
}

void report_reply_add_status(struct buf *out, const struct record_reply *reply,
                             enum record_action action)
{
    if (is_status(reply->status)) {
        buf_add(out, reply->status);
    } else if (is_status(reply->enhanced)) {
        buf_add(out, reply->enhanced);
    } else {
        buf_add_char(out, class_of(reply, action));
        buf_add_str(out, ".0.0");
    }
}
