/* SPDX-License-Identifier: Apache-2.0
 * Writing one flat JSON object into a buf: log lines and events, several per mail, so without a
 * tree. Keys are our own; values are hostile and escaped: the output is always valid UTF-8 JSON
 * (octets that are no UTF-8 become U+FFFD). */
#pragma once

#include "base/buf.h"

struct json {
    struct buf *out;
    bool empty; /* no member written yet in the innermost object */
};

/* Appends "{" / "}" to out. */
void json_begin(struct json *json, struct buf *out);
void json_end(struct json *json);
void json_slice(struct json *json, const char *key, struct slice value);
void json_str(struct json *json, const char *key, const char *value);
void json_int(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
/* A nested object: begin, members, end. */
void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
/* Only the quoted, escaped string. */
void json_quote(struct buf *out, struct slice value);
