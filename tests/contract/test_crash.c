/* SPDX-License-Identifier: Apache-2.0
 * Contract of durability: a process is killed (SIGKILL) in the middle of its load; whatever it was
 * told is durable must be there, byte for byte, when another one opens the log. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "contract/crash.h"
#include "contract/rig.h"
#include "contract/suite.h"

#define RECORDS_BEFORE_KILL 1500
#define COMMITS_BEFORE_KILL 40

struct promise {
    int32_t partition;
    int64_t offset;
    unsigned seq;
};

struct victim {
    pid_t pid;
    int pipe;
    struct buf input;
    struct promise *promises;
    size_t count, room;
    size_t commits; /* of the count */
};

static void spawn_victim(struct victim *victim, const char *what, const char *place)
{
    char exe[] = "/proc/self/exe", *verb = xstrdup(what), *name = xstrdup(place);
    char *const argv[] = {exe, verb, name, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&victim->pid, exe, &actions, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    victim->pipe = ends[0];
    xfree(verb);
    xfree(name);
}

static void take_promise(struct victim *victim, struct slice line)
{
    uint64_t partition, offset, seq;

    assert_true(slice_to_u64(slice_cut(&line, ' '), RIG_PARTITIONS, &partition));
    assert_true(slice_to_u64(slice_cut(&line, ' '), INT64_MAX, &offset));
    assert_true(slice_to_u64(line, UINT32_MAX, &seq));
    if (victim->count == victim->room) {
        victim->room = victim->room ? 2 * victim->room : 1024;
        victim->promises = xrealloc(victim->promises, victim->room * sizeof *victim->promises);
    }
    victim->commits += seq == 0;
    victim->promises[victim->count++] =
        (struct promise){(int32_t)partition, (int64_t)offset, (unsigned)seq};
}

/* Reads what is there, waiting for it; false at the end of the pipe. */
static bool listen_once(struct victim *victim)
{
    struct pollfd ready = {.fd = victim->pipe, .events = POLLIN};
    char bytes[4096];

    assert_int_equal(poll(&ready, 1, (int)BACKEND.patience_ms), 1);
    ssize_t got = read(victim->pipe, bytes, sizeof bytes);
    if (got <= 0)
        return false;
    buf_add(&victim->input, slice_of(bytes, (size_t)got));
    for (;;) {
        struct slice input = buf_slice(&victim->input);
        size_t length = slice_find(input, '\n');
        if (length == input.len)
            return true;
        take_promise(victim, slice_sub(input, 0, length));
        buf_consume(&victim->input, length + 1);
    }
}

/* Lets it work until it promised enough, then SIGKILL, then reads what it had still said. */
static void run_and_kill(struct victim *victim, const char *what, struct rig *rig, size_t commits)
{
    int status;

    side_close(&rig->a); /* the place is the child's now */
    spawn_victim(victim, what, place_name(rig->place));
    while (victim->count < RECORDS_BEFORE_KILL || victim->commits < commits)
        assert_true(listen_once(victim));
    assert_int_equal(kill(victim->pid, SIGKILL), 0);
    while (listen_once(victim))
        ;
    assert_int_equal(waitpid(victim->pid, &status, 0), victim->pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)close(victim->pipe);
    buf_free(&victim->input);
    side_open(rig, &rig->a);
}

struct check {
    struct bus_fetch fetch;
    const struct promise *promise;
    size_t *left;
    bool is_same;
};

static void on_piece(void *owner, struct bus_fetch *fetch, const struct bus_delivery *piece)
{
    struct check *check = owner;
    unsigned seq = check->promise->seq;
    uint64_t key;

    (void)fetch;
    check->is_same = slice_to_u64(piece->key, UINT32_MAX, &key) && key == seq &&
                     is_sample(piece->value, seq, crash_sample_bytes(seq));
}

static void on_fetched(void *owner, struct bus_fetch *fetch, bool found, bool is_gone)
{
    struct check *check = owner;

    (void)fetch;
    assert_true(found);
    assert_false(is_gone);
    assert_true(check->is_same);
    (*check->left)--;
}

static bool is_zero(void *owner)
{
    return *(size_t *)owner == 0;
}

static void expect_promises_kept(struct rig *rig, const struct victim *victim)
{
    struct check *checks = xalloc(victim->count * sizeof *checks);
    size_t left = victim->count;

    for (size_t i = 0; i < victim->count; i++) {
        const struct promise *promise = &victim->promises[i];
        checks[i].promise = promise;
        checks[i].left = &left;
        checks[i].fetch.ref = (struct bus_ref){BUS_WORK, promise->partition, promise->offset,
                                               promise->offset, SLICE_NONE};
        checks[i].fetch.on_piece = on_piece;
        checks[i].fetch.on_fetched = on_fetched;
        checks[i].fetch.owner = &checks[i];
        bus_fetch(rig->a.bus, &checks[i].fetch);
    }
    assert_true(rig_wait(rig, is_zero, &left));
    xfree(checks);
}

static void test_crash_acknowledged_records_survive_kill(void **state)
{
    struct rig *rig = *state;

    if (!BACKEND.is_durable)
        skip();
    for (unsigned round = 0; round < 3; round++) { /* each on the log the last one left */
        struct victim victim = {0};
        run_and_kill(&victim, "publish", rig, 0);
        expect_promises_kept(rig, &victim);
        xfree(victim.promises);
    }
}

/* The highest commit that was reported for a partition. */
static int64_t committed_of(const struct victim *victim, int32_t partition)
{
    int64_t committed = 0;

    for (size_t i = 0; i < victim->count; i++) {
        const struct promise *promise = &victim->promises[i];
        if (promise->seq == 0 && promise->partition == partition && promise->offset > committed)
            committed = promise->offset;
    }
    return committed;
}

/* The child never finishes a record whose offset ends in 0 before it saw nine more. */
static void expect_continued(const struct tap *tap, int32_t partition, int64_t committed)
{
    int64_t *offsets = xalloc((tap->count + 1) * sizeof *offsets);
    size_t count = tap_offsets(tap, partition, offsets, tap->count + 1);

    assert_true(count > 0);
    assert_true(offsets[0] >= committed);
    assert_int_equal(offsets[0] % 10, 0);
    for (size_t i = 1; i < count; i++)
        assert_int_equal(offsets[i], offsets[0] + (int64_t)i);
    xfree(offsets);
}

static void test_crash_committed_is_not_delivered_again_and_the_rest_is(void **state)
{
    struct rig *rig = *state;
    struct victim victim = {0};
    struct tap *tap = tap_new(rig);

    if (!BACKEND.is_durable)
        skip();
    run_and_kill(&victim, "consume", rig, COMMITS_BEFORE_KILL);
    int32_t partitions = bus_partitions(rig->a.bus, BUS_WORK);
    for (int32_t i = 0; i < partitions; i++)
        (void)publish_samples(&rig->a, BUS_WORK, i, 0, 1);
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, CRASH_GROUP);
    tap_expect_owned(tap, (size_t)partitions);
    for (int32_t i = 0; i < partitions; i++)
        tap_expect_committed(tap, i, bus_end_offset(tap->consumer, i));
    for (int32_t i = 0; i < partitions; i++)
        expect_continued(tap, i, committed_of(&victim, i));
    xfree(victim.promises);
}

int crash_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_crash_acknowledged_records_survive_kill),
        RIG_TEST(test_crash_committed_is_not_delivered_again_and_the_rest_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
