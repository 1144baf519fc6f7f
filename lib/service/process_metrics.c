/* SPDX-License-Identifier: Apache-2.0
 * From getrusage and /proc/self, looked at when somebody asks. */
#include "service/process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define US_PER_S 1000000

static void set(struct metrics *metrics, enum metric metric, int64_t value)
{
    metrics_set(metrics, metric, METRIC_NO_LABELS, value);
}

/* /proc/self/statm: total, resident, ..., in pages. */
static void measure_memory(struct metrics *metrics)
{
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128];
    uint64_t pages;

    if (fd < 0)
        return;
    ssize_t got = read(fd, text, sizeof text);
    (void)close(fd);
    if (got <= 0)
        return;
    struct slice rest = slice_of(text, (size_t)got);
    (void)slice_cut(&rest, ' ');
    if (slice_to_u64(slice_cut(&rest, ' '), INT64_MAX >> 20, &pages))
        set(metrics, METRIC_PROCESS_MEMORY, (int64_t)pages * sysconf(_SC_PAGESIZE));
}

static void measure_descriptors(struct metrics *metrics)
{
    DIR *folder = opendir("/proc/self/fd");
    struct rlimit limit;
    int64_t count = -3; /* ".", "..", and the folder itself */

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        set(metrics, METRIC_PROCESS_FDS_MAX, (int64_t)(limit.rlim_cur & INT64_MAX));
    if (!folder)
        return;
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    set(metrics, METRIC_PROCESS_FDS, count);
}

void process_metrics_measure(struct metrics *metrics)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        set(metrics, METRIC_PROCESS_CPU,
            (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_S + usage.ru_utime.tv_usec +
                usage.ru_stime.tv_usec);
    measure_memory(metrics);
    measure_descriptors(metrics);
}
