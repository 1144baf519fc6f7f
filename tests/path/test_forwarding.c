/* SPDX-License-Identifier: Apache-2.0
 * Forwarding rules on the whole path: where the mail goes, and what its report says. */
#include "path/sample.h"

static const char *const RULES[] = {"forwarding_rules=("
                                    "{recipient=\"old@dest.test\"; to=\"new@home.test\";}, "
                                    "{recipient=\"left.test\"; to=\"gone@home.test\";}, "
                                    "{recipient=\"home.test\"; to=\"chain@third.test\";})",
                                    NULL};

static void test_mail_goes_to_the_new_address_in_one_hop(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, RULES);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "old@dest.test ok@dest.test", buf_slice(&content)),
                     250);
    sample_check_arrival(rig_arrival(&rig, "new@home.test"), RIG_SENDER, buf_slice(&content));
    (void)rig_arrival(&rig, "ok@dest.test");
    rig_settle(&rig);
    assert_int_equal(rig.destination.mails.count, 2);
    assert_int_equal(destination_count(&rig.destination, "old@dest.test"), 0);
    rig_end(&rig);
    buf_free(&content);
}

/* RFC 3461 5.2.1: who sent to left.test does not know gone@home.test. */
static void test_report_names_the_address_that_was_submitted(void **state)
{
    static const char *const LINES[] = {"Original-Recipient: rfc822; user@left.test\r\n",
                                        "Final-Recipient: rfc822; gone@home.test\r\n", NULL};
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, RULES);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "user@left.test", buf_slice(&content)), 250);
    sample_check_report(rig_arrival(&rig, RIG_SENDER), LINES);
    rig_settle(&rig);
    rig_end(&rig);
    buf_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail_goes_to_the_new_address_in_one_hop),
        cmocka_unit_test(test_report_names_the_address_that_was_submitted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
