/* SPDX-License-Identifier: Apache-2.0
 * A connection of a listener with the setting proxy, from its accept to its PROXY header. Only a
 * trusted peer is listened to; who sends no header in time is closed without a word. */
#pragma once

#include "ingress/listener.h"

struct arrival;

/* Takes the stream over. Ends in ingress_listener_admit, or in a line of the log. */
void arrival_start(struct ingress_listener *listener, struct stream *stream);
/* At once. */
void arrival_free(struct arrival *arrival);
/* The list node of listener->arrivals. */
struct arrival *arrival_of(struct list_node *node);
