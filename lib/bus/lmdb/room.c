/* SPDX-License-Identifier: Apache-2.0
 * Measuring the map (pages used, less those on LMDB's free list) and the disk. */
#include "bus/lmdb/room.h"

#include <sys/statvfs.h>

#include "net/clock.h"

#define MEASURE_INTERVAL_MS 1000
#define RESERVE_MIN_BYTES   ((int64_t)4 * 1024 * 1024)
#define RESERVE_SHARE       64
#define FREE_LIST           0 /* LMDB's own database of freed pages: page numbers, count first */

int64_t room_reserve_bytes(int64_t map_bytes)
{
    int64_t share = map_bytes / RESERVE_SHARE;

    return share > RESERVE_MIN_BYTES ? share : RESERVE_MIN_BYTES;
}

static int64_t count_free_pages(MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key, data;
    int64_t count = 0;

    if (mdb_cursor_open(txn, FREE_LIST, &cursor) != 0)
        return 0;
    while (mdb_cursor_get(cursor, &key, &data, MDB_NEXT) == 0) {
        size_t pages;
        memcpy(&pages, data.mv_data, sizeof pages);
        count += (int64_t)pages;
    }
    mdb_cursor_close(cursor);
    return count;
}

/* Free pages inside the file count as room of the disk, too: they are written without growing it.
 */
static bool is_disk_full(const struct store *store, int64_t free_bytes, int64_t full_percent)
{
    struct statvfs disk;

    if (statvfs(store->directory, &disk) != 0 || disk.f_blocks == 0)
        return false;
    double unit = (double)disk.f_frsize;
    double total = (double)(disk.f_blocks - disk.f_bfree + disk.f_bavail) * unit;
    double room = (double)disk.f_bavail * unit + (double)free_bytes;
    return room < total * (double)(100 - full_percent) / 100.0;
}

void room_measure(struct room *room, struct store *store)
{
    MDB_txn *txn;
    MDB_envinfo info;
    MDB_stat stat;

    room->measured_at_ms = clock_monotonic_ms();
    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0)
        return;
    int64_t free_pages = count_free_pages(txn);
    (void)mdb_env_info(store->env, &info);
    (void)mdb_env_stat(store->env, &stat);
    mdb_txn_abort(txn);
    int64_t page_bytes = (int64_t)stat.ms_psize;
    int64_t used = ((int64_t)info.me_last_pgno + 1 - free_pages) * page_bytes;
    room->left_bytes = room->map_bytes - used;
    atomic_store(&room->used_bytes, used);
    atomic_store(&room->is_full,
                 used >= room->map_bytes / 100 * room->full_percent ||
                     is_disk_full(store, free_pages * page_bytes, room->full_percent));
}

void room_refresh(struct room *room, struct store *store)
{
    if (clock_monotonic_ms() - room->measured_at_ms >= MEASURE_INTERVAL_MS)
        room_measure(room, store);
}

bool room_take(struct room *room, struct store *store, size_t batch_bytes)
{
    int64_t needed = (int64_t)batch_bytes;

    if (room->left_bytes < needed)
        room_measure(room, store);
    if (room->left_bytes < needed) {
        atomic_store(&room->is_full, true);
        return false;
    }
    room->left_bytes -= needed;
    return true;
}

void room_exhausted(struct room *room)
{
    room->left_bytes = 0;
    atomic_store(&room->is_full, true);
}
