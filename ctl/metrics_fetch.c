/* SPDX-License-Identifier: Apache-2.0
 * One request over a plain socket, with a time limit for the whole answer. */
#include "ctl/metrics_fetch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/plain_socket.h"
#include "net/clock.h"

#define WHOLE_MS 20000
#define BODY_MAX ((size_t)16 * 1024 * 1024)

static const char REQUEST[] = "GET /metrics HTTP/1.0\r\nAccept: text/plain\r\n\r\n";

static int exchange(int fd, const char *address, struct buf *answer, struct err *err)
{
    uint64_t until_ms = clock_monotonic_ms() + WHOLE_MS;
    char piece[16384];
    ssize_t got;

    if (send(fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != (ssize_t)sizeof REQUEST - 1)
        return err_set(err, ERR_RETRY, "%s: %s", address, strerror(errno));
    while ((got = recv(fd, piece, sizeof piece, 0)) > 0 && answer->len < BODY_MAX &&
           clock_monotonic_ms() < until_ms)
        buf_add(answer, slice_of(piece, (size_t)got));
    if (got != 0)
        return err_set(err, ERR_RETRY, "%s: %s", address,
                       got < 0 ? strerror(errno) : "the answer has no end");
    return 0;
}

static int take_body(struct slice answer, const char *address, struct buf *out, struct err *err)
{
    size_t end = slice_find_slice(answer, slice_str("\r\n\r\n"));
    struct slice status = slice_cut(&(struct slice){answer.at, answer.len}, '\r');

    if (end >= answer.len || slice_find_slice(status, slice_str(" 200")) >= status.len)
        return err_set(err, ERR_RETRY, "%s answers \"%.*s\" to GET /metrics", address,
                       (int)(status.len < 80 ? status.len : 80), status.at);
    buf_add(out, slice_skip(answer, end + 4));
    return 0;
}

int metrics_fetch(const char *address, struct buf *out, struct err *err)
{
    int fd = plain_socket_open(address, err);
    struct buf answer = {0};

    if (fd < 0)
        return -1;
    int result = exchange(fd, address, &answer, err);
    (void)close(fd);
    if (result == 0)
        result = take_body(buf_slice(&answer), address, out, err);
    buf_free(&answer);
    return result;
}
