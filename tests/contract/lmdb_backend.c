/* SPDX-License-Identifier: Apache-2.0
 * bus_lmdb in the contract suite, and the tests of what only it does: one process per directory,
 * a full map or disk, partition counts over a restart. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "bus/lmdb/scan.h"
#include "bus/settings.h"
#include "contract/rig.h"

const struct backend BACKEND = {
    .name = "lmdb",
    .is_durable = true,
    .compacts_at_once = true,
    .patience_ms = 20000,
};

struct place {
    char *directory;
    bool is_ours; /* made here, to be removed here */
    int64_t map_bytes;
    int64_t work_partitions;
    struct bus_hub *hub; /* one per process */
    unsigned users;
};

static struct place *place_at(const char *directory)
{
    struct place *place = xalloc(sizeof *place);

    place->directory = xstrdup(directory);
    place->map_bytes = (int64_t)1024 * 1024 * 1024;
    place->work_partitions = 4;
    return place;
}

struct place *place_attach(const char *name)
{
    return place_at(name);
}

struct place *place_new(void)
{
    const char *parent = getenv("TMPDIR");
    struct buf path = {0};

    buf_addf(&path, "%s/contract_lmdb.XXXXXX", parent ? parent : "/tmp");
    (void)buf_str(&path);
    assert_non_null(mkdtemp(path.at));
    struct place *place = place_at(path.at);
    place->is_ours = true;
    buf_free(&path);
    return place;
}

static void remove_file(const struct place *place, const char *name)
{
    struct buf path = {0};

    buf_addf(&path, "%s/%s", place->directory, name);
    (void)unlink(buf_str(&path));
    buf_free(&path);
}

void place_free(struct place **place)
{
    struct place *p = *place;

    assert_null(p->hub);
    if (p->is_ours) {
        remove_file(p, "data.mdb");
        remove_file(p, "lock.mdb");
        remove_file(p, "owner.lock");
        (void)rmdir(p->directory);
    }
    xfree(p->directory);
    xfree(p);
    *place = NULL;
}

const char *place_name(const struct place *place)
{
    return place->directory;
}

static struct bus_settings settings_of(const struct place *place)
{
    struct bus_settings settings = {.directory = place->directory,
                                    .map_bytes = place->map_bytes,
                                    .full_percent = 90,
                                    .longest_period_s = 3600,
                                    .drain_ms = 5000};

    for (int topic = 0; topic < BUS_TOPICS; topic++)
        settings.partitions[topic] = 2;
    settings.partitions[BUS_WORK] = place->work_partitions;
    return settings;
}

struct bus_hub *place_open(struct place *place)
{
    struct bus_settings settings = settings_of(place);
    struct err err;

    if (!place->hub && bus_hub_open(&settings, &place->hub, &err) != 0)
        return NULL;
    place->users++;
    return place->hub;
}

void place_close(struct place *place, struct bus_hub **hub)
{
    *hub = NULL;
    if (--place->users == 0)
        bus_hub_close(&place->hub);
}

struct scan *place_scan(struct place *place, const enum bus_topic *topics, size_t count)
{
    struct bus_settings settings = settings_of(place);
    struct scan *scan = NULL;
    struct err err;

    return scan_open(&LMDB_SCAN, &settings, topics, count, &scan, &err) == 0 ? scan : NULL;
}

bool place_set_available(struct place *place, bool is_available)
{
    (void)place;
    (void)is_available;
    return false;
}

bool place_expire(struct place *place, enum bus_topic topic, int32_t partition,
                  int64_t below_offset)
{
    (void)place;
    (void)topic;
    (void)partition;
    (void)below_offset;
    return false; /* by age alone */
}

/* ---- of this back end alone ---- */

static void test_lmdb_a_second_process_is_refused(void **state)
{
    struct rig *rig = *state;
    struct bus_settings settings = settings_of(rig->place);
    struct bus_hub *second = NULL;
    struct err err;

    /* flock is per open file: for it a second open is as good as a second process. */
    assert_int_equal(bus_hub_open(&settings, &second, &err), -1);
    assert_null(second);
    assert_non_null(strstr(err.text, "in use by another process"));
    assert_int_equal(err.kind, ERR_CLOSED);
}

static void test_lmdb_partitions_grow_but_never_shrink(void **state)
{
    struct rig *rig = *state;

    (void)publish_samples(&rig->a, BUS_WORK, 3, 0, 2);
    side_close(&rig->a);
    rig->place->work_partitions = 1;
    side_open(rig, &rig->a);
    assert_int_equal(bus_partitions(rig->a.bus, BUS_WORK), 4);
    assert_int_equal(publish_samples(&rig->a, BUS_WORK, 3, 2, 1), 2);
    side_close(&rig->a);
    rig->place->work_partitions = 6;
    side_open(rig, &rig->a);
    assert_int_equal(bus_partitions(rig->a.bus, BUS_WORK), 6);
    assert_int_equal(publish_samples(&rig->a, BUS_WORK, 5, 3, 1), 0);
}

static void reopen_with_map(struct rig *rig, int64_t map_bytes)
{
    side_close(&rig->a);
    rig->place->map_bytes = map_bytes;
    side_open(rig, &rig->a);
}

