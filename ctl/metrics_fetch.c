/* SPDX-License-Identifier: Apache-2.0
 * A plain socket with time limits, for each step and for the whole answer. */
#include "ctl/metrics_fetch.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/clock.h"

#define ANSWER_S 5
#define WHOLE_MS 20000
#define BODY_MAX ((size_t)16 * 1024 * 1024)
#define HOST_MAX 256

static const char REQUEST[] = "GET /metrics HTTP/1.0\r\nAccept: text/plain\r\n\r\n";

static int connect_to(const struct addrinfo *found)
{
    const struct timeval limit = {.tv_sec = ANSWER_S};

    for (; found; found = found->ai_next) {
        int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(fd, found->ai_addr, found->ai_addrlen) == 0)
            return fd;
        (void)close(fd);
    }
    return -1;
}

/* A connected socket, or -1. */
static int open_socket(const char *address, struct err *err)
{
    struct slice text = slice_str(address);
    size_t colon = slice_rfind(text, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[HOST_MAX] = {0};

    if (colon >= text.len || colon == 0 || colon >= sizeof host)
        return err_set(err, ERR_INVALID, "\"%s\" is not HOST:PORT", address);
    struct slice name = slice_sub(text, 0, colon);
    if (name.at[0] == '[' && name.at[name.len - 1] == ']')
        name = slice_sub(name, 1, name.len - 1);
    memcpy(host, name.at, name.len);
    int error = getaddrinfo(host, address + colon + 1, &hints, &found);
    if (error)
        return err_set(err, ERR_INVALID, "%s: %s", address, gai_strerror(error));
    int fd = connect_to(found);
    freeaddrinfo(found);
    if (fd < 0)
        return err_set(err, ERR_RETRY, "%s does not answer: %s", address, strerror(errno));
    return fd;
}

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
    int fd = open_socket(address, err);
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
