/* SPDX-License-Identifier: Apache-2.0
 * The log is slow, full, away or fails: 250 only for what is durable, and nothing is lost. */
#include "path/sample.h"

#define TURNS 50

static const char *const RETRY[] = {"configurations=({retry={interval=\"linear\"; a_s=1;};})",
                                    NULL};

static void begin(struct rig *rig, struct buf *content)
{
    *content = sample_content(2000);
    rig_begin(rig, RETRY);
}

static void end(struct rig *rig, struct buf *content)
{
    rig_end(rig);
    buf_free(content);
}

static void test_no_250_before_the_log_has_it(void **state)
{
    struct rig rig;
    struct buf content;

    (void)state;
    begin(&rig, &content);
    bus_fake_hold(rig.hub, true);
    rig_submit(&rig, RIG_SENDER, "ok@dest.test", buf_slice(&content));
    WAIT_FOR(rig.loop, client_waits_for_reply(&rig.client));
    for (int i = 0; i < TURNS; i++)
        loop_turn(rig.loop, 1);
    assert_true(client_waits_for_reply(&rig.client));
    bus_fake_hold(rig.hub, false);
    assert_int_equal(rig_reply(&rig), 250);
    (void)rig_arrival(&rig, "ok@dest.test");
    end(&rig, &content);
}

static void test_failed_publish_is_451_and_nothing_is_delivered(void **state)
{
    struct rig rig;
    struct buf content;

    (void)state;
    begin(&rig, &content);
    bus_fake_fail(rig.hub, BUS_WORK, 1, ERR_RETRY, false);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok-1@dest.test", buf_slice(&content)), 451);
    assert_int_equal(bus_fake_count(rig.hub, BUS_WORK), 0);
    assert_int_equal(bus_fake_count(rig.hub, BUS_EVENT), 0); /* nothing was accepted */
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok-2@dest.test", buf_slice(&content)), 250);
    (void)rig_arrival(&rig, "ok-2@dest.test");
    rig_settle(&rig);
    assert_int_equal(rig.destination.mails.count, 1);
    end(&rig, &content);
}

static void test_failed_chunk_is_451_and_nothing_is_delivered(void **state)
{
    struct rig rig;
    struct buf content = sample_content((size_t)2 * 1024 * 1024);

    (void)state;
    rig_begin(&rig, RETRY);
    bus_fake_fail(rig.hub, BUS_BODY, 1, ERR_RETRY, false);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok@dest.test", buf_slice(&content)), 451);
    rig_settle(&rig);
    assert_int_equal(bus_fake_count(rig.hub, BUS_WORK), 0);
    assert_int_equal(rig.destination.mails.count, 0);
    end(&rig, &content);
}

/* 451, although it was stored: the client's retry would be a duplicate, a loss it is not. */
static void test_lost_acknowledgement_is_451_and_delivered_once(void **state)
{
    struct rig rig;
    struct buf content;

    (void)state;
    begin(&rig, &content);
    bus_fake_fail(rig.hub, BUS_WORK, 1, ERR_RETRY, true);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok@dest.test", buf_slice(&content)), 451);
    (void)rig_arrival(&rig, "ok@dest.test");
    rig_settle(&rig);
    assert_int_equal(rig.destination.mails.count, 1);
    end(&rig, &content);
}

static void test_no_room_is_452_and_what_is_inside_goes_on(void **state)
{
    struct rig rig;
    struct buf content;

    (void)state;
    begin(&rig, &content);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "grey@dest.test", buf_slice(&content)), 250);
    bus_fake_set_room(rig.hub, false);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok-1@dest.test", buf_slice(&content)), 452);
    (void)rig_arrival(&rig, "grey@dest.test");
    bus_fake_set_room(rig.hub, true);
    bus_fake_fail(rig.hub, BUS_WORK, 1, ERR_LIMIT, false);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok-2@dest.test", buf_slice(&content)), 452);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok-3@dest.test", buf_slice(&content)), 250);
    (void)rig_arrival(&rig, "ok-3@dest.test");
    rig_settle(&rig);
    assert_int_equal(rig.destination.mails.count, 2);
    end(&rig, &content);
}

static void test_log_away_is_451_and_back_again_250(void **state)
{
    struct rig rig;
    struct buf content;

    (void)state;
    begin(&rig, &content);
    bus_fake_drop_broker(rig.hub, true);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok-1@dest.test", buf_slice(&content)), 451);
    bus_fake_drop_broker(rig.hub, false);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok-2@dest.test", buf_slice(&content)), 250);
    (void)rig_arrival(&rig, "ok-2@dest.test");
    rig_settle(&rig);
    assert_int_equal(rig.destination.mails.count, 1);
    end(&rig, &content);
}

/* Each of a step's records is published again until the log takes it; the step repeats nothing. */
static void test_outcomes_outlast_a_failing_log(void **state)
{
    struct rig rig;
    struct buf content;

    (void)state;
    begin(&rig, &content);
    bus_fake_fail(rig.hub, BUS_TIMER, 1, ERR_RETRY, false);
    bus_fake_fail(rig.hub, BUS_FAILURE, 1, ERR_LIMIT, false);
    assert_int_equal(
        rig_send(&rig, RIG_SENDER, "grey@dest.test gone@dest.test", buf_slice(&content)), 250);
    (void)rig_arrival(&rig, "grey@dest.test");
    (void)rig_arrival(&rig, RIG_SENDER);
    rig_settle(&rig);
    assert_int_equal(rig.destination.mails.count, 2);
    assert_int_equal(rig.destination.refusals, 2);
    end(&rig, &content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_250_before_the_log_has_it),
        cmocka_unit_test(test_failed_publish_is_451_and_nothing_is_delivered),
        cmocka_unit_test(test_failed_chunk_is_451_and_nothing_is_delivered),
        cmocka_unit_test(test_lost_acknowledgement_is_451_and_delivered_once),
        cmocka_unit_test(test_no_room_is_452_and_what_is_inside_goes_on),
        cmocka_unit_test(test_log_away_is_451_and_back_again_250),
        cmocka_unit_test(test_outcomes_outlast_a_failing_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
