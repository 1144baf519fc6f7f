/* SPDX-License-Identifier: Apache-2.0
 * JSON log lines, gathered and written whole. */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define GATHER_BYTES  ((size_t)64 * 1024)
#define WRITE_WAIT_MS 1000

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
    uint64_t count, dropped;
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

void log_slice(struct log_line *line, enum log_field field, struct slice value)
{
    if (!line->dropped)
        json_slice(&line->json, FIELD_NAMES[field], value);
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
    line->log->count++;
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

/* The descriptor may be a full pipe: wait a bounded time, then drop what is left. */
static bool wait_writable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    return (errno == EAGAIN || errno == EINTR) && poll(&poll_fd, 1, WRITE_WAIT_MS) == 1;
}

void log_flush(struct log *log)
{
    size_t written = 0;

    while (written < log->lines.len) {
        ssize_t n = write(log->fd, log->lines.at + written, log->lines.len - written);
        if (n > 0)
            written += (size_t)n;
        else if (!wait_writable(log->fd))
            break;
    }
    if (written < log->lines.len)
        log->dropped += log->count;
    log->count = 0;
    buf_clear(&log->lines);
}

uint64_t log_dropped(const struct log *log)
{
    return log->dropped;
}

bool log_level_parse(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof LEVEL_NAMES / sizeof *LEVEL_NAMES; i++)
        if (strcmp(name, LEVEL_NAMES[i]) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    return false;
}
