/* SPDX-License-Identifier: Apache-2.0
 * Foreign descriptors on the loop. Never reads, writes or closes them. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "net/loop.h"
#include "net/loop_internal.h"

struct loop_watch {
    uv_poll_t poll;
    void (*on_ready)(void *owner);
    void *owner;
};

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct loop_watch *watch = poll->data;

    (void)status; /* an error is for the descriptor's owner to find */
    (void)events;
    watch->on_ready(watch->owner);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*on_ready)(void *owner),
                                  void *owner)
{
    struct loop_watch *watch = xalloc(sizeof *watch);

    ASSERT(uv_poll_init(&loop->uv, &watch->poll, fd) == 0);
    watch->poll.data = watch;
    watch->on_ready = on_ready;
    watch->owner = owner;
    ASSERT(uv_poll_start(&watch->poll, UV_READABLE, on_event) == 0);
    return watch;
}

static void on_closed(uv_handle_t *handle)
{
    xfree(handle->data);
}

void loop_watch_free(struct loop_watch **watch)
{
    if (!*watch)
        return;
    uv_close((uv_handle_t *)&(*watch)->poll, on_closed);
    *watch = NULL;
}
