/* SPDX-License-Identifier: Apache-2.0
 * One event loop (libuv) per role and thread. Everything created on a loop is used on its thread
 * only; loop_post is the one call other threads may make. Callbacks are (owner) functions and run
 * from the loop, never from inside the call that started the work. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_post;

struct loop *loop_new(void);
/* Everything on the loop must have been freed; runs the loop until the closes are through. */
void loop_free(struct loop **loop);
/* Until loop_stop. */
void loop_run(struct loop *loop);
/* One turn; waits for an event at most max_wait_ms. For tests. */
void loop_turn(struct loop *loop, uint64_t max_wait_ms);
void loop_stop(struct loop *loop);
/* Monotonic ms, read once per turn. */
uint64_t loop_now_ms(const struct loop *loop);

/* One-shot timer, created stopped. start on a running one moves it. The callback may free it. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*on_due)(void *owner), void *owner);
void loop_timer_start(struct loop_timer *timer, uint64_t after_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_running(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer **timer);

/* A foreign descriptor (librdkafka's queue, libunbound, libmicrohttpd): on_ready whenever it is
 * readable. The descriptor stays the caller's. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*on_ready)(void *owner),
                                  void *owner);
void loop_watch_free(struct loop_watch **watch);

/* A doorbell: loop_post_ring may be called from any thread; on_rung then runs once or more on the
 * loop's thread (rings coalesce). */
struct loop_post *loop_post_new(struct loop *loop, void (*on_rung)(void *owner), void *owner);
void loop_post_ring(struct loop_post *post);
void loop_post_free(struct loop_post **post);

/* Work at the end of this loop turn, before it waits: coalesced flushes and the destruction of
 * objects whose callbacks may still be on the stack. Embedded in its owner; zero-initialised. */
struct loop_later {
    struct list_node node;
    void (*run)(void *owner);
    void *owner;
};
/* No-op when already queued. `run` may queue it again (for the next turn) or free its owner. */
void loop_later(struct loop *loop, struct loop_later *later, void (*run)(void *owner), void *owner);
/* No-op when not queued. */
void loop_later_cancel(struct loop *loop, struct loop_later *later);

/* Slow CPU work (password hashes, RSA) on the thread pool: work(owner) off the loop, then
 * done(owner) on it. No cancelling: the owner lives until done. */
void loop_offload(struct loop *loop, void (*work)(void *owner), void (*done)(void *owner),
                  void *owner);
