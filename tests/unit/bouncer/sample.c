/* SPDX-License-Identifier: Apache-2.0
 * See sample.h. */
#include "sample.h"

static const struct record_rcpt RCPTS[] = {
    {
        .index = 0,
        .address = {"user1@dest.example.com", 22},
        .has_last = true,
        .last = {.code = 550,
                 .enhanced = {"5.1.1", 5},
                 .text = {"<user1@dest.example.com>: User unknown", 38},
                 .stage = {"RCPT TO", 7},
                 .mx_host = {"mx1.dest.example.com", 20},
                 .mx_ip = {"192.0.2.25", 10},
                 .status = {"5.1.1", 5},
                 .error_class = 2,
                 .at_ms = SAMPLE_NOW_MS},
    },
    {
        .index = 1,
        .address = {"user2@slow.example.net", 22},
        .has_last = true,
        .last = {.code = 450,
                 .enhanced = {"4.2.0", 5},
                 .text = {"Greylisted", 10},
                 .stage = {"RCPT TO", 7},
                 .mx_host = {"mx.slow.example.net", 19},
                 .mx_ip = {"192.0.2.80", 10},
                 .status = {"4.4.7", 5},
                 .error_class = 3,
                 .at_ms = SAMPLE_NOW_MS},
    },
    {
        .index = 2,
        .address = {"user3@gone.example.com", 22},
        .has_last = true,
        .last = {.reason = {"domain gone.example.com does not exist (NXDOMAIN)", 49},
                 .status = {"5.1.2", 5},
                 .error_class = 1,
                 .at_ms = SAMPLE_NOW_MS},
    },
};

struct bouncer_settings sample_settings(void)
{
    return (struct bouncer_settings){
        .from = "",
        .reporting_mta = "mta01.relay.example",
        .returns = BOUNCE_RETURN_FULL,
        .return_limit_bytes = 50 * 1024,
        .in_flight = 4,
    };
}

static struct record_failure *failure_of(struct arena *arena, size_t rcpt_count)
{
    struct record_failure *failure = arena_alloc(arena, sizeof *failure);
    struct record_rcpt *rcpts = arena_alloc(arena, sizeof RCPTS);

    memcpy(rcpts, RCPTS, sizeof RCPTS);
    *failure = (struct record_failure){
        .action = RECORD_FAILED,
        .event_id = SLICE("4f1c2b.p.1.failed"),
        .work = {.parcel_id = SLICE("4f1c2b-p"),
                 .destination = SLICE("dest.example.com"),
                 .envelope = {.mail_id = SLICE("4f1c2b"),
                              .from = SLICE("app-42@shop.test"),
                              .original_from = SLICE("app-42@shop.test"),
                              .configuration = SLICE("default"),
                              .helo = SLICE("app.shop.test"),
                              .client_ip = SLICE("192.0.2.7"),
                              .queued_at_ms = SAMPLE_NOW_MS - 4000,
                              .message_id = SLICE("<order-1@shop.test>"),
                              .received_mode = SLICE("abbreviated")},
                 .rcpts = rcpts,
                 .rcpt_count = rcpt_count,
                 .attempt = 1},
    };
    return failure;
}

struct record_failure *sample_failure(struct arena *arena)
{
    return failure_of(arena, 1);
}

struct record_failure *sample_failure_of_three(struct arena *arena)
{
    return failure_of(arena, 3);
}

const struct record_rcpt **sample_all(struct arena *arena, const struct record_failure *failure)
{
    size_t count = failure->work.rcpt_count;
    const struct record_rcpt **all = arena_alloc(arena, count * sizeof *all);

    for (size_t i = 0; i < count; i++)
        all[i] = &failure->work.rcpts[i];
    return all;
}

struct content sample_headers(void)
{
    struct slice original = SLICE(SAMPLE_ORIGINAL);

    return (struct content){
        CONTENT_HEADERS, slice_sub(original, 0, slice_find_slice(original, SLICE("\r\n\r\n")) + 2)};
}

void sample_report(struct buf *out, struct arena *arena, const struct report *own)
{
    const struct bouncer_settings settings = sample_settings();
    struct report report = *own;

    report.id = SAMPLE_REPORT_ID;
    report.rcpts = sample_all(arena, own->failure);
    report.rcpt_count = own->failure->work.rcpt_count;
    report.now_ms = SAMPLE_NOW_MS;
    report.zone_minutes = SAMPLE_ZONE;
    buf_clear(out);
    report_build(out, &report, &settings);
}
