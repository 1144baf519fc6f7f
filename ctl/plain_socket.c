/* SPDX-License-Identifier: Apache-2.0
 * getaddrinfo, connect, and time limits for each step. */
#include "ctl/plain_socket.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/slice.h"

#define HOST_MAX 256

static int connect_to(const struct addrinfo *found)
{
    const struct timeval limit = {.tv_sec = PLAIN_SOCKET_SILENT_S};

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

int plain_socket_open(const char *address, struct err *err)
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
