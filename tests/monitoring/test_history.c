/* SPDX-License-Identifier: Apache-2.0
 * One mail's events out of the event topic: repeats, reports, and others that only mention it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ctl/history.h"

#define STORED_MS ((int64_t)1700000000000)

static void tell(struct history *history, const char *id, const char *mail_id, const char *more)
{
    struct buf value = {0};

    buf_addf(&value,
             "{\"id\":\"%s\",\"type\":\"hikyaku.mail.bounced\",\"time\":\"%s\","
             "\"data\":{\"mail_id\":\"%s\",%s\"recipients\":[{\"index\":0}]}}",
             id, id, mail_id, more);
    const struct bus_delivery delivery = {.stored_at_ms = STORED_MS, .value = buf_slice(&value)};
    history_on_record(history, &delivery);
    buf_free(&value);
}

static void test_each_event_is_told_once_in_order_of_time(void **state)
{
    struct history history;

    (void)state;
    history_init(&history, "m");
    tell(&history, "2", "m", "");
    tell(&history, "1", "m", "");
    tell(&history, "2", "m", ""); /* at least once */
    history_sort(&history);
    assert_int_equal(history.count, 2);
    assert_string_equal(history.events[0].id, "1");
    assert_string_equal(history.events[1].id, "2");
    assert_int_equal(history.records, 3);
    history_clear(&history);
}

static void test_delays_are_read_as_far_as_they_can_be_true(void **state)
{
    struct history history;
    struct delays delays;

    (void)state;
    history_init(&history, "m");
    tell(&history, "1", "m",
         "\"delays\":{\"queue\":0,\"dns\":-1,\"connect\":4294967296,\"tls\":\"5\",\"transmit\":80}"
         ",");
    tell(&history, "2", "m", "\"delays\":7,");
    tell(&history, "3", "m", "");
    delays = event_read_delays(history.events[0].delays);
    assert_true(delays.has[DELAY_QUEUE] && delays.has[DELAY_TRANSMIT]);
    assert_false(delays.has[DELAY_DNS] || delays.has[DELAY_CONNECT] || delays.has[DELAY_TLS]);
    assert_int_equal(delays_total_ms(&delays), 80);
    for (size_t i = 1; i < 3; i++) {
        delays = event_read_delays(history.events[i].delays);
        assert_false(delays_has_any(&delays));
    }
    history_clear(&history);
}

static void test_report_is_linked_to_the_mail_it_is_about(void **state)
{
    struct history history;

    (void)state;
    history_init(&history, "r");
    tell(&history, "1", "m", "\"report_id\":\"r\",");
    tell(&history, "2", "m", "\"report_id\":\"other\",");
    tell(&history, "3", "r", "");
    assert_int_equal(history.count, 2);
    assert_string_equal(history.events[0].mail_id, "m");
    assert_string_equal(history.events[1].mail_id, "r");
    history_clear(&history);
}

/* Hosts choose their replies; and the topic may hold anything. */
static void test_mention_is_no_event_of_it(void **state)
{
    struct history history;
    const struct bus_delivery junk = {.stored_at_ms = STORED_MS + 1, .value = SLICE("m m m")};
    const struct bus_delivery nothing = {.stored_at_ms = STORED_MS - 1};

    (void)state;
    history_init(&history, "m");
    tell(&history, "1", "other", "\"reason\":\"m\",");
    history_on_record(&history, &junk);
    history_on_record(&history, &nothing);
    assert_int_equal(history.count, 0);
    assert_int_equal(history.oldest_ms, STORED_MS - 1);
    assert_int_equal(history.newest_ms, STORED_MS + 1);
    history_clear(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_event_is_told_once_in_order_of_time),
        cmocka_unit_test(test_delays_are_read_as_far_as_they_can_be_true),
        cmocka_unit_test(test_report_is_linked_to_the_mail_it_is_about),
        cmocka_unit_test(test_mention_is_no_event_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
