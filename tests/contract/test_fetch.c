/* SPDX-License-Identifier: Apache-2.0
 * Contract of reading by reference: single records, ranges by key, many at once, what is gone. */
#include "base/xalloc.h"
#include "contract/rig.h"
#include "contract/suite.h"

struct probe {
    struct bus_fetch fetch;
    struct rig *rig;
    unsigned seq[8]; /* the samples expected, in order */
    size_t expected, pieces;
    unsigned concluded;
    bool found, is_gone;
    bool cancels; /* at the first piece */
};

static void on_piece(void *owner, struct bus_fetch *fetch, const struct bus_delivery *piece)
{
    struct probe *probe = owner;

    assert_ptr_equal(fetch, &probe->fetch);
    assert_int_equal(probe->concluded, 0);
    assert_true(probe->pieces < probe->expected);
    assert_true(is_sample(piece->value, probe->seq[probe->pieces], 100));
    assert_int_equal(piece->partition, fetch->ref.partition);
    probe->pieces++;
    if (probe->cancels)
        bus_fetch_cancel(probe->rig->a.bus, fetch);
}

static void on_fetched(void *owner, struct bus_fetch *fetch, bool found, bool is_gone)
{
    struct probe *probe = owner;

    assert_ptr_equal(fetch, &probe->fetch);
    probe->concluded++;
    probe->found = found;
    probe->is_gone = is_gone;
}

static void start(struct probe *probe, struct rig *rig, const struct bus_ref *ref)
{
    probe->rig = rig;
    probe->fetch.ref = *ref;
    probe->fetch.on_piece = on_piece;
    probe->fetch.on_fetched = on_fetched;
    probe->fetch.owner = probe;
    bus_fetch(rig->a.bus, &probe->fetch);
    assert_int_equal(probe->concluded, 0); /* never from inside the call */
}

static bool is_concluded(void *owner)
{
    return ((struct probe *)owner)->concluded > 0;
}

static void expect_found(struct probe *probe)
{
    assert_true(rig_wait(probe->rig, is_concluded, probe));
    assert_true(probe->found);
    assert_int_equal(probe->pieces, probe->expected);
}

static void test_fetch_many_in_any_order(void **state)
{
    struct rig *rig = *state;
    size_t count = 200;
    struct probe *probes = xalloc(count * sizeof *probes);

    (void)publish_samples(&rig->a, BUS_BODY, 0, 0, 100);
    (void)publish_samples(&rig->a, BUS_BODY, 1, 100, 100);
    for (unsigned i = 0; i < count; i++) {
        unsigned seq = i * 77 % 200; /* all of them, far from in order */
        struct bus_ref ref = {.topic = BUS_BODY, .partition = (int32_t)(seq / 100)};
        ref.first_offset = ref.last_offset = seq % 100;
        probes[i].seq[0] = seq;
        probes[i].expected = 1;
        start(&probes[i], rig, &ref);
    }
    for (unsigned i = 0; i < count; i++)
        expect_found(&probes[i]);
    xfree(probes);
}

static void publish_chunk(struct rig *rig, const char *key, unsigned seq)
{
    struct buf value = {0};

    sample(&value, seq, 100);
    struct bus_record record = {
        .topic = BUS_BODY, .key = slice_str(key), .body = buf_slice(&value)};
    assert_true(publish(&rig->a, &record).ok);
    buf_free(&value);
}

static void test_fetch_a_range_takes_only_its_key(void **state)
{
    struct rig *rig = *state;
    struct probe ours = {.seq = {1, 3, 4}, .expected = 3}, all = {.seq = {2, 3, 4}, .expected = 3};

    publish_chunk(rig, "other", 0);
    publish_chunk(rig, "mail", 1);
    publish_chunk(rig, "other", 2);
    publish_chunk(rig, "mail", 3);
    publish_chunk(rig, "mail", 4);
    publish_chunk(rig, "other", 5);
    struct bus_ref ref = {
        .topic = BUS_BODY, .first_offset = 1, .last_offset = 4, .key = SLICE("mail")};
    start(&ours, rig, &ref);
    ref.first_offset = 2;
    ref.key = SLICE_NONE;
    start(&all, rig, &ref);
    expect_found(&ours);
    expect_found(&all);
}

