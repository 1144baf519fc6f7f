/* SPDX-License-Identifier: Apache-2.0
 * Mails of other shapes: many destinations, many recipients, large bodies, loops. */
#include "path/sample.h"

#define KIB ((size_t)1024)

static const char *const RETRY[] = {"configurations=({retry={interval=\"linear\"; a_s=1;};})",
                                    NULL};

static void test_several_destinations_become_parcels(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, RETRY);
    assert_int_equal(rig_send(&rig, RIG_SENDER,
                              "ok@a.test ok@b.test grey@c.test also@a.test gone@d.test",
                              buf_slice(&content)),
                     250);
    sample_check_arrival(rig_arrival(&rig, "ok@a.test"), RIG_SENDER, buf_slice(&content));
    sample_check_arrival(rig_arrival(&rig, "ok@b.test"), RIG_SENDER, buf_slice(&content));
    sample_check_arrival(rig_arrival(&rig, "grey@c.test"), RIG_SENDER, buf_slice(&content));
    (void)rig_arrival(&rig, RIG_SENDER);
    rig_settle(&rig);
    const char *words = journal_of(&rig.journal, 0);
    assert_true(
        slice_starts_nocase(slice_str(words), SLICE("fanout accepted work work work work ")));
    assert_int_equal(sample_count(words, "work"), 5); /* one again, after its retry */
    assert_int_equal(sample_count(words, "delivered"), 3);
    assert_int_equal(sample_count(words, "tombstone"), 1);
    assert_int_equal(sample_count(words, "bounced"), 1);
    assert_ptr_equal(rig_arrival(&rig, "ok@a.test"), rig_arrival(&rig, "also@a.test"));
    assert_int_equal(rig.destination.mails.count, 4);
    rig_end(&rig);
    buf_free(&content);
}

/* 100 recipients of one destination travel together; a single record, a single transaction. */
static void test_hundred_recipients_are_one_parcel(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000), rcpts = {0};

    (void)state;
    rig_begin(&rig, RETRY);
    for (int i = 0; i < 100; i++)
        buf_addf(&rcpts, "%sok-%d@dest.test", i ? " " : "", i);
    assert_int_equal(rig_send(&rig, RIG_SENDER, buf_str(&rcpts), buf_slice(&content)), 250);
    (void)rig_arrival(&rig, "ok-99@dest.test");
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0), "work accepted delivered");
    assert_int_equal(rig.destination.mails.count, 1);
    assert_true(
        slice_eq(buf_slice(&rig_arrival(&rig, "ok-0@dest.test")->rcpts), buf_slice(&rcpts)));
    rig_end(&rig);
    buf_free(&content);
    buf_free(&rcpts);
}

static void check_size(size_t bytes, const char *rcpt, const char *words)
{
    struct rig rig;
    struct buf content = sample_content(bytes);

    assert_int_equal(content.len, bytes);
    rig_begin(&rig, RETRY);
    assert_int_equal(rig_send(&rig, RIG_SENDER, rcpt, buf_slice(&content)), 250);
    sample_check_arrival(rig_arrival(&rig, rcpt), RIG_SENDER, buf_slice(&content));
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0), words);
    assert_int_equal(rig.destination.mails.count, 1);
    rig_end(&rig);
    buf_free(&content);
}

static void test_body_of_128_kib_travels_in_the_record(void **state)
{
    (void)state;
    check_size(128 * KIB, "ok@dest.test", "work accepted delivered");
}

static void test_one_octet_more_travels_in_a_chunk(void **state)
{
    (void)state;
    check_size(128 * KIB + 1, "ok@dest.test", "body work accepted delivered");
}

/* The first attempt had it from the work record, the retry reads it by reference. */
static void test_body_is_read_again_for_a_retry(void **state)
{
    (void)state;
    check_size(128 * KIB, "grey@dest.test",
               "work accepted deferred timer work delivered tombstone");
}

static void test_chunks_are_read_again_for_a_retry(void **state)
{
    (void)state;
    check_size(2048 * KIB, "grey@dest.test",
               "body body body work accepted deferred timer work delivered tombstone");
}

static void test_looping_mail_is_554(void **state)
{
    struct rig rig;
    struct buf content = {0};

    (void)state;
    rig_begin(&rig, RETRY);
    for (int i = 0; i < 100; i++)
        buf_addf(&content, "Received: from a by b; hop %d\r\n", i);
    buf_add_str(&content, "Subject: round\r\n\r\nand round\r\n");
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok@dest.test", buf_slice(&content)), 554);
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0), "");
    rig_end(&rig);
    buf_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several_destinations_become_parcels),
        cmocka_unit_test(test_hundred_recipients_are_one_parcel),
        cmocka_unit_test(test_body_of_128_kib_travels_in_the_record),
        cmocka_unit_test(test_one_octet_more_travels_in_a_chunk),
        cmocka_unit_test(test_body_is_read_again_for_a_retry),
        cmocka_unit_test(test_chunks_are_read_again_for_a_retry),
        cmocka_unit_test(test_looping_mail_is_554),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
