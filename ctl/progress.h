/* SPDX-License-Identifier: Apache-2.0
 * Patience with a log that is read to its end: as long as records come, and half a minute more;
 * none with one that is not there. */
#pragma once

#include "base/err.h"
#include "net/clock.h"

#define PROGRESS_READ_MS   500 /* of one wait */
#define PROGRESS_SILENT_MS 30000

struct progress { /* zero-initialised */
    uint64_t records, since_ms;
};

/* records: read so far; result and *err: of the scan_read just made. -1: given up, *err says why.
 */
MUST_CHECK static inline int progress_note(struct progress *progress, uint64_t records, int result,
                                           struct err *err)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (progress->since_ms == 0 || records > progress->records)
        *progress = (struct progress){.records = records, .since_ms = now_ms};
    if (result && err->kind == ERR_INVALID)
        return -1;
    if (now_ms - progress->since_ms < PROGRESS_SILENT_MS)
        return 0;
    return result ? -1 : err_set(err, ERR_RETRY, "the log does not answer");
}
