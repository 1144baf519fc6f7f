/* SPDX-License-Identifier: Apache-2.0
 * The records of one partition that were delivered and may finish in any order. Everything below
 * the watermark (the lowest unfinished offset) is finished for ever: that is what gets committed.
 * Pure; bounded by the width it was made with. Offsets may have gaps (compaction): only records
 * that were taken count. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watermark;

/* width: records that may be in hand at once, at least 1. */
struct watermark *watermark_new(size_t width);
/* NULL accepted, NULL set. */
void watermark_free(struct watermark **watermark);
/* Forgets everything; next_offset is what would be taken next. */
void watermark_reset(struct watermark *watermark, int64_t next_offset);
/* Records in hand: from the lowest unfinished one to the newest, finished ones in between too. */
size_t watermark_count(const struct watermark *watermark);
bool watermark_is_full(const struct watermark *watermark);
/* A record was delivered: not full, and offset >= watermark_next. stored_at_ms: the log's clock. */
void watermark_take(struct watermark *watermark, int64_t offset, int64_t stored_at_ms);
/* False when that offset is not in hand, or was finished before: nothing changes. */
bool watermark_finish(struct watermark *watermark, int64_t offset);
/* The lowest unfinished offset; watermark_next when all are finished. */
int64_t watermark_lowest(const struct watermark *watermark);
/* When the lowest unfinished record was stored; 0: none is in hand. */
int64_t watermark_lowest_at_ms(const struct watermark *watermark);
/* One past the newest offset that was taken. */
int64_t watermark_next(const struct watermark *watermark);