/* Publishes large records until one is refused: how many were stored. */
static size_t fill(struct rig *rig, struct bus_ack *ret_refusal)
{
    struct buf value = {0};
    size_t count = 0;

    sample(&value, 1, 100000);
    struct bus_record record = {.topic = BUS_WORK, .key = SLICE("k"), .body = buf_slice(&value)};
    while ((*ret_refusal = publish(&rig->a, &record)).ok)
        count++;
    buf_free(&value);
    return count;
}

static bool has_room(void *owner)
{
    return bus_has_room(owner);
}

static void test_lmdb_full_map_refuses_and_goes_on(void **state)
{
    struct rig *rig = *state;
    struct bus_ack refusal;
    struct tap *tap = tap_new(rig);

    reopen_with_map(rig, (int64_t)4 * 1024 * 1024);
    assert_true(bus_has_room(rig->a.bus));
    size_t count = fill(rig, &refusal);
    assert_in_range(count, 20, 42);
    assert_int_equal(refusal.kind, ERR_LIMIT);
    assert_false(refusal.maybe_persisted);
    assert_false(bus_has_room(rig->a.bus));
    assert_true(bus_is_ready(rig->a.bus, NULL));

    /* Consuming and finishing go on, and what was finished survives. */
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "full");
    tap_expect_count(tap, count);
    tap_expect_committed(tap, 0, (int64_t)count);
    reopen_with_map(rig, (int64_t)4 * 1024 * 1024);
    tap = tap_new(rig);
    tap_open(tap, &rig->a, BUS_WORK, "full");
    tap_expect_owned(tap, (size_t)bus_partitions(rig->a.bus, BUS_WORK));
    assert_int_equal(tap->count, 0);

    reopen_with_map(rig, (int64_t)16 * 1024 * 1024);
    assert_true(rig_wait(rig, has_room, rig->a.bus));
    assert_int_equal(publish_samples(&rig->a, BUS_WORK, 0, 0, 1), (int64_t)count);
}

static void test_lmdb_intake_is_refused_before_the_rest_is(void **state)
{
    struct rig *rig = *state;
    struct buf value = {0};

    reopen_with_map(rig, (int64_t)8 * 1024 * 1024);
    sample(&value, 1, 20000);
    struct bus_record record = {.topic = BUS_WORK, .key = SLICE("k"), .body = buf_slice(&value)};
    while (bus_has_room(rig->a.bus))
        assert_true(publish(&rig->a, &record).ok);
    buf_free(&value);
    (void)publish_samples(&rig->a, BUS_TIMER, 0, 0, 200); /* outcomes still get in */
}

/* A file that may not grow stands for a disk that is full: the same errors from the same calls. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_lmdb_full_disk_refuses_and_goes_on(void **state)
{
    struct rig *rig = *state;
    struct bus_ack refusal;
    struct tap *tap = tap_new(rig);

    limit_files((rlim_t)2 * 1024 * 1024);
    size_t count = fill(rig, &refusal);
    assert_in_range(count, 5, 20);
    assert_int_equal(refusal.kind, ERR_LIMIT);
    assert_false(refusal.maybe_persisted);
    assert_true(bus_is_ready(rig->a.bus, NULL));

    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "disk");
    tap_expect_count(tap, count);
    tap_expect_committed(tap, 0, (int64_t)count);

    limit_files(RLIM_INFINITY);
    assert_true(rig_wait(rig, has_room, rig->a.bus));
    assert_int_equal(publish_samples(&rig->a, BUS_WORK, 0, 0, 1), (int64_t)count);
    tap_expect_count(tap, count + 1);
}

static void refuse_record(void *owner, enum bus_topic topic, const struct bus_delivery *delivery)
{
    (void)owner;
    (void)topic;
    (void)delivery;
    fail_msg("a record of a log that does not exist");
}

static void test_lmdb_a_log_that_is_not_there_is_no_use_waiting_for(void **state)
{
    static const enum bus_topic topics[] = {BUS_EVENT};
    const struct bus_settings settings = {.directory = "/nonexistent"};
    const struct scan_ops ops = {.on_record = refuse_record};
    struct scan *scan = NULL;
    struct err err;

    (void)state;
    assert_int_equal(scan_open(&LMDB_SCAN, &settings, topics, 1, &scan, &err), 0);
    assert_int_equal(scan_read(scan, 0, &ops, &err), -1);
    assert_int_equal(err.kind, ERR_INVALID);
    assert_non_null(strstr(err.text, "/nonexistent"));
    assert_false(scan_is_at_end(scan));
    scan_free(&scan);
}

int backend_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lmdb_a_log_that_is_not_there_is_no_use_waiting_for),
        RIG_TEST(test_lmdb_a_second_process_is_refused),
        RIG_TEST(test_lmdb_partitions_grow_but_never_shrink),
        RIG_TEST(test_lmdb_full_map_refuses_and_goes_on),
        RIG_TEST(test_lmdb_full_disk_refuses_and_goes_on),
        RIG_TEST(test_lmdb_intake_is_refused_before_the_rest_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
