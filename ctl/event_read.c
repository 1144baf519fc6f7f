/* SPDX-License-Identifier: Apache-2.0
 * CloudEvents JSON back into what trace and audit ask for. */
#include "ctl/event_read.h"

#include <string.h>
#include <time.h>

#define TYPE_PREFIX  "hikyaku.mail."
#define DELAY_MAX_MS UINT32_MAX /* 49 days: no attempt takes longer */

const char *event_read_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

int64_t event_read_time(const char *text)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    uint64_t ms = 0;

    if (!rest || rest[0] != '.' || strlen(rest) != 5 ||
        !slice_to_u64(slice_of(rest + 1, 3), 999, &ms))
        return 0;
    return (int64_t)timegm(&utc) * 1000 + (int64_t)ms;
}

struct delays event_read_delays(const json_t *object)
{
    struct delays delays = {0};

    for (enum delay delay = 0; delay < DELAYS; delay++) {
        const json_t *ms = json_object_get(object, delay_name(delay));
        if (json_is_integer(ms) && json_integer_value(ms) >= 0 &&
            json_integer_value(ms) <= DELAY_MAX_MS)
            delays_add(&delays, delay, (uint64_t)json_integer_value(ms));
    }
    return delays;
}

bool event_read(struct slice value, struct event_read *ret_event)
{
    json_t *root = value.len ? json_loadb(value.at, value.len, 0, NULL) : NULL;
    json_t *data = json_object_get(root, "data");
    const char *type = event_read_text(root, "type");
    json_t *recipients = json_object_get(data, "recipients");

    if (strncmp(type, TYPE_PREFIX, strlen(TYPE_PREFIX)) != 0 || !json_is_array(recipients) ||
        !event_read_text(data, "mail_id")[0]) {
        json_decref(root);
        return false;
    }
    *ret_event = (struct event_read){
        .root = root,
        .id = event_read_text(root, "id"),
        .kind = type + strlen(TYPE_PREFIX),
        .time = event_read_text(root, "time"),
        .mail_id = event_read_text(data, "mail_id"),
        .parcel_id = event_read_text(data, "parcel_id"),
        .pod = event_read_text(data, "pod"),
        .due = event_read_text(data, "due"),
        .report_id = event_read_text(data, "report_id"),
        .attempt = json_integer_value(json_object_get(data, "attempt")),
        .created_ms = event_read_time(event_read_text(data, "created")),
        .is_report = json_is_true(json_object_get(data, "is_report")),
        .is_copy = json_is_true(json_object_get(data, "is_copy")),
        .recipients = recipients,
        .delays = json_object_get(data, "delays"),
    };
    return true;
}
