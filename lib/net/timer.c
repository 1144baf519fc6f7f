/* SPDX-License-Identifier: Apache-2.0
 * One-shot timers that are cheap to move: a session restarts its idle timer with every read, so a
 * later deadline (and a stop) is only noted, and the alarm in libuv's heap is set again when it
 * rings too early. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "net/loop.h"
#include "net/loop_internal.h"

struct loop_timer {
    uv_timer_t alarm;
    uint64_t alarm_ms; /* when the alarm rings, if it is set */
    uint64_t due_ms;   /* when on_due is owed, if is_running */
    bool is_running;
    void (*on_due)(void *owner);
    void *owner;
};

struct loop_timer *loop_timer_new(struct loop *loop, void (*on_due)(void *owner), void *owner)
{
    struct loop_timer *timer = xalloc(sizeof *timer);

    (void)uv_timer_init(&loop->uv, &timer->alarm);
    timer->alarm.data = timer;
    timer->on_due = on_due;
    timer->owner = owner;
    return timer;
}

static void on_alarm(uv_timer_t *alarm)
{
    struct loop_timer *timer = alarm->data;

    if (!timer->is_running)
        return;
    if (timer->due_ms > uv_now(alarm->loop)) {
        timer->alarm_ms = timer->due_ms;
        (void)uv_timer_start(alarm, on_alarm, timer->due_ms - uv_now(alarm->loop), 0);
        return;
    }
    timer->is_running = false;
    timer->on_due(timer->owner);
}

void loop_timer_start(struct loop_timer *timer, uint64_t after_ms)
{
    struct loop *loop = LIST_OWNER(timer->alarm.loop, struct loop, uv);

    if (!loop->is_turning)
        uv_update_time(&loop->uv); /* outside of a turn the loop's time may be old */
    timer->due_ms = loop_now_ms(loop) + after_ms;
    timer->is_running = true;
    if (uv_is_active((const uv_handle_t *)&timer->alarm) && timer->alarm_ms <= timer->due_ms)
        return;
    timer->alarm_ms = timer->due_ms;
    (void)uv_timer_start(&timer->alarm, on_alarm, after_ms, 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
    timer->is_running = false;
}

bool loop_timer_is_running(const struct loop_timer *timer)
{
    return timer->is_running;
}

static void on_closed(uv_handle_t *handle)
{
    xfree(handle->data);
}

void loop_timer_free(struct loop_timer **timer)
{
    if (!*timer)
        return;
    (*timer)->is_running = false;
    uv_close((uv_handle_t *)&(*timer)->alarm, on_closed);
    *timer = NULL;
}
