/* SPDX-License-Identifier: Apache-2.0
 * The bouncer role on the fake log, with the process round it left out. */
#pragma once

#include "bouncer/bouncer.h"
#include "fakes/service_fake.h"
#include "proto/record.h"

#define DEADLINE_MS 20000

struct fixture {
    struct loop *loop;
    struct bus_hub *hub;
    struct bus *bus; /* of the test: what the sender would publish */
    struct conf *conf;
    struct service_env env;
    void *role;
    struct arena *arena;
    struct bus_ticket ticket;
    struct bus_ack ack;
    bool is_acked;
};

/* Set-up and tear-down of a test. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
/* The same with envelope_from.forward_bounces, and bounces of own.test received here; and a second
 * configuration, "plain", with the simple format and without forwarding. */
int fixture_set_up_forwarding(void **state);

/* The offset it got. */
int64_t fixture_publish(struct fixture *f, const struct bus_record *record);
void fixture_publish_failure(struct fixture *f, const struct record_failure *failure);
/* A body as the ingress leaves it in a work record; the reference to it goes into the failure. */
void fixture_store_original(struct fixture *f, struct record_failure *failure, struct slice lines);
/* Turns the loop until that many records of the partition are finished. */
void fixture_run_until_finished(struct fixture *f, int64_t count);
/* The index-th report on the log, decoded. */
struct record_work fixture_report_at(struct fixture *f, size_t index);
size_t fixture_report_count(struct fixture *f);
/* Events on the log whose text has this in it: SLICE("\"type\":\"hikyaku.mail.bounced\""). */
size_t fixture_event_count(struct fixture *f, struct slice type);
bool fixture_has(struct slice text, const char *needle);
/* What /metrics would show has this text in it. */
bool fixture_has_metric(struct fixture *f, const char *line);
