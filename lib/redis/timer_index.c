/* SPDX-License-Identifier: Apache-2.0
 * The operations of the timer index: encoding for its scripts, and replies back into plain values.
 * What Redis answers is not trusted: a reply of another shape is a lost shard. */
#include "redis/timer_index.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "redis/internal.h"
#include "redis/timer_index_scripts.h"

#define KEY_COUNT      ((size_t)5)
#define POP_MAX_BYTES  ((int64_t)8 * 1024 * 1024)
#define NUMBER_MAX     ((int64_t)1 << 53) /* Lua and sorted sets count in doubles */
#define POP_HEAD_COUNT ((size_t)6)
#define POP_ITEM_COUNT ((size_t)3)

/* The number of keys and the keys. */
static void put_keys(struct buf *tail, int32_t shard)
{
    static const char *const names[KEY_COUNT] = {"due", "fired", "item", "offset", "grace"};
    struct buf key = {0};

    redis_put_int(tail, KEY_COUNT);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        buf_clear(&key);
        buf_addf(&key, "t:{%d}:%s", shard, names[i]);
        redis_put_arg(tail, buf_slice(&key));
    }
    buf_free(&key);
}

static void run(struct redis *redis, struct redis_call *call, const struct redis_script *script,
                struct buf *tail, size_t arg_count)
{
    redis_run_tail(redis, call, script, tail, 1 + KEY_COUNT + arg_count);
}

static enum timer_index_result result_of(const struct redis_value *value, enum redis_type wanted)
{
    if (value->type == REDIS_DOWN || value->type == REDIS_ERROR)
        return TIMER_INDEX_DOWN;
    return value->type == wanted ? TIMER_INDEX_OK : TIMER_INDEX_MISSING;
}

/* ---- APPLY, ACK, RETURN, REAP: a count ---- */

static void on_count(void *owner, struct redis_call *redis_call, const struct redis_value *value)
{
    struct timer_index_call *call = owner;
    enum timer_index_result result = result_of(value, REDIS_INT);

    (void)redis_call;
    call->on_done(call->owner, result, result == TIMER_INDEX_OK ? (size_t)value->number : 0);
}

static void prepare(struct timer_index_call *call,
                    void (*on_reply)(void *, struct redis_call *, const struct redis_value *))
{
    call->call.on_reply = on_reply;
    call->call.owner = call;
}

static int64_t bounded(int64_t value)
{
    return value < 0 ? 0 : value < NUMBER_MAX ? value : NUMBER_MAX;
}

static void put_entry(struct buf *tail, const struct timer_index_entry *entry)
{
    redis_put_int(tail, entry->offset);
    if (entry->is_tombstone)
        redis_put_arg(tail, SLICE_NONE);
    else
        redis_put_int(tail, bounded(entry->due_ms));
    redis_put_arg(tail, entry->parcel_id);
    redis_put_arg(tail, entry->is_tombstone ? SLICE_NONE : entry->timer);
}

void timer_index_apply(struct redis *redis, struct timer_index_call *call, int32_t shard,
                       const struct timer_index_batch *batch)
{
    struct buf tail = {0};

    ASSERT(batch->count <= TIMER_INDEX_BATCH_MAX);
    put_keys(&tail, shard);
    redis_put_int(&tail, batch->expected_offset);
    redis_put_int(&tail, batch->last_offset);
    redis_put_int(&tail, batch->grace_ms);
    redis_put_int(&tail, bounded(batch->grace_below));
    for (size_t i = 0; i < batch->count; i++)
        put_entry(&tail, &batch->entries[i]);
    prepare(call, on_count);
    run(redis, &call->call, &TIMER_INDEX_APPLY, &tail, 4 + 4 * batch->count);
}

void timer_index_ack(struct redis *redis, struct timer_index_call *call, int32_t shard,
                     const struct timer_index_due *items, size_t count)
{
    struct buf tail = {0};

    ASSERT(count <= TIMER_INDEX_BATCH_MAX);
    put_keys(&tail, shard);
    for (size_t i = 0; i < count; i++) {
        redis_put_arg(&tail, items[i].parcel_id);
        redis_put_int(&tail, items[i].fence);
    }
    prepare(call, on_count);
    run(redis, &call->call, &TIMER_INDEX_ACK, &tail, 2 * count);
}

void timer_index_return(struct redis *redis, struct timer_index_call *call, int32_t shard,
                        const struct timer_index_due *items, size_t count)
{
    struct buf tail = {0};

    ASSERT(count <= TIMER_INDEX_BATCH_MAX);
    put_keys(&tail, shard);
    for (size_t i = 0; i < count; i++) {
        redis_put_arg(&tail, items[i].parcel_id);
        redis_put_int(&tail, items[i].fence);
        redis_put_int(&tail, items[i].due_ms);
    }
    prepare(call, on_count);
    run(redis, &call->call, &TIMER_INDEX_RETURN, &tail, 3 * count);
}

void timer_index_reap(struct redis *redis, struct timer_index_call *call, int32_t shard)
{
    struct buf tail = {0};

    put_keys(&tail, shard);
    redis_put_int(&tail, TIMER_INDEX_BATCH_MAX);
    prepare(call, on_count);
    run(redis, &call->call, &TIMER_INDEX_REAP, &tail, 1);
}

/* ---- POP ---- */

/* item = fence ":" Timer bytes */
static int read_item(const struct redis_value *triple, struct timer_index_due *ret_due)
{
    struct slice timer = triple[2].text;
    uint64_t fence;

    if (triple[0].type != REDIS_TEXT || triple[1].type != REDIS_INT || triple[2].type != REDIS_TEXT)
        return -1;
    if (!slice_to_u64(slice_cut(&timer, ':'), (uint64_t)NUMBER_MAX, &fence))
        return -1;
    *ret_due = (struct timer_index_due){.parcel_id = triple[0].text,
                                        .fence = (int64_t)fence,
                                        .due_ms = triple[1].number,
                                        .timer = timer};
    return 0;
}

