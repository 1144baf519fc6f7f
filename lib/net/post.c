/* SPDX-License-Identifier: Apache-2.0
 * Doorbells: how another thread wakes the loop. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "net/loop.h"
#include "net/loop_internal.h"

struct loop_post {
    uv_async_t bell;
    void (*on_rung)(void *owner);
    void *owner;
};

static void on_bell(uv_async_t *bell)
{
    struct loop_post *post = bell->data;

    post->on_rung(post->owner);
}

struct loop_post *loop_post_new(struct loop *loop, void (*on_rung)(void *owner), void *owner)
{
    struct loop_post *post = xalloc(sizeof *post);

    post->on_rung = on_rung;
    post->owner = owner;
    post->bell.data = post;
    ASSERT(uv_async_init(&loop->uv, &post->bell, on_bell) == 0);
    return post;
}

void loop_post_ring(struct loop_post *post)
{
    (void)uv_async_send(&post->bell);
}

static void on_closed(uv_handle_t *handle)
{
    xfree(handle->data);
}

void loop_post_free(struct loop_post **post)
{
    if (!*post)
        return;
    uv_close((uv_handle_t *)&(*post)->bell, on_closed);
    *post = NULL;
}
