/* SPDX-License-Identifier: Apache-2.0
 * Slow CPU work on libuv's thread pool. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "net/loop.h"
#include "net/loop_internal.h"

struct offload {
    uv_work_t request;
    void (*work)(void *owner);
    void (*done)(void *owner);
    void *owner;
};

static void on_work(uv_work_t *request)
{
    struct offload *offload = request->data;

    offload->work(offload->owner);
}

static void on_done(uv_work_t *request, int status)
{
    struct offload *offload = request->data;
    void (*done)(void *owner) = offload->done;
    void *owner = offload->owner;

    (void)status; /* never cancelled */
    xfree(offload);
    done(owner);
}

void loop_offload(struct loop *loop, void (*work)(void *owner), void (*done)(void *owner),
                  void *owner)
{
    struct offload *offload = xalloc(sizeof *offload);

    offload->request.data = offload;
    offload->work = work;
    offload->done = done;
    offload->owner = owner;
    ASSERT(uv_queue_work(&loop->uv, &offload->request, on_work, on_done) == 0);
}
