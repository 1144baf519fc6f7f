/* SPDX-License-Identifier: Apache-2.0
 * An application that hands in one mail: lib/smtp's client engine on lib/net. */
#pragma once

#include "net/stream.h"
#include "smtp/client.h"

#define CLIENT_RCPTS_MAX 100

struct client {
    struct stream *stream;
    struct smtp_client_settings settings;
    struct smtp_client *engine;
    struct smtp_rcpt rcpts[CLIENT_RCPTS_MAX];
    struct smtp_mail mail;
    uint16_t code; /* of the reply that decided the first recipient; 0: none came */
    bool is_decided, is_closed;
};

/* rcpts: addresses joined by spaces; content: dot-stuffed. All of it outlives the client. */
void client_start(struct client *client, struct loop *loop, const struct net_address *ingress,
                  const char *from, const char *rcpts, struct slice content);
/* The final dot is out, its reply not yet here. */
bool client_waits_for_reply(const struct client *client);
/* When is_closed. */
void client_end(struct client *client);