static int read_head(const struct redis_value *value, struct timer_index_figures *ret_figures)
{
    const struct redis_value *head = value->items;

    if (value->count != POP_HEAD_COUNT || head[POP_HEAD_COUNT - 1].type != REDIS_ARRAY)
        return -1;
    for (size_t i = 0; i < POP_HEAD_COUNT - 1; i++)
        if (head[i].type != REDIS_INT)
            return -1;
    *ret_figures = (struct timer_index_figures){.next_due_ms = head[0].number,
                                                .now_ms = head[1].number,
                                                .waiting = head[2].number,
                                                .fired = head[3].number,
                                                .applied_offset = head[4].number};
    return 0;
}

static void hand_out(struct timer_index_call *call, const struct redis_value *list,
                     const struct timer_index_figures *figures)
{
    size_t count = list->count / POP_ITEM_COUNT;
    struct timer_index_due *items = xalloc(count * sizeof *items);
    enum timer_index_result result = TIMER_INDEX_OK;

    for (size_t i = 0; i < count && result == TIMER_INDEX_OK; i++)
        if (read_item(&list->items[i * POP_ITEM_COUNT], &items[i]))
            result = TIMER_INDEX_MISSING;
    call->on_popped(call->owner, result, items, result == TIMER_INDEX_OK ? count : 0, figures);
    xfree(items);
}

static void on_popped(void *owner, struct redis_call *redis_call, const struct redis_value *value)
{
    struct timer_index_call *call = owner;
    struct timer_index_figures figures = {.next_due_ms = -1};
    enum timer_index_result result = result_of(value, REDIS_ARRAY);

    (void)redis_call;
    if (result == TIMER_INDEX_OK && read_head(value, &figures))
        result = TIMER_INDEX_MISSING;
    if (result == TIMER_INDEX_OK)
        hand_out(call, &value->items[POP_HEAD_COUNT - 1], &figures);
    else
        call->on_popped(call->owner, result, NULL, 0, &figures);
}

void timer_index_pop(struct redis *redis, struct timer_index_call *call, int32_t shard,
                     size_t limit, int64_t lease_ms)
{
    struct buf tail = {0};

    ASSERT(limit > 0 && limit <= TIMER_INDEX_BATCH_MAX);
    put_keys(&tail, shard);
    redis_put_int(&tail, (int64_t)limit);
    redis_put_int(&tail, lease_ms);
    redis_put_int(&tail, POP_MAX_BYTES);
    prepare(call, on_popped);
    run(redis, &call->call, &TIMER_INDEX_POP, &tail, 3);
}

/* ---- offset ---- */

static bool read_number(const struct redis_value *value, int64_t *ret_number)
{
    uint64_t number;

    if (value->type != REDIS_TEXT || !slice_to_u64(value->text, (uint64_t)NUMBER_MAX, &number))
        return false;
    *ret_number = number == (uint64_t)NUMBER_MAX ? INT64_MAX : (int64_t)number;
    return true;
}

/* Where nothing was applied, only the grace tells a shard that never had a timer from one whose
 * rebuild had just begun. */
static bool read_offsets(const struct redis_value *value, int64_t *ret_offset,
                         int64_t *ret_grace_below)
{
    if (value->count != 2)
        return false;
    bool has_grace = read_number(&value->items[1], ret_grace_below);
    return read_number(&value->items[0], ret_offset) ||
           (has_grace && value->items[0].type == REDIS_TEXT);
}

static void on_offset(void *owner, struct redis_call *redis_call, const struct redis_value *value)
{
    struct timer_index_call *call = owner;
    enum timer_index_result result = result_of(value, REDIS_ARRAY);
    int64_t offset = -1, grace_below = 0;

    (void)redis_call;
    if (result == TIMER_INDEX_OK && !read_offsets(value, &offset, &grace_below))
        result = TIMER_INDEX_MISSING;
    call->on_offset(call->owner, result, offset, grace_below);
}

void timer_index_offset(struct redis *redis, struct timer_index_call *call, int32_t shard)
{
    struct buf offset_key = {0}, grace_key = {0};

    buf_addf(&offset_key, "t:{%d}:offset", shard);
    buf_addf(&grace_key, "t:{%d}:grace", shard);
    struct slice args[] = {SLICE("MGET"), buf_slice(&offset_key), buf_slice(&grace_key)};
    prepare(call, on_offset);
    redis_command(redis, &call->call, args, 3);
    buf_free(&offset_key);
    buf_free(&grace_key);
}

/* ---- check ---- */

static void on_checked(void *owner, struct redis_call *redis_call, const struct redis_value *value)
{
    struct timer_index_check *check = owner;
    enum timer_index_state state = TIMER_INDEX_UNKNOWN;

    (void)redis_call;
    if (value->type == REDIS_TEXT && slice_eq(value->text, SLICE("stale")))
        state = TIMER_INDEX_STALE;
    else if (value->type == REDIS_TEXT && slice_eq(value->text, SLICE("current")))
        state = TIMER_INDEX_CURRENT;
    check->on_checked(check->owner, check, state);
}

void timer_index_check(struct redis *redis, struct timer_index_check *check, int32_t shard,
                       struct slice parcel_id, int64_t fence)
{
    struct buf tail = {0};

    check->fence = fence;
    check->call.on_reply = on_checked;
    check->call.owner = check;
    put_keys(&tail, shard);
    redis_put_arg(&tail, parcel_id);
    redis_put_int(&tail, fence);
    run(redis, &check->call, &TIMER_INDEX_CHECK, &tail, 2);
}
