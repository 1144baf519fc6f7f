/* SPDX-License-Identifier: Apache-2.0
 * Where does a partition end? Asked of its leader, which refuses to say while it cannot know: right
 * after it took over, acknowledged records may not be visible yet. */
#pragma once

#include <stdint.h>

#include "net/loop.h"

struct client;
struct end_question;

struct end_place {
    const char *topic_name; /* copied */
    int32_t partition;
};

/* on_end: from the loop, once; -1 when there was no answer. */
struct end_question *end_ask(struct loop *loop, struct client *client,
                             const struct end_place *place,
                             void (*on_end)(void *owner, int64_t end), void *owner);
/* on_end will not be called. NULL accepted, NULL set. */
void end_abandon(struct end_question **question);
