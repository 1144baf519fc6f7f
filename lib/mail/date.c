/* SPDX-License-Identifier: Apache-2.0
 * The RFC 5322 3.3 date-time, in English whatever the locale. */
#include "mail/date.h"

#include <time.h>

static const char DAYS[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char MONTHS[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Rounds down, before 1970 as well. */
static time_t seconds_of(int64_t wall_ms)
{
    return (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
}

void date_add(struct buf *out, int64_t wall_ms, int zone_minutes)
{
    time_t shifted = seconds_of(wall_ms) + (time_t)zone_minutes * 60;
    int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
    struct tm t;

    (void)gmtime_r(&shifted, &t);
    buf_addf(out, "%s, %d %s %04d %02d:%02d:%02d %c%02d%02d", DAYS[t.tm_wday], t.tm_mday,
             MONTHS[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec,
             zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
}

int date_local_zone(int64_t wall_ms)
{
    time_t at = seconds_of(wall_ms);
    struct tm t;

    (void)localtime_r(&at, &t);
    return (int)(t.tm_gmtoff / 60);
}
