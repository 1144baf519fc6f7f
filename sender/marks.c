/* SPDX-License-Identifier: Apache-2.0
 * Writing, trimming and reading w:{p}. */
#include "sender/marks.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/xalloc.h"

#define PENDING_MAX    64
#define TABLE_MAX      ((size_t)100000)
#define OFFSET_MAX     ((uint64_t)1 << 53) /* scores are doubles */
#define BITS_PER_DIGIT 4

struct pending_mark {
    int32_t partition;
    struct slice score, member;
};

struct marks {
    struct loop *loop;
    struct redis *redis;
    struct arena *arena; /* of the pending texts */
    struct pending_mark pending[PENDING_MAX];
    size_t count;
    struct loop_later flush;
};

struct mark_entry {
    int64_t offset;
    enum mark mark;
    uint32_t parcel; /* checksum of its id */
    struct slice bits;
};

struct marks *marks_new(struct loop *loop, struct redis *redis)
{
    struct marks *marks = xalloc(sizeof *marks);

    marks->loop = loop;
    marks->redis = redis;
    marks->arena = arena_new(8192);
    return marks;
}

void marks_free(struct marks **marks)
{
    if (!*marks)
        return;
    loop_later_cancel((*marks)->loop, &(*marks)->flush);
    arena_free(&(*marks)->arena);
    xfree(*marks);
    *marks = NULL;
}

static struct slice key_of(struct marks *marks, int32_t partition)
{
    return arena_printf(marks->arena, "w:{%d}", partition);
}

/* All pending marks of the partition of the first one, in one ZADD; the others move up. */
static void flush_partition(struct marks *marks)
{
    struct slice args[2 + 2 * PENDING_MAX];
    int32_t partition = marks->pending[0].partition;
    size_t count = 2, left = 0;

    args[0] = SLICE("ZADD");
    args[1] = key_of(marks, partition);
    for (size_t i = 0; i < marks->count; i++) {
        struct pending_mark *mark = &marks->pending[i];
        if (mark->partition != partition) {
            marks->pending[left++] = *mark;
            continue;
        }
        args[count++] = mark->score;
        args[count++] = mark->member;
    }
    marks->count = left;
    redis_tell(marks->redis, args, count);
}

static void flush(void *owner)
{
    struct marks *marks = owner;

    while (marks->count)
        flush_partition(marks);
    arena_reset(marks->arena);
}

void marks_put(struct marks *marks, int32_t partition, const struct mark_place *place,
               enum mark mark, struct slice bits)
{
    static const char LETTERS[] = {
        [MARK_NONE] = '-', [MARK_PARTIAL] = 'P', [MARK_SENT] = 'S', [MARK_FINISHED] = 'F'};
    struct pending_mark *pending;

    if (!redis_is_up(marks->redis))
        return;
    if (marks->count == PENDING_MAX)
        flush(marks);
    pending = &marks->pending[marks->count++];
    pending->partition = partition;
    pending->score = arena_printf(marks->arena, "%lld", (long long)place->offset);
    pending->member = arena_printf(marks->arena, "%lld:%c:%u%s%.*s", (long long)place->offset,
                                   LETTERS[mark], (unsigned)hash_crc32c(0, place->parcel_id),
                                   mark == MARK_PARTIAL ? ":" : "", SLICE_ARGS(bits));
    loop_later(marks->loop, &marks->flush, flush, marks);
}

void marks_trim(struct marks *marks, int32_t partition, int64_t next_offset)
{
    struct slice args[4];

    flush(marks); /* a mark of what is trimmed must not come behind */
    args[0] = SLICE("ZREMRANGEBYSCORE");
    args[1] = key_of(marks, partition);
    args[2] = SLICE("-inf");
    args[3] = arena_printf(marks->arena, "(%lld", (long long)next_offset);
    redis_tell(marks->redis, args, 4);
    loop_later(marks->loop, &marks->flush, flush, marks);
}

