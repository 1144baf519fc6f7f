/* SPDX-License-Identifier: Apache-2.0
 * From a complete mail to its records on the log: hop count, trace, routes, body chunks where it is
 * large, then ONE work record. The verdict is 250 only after the log acknowledged the work record
 * (docs/reliability.md, ACCEPT); the accepted event is published then, and nobody waits for it. */
#pragma once

#include "base/id.h"
#include "ingress/listener.h"
#include "smtp/envelope.h"

struct session;

enum intake_verdict { INTAKE_ACCEPTED, INTAKE_TEMPFAIL, INTAKE_NO_ROOM, INTAKE_LOOP };

struct intake_result {
    enum intake_verdict verdict;
    const char *reason; /* for the log and metrics: one word */
    const char *detail; /* a sentence for the log */
    struct slice mail_id;
    uint64_t size_bytes;
    size_t rcpt_count;
};

/* A mail as the session received it; everything is copied but the body, which is moved. */
struct intake_mail {
    struct slice session_id; /* for the log */
    struct slice helo;
    struct slice user; /* empty: not authenticated */
    const struct ingress_client *client;
    const struct smtp_from *from;
    const struct smtp_rcpt *rcpts;
    size_t rcpt_count;
    struct buf *body; /* dot-stuffed; taken from the budget by the session, given back by us */
};

struct intake;

/* Ends in session_on_published, never from inside. The intake frees itself afterwards. */
struct intake *intake_accept(struct ingress_listener *listener, struct session *session,
                             struct intake_mail *mail);
/* The session is gone: the mail goes on to the log, nobody is told. */
void intake_detach(struct intake *intake);
/* Mails that wait longer than commit_timeout are answered 451 now; they may still become durable,
 * and the client's retry is then a duplicate (RFC 5321 6.1). Called once a second. */
void intake_expire(struct ingress *ingress);
/* When the bus has ended: those that never reached it. */
void intake_free_all(struct ingress *ingress);
