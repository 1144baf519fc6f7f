/* SPDX-License-Identifier: Apache-2.0
 * The log: one JSON object per line on a descriptor, one line per change of fate. Only services
 * log; libraries return errors. Field names are a fixed list. Lines gather in memory and are
 * written by log_flush (once per loop turn) or when 64 KiB wait. One struct log per role, used on
 * that role's thread only; several may share a descriptor: lines are never torn, and never longer
 * than a pipe takes in one piece (texts are cut). */
#pragma once

#include "base/json.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* clang-format off */
#define LOG_FIELDS(X)                                                                              \
    X(MAIL_ID, "mail_id") X(PARCEL_ID, "parcel_id") X(RCPT, "rcpt") X(SENDER, "sender")            \
    X(SESSION_ID, "session_id") X(ATTEMPT, "attempt") X(CONFIG, "config")                          \
    X(DEST_DOMAIN, "dest_domain") X(MX, "mx") X(MX_IP, "mx_ip") X(CLIENT_IP, "client_ip")          \
    X(SMTP_CODE, "smtp_code") X(ENHANCED, "enhanced") X(REPLY, "reply") X(REASON, "reason")        \
    X(SIZE_BYTES, "size_bytes") X(RECIPIENTS, "recipients") X(DUE, "due") X(TOPIC, "topic")        \
    X(PARTITION, "partition") X(OFFSET, "offset") X(COUNT, "count") X(DELAY_MS, "delay_ms")        \
    X(ADDRESS, "address") X(DETAIL, "detail") X(TARGET, "target") X(FORMAT, "format")              \
    X(UNCERTAIN, "uncertain") X(COPY, "copy") X(PID, "pid") X(USER, "user")
/* clang-format on */

enum log_field {
#define LOG_FIELD_ENUM(id, name) LOG_##id,
    LOG_FIELDS(LOG_FIELD_ENUM)
#undef LOG_FIELD_ENUM
        LOG_FIELD_COUNT
};

struct log;

struct log_line {
    struct log *log;
    struct json json;
    size_t start; /* in the lines that wait */
    bool dropped; /* below the level: members are ignored */
};

/* now_us: wall clock, us since the epoch (lib/net clock_wall_us). The strings are copied.
 * log_free flushes. */
struct log *log_new(int fd, enum log_level level, const char *component, const char *pod,
                    int64_t (*now_us)(void));
void log_free(struct log **log);

/* begin, members in any order, end. event: lower-case words with underscores. */
void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *event);
void log_slice(struct log_line *line, enum log_field field, struct slice value);
void log_str(struct log_line *line, enum log_field field, const char *value);
void log_int(struct log_line *line, enum log_field field, int64_t value);
/* A whole line in one call where one sentence is all there is to say. */
void log_note(struct log *log, enum log_level level, const char *event, const char *detail);
void log_end(struct log_line *line);
void log_flush(struct log *log);
/* Lines lost because the descriptor did not take them: it is waited for 1 s, then no more until it
 * takes lines again. */
uint64_t log_dropped(const struct log *log);
