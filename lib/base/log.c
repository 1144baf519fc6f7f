/* SPDX-License-Identifier: Apache-2.0
 * JSON log lines, gathered and written whole. */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define GATHER_BYTES  ((size_t)64 * 1024)
#define WRITE_WAIT_MS 1000
/* A line of up to PIPE_BUF octets is never torn; numbers still fit behind the longest text. */
#define LINE_TEXT_MAX ((size_t)PIPE_BUF - 1024)

static const char *const FIELD_NAMES[] = {
#define LOG_FIELD_NAME(id, name) name,
    LOG_FIELDS(LOG_FIELD_NAME)
#undef LOG_FIELD_NAME
};
static const char *const LEVEL_NAMES[] = {"debug", "info", "warning", "error"};

struct log {
    int fd;
    enum log_level level;
    char *component, *pod;
    int64_t (*now_us)(void);
    struct buf lines;
    uint64_t dropped;
    bool is_stuck; /* the descriptor took nothing the last time: it is not waited for again */
};

struct log *log_new(int fd, enum log_level level, const char *component, const char *pod,
                    int64_t (*now_us)(void))
{
    struct log *log = xalloc(sizeof *log);

    log->fd = fd;
    log->level = level;
    log->component = xstrdup(component);
    log->pod = xstrdup(pod);
    log->now_us = now_us;
    return log;
}

void log_free(struct log **log)
{
    if (!*log)
        return;
    log_flush(*log);
    buf_free(&(*log)->lines);
    xfree((*log)->component);
    xfree((*log)->pod);
    xfree(*log);
    *log = NULL;
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

void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *event)
{
    line->log = log;
    line->dropped = level < log->level;
    line->start = log->lines.len;
    if (line->dropped)
        return;
    json_begin(&line->json, &log->lines);
    add_timestamp(&line->json, log->now_us());
    json_str(&line->json, "level", LEVEL_NAMES[level]);
    json_str(&line->json, "component", log->component);
    if (log->pod[0])
        json_str(&line->json, "pod", log->pod);
    json_str(&line->json, "event", event);
}

/* What would make the line too long is cut by halves. */
void log_slice(struct log_line *line, enum log_field field, struct slice value)
{
    struct buf *lines = &line->log->lines;
    size_t before = lines->len;

    if (line->dropped)
        return;
    json_slice(&line->json, FIELD_NAMES[field], value);
    while (lines->len - line->start > LINE_TEXT_MAX && value.len > 0) {
        lines->len = before;
        value = slice_sub(value, 0, value.len / 2);
        json_slice(&line->json, FIELD_NAMES[field], value);
    }
}

void log_str(struct log_line *line, enum log_field field, const char *value)
{
    log_slice(line, field, slice_str(value));
}

void log_int(struct log_line *line, enum log_field field, int64_t value)
{
    if (!line->dropped)
        json_int(&line->json, FIELD_NAMES[field], value);
}

void log_end(struct log_line *line)
{
    if (line->dropped)
        return;
    json_end(&line->json);
    buf_add_char(&line->log->lines, '\n');
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
    struct slice rest = buf_slice(&log->lines);

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

uint64_t log_dropped(const struct log *log)
{
    return log->dropped;
}
