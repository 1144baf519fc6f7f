/* SPDX-License-Identifier: Apache-2.0
 * RFC 3461 4.3 (RET), RFC 6522 (text/rfc822-headers), RFC 5321 4.5.3.1.6 (line length). */
#include "bouncer/content.h"

#include "mail/header.h"
#include "smtp/envelope.h"

#define LINE_MAX_OCTETS 998

bool content_wants_whole(const struct record_failure *failure,
                         const struct bouncer_settings *settings)
{
    const struct record_work *work = &failure->work;

    return failure->action == RECORD_FAILED && settings->returns == BOUNCE_RETURN_FULL &&
           work->envelope.ret != SMTP_RET_HDRS && work->has_body_ref &&
           work->body_ref.length <= (uint64_t)settings->return_limit_bytes;
}

static bool has_long_line(struct slice lines)
{
    while (lines.len) {
        struct slice line = slice_cut(&lines, '\n');
        if (line.len > LINE_MAX_OCTETS + 1) /* with its CR */
            return true;
    }
    return false;
}

static bool is_7bit(struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] == '\0' || (uint8_t)bytes.at[i] > 0x7f)
            return false;
    return true;
}

/* Raw 8-bit header text has no place in a text/rfc822-headers part (RFC 6533 would want
 * message/global-headers, which bounce readers do not know). */
static void add_7bit(struct buf *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = (uint8_t)bytes.at[i];
        buf_add_char(out, c == '\0' || c > 0x7f ? '?' : (char)c);
    }
}

/* Whole fields up to the limit; one that cannot be sent as it is, is left out. */
static struct content headers_of(struct arena *arena, struct slice original, size_t limit_bytes)
{
    struct slice rest = header_block(original);
    struct buf fields = {0};
    struct header_field field;

    while (header_next(&rest, &field) && fields.len + field.whole.len <= limit_bytes)
        if (!has_long_line(field.whole))
            add_7bit(&fields, field.whole);
    struct content content = {CONTENT_HEADERS, arena_copy(arena, buf_slice(&fields))};
    buf_free(&fields);
    return content;
}

struct content content_choose(struct arena *arena, struct slice original, bool wants_whole,
                              size_t limit_bytes)
{
    if (wants_whole && original.len <= limit_bytes && is_7bit(original) && !has_long_line(original))
        return (struct content){CONTENT_FULL, original};
    return headers_of(arena, original, limit_bytes);
}