/* "<offset>:S|F|P:<parcel>[:<hex>]"; what does not look like one is ignored. */
static bool parse_member(struct slice member, struct mark_entry *ret_entry)
{
    struct slice offset = slice_cut(&member, ':');
    struct slice letter = slice_cut(&member, ':');
    struct slice parcel = slice_cut(&member, ':');
    uint64_t number, checksum;

    if (!slice_to_u64(offset, OFFSET_MAX, &number) || letter.len != 1 ||
        !slice_to_u64(parcel, UINT32_MAX, &checksum))
        return false;
    ret_entry->offset = (int64_t)number;
    ret_entry->parcel = (uint32_t)checksum;
    ret_entry->bits = member;
    ret_entry->mark = letter.at[0] == 'S'   ? MARK_SENT
                      : letter.at[0] == 'F' ? MARK_FINISHED
                      : letter.at[0] == 'P' ? MARK_PARTIAL
                                            : MARK_NONE;
    return ret_entry->mark != MARK_NONE;
}

static void fill_table(struct mark_table *table, const struct redis_value *value)
{
    size_t most = value->count < TABLE_MAX ? value->count : TABLE_MAX;

    table->arena = arena_new(4096);
    table->entries = arena_alloc(table->arena, (most + 1) * sizeof *table->entries);
    for (size_t i = 0; i < most; i++) {
        struct mark_entry entry;
        if (value->items[i].type != REDIS_TEXT || !parse_member(value->items[i].text, &entry))
            continue;
        if (table->count && entry.offset < table->entries[table->count - 1].offset)
            continue;
        entry.bits = arena_copy(table->arena, entry.bits);
        table->entries[table->count++] = entry;
    }
}

void mark_table_clear(struct mark_table *table)
{
    arena_free(&table->arena);
    *table = (struct mark_table){0};
}

static void on_loaded(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct marks_load *load = owner;

    (void)call;
    mark_table_clear(load->table);
    if (value->type == REDIS_ARRAY)
        fill_table(load->table, value);
    load->on_loaded(load->owner, value->type != REDIS_DOWN);
}

void marks_load(struct marks *marks, int32_t partition, struct marks_load *load)
{
    struct slice args[4];

    flush(marks);
    args[0] = SLICE("ZRANGE");
    args[1] = key_of(marks, partition);
    args[2] = SLICE("0");
    args[3] = SLICE("-1");
    load->call = (struct redis_call){.on_reply = on_loaded, .owner = load};
    redis_command(marks->redis, &load->call, args, 4);
    loop_later(marks->loop, &marks->flush, flush, marks);
}

struct slice mark_bits_put(struct arena *arena, const bool *is_set, size_t count)
{
    static const char DIGITS[] = "0123456789abcdef";
    size_t digits = (count + BITS_PER_DIGIT - 1) / BITS_PER_DIGIT;
    char *hex = arena_alloc(arena, digits + 1);

    for (size_t digit = 0; digit < digits; digit++) {
        unsigned value = 0;
        for (size_t bit = 0; bit < BITS_PER_DIGIT; bit++) {
            size_t i = digit * BITS_PER_DIGIT + bit;
            if (i < count && is_set[i])
                value |= 1u << bit;
        }
        hex[digit] = DIGITS[value];
    }
    return slice_of(hex, digits);
}

bool mark_bits_has(struct slice hex, size_t i)
{
    size_t digit = i / BITS_PER_DIGIT;
    char c = digit < hex.len ? hex.at[digit] : '0';
    unsigned value = 0;

    if (c >= '0' && c <= '9')
        value = (unsigned)(c - '0');
    else if (c >= 'a' && c <= 'f')
        value = (unsigned)(c - 'a') + 10;
    return value >> (i % BITS_PER_DIGIT) & 1u;
}

static bool is_about(const struct mark_entry *entry, const struct mark_place *place)
{
    return entry->offset == place->offset && entry->parcel == hash_crc32c(0, place->parcel_id);
}

enum mark mark_table_find(struct mark_table *table, const struct mark_place *place)
{
    enum mark found = MARK_NONE;

    while (table->cursor < table->count && table->entries[table->cursor].offset < place->offset)
        table->cursor++;
    for (size_t i = table->cursor; i < table->count && table->entries[i].offset == place->offset;
         i++)
        if (table->entries[i].mark > found && is_about(&table->entries[i], place))
            found = table->entries[i].mark;
    return found;
}

bool mark_table_has(const struct mark_table *table, const struct mark_place *place, size_t i)
{
    for (size_t at = table->cursor; at < table->count; at++) {
        const struct mark_entry *entry = &table->entries[at];
        if (entry->offset != place->offset)
            break;
        if (entry->mark == MARK_PARTIAL && is_about(entry, place) && mark_bits_has(entry->bits, i))
            return true;
    }
    return false;
}
