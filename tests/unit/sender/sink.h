/* SPDX-License-Identifier: Apache-2.0
 * A destination on loopback, on the test's own loop: says what it is told to say, notes what it is
 * sent. One dialogue for all its connections. */
#pragma once

#include "net/listen.h"

#define SINK_MAILS_MAX 64

/* What is answered to a command; NULL: the default. Each is one or more reply lines without the
 * final CRLF; "" hangs up instead, "-" says nothing. */
struct sink_says {
    const char *greeting, *ehlo, *mail, *data, *dot;
    /* By the local part of the recipient. */
    const char *(*rcpt)(const char *local);
};

struct sink_mail {
    char from[128], rcpts[512];  /* recipients joined by spaces; only accepted ones */
    char body[8192];             /* as on the wire, without the final dot's line */
    size_t body_len, connection; /* its number, from 1 */
    char peer[64], ehlo[256];    /* who brought it: IP address and name */
};

struct sink {
    struct loop *loop;
    struct listener *listener;
    struct sink_says says;
    size_t connections, open, quits;
    struct sink_mail mails[SINK_MAILS_MAX];
    size_t mail_count;
    /* Answers to the final dot are held back until sink_answer. */
    bool holds_dots;
    /* STARTTLS: with a context it works; without one the peer hangs up in the handshake. The EHLO
     * reply must offer it. */
    struct tls *tls;
    size_t secured;
    struct list streams;
};

void sink_start(struct sink *sink, struct loop *loop);
void sink_end(struct sink *sink);
uint16_t sink_port(const struct sink *sink);
/* Says that on every open connection, now. */
void sink_say(struct sink *sink, const char *lines);
/* The answers to the final dots that were held back. */
void sink_answer(struct sink *sink);
/* Final dots that wait for sink_answer. */
size_t sink_held(struct sink *sink);
/* Cuts all connections. */
void sink_cut(struct sink *sink);
