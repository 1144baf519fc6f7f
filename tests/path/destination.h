/* SPDX-License-Identifier: Apache-2.0
 * A destination on loopback: lib/smtp's server engine on lib/net, answering by the recipient's
 * local part, as tests/system/kit/destination.py does: gone...  550                grey...  451 the
 * first time, then accepted busy...  451 always         all others are accepted */
#pragma once

#include "base/buf.h"
#include "net/listen.h"
#include "smtp/server.h"

struct destination_mail {
    struct list_node node;
    struct buf from, rcpts; /* recipients joined by spaces */
    struct buf content;     /* as it was on the wire: dot-stuffed, without the final dot */
};

struct destination {
    struct loop *loop;
    struct listener *listener;
    struct smtp_server_settings settings;
    struct list sessions;
    struct list mails;  /* struct destination_mail, in order of arrival */
    struct buf greeted; /* greylisted recipients, each with a space behind it */
    size_t refusals;
};

void destination_start(struct destination *destination, struct loop *loop);
/* Cuts what is still connected. */
void destination_end(struct destination *destination);
uint16_t destination_port(const struct destination *destination);
/* The first mail with that recipient among its own, or NULL; and how many there are. */
const struct destination_mail *destination_find(const struct destination *destination,
                                                const char *rcpt);
size_t destination_count(const struct destination *destination, const char *rcpt);
