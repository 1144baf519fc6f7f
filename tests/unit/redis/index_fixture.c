/* SPDX-License-Identifier: Apache-2.0
 * Waiting for the answers of the timer index. */
#include "unit/redis/index_fixture.h"

static void keep(char *to, size_t size, struct slice text)
{
    assert_true(text.len < size);
    memcpy(to, text.at, text.len);
    to[text.len] = '\0';
}

static void on_done(void *owner, enum timer_index_result result, size_t count)
{
    struct index_answer *answer = owner;

    answer->result = result;
    answer->count = count;
    answer->is_done = true;
}

static void on_popped(void *owner, enum timer_index_result result,
                      const struct timer_index_due *items, size_t count,
                      const struct timer_index_figures *figures)
{
    struct index_answer *answer = owner;

    answer->result = result;
    answer->count = count;
    answer->figures = *figures;
    for (size_t i = 0; i < count && i < INDEX_POPPED_MAX; i++) {
        keep(answer->items[i].parcel_id, sizeof answer->items[i].parcel_id, items[i].parcel_id);
        keep(answer->items[i].timer, sizeof answer->items[i].timer, items[i].timer);
        answer->items[i].fence = items[i].fence;
        answer->items[i].due_ms = items[i].due_ms;
    }
    answer->is_done = true;
}

static void on_offset(void *owner, enum timer_index_result result, int64_t offset,
                      int64_t grace_below)
{
    struct index_answer *answer = owner;

    answer->result = result;
    answer->offset = offset;
    answer->grace_below = grace_below;
    answer->is_done = true;
}

static void on_checked(void *owner, struct timer_index_check *check, enum timer_index_state state)
{
    struct index_answer *answer = owner;

    (void)check;
    answer->state = state;
    answer->is_done = true;
}

static struct timer_index_call call_for(struct index_answer *answer)
{
    *answer = (struct index_answer){0};
    return (struct timer_index_call){
        .owner = answer, .on_done = on_done, .on_popped = on_popped, .on_offset = on_offset};
}

struct timer_index_entry index_timer(int64_t offset, const char *id, int64_t due_ms)
{
    return (struct timer_index_entry){
        .offset = offset, .parcel_id = slice_str(id), .due_ms = due_ms, .timer = slice_str(id)};
}

struct timer_index_entry index_tombstone(int64_t offset, const char *id)
{
    return (struct timer_index_entry){
        .offset = offset, .parcel_id = slice_str(id), .is_tombstone = true};
}

struct index_answer index_apply(struct fixture *fixture, int64_t expected,
                                const struct timer_index_entry *entries, size_t count,
                                int64_t grace_ms)
{
    struct index_answer answer;
    struct timer_index_call call = call_for(&answer);
    struct timer_index_batch batch = {.entries = entries,
                                      .count = count,
                                      .expected_offset = expected,
                                      .last_offset = count ? entries[count - 1].offset : expected,
                                      .grace_ms = grace_ms,
                                      .grace_below = INDEX_GRACE_BELOW};

    timer_index_apply(fixture->redis, &call, INDEX_SHARD, &batch);
    assert_false(answer.is_done);
    WAIT_FOR(fixture->loop, answer.is_done);
    return answer;
}

struct index_answer index_pop(struct fixture *fixture, size_t limit, int64_t lease_ms)
{
    struct index_answer answer;
    struct timer_index_call call = call_for(&answer);

    timer_index_pop(fixture->redis, &call, INDEX_SHARD, limit, lease_ms);
    WAIT_FOR(fixture->loop, answer.is_done);
    return answer;
}

struct index_answer index_ack(struct fixture *fixture, const char *id, int64_t fence)
{
    struct index_answer answer;
    struct timer_index_call call = call_for(&answer);
    struct timer_index_due due = {.parcel_id = slice_str(id), .fence = fence};

    timer_index_ack(fixture->redis, &call, INDEX_SHARD, &due, 1);
    WAIT_FOR(fixture->loop, answer.is_done);
    return answer;
}

struct index_answer index_return(struct fixture *fixture, const char *id, int64_t fence,
                                 int64_t due_ms)
{
    struct index_answer answer;
    struct timer_index_call call = call_for(&answer);
    struct timer_index_due due = {.parcel_id = slice_str(id), .fence = fence, .due_ms = due_ms};

    timer_index_return(fixture->redis, &call, INDEX_SHARD, &due, 1);
    WAIT_FOR(fixture->loop, answer.is_done);
    return answer;
}

struct index_answer index_reap(struct fixture *fixture)
{
    struct index_answer answer;
    struct timer_index_call call = call_for(&answer);

    timer_index_reap(fixture->redis, &call, INDEX_SHARD);
    WAIT_FOR(fixture->loop, answer.is_done);
    return answer;
}

struct index_answer index_offset(struct fixture *fixture)
{
    struct index_answer answer;
    struct timer_index_call call = call_for(&answer);

    timer_index_offset(fixture->redis, &call, INDEX_SHARD);
    WAIT_FOR(fixture->loop, answer.is_done);
    return answer;
}

enum timer_index_state index_check(struct fixture *fixture, const char *id, int64_t fence)
{
    struct index_answer answer = {0};
    struct timer_index_check check = {.owner = &answer, .on_checked = on_checked};

    timer_index_check(fixture->redis, &check, INDEX_SHARD, slice_str(id), fence);
    WAIT_FOR(fixture->loop, answer.is_done);
    return answer.state;
}
