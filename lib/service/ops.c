/* SPDX-License-Identifier: Apache-2.0
 * libmicrohttpd on a loop: its epoll descriptor is watched, its next timeout is a loop timer. */
#include "service/ops.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"

#define CONNECTIONS_MAX 64
#define TIMEOUT_S       10
#define BACKLOG         64
#define CONTENT_TYPE    "text/plain; version=0.0.4; charset=utf-8"

struct ops {
    struct ops_pages pages;
    struct net_address address;
    struct MHD_Daemon *daemon;
    struct loop_watch *watch;
    struct loop_timer *timer;
};

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, struct buf *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text->len, text->at, MHD_RESPMEM_MUST_COPY);

    buf_free(text);
    if (!response)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, CONTENT_TYPE);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **request)
{
    struct ops *ops = owner;
    struct buf text = {0};
    unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;

    (void)version, (void)upload, (void)request;
    if (*upload_bytes > 0) {
        *upload_bytes = 0; /* taken and forgotten: the answer is on its way */
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        status = ops->pages.on_page(ops->pages.owner, path, &text);
    if (text.len == 0)
        buf_addf(&text, "%u\n", status);
    return respond(connection, status, &text);
}

static void run(void *owner)
{
    struct ops *ops = owner;
    MHD_UNSIGNED_LONG_LONG timeout_ms;

    (void)MHD_run(ops->daemon);
    if (MHD_get_timeout(ops->daemon, &timeout_ms) == MHD_YES)
        loop_timer_start(ops->timer, timeout_ms);
    else
        loop_timer_stop(ops->timer);
}

static int bind_socket(int fd, struct net_address *address)
{
    socklen_t size = net_address_size(address);
    int yes = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, &address->any, size) != 0 || listen(fd, BACKLOG) != 0)
        return -1;
    size = sizeof *address;
    return getsockname(fd, &address->any, &size);
}

static int listen_at(struct net_address *address, int *ret_fd, struct err *err)
{
    char text[NET_ADDRESS_TEXT];
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind_socket(fd, address) != 0) {
        int number = errno;
        if (fd >= 0)
            (void)close(fd);
        return err_set(err, ERR_INVALID, "cannot listen on the ops address %s: %s",
                       net_address_text(address, text), strerror(number));
    }
    *ret_fd = fd;
    return 0;
}

static void watch_daemon(struct ops *ops, struct loop *loop)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(ops->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    ops->watch = loop_watch_new(loop, info->epoll_fd, run, ops);
    ops->timer = loop_timer_new(loop, run, ops);
}

int ops_new(struct loop *loop, const struct net_address *at, const struct ops_pages *pages,
            struct ops **ret_ops, struct err *err)
{
    struct ops *ops = xalloc(sizeof *ops);
    int fd = -1;

    ops->pages = *pages;
    ops->address = *at;
    if (listen_at(&ops->address, &fd, err) != 0) {
        xfree(ops);
        return -1;
    }
    ops->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, ops, MHD_OPTION_LISTEN_SOCKET,
                         fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_END);
    if (!ops->daemon) {
        (void)close(fd);
        xfree(ops);
        return err_set(err, ERR_INTERNAL, "the ops port did not start");
    }
    watch_daemon(ops, loop);
    *ret_ops = ops;
    return 0;
}

const struct net_address *ops_address(const struct ops *ops)
{
    return &ops->address;
}

void ops_free(struct ops **ops)
{
    if (!*ops)
        return;
    loop_watch_free(&(*ops)->watch);
    loop_timer_free(&(*ops)->timer);
    MHD_stop_daemon((*ops)->daemon);
    xfree(*ops);
    *ops = NULL;
}
