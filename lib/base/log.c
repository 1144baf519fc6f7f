/* SPDX-License-Identifier: Apache-2.0
 * JSON log lines, gathered and written whole. */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log_limit.h"
#include "base/mask.h"
#include "base/xalloc.h"

#define GATHER_BYTES  ((size_t)64 * 1024)
#define WRITE_WAIT_MS 1000
/* A line of up to PIPE_BUF octets is never torn; numbers still fit behind the longest text. */
#define LINE_TEXT_MAX ((size_t)PIPE_BUF - 1024)
#define NO_SECOND     (-1) /* so all seconds are over */

enum field_kind { FIELD_PLAIN, FIELD_ADDRESS, FIELD_TEXT };

static const struct field {
    const char *name;
    enum field_kind kind;
} FIELDS[] = {
#define LOG_FIELD_ROW(id, name, kind) {name, FIELD_##kind},
    LOG_FIELDS(LOG_FIELD_ROW)
#undef LOG_FIELD_ROW
};
static const char *const LEVEL_NAMES[] = {"debug", "info", "warning", "error"};

struct log {
    int fd;
    struct log_policy policy;
    struct log_limit limit;
    char *component, *pod;
    int64_t (*now_us)(void);
    struct buf lines, masked;
    uint64_t dropped;
    bool is_stuck; /* the descriptor took nothing the last time: it is not waited for again */
};

struct log *log_new(int fd, enum log_level level, const char *component, const char *pod,
                    int64_t (*now_us)(void))
{
    struct log *log = xalloc(sizeof *log);

    log->fd = fd;
    log->policy.level = level;
    log->component = xstrdup(component);
    log->pod = xstrdup(pod);
    log->now_us = now_us;
    return log;
}

void log_set_policy(struct log *log, const struct log_policy *policy)
{
    log->policy = *policy;
    log->limit.per_second = policy->lines_per_second;
}

static void add_timestamp(struct json *json, int64_t now_us)
{
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm utc;
    char text[48];

    (void)gmtime_r(&seconds, &utc);
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(text + length, sizeof text - length, ".%06dZ", (int)(now_us % 1000000));
    json_str(json, "ts", text);
}

static void begin(struct log_line *line, struct log *log, enum log_level level, const char *event)
{
    line->log = log;
    line->dropped = false;
    line->start = log->lines.len;
    json_begin(&line->json, &log->lines);
    add_timestamp(&line->json, log->now_us());
    json_str(&line->json, "level", LEVEL_NAMES[level]);
    if (log->policy.revision)
        json_int(&line->json, "revision", log->policy.revision);
    json_str(&line->json, "component", log->component);
    if (log->pod[0])
        json_str(&line->json, "pod", log->pod);
    json_str(&line->json, "event", event);
}

static struct slice masked(struct log *log, enum log_field field, struct slice value)
{
    if (!log->policy.masks_addresses || FIELDS[field].kind == FIELD_PLAIN)
        return value;
    buf_clear(&log->masked);
    if (FIELDS[field].kind == FIELD_ADDRESS)
        mask_address(&log->masked, value);
    else
        mask_text(&log->masked, value);
    return buf_slice(&log->masked);
}

/* What would make the line too long is cut by halves. */
void log_slice(struct log_line *line, enum log_field field, struct slice value)
{
    struct buf *lines = &line->log->lines;
    size_t before = lines->len;

    if (line->dropped)
        return;
    value = masked(line->log, field, value);
    json_slice(&line->json, FIELDS[field].name, value);
    while (lines->len - line->start > LINE_TEXT_MAX && value.len > 0) {
        lines->len = before;
        value = slice_sub(value, 0, value.len / 2);
        json_slice(&line->json, FIELDS[field].name, value);
    }
}

void log_str(struct log_line *line, enum log_field field, const char *value)
{
    log_slice(line, field, slice_str(value));
}

void log_int(struct log_line *line, enum log_field field, int64_t value)
{
    if (!line->dropped)
        json_int(&line->json, FIELDS[field].name, value);
}

void log_object_begin(struct log_line *line, enum log_field field)
{
    if (!line->dropped)
        json_object_begin(&line->json, FIELDS[field].name);
}