static void expect_nothing(struct rig *rig, const struct bus_ref *ref, bool is_gone)
{
    struct probe probe = {.seq = {(unsigned)ref->first_offset}, .expected = 1}; /* and no more */

    start(&probe, rig, ref);
    assert_true(rig_wait(rig, is_concluded, &probe));
    assert_false(probe.found);
    assert_int_equal(probe.is_gone, is_gone);
    assert_int_equal(probe.concluded, 1);
}

static void test_fetch_what_expired_is_gone(void **state)
{
    struct rig *rig = *state;
    struct probe kept = {.seq = {3}, .expected = 1};

    (void)publish_samples(&rig->a, BUS_BODY, 0, 0, 5);
    if (!place_expire(rig->place, BUS_BODY, 0, 3))
        skip();
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 0, 1, 1, SLICE_NONE}, true);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 0, 2, 4, SLICE_NONE}, true);
    start(&kept, rig, &(struct bus_ref){BUS_BODY, 0, 3, 3, SLICE_NONE});
    expect_found(&kept);
}

/* Who was told of a record knows more than a log that does not show it. */
static void test_fetch_beyond_the_end_may_come(void **state)
{
    struct rig *rig = *state;

    (void)publish_samples(&rig->a, BUS_BODY, 0, 0, 3);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 0, 3, 3, SLICE_NONE}, false);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 0, 2, 3, SLICE_NONE}, false);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 0, 1000000, 1000000, SLICE_NONE}, false);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 1, 0, 0, SLICE_NONE}, false);
}

static void test_fetch_hostile_references_are_gone(void **state)
{
    struct rig *rig = *state;

    (void)publish_samples(&rig->a, BUS_BODY, 0, 0, 3);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 1000, 0, 0, SLICE_NONE}, true);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, -1, 0, 0, SLICE_NONE}, true);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 0, -5, 1, SLICE_NONE}, true);
    expect_nothing(rig, &(struct bus_ref){BUS_BODY, 0, 2, 1, SLICE_NONE}, true);
}

static void test_fetch_cancelled_says_no_more(void **state)
{
    struct rig *rig = *state;
    struct probe waiting = {0}, reading = {.expected = 1, .cancels = true}, other = {.expected = 1};
    struct bus_ref ref = {.topic = BUS_BODY, .first_offset = 0, .last_offset = 0};

    (void)publish_samples(&rig->a, BUS_BODY, 0, 0, 3);
    start(&waiting, rig, &ref);
    start(&reading, rig, &ref);
    reading.fetch.ref.last_offset = 2;
    start(&other, rig, &ref);
    bus_fetch_cancel(rig->a.bus, &waiting.fetch);
    expect_found(&other);
    (void)publish_samples(&rig->a, BUS_EVENT, 0, 0, 1); /* some more turns */
    assert_int_equal(waiting.concluded, 0);
    assert_int_equal(reading.concluded, 0);
}

static void test_fetch_outstanding_ones_conclude_when_the_bus_is_freed(void **state)
{
    struct rig *rig = *state;
    struct probe probe = {0};

    start(&probe, rig, &(struct bus_ref){BUS_BODY, 0, 0, 0, SLICE_NONE});
    bus_free(&rig->a.bus);
    assert_int_equal(probe.concluded, 1);
    assert_false(probe.found);
    assert_false(probe.is_gone);
}

int fetch_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_fetch_many_in_any_order),
        RIG_TEST(test_fetch_a_range_takes_only_its_key),
        RIG_TEST(test_fetch_what_expired_is_gone),
        RIG_TEST(test_fetch_beyond_the_end_may_come),
        RIG_TEST(test_fetch_hostile_references_are_gone),
        RIG_TEST(test_fetch_cancelled_says_no_more),
        RIG_TEST(test_fetch_outstanding_ones_conclude_when_the_bus_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
