/* SPDX-License-Identifier: Apache-2.0
 * A copy of every mail for an archive (requirements S23, S24), and what of it the log has. */
#include "path/sample.h"

static void check_copy(const struct rig *rig, const char *rcpt)
{
    const struct destination_mail *original = destination_find(&rig->destination, rcpt);
    const struct destination_mail *copy = destination_find(&rig->archive, rcpt);

    assert_non_null(original);
    assert_non_null(copy);
    assert_int_equal(destination_count(&rig->archive, rcpt), 1);
    assert_true(slice_eq(buf_slice(&original->content), buf_slice(&copy->content)));
    assert_true(slice_eq(buf_slice(&copy->from), SLICE(RIG_SENDER)));
}

static void test_s23_one_copy_of_a_mail_to_several_destinations(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin_with_archive(&rig);
    assert_int_equal(
        rig_send(&rig, RIG_SENDER, "ok@a.test ok@b.test also@a.test", buf_slice(&content)), 250);
    (void)rig_arrival(&rig, "ok@b.test");
    rig_settle(&rig);
    check_copy(&rig, "ok@a.test");
    check_copy(&rig, "ok@b.test");
    check_copy(&rig, "also@a.test");
    assert_int_equal(rig.archive.mails.count, 1);
    assert_int_equal(rig.destination.mails.count, 2);
    assert_string_equal(journal_of(&rig.journal, 0), "fanout accepted work work work delivered "
                                                     "delivered delivered");
    rig_end(&rig);
    buf_free(&content);
}

static void test_s23_mail_and_copy_are_retried_each_by_itself(void **state)
{
    struct rig rig;
    struct buf content = sample_content(300000); /* in chunks */

    (void)state;
    rig_begin_with_archive(&rig);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "grey@dest.test", buf_slice(&content)), 250);
    (void)rig_arrival(&rig, "grey@dest.test");
    WAIT_FOR(rig.loop, destination_count(&rig.archive, "grey@dest.test") > 0);
    rig_settle(&rig);
    check_copy(&rig, "grey@dest.test");
    const char *words = journal_of(&rig.journal, 0);
    assert_int_equal(sample_count(words, "work"), 4);
    assert_int_equal(sample_count(words, "deferred"), 2);
    assert_int_equal(sample_count(words, "delivered"), 2);
    assert_int_equal(sample_count(words, "tombstone"), 2);
    rig_end(&rig);
    buf_free(&content);
}

/* Both refuse: one bounce for the mail, none for the copy, and no copy of the bounce. */
static void test_s23_refused_copy_is_dead_and_reports_are_not_copied(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin_with_archive(&rig);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "gone@dest.test", buf_slice(&content)), 250);
    (void)rig_arrival(&rig, RIG_SENDER);
    rig_settle(&rig);
    const char *words = journal_of(&rig.journal, 0);
    assert_int_equal(sample_count(words, "failed"), 2);
    assert_int_equal(sample_count(words, "failure"), 1);
    assert_int_equal(sample_count(words, "bounced"), 1);
    assert_int_equal(sample_count(words, "dead"), 1);
    assert_string_equal(journal_of(&rig.journal, 1), "work delivered");
    assert_int_equal(destination_count(&rig.destination, RIG_SENDER), 1);
    assert_int_equal(rig.archive.mails.count, 0);
    rig_end(&rig);
    buf_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s23_one_copy_of_a_mail_to_several_destinations),
        cmocka_unit_test(test_s23_mail_and_copy_are_retried_each_by_itself),
        cmocka_unit_test(test_s23_refused_copy_is_dead_and_reports_are_not_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
