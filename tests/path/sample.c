/* SPDX-License-Identifier: Apache-2.0
 * See sample.h. */
#include "path/sample.h"

#define LINE_BYTES 64 /* at most */

struct buf sample_content(size_t bytes)
{
    struct buf content = {0};

    buf_add_str(&content,
                "From: <app@shop.test>\r\nSubject: a walk\r\nMessage-ID: <1@shop.test>\r\n\r\n");
    for (unsigned line = 0; content.len + LINE_BYTES < bytes; line++)
        buf_addf(&content, "%sline %u of this mail\r\n", line % 7 == 3 ? ".." : "", line);
    while (content.len + 2 < bytes)
        buf_add_char(&content, 'x');
    buf_add_str(&content, "\r\n");
    return content;
}

void sample_check_arrival(const struct destination_mail *mail, const char *from,
                          struct slice content)
{
    struct slice whole = buf_slice(&mail->content);

    assert_true(slice_eq(buf_slice(&mail->from), slice_str(from)));
    assert_true(whole.len > content.len);
    struct slice trace = slice_sub(whole, 0, whole.len - content.len);
    assert_true(slice_eq(slice_skip(whole, trace.len), content));
    assert_true(slice_starts_nocase(trace, SLICE("Received: ")));
    assert_true(slice_ends_nocase(trace, SLICE("\r\n")));
    assert_int_equal(slice_find_slice(trace, SLICE("\r\n\r\n")), trace.len);
}

void sample_check_report(const struct destination_mail *mail, const char *const *lines)
{
    struct slice whole = buf_slice(&mail->content);

    assert_int_equal(mail->from.len, 0);
    for (; *lines; lines++)
        if (slice_find_slice(whole, slice_str(*lines)) == whole.len)
            fail_msg("the report does not say \"%s\":\n%.*s", *lines, SLICE_ARGS(whole));
}

size_t sample_count(const char *words, const char *word)
{
    struct slice rest = slice_str(words);
    size_t count = 0;

    while (rest.len)
        count += slice_eq(slice_cut(&rest, ' '), slice_str(word));
    return count;
}
