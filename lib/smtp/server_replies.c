/* SPDX-License-Identifier: Apache-2.0
 * The list of replies as a table. */
#include "smtp/server_replies.h"

#include "base/assert.h"

struct smtp_reply server_reply_of(enum server_reply reply)
{
    static const struct smtp_reply REPLIES[SERVER_REPLY_COUNT] = {
#define SERVER_REPLY_ROW(name, code, class, subject, detail, text)                                 \
    [SERVER_REPLY_##name] = {code, {class, subject, detail}, {text, sizeof(text) - 1}},
        SERVER_REPLIES(SERVER_REPLY_ROW)
#undef SERVER_REPLY_ROW
    };

    ASSERT(reply < SERVER_REPLY_COUNT);
    return REPLIES[reply];
}
