/* SPDX-License-Identifier: Apache-2.0
 * The log: one JSON object per line on a descriptor, one line per change of fate. Only services
 * log; libraries return errors. Field names are a fixed list. Lines gather in memory and are
 * written by log_flush (once per loop turn) or when 64 KiB wait. One struct log per role, used on
 * that role's thread only; several may share a descriptor: lines are never torn, and never longer
 * than a pipe takes in one piece (texts are cut).
 * LOG_DEBUG and LOG_INFO tell what becomes of mail and of the process, and are complete. From
 * LOG_WARNING on lines tell what is wrong: outsiders may cause as many as they like, so they are
 * limited per event and second; what was left out is counted and told. */
#pragma once

#include "base/json.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* X(ID, name, kind): of kind ADDRESS the value is a mail address, of TEXT it may have some in it
 * (log_policy.masks_addresses). */
/* clang-format off */
#define LOG_FIELDS(X)                                                                              \
    X(MAIL_ID, "mail_id", PLAIN)         X(PARCEL_ID, "parcel_id", PLAIN)                          \
    X(RCPT, "rcpt", ADDRESS)             X(SENDER, "sender", ADDRESS)                              \
    X(SESSION_ID, "session_id", PLAIN)   X(ATTEMPT, "attempt", PLAIN)                              \
    X(CONFIG, "config", PLAIN)           X(DEST_DOMAIN, "dest_domain", PLAIN)                      \
    X(DEST_GROUP, "dest_group", PLAIN)   X(MX, "mx", PLAIN)                                        \
    X(MX_IP, "mx_ip", PLAIN)             X(SOURCE_IP, "source_ip", PLAIN)                          \
    X(CLIENT_IP, "client_ip", PLAIN)     X(SMTP_CODE, "smtp_code", PLAIN)                          \
    X(ENHANCED, "enhanced", PLAIN)       X(REPLY, "reply", TEXT)                                   \
    X(REASON, "reason", PLAIN)           X(SIZE_BYTES, "size_bytes", PLAIN)                        \
    X(RECIPIENTS, "recipients", PLAIN)   X(DUE, "due", PLAIN)                                      \
    X(TOPIC, "topic", PLAIN)             X(PARTITION, "partition", PLAIN)                          \
    X(OFFSET, "offset", PLAIN)           X(COUNT, "count", PLAIN)                                  \
    X(DELAY_MS, "delay_ms", PLAIN)       X(ADDRESS, "address", PLAIN)                              \
    X(DETAIL, "detail", TEXT)            X(TARGET, "target", ADDRESS)                              \
    X(FORMAT, "format", PLAIN)           X(UNCERTAIN, "uncertain", PLAIN)                          \
    X(COPY, "copy", PLAIN)               X(PID, "pid", PLAIN)                                      \
    X(USER, "user", TEXT)                X(DIRECTION, "direction", PLAIN)                          \
    X(DELAYS, "delays", PLAIN)           X(QUEUE, "queue", PLAIN)                                  \
    X(DNS, "dns", PLAIN)                 X(CONNECT, "connect", PLAIN)                              \
    X(TLS, "tls", PLAIN)                 X(TRANSMIT, "transmit", PLAIN)
/* clang-format on */

enum log_field {
#define LOG_FIELD_ENUM(id, name, kind) LOG_##id,
    LOG_FIELDS(LOG_FIELD_ENUM)
#undef LOG_FIELD_ENUM
        LOG_FIELD_COUNT
};

struct log;

/* What may change while the log is in use. */
struct log_policy {
    enum log_level level;
    int64_t debug_until_us;    /* before that time every line is written; 0: there is none */
    bool masks_addresses;      /* fields show "***@example.jp" */
    uint64_t lines_per_second; /* of one event, from LOG_WARNING on; 0: no limit */
    int64_t revision;          /* of the settings in use, for every line; 0: left out */
};

struct log_line {
    struct log *log;
    struct json json;
    size_t start; /* in the lines that wait */
    bool dropped; /* below the level: members are ignored */
};

/* now_us: wall clock, us since the epoch (lib/net clock_wall_us). The strings are copied. Until
 * log_set_policy the level is all the policy there is. log_free flushes. */
struct log *log_new(int fd, enum log_level level, const char *component, const char *pod,
                    int64_t (*now_us)(void));
void log_free(struct log **log);
void log_set_policy(struct log *log, const struct log_policy *policy);

/* begin, members in any order, end. event: lower-case words with underscores, which outlive the
 * log. */
void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *event);
/* The same, limited whatever its level: for what was asked for and may still be too much. */
void log_begin_limited(struct log_line *line, struct log *log, enum log_level level,
                       const char *event);
void log_slice(struct log_line *line, enum log_field field, struct slice value);
void log_str(struct log_line *line, enum log_field field, const char *value);
void log_int(struct log_line *line, enum log_field field, int64_t value);
/* A nested object: begin, members, end. */
void log_object_begin(struct log_line *line, enum log_field field);
void log_object_end(struct log_line *line);
/* A whole line in one call where one sentence is all there is to say. */
void log_note(struct log *log, enum log_level level, const char *event, const char *detail);
void log_end(struct log_line *line);
void log_flush(struct log *log);
/* Lines lost because the descriptor did not take them: it is waited for 1 s, then no more until it
 * takes lines again. */
uint64_t log_dropped(const struct log *log);
/* Lines left out by the limit. An event lines_left_out says how many of which, when their second is
 * over: with the next line that is limited, or the next flush. */
uint64_t log_limited(const struct log *log);