void log_object_end(struct log_line *line)
{
    if (!line->dropped)
        json_object_end(&line->json);
}

static void end(struct log_line *line)
{
    json_end(&line->json);
    buf_add_char(&line->log->lines, '\n');
}

/* ---- what is written at all ---- */

static int64_t now_s(const struct log *log)
{
    return log->now_us() / 1000000;
}

static bool is_wanted(const struct log *log, enum log_level level)
{
    return level >= log->policy.level ||
           (log->policy.debug_until_us && log->now_us() < log->policy.debug_until_us);
}

static void tell_left_out(struct log *log, int64_t until_s)
{
    struct log_line line;
    uint64_t count;
    const char *event;

    while ((event = log_limit_owed(&log->limit, until_s, &count))) {
        begin(&line, log, LOG_WARNING, "lines_left_out");
        log_str(&line, LOG_REASON, event);
        log_int(&line, LOG_COUNT, (int64_t)count);
        end(&line);
    }
}

static bool is_admitted(struct log *log, const char *event)
{
    int64_t second = now_s(log);

    tell_left_out(log, second);
    return log_limit_admits(&log->limit, event, second);
}

/* ---- lines ---- */

void log_begin_limited(struct log_line *line, struct log *log, enum log_level level,
                       const char *event)
{
    *line = (struct log_line){.log = log, .dropped = true};
    if (is_wanted(log, level) && is_admitted(log, event))
        begin(line, log, level, event);
}

void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *event)
{
    if (level >= LOG_WARNING) {
        log_begin_limited(line, log, level, event);
        return;
    }
    *line = (struct log_line){.log = log, .dropped = true};
    if (is_wanted(log, level))
        begin(line, log, level, event);
}

void log_end(struct log_line *line)
{
    if (line->dropped)
        return;
    end(line);
    if (line->log->lines.len >= GATHER_BYTES)
        log_flush(line->log);
}

void log_note(struct log *log, enum log_level level, const char *event, const char *detail)
{
    struct log_line line;

    log_begin(&line, log, level, event);
    log_str(&line, LOG_DETAIL, detail);
    log_end(&line);
}

/* As many whole lines as a pipe takes in one piece (pipe(7)): other roles and programs write to the
 * same one. */
static size_t piece_length(struct slice lines)
{
    size_t length = slice_rfind(slice_sub(lines, 0, PIPE_BUF), '\n') + 1;

    return length <= PIPE_BUF ? length : slice_find(lines, '\n') + 1;
}

/* Asked before each write, as the descriptor may well be one that blocks. */
static bool is_writable(const struct log *log)
{
    struct pollfd poll_fd = {.fd = log->fd, .events = POLLOUT};
    int ready;

    do
        ready = poll(&poll_fd, 1, log->is_stuck ? 0 : WRITE_WAIT_MS);
    while (ready < 0 && errno == EINTR);
    return ready == 1;
}

static void drop(struct log *log, struct slice lines)
{
    log->is_stuck = true;
    while (lines.len) {
        (void)slice_cut(&lines, '\n');
        log->dropped++;
    }
}

void log_flush(struct log *log)
{
    struct slice rest;

    if (log->limit.owing)
        tell_left_out(log, now_s(log));
    rest = buf_slice(&log->lines);
    while (rest.len && is_writable(log)) {
        ssize_t written = write(log->fd, rest.at, piece_length(rest));
        if (written < 0 && errno != EAGAIN && errno != EINTR)
            break;
        log->is_stuck = false;
        rest = slice_skip(rest, written > 0 ? (size_t)written : 0);
    }
    if (rest.len)
        drop(log, rest);
    buf_clear(&log->lines);
}

void log_free(struct log **log)
{
    if (!*log)
        return;
    tell_left_out(*log, NO_SECOND);
    log_flush(*log);
    buf_free(&(*log)->lines);
    buf_free(&(*log)->masked);
    xfree((*log)->component);
    xfree((*log)->pod);
    xfree(*log);
    *log = NULL;
}

uint64_t log_dropped(const struct log *log)
{
    return log->dropped;
}

uint64_t log_limited(const struct log *log)
{
    return log->limit.left_out;
}
