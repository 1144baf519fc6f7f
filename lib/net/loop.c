/* SPDX-License-Identifier: Apache-2.0
 * The loop itself and the work at the end of its turns. Timers, watches, doorbells and the thread
 * pool are in timer.c, watch.c, post.c and offload.c. */
#include "net/loop.h"

#include <signal.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "net/loop_internal.h"

static void run_first(struct list *laters)
{
    struct list_node *node = list_first(laters);
    struct loop_later *later = LIST_OWNER(node, struct loop_later, node);

    ASSERT(list_has(node));
    list_remove(laters, node);
    later->run(later->owner);
}

static void run_laters(struct loop *loop)
{
    struct list_node turn_end = {0};

    if (loop->laters.count == 0)
        return;
    /* What is queued meanwhile goes behind the mark: it is the next turn's. */
    list_push(&loop->laters, &turn_end);
    while (list_first(&loop->laters) != &turn_end)
        run_first(&loop->laters);
    list_remove(&loop->laters, &turn_end);
}

static void on_no_wait(uv_idle_t *idle)
{
    (void)idle;
}

static void on_before_wait(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;

    run_laters(loop);
    if (loop->laters.count > 0)
        (void)uv_idle_start(&loop->no_wait, on_no_wait); /* they must not wait for an event */
    else
        (void)uv_idle_stop(&loop->no_wait);
}

static void on_after_wait(uv_check_t *check)
{
    run_laters(check->data);
}

struct loop *loop_new(void)
{
    struct loop *loop = xalloc(sizeof *loop);

    (void)signal(SIGPIPE, SIG_IGN); /* a write to a closed socket is an error, not our end */
    ASSERT(uv_loop_init(&loop->uv) == 0);
    list_init(&loop->laters);
    (void)uv_prepare_init(&loop->uv, &loop->before_wait);
    (void)uv_check_init(&loop->uv, &loop->after_wait);
    (void)uv_idle_init(&loop->uv, &loop->no_wait);
    (void)uv_timer_init(&loop->uv, &loop->turn_limit);
    loop->before_wait.data = loop->after_wait.data = loop;
    (void)uv_prepare_start(&loop->before_wait, on_before_wait);
    (void)uv_check_start(&loop->after_wait, on_after_wait);
    return loop;
}

void loop_free(struct loop **loop)
{
    struct loop *l = *loop;

    if (!l)
        return;
    uv_close((uv_handle_t *)&l->before_wait, NULL);
    uv_close((uv_handle_t *)&l->after_wait, NULL);
    uv_close((uv_handle_t *)&l->no_wait, NULL);
    uv_close((uv_handle_t *)&l->turn_limit, NULL);
    do {
        (void)uv_run(&l->uv, UV_RUN_DEFAULT);
        run_laters(l);
    } while (l->laters.count > 0 || uv_loop_alive(&l->uv));
    ASSERT(uv_loop_close(&l->uv) == 0);
    xfree(l);
    *loop = NULL;
}

static void run_uv(struct loop *loop, uv_run_mode mode)
{
    ASSERT(!loop->is_turning);
    loop->is_turning = true;
    (void)uv_run(&loop->uv, mode);
    loop->is_turning = false;
}

void loop_run(struct loop *loop)
{
    while (!loop->is_stopped)
        run_uv(loop, UV_RUN_DEFAULT);
    loop->is_stopped = false;
}

static void on_turn_limit(uv_timer_t *timer)
{
    (void)timer;
}

void loop_turn(struct loop *loop, uint64_t max_wait_ms)
{
    uv_update_time(&loop->uv);
    if (max_wait_ms == 0) {
        run_uv(loop, UV_RUN_NOWAIT);
        return;
    }
    (void)uv_timer_start(&loop->turn_limit, on_turn_limit, max_wait_ms, 0);
    run_uv(loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&loop->turn_limit);
}

void loop_stop(struct loop *loop)
{
    loop->is_stopped = true;
    uv_stop(&loop->uv);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

void loop_later(struct loop *loop, struct loop_later *later, void (*run)(void *owner), void *owner)
{
    if (list_has(&later->node))
        return;
    later->run = run;
    later->owner = owner;
    list_push(&loop->laters, &later->node);
}

void loop_later_cancel(struct loop *loop, struct loop_later *later)
{
    if (list_has(&later->node))
        list_remove(&loop->laters, &later->node);
}
