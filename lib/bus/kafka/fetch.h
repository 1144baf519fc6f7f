/* SPDX-License-Identifier: Apache-2.0
 * Point reads on a handle of their own. */
#pragma once

#include "kafka.h"

struct options_login;
struct reader;

struct reader *reader_new(struct bus *bus);
/* Ends what is outstanding with found false. NULL accepted, NULL set. */
void reader_free(struct reader **reader);
void reader_fetch(struct reader *reader, struct bus_fetch *fetch);
/* Both: NULL, or no handle yet: nothing to do. */
void reader_login(struct reader *reader, const struct options_login *login);
/* The handle goes as soon as no round needs it; the next round has one with the certificates of
 * then. */
void reader_renew(struct reader *reader);
void reader_cancel(struct reader *reader, struct bus_fetch *fetch);
