/* SPDX-License-Identifier: Apache-2.0
 * One client connection: stream, SMTP engine, deadlines, and the body being received. */
#pragma once

#include "ingress/intake.h"
#include "ingress/listener.h"

struct session;

/* Takes the stream over and greets; with a refusal, sends that and closes. */
void session_start(struct ingress_listener *listener, struct stream *stream,
                   const struct ingress_client *client, const struct smtp_reply *refusal);
/* 421 as soon as the protocol allows. */
void session_shutdown(struct session *session);
/* At once, with the 421 if the socket takes it. */
void session_free(struct session *session);
/* The intake of this session's mail is decided; wording the reply and going on is ours. */
void session_on_published(struct session *session, const struct intake_result *result);
/* The list node of listener->sessions. */
struct session *session_of(struct list_node *node);
