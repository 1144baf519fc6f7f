/* SPDX-License-Identifier: Apache-2.0
 * Owns the only use of hiredis: its resumable reader of RESP2, told to build our own values in an
 * arena that is emptied with each reply. Depth is bounded by the reader (7), sizes here. */
#include "redis/reply.h"

#include <hiredis/read.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/xalloc.h"

struct redis_reply_reader {
    redisReader *hiredis;
    redisReplyObjectFunctions functions; /* hiredis wants a pointer that is not const */
    struct arena *arena; /* the reply under construction, or the one last returned */
    size_t elements;     /* of it */
    bool is_returned;
};

/* Where the value of a task belongs: its place in the array around it, or the root. */
static struct redis_value *value_at(const redisReadTask *task)
{
    struct redis_reply_reader *reader = task->privdata;

    if (!task->parent)
        return arena_alloc(reader->arena, sizeof(struct redis_value));
    struct redis_value *parent = task->parent->obj;
    ASSERT(task->idx >= 0 && (size_t)task->idx < parent->count);
    return &parent->items[task->idx];
}

static void *on_string(const redisReadTask *task, char *at, size_t len)
{
    struct redis_reply_reader *reader = task->privdata;
    struct redis_value *value = value_at(task);

    value->type = task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT;
    value->text = arena_copy(reader->arena, slice_of(at, len));
    return value;
}

static void *on_array(const redisReadTask *task, int elements)
{
    struct redis_reply_reader *reader = task->privdata;

    if (elements < 0 || (size_t)elements > REDIS_REPLY_MAX_ELEMENTS - reader->elements)
        return NULL;
    struct redis_value *value = value_at(task);
    value->type = REDIS_ARRAY;
    value->count = (size_t)elements;
    value->items = arena_alloc(reader->arena, value->count * sizeof *value->items);
    reader->elements += value->count;
    return value;
}

static void *on_integer(const redisReadTask *task, long long number)
{
    struct redis_value *value = value_at(task);

    value->type = REDIS_INT;
    value->number = number;
    return value;
}

static void *on_nil(const redisReadTask *task)
{
    struct redis_value *value = value_at(task);

    value->type = REDIS_NIL;
    return value;
}

static void on_free(void *value)
{
    (void)value; /* the arena's */
}

struct redis_reply_reader *redis_reply_reader_new(void)
{
    struct redis_reply_reader *reader = xalloc(sizeof *reader);

    reader->arena = arena_new(4096);
    reader->functions = (redisReplyObjectFunctions){
        .createString = on_string,
        .createArray = on_array,
        .createInteger = on_integer,
        .createNil = on_nil,
        .freeObject = on_free,
    };
    reader->hiredis = redisReaderCreateWithFunctions(&reader->functions);
    ASSERT(reader->hiredis != NULL);
    reader->hiredis->privdata = reader;
    return reader;
}

void redis_reply_reader_free(struct redis_reply_reader **reader)
{
    if (!*reader)
        return;
    redisReaderFree((*reader)->hiredis);
    arena_free(&(*reader)->arena);
    xfree(*reader);
    *reader = NULL;
}

int redis_reply_feed(struct redis_reply_reader *reader, struct slice bytes, struct err *err)
{
    redisReader *hiredis = reader->hiredis;

    if (hiredis->len - hiredis->pos + bytes.len > REDIS_REPLY_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "a reply of Redis is longer than %zu bytes",
                       REDIS_REPLY_MAX_BYTES);
    if (redisReaderFeed(hiredis, bytes.at, bytes.len) != REDIS_OK)
        return err_set(err, ERR_INVALID, "reading from Redis: %s", hiredis->errstr);
    return 0;
}

int redis_reply_next(struct redis_reply_reader *reader, const struct redis_value **ret_value,
                     struct err *err)
{
    void *reply = NULL;

    if (reader->is_returned) {
        arena_reset(reader->arena);
        reader->elements = 0;
        reader->is_returned = false;
    }
    if (redisReaderGetReply(reader->hiredis, &reply) != REDIS_OK)
        return err_set(err, ERR_INVALID, "reading from Redis: %s", reader->hiredis->errstr);
    if (arena_bytes(reader->arena) > REDIS_REPLY_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "a reply of Redis is longer than %zu bytes",
                       REDIS_REPLY_MAX_BYTES);
    reader->is_returned = reply != NULL;
    *ret_value = reply;
    return 0;
}
