/* SPDX-License-Identifier: Apache-2.0
 * The budget, the reads, the checks. */
#include "sender/body.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/xalloc.h"

struct bodies {
    struct loop *loop;
    struct bus *bus;
    struct bodies_settings settings;
    uint64_t used_bytes;
    struct list waiting; /* BODY_WAITING, oldest first */
    struct list again;   /* BODY_AGAIN: the log could not be read just now */
    struct loop_later start;
};

static struct body_read *read_of(struct list_node *node)
{
    return LIST_OWNER(node, struct body_read, node);
}

struct bodies *bodies_new(struct loop *loop, struct bus *bus,
                          const struct bodies_settings *settings)
{
    struct bodies *bodies = xalloc(sizeof *bodies);

    bodies->loop = loop;
    bodies->bus = bus;
    bodies->settings = *settings;
    list_init(&bodies->waiting);
    list_init(&bodies->again);
    return bodies;
}

void bodies_free(struct bodies **bodies)
{
    if (!*bodies)
        return;
    loop_later_cancel((*bodies)->loop, &(*bodies)->start);
    xfree(*bodies);
    *bodies = NULL;
}

static void add_inline(struct body_read *read, struct slice value)
{
    struct arena *arena = arena_new(4096);
    struct record_work work;
    struct err err;

    if (record_get_work(arena, value, &work, &err) < 0 || work.has_body_ref)
        read->fault = "the record referred to carries no body";
    else if (work.body.len != read->ref.length)
        read->fault = "the body has another length than its reference";
    else
        buf_add(&read->bytes, work.body);
    arena_free(&arena);
}

static void add_chunk(struct body_read *read, struct slice value)
{
    struct arena *arena = arena_new(256);
    struct record_chunk chunk;
    struct err err;

    if (record_get_chunk(arena, value, &chunk, &err) < 0) {
        read->fault = "a chunk of the body cannot be understood";
    } else if (chunk.sequence > read->next_sequence ||
               chunk.bytes.len > read->ref.length - read->bytes.len) {
        read->fault = "the chunks of the body do not follow each other";
    } else if (chunk.sequence == read->next_sequence) { /* a lower one is a repeat */
        read->next_sequence++;
        buf_add(&read->bytes, chunk.bytes);
    }
    arena_free(&arena);
}

static void on_piece(void *owner, struct bus_fetch *fetch, const struct bus_delivery *piece)
{
    struct body_read *read = owner;

    (void)fetch;
    if (read->fault)
        return;
    if (read->ref.topic == RECORD_BODY_INLINE_OF_WORK)
        add_inline(read, piece->value);
    else
        add_chunk(read, piece->value);
}

static const char *fault_of(struct body_read *read)
{
    if (read->fault)
        return read->fault;
    if (read->bytes.len != read->ref.length)
        return "the body has another length than its reference";
    if (hash_crc32c(0, buf_slice(&read->bytes)) != read->ref.crc32c)
        return "the body's checksum is wrong";
    return NULL;
}

static void on_fetched(void *owner, struct bus_fetch *fetch, bool found, bool is_gone)
{
    struct body_read *read = owner;
    const char *fault = fault_of(read);

    (void)fetch;
    if (!found && !is_gone) {
        read->stage = BODY_AGAIN;
        list_push(&read->bodies->again, &read->node);
        return;
    }
    read->stage = BODY_HELD;
    if (!found)
        read->on_body(read->owner, BODY_GONE, "the body is gone from the log");
    else if (fault)
        read->on_body(read->owner, BODY_GONE, fault);
    else
        read->on_body(read->owner, BODY_OK, "");
}

static void begin(struct body_read *read, struct slice key)
{
    const struct record_body *ref = &read->ref;

    read->stage = BODY_READING;
    read->fault = NULL;
    read->next_sequence = 0;
    buf_clear(&read->bytes);
    buf_reserve(&read->bytes, ref->length);
    read->fetch = (struct bus_fetch){
        .ref = {.topic = ref->topic == RECORD_BODY_INLINE_OF_WORK ? BUS_WORK : BUS_BODY,
                .partition = ref->partition,
                .first_offset = ref->first_offset,
                .last_offset = ref->last_offset,
                .key = key},
        .on_piece = on_piece,
        .on_fetched = on_fetched,
        .owner = read};
    bus_fetch(read->bodies->bus, &read->fetch);
}

static bool has_room(const struct bodies *bodies, uint64_t bytes)
{
    return bodies->used_bytes == 0 || /* one that is larger than all of it goes alone */
           bodies->used_bytes + bytes <= bodies->settings.budget_bytes;
}

static void start_waiting(void *owner)
{
    struct bodies *bodies = owner;
    struct list_node *node;

    while ((node = list_first(&bodies->waiting))) {
        struct body_read *read = read_of(node);
        if (read->ref.length > BODY_MAX_BYTES) {
            list_remove(&bodies->waiting, node);
            read->stage = BODY_UNUSED;
            read->on_body(read->owner, BODY_GONE, "the reference to the body is not credible");
            continue;
        }
        if (!has_room(bodies, read->ref.length))
            return;
        list_remove(&bodies->waiting, node);
        bodies->used_bytes += read->ref.length;
        begin(read, read->fetch.ref.key);
    }
}

static bool is_late(const struct body_read *read)
{
    const struct bodies *bodies = read->bodies;

    return loop_now_ms(bodies->loop) - read->since_ms >= bodies->settings.wait_ms;
}

void bodies_tick(struct bodies *bodies)
{
    struct list_node *node;

    for (size_t left = bodies->again.count; left > 0; left--) {
        struct body_read *read = read_of(list_shift(&bodies->again));
        if (is_late(read)) {
            read->stage = BODY_HELD;
            read->on_body(read->owner, BODY_UNREADABLE, "the log cannot be read");
        } else {
            begin(read, read->fetch.ref.key);
        }
    }
    while ((node = list_first(&bodies->waiting)) && is_late(read_of(node))) {
        struct body_read *read = read_of(node);
        list_remove(&bodies->waiting, node);
        read->stage = BODY_UNUSED;
        read->on_body(read->owner, BODY_NO_ROOM, "no memory for the body");
    }
}

void body_get(struct bodies *bodies, struct body_read *read, const struct record_body *ref,
              struct slice mail_id)
{
    ASSERT(read->stage == BODY_UNUSED);
    read->bodies = bodies;
    read->ref = *ref;
    read->fetch.ref.key = ref->topic == RECORD_BODY_CHUNKS ? mail_id : SLICE_NONE;
    read->since_ms = loop_now_ms(bodies->loop);
    read->stage = BODY_WAITING;
    list_push(&bodies->waiting, &read->node);
    loop_later(bodies->loop, &bodies->start, start_waiting, bodies);
}

void body_put(struct body_read *read)
{
    struct bodies *bodies = read->bodies;

    if (read->stage == BODY_UNUSED)
        return;
    if (read->stage == BODY_WAITING)
        list_remove(&bodies->waiting, &read->node);
    else
        bodies->used_bytes -= read->ref.length;
    if (read->stage == BODY_READING)
        bus_fetch_cancel(bodies->bus, &read->fetch);
    if (read->stage == BODY_AGAIN)
        list_remove(&bodies->again, &read->node);
    buf_free(&read->bytes);
    read->stage = BODY_UNUSED;
    if (bodies->waiting.count)
        loop_later(bodies->loop, &bodies->start, start_waiting, bodies);
}
