/* SPDX-License-Identifier: Apache-2.0
 * Log lines through a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

static int64_t fixed_clock(void)
{
    return INT64_C(1457420514000042);
}

#define HEAD "{\"ts\":\"2016-03-08T07:01:54.000042Z\",\"level\":"

struct pipe_log {
    struct log *log;
    int ends[2];
};

static struct pipe_log pipe_log(enum log_level level, const char *pod)
{
    struct pipe_log result;

    assert_int_equal(pipe2(result.ends, O_NONBLOCK | O_CLOEXEC), 0);
    result.log = log_new(result.ends[1], level, "sender", pod, fixed_clock);
    return result;
}

static void expect_written(struct pipe_log *pipe_log, const char *want)
{
    char text[4096] = "";

    ssize_t length = read(pipe_log->ends[0], text, sizeof text - 1);
    assert_int_equal(length, (ssize_t)strlen(want));
    assert_string_equal(text, want);
}

static void close_all(struct pipe_log *pipe_log)
{
    log_free(&pipe_log->log);
    assert_null(pipe_log->log);
    (void)close(pipe_log->ends[0]);
    (void)close(pipe_log->ends[1]);
}

static void test_a_line_is_one_json_object(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_INFO, "pod-1");
    struct log_line line;

    (void)state;
    log_begin(&line, pipe.log, LOG_INFO, "delivered");
    log_str(&line, LOG_MAIL_ID, "m1");
    log_slice(&line, LOG_REPLY, SLICE("ok\n\"x\""));
    log_int(&line, LOG_ATTEMPT, 2);
    log_end(&line);
    log_flush(pipe.log);
    expect_written(&pipe, HEAD "\"info\",\"component\":\"sender\",\"pod\":\"pod-1\","
                               "\"event\":\"delivered\",\"mail_id\":\"m1\","
                               "\"reply\":\"ok\\u000a\\\"x\\\"\",\"attempt\":2}\n");
    close_all(&pipe);
}

static void test_members_may_be_in_an_object(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_INFO, "");
    struct log_line line;

    (void)state;
    for (enum log_level level = LOG_DEBUG; level <= LOG_INFO; level++) { /* the first is dropped */
        log_begin(&line, pipe.log, level, "delivered");
        log_object_begin(&line, LOG_DELAYS);
        log_int(&line, LOG_QUEUE, 3);
        log_int(&line, LOG_TRANSMIT, 80);
        log_object_end(&line);
        log_str(&line, LOG_MX, "a");
        log_end(&line);
    }
    log_flush(pipe.log);
    expect_written(&pipe, HEAD "\"info\",\"component\":\"sender\",\"event\":\"delivered\","
                               "\"delays\":{\"queue\":3,\"transmit\":80},\"mx\":\"a\"}\n");
    close_all(&pipe);
}

static void test_lines_below_the_level_are_dropped(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_WARNING, "");

    (void)state;
    log_note(pipe.log, LOG_INFO, "quiet", "nothing");
    log_note(pipe.log, LOG_ERROR, "loud", "something");
    log_flush(pipe.log);
    expect_written(&pipe, HEAD "\"error\",\"component\":\"sender\",\"event\":\"loud\","
                               "\"detail\":\"something\"}\n");
    assert_int_equal(log_dropped(pipe.log), 0);
    close_all(&pipe);
}

#define LINE(level, event, rest)                                                                   \
    HEAD "\"" level "\",\"component\":\"sender\",\"event\":\"" event "\"" rest "}\n"

static void test_every_level_is_written_until_the_time_that_is_named(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_ERROR, "");
    struct log_policy policy = {.level = LOG_ERROR, .debug_until_us = fixed_clock() + 1};

    (void)state;
    log_set_policy(pipe.log, &policy);
    log_note(pipe.log, LOG_DEBUG, "in_time", "");
    policy.debug_until_us = fixed_clock();
    log_set_policy(pipe.log, &policy);
    log_note(pipe.log, LOG_WARNING, "over", "");
    log_flush(pipe.log);
    expect_written(&pipe, LINE("debug", "in_time", ",\"detail\":\"\""));
    close_all(&pipe);
}

static void test_the_revision_of_the_settings_is_in_every_line(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_INFO, "");
    const struct log_policy policy = {.level = LOG_INFO, .revision = 42};

    (void)state;
    log_set_policy(pipe.log, &policy);
    log_note(pipe.log, LOG_INFO, "a", "b");
    log_flush(pipe.log);
    expect_written(&pipe, HEAD "\"info\",\"revision\":42,\"component\":\"sender\","
                               "\"event\":\"a\",\"detail\":\"b\"}\n");
    close_all(&pipe);
}

static void test_addresses_are_masked_in_addresses_and_texts(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_INFO, "");
    const struct log_policy policy = {.level = LOG_INFO, .masks_addresses = true};
    struct log_line line;

    (void)state;
    log_set_policy(pipe.log, &policy);
    log_begin(&line, pipe.log, LOG_INFO, "failed");
    log_str(&line, LOG_RCPT, "\"taro y\"@a.jp");
    log_str(&line, LOG_REPLY, "<taro@a.jp> who?");
    log_str(&line, LOG_CONFIG, "x@y");
    log_end(&line);
    log_flush(pipe.log);
    expect_written(&pipe, LINE("info", "failed",
                               ",\"rcpt\":\"***@a.jp\",\"reply\":\"<***@a.jp> who?\","
                               "\"config\":\"x@y\""));
    close_all(&pipe);
}

static void test_warnings_are_limited_and_lines_about_mail_are_not(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_INFO, "");
    const struct log_policy policy = {.level = LOG_INFO, .lines_per_second = 1};
    struct log_line line;

    (void)state;
    log_set_policy(pipe.log, &policy);
    for (size_t i = 0; i < 3; i++)
        log_note(pipe.log, LOG_WARNING, "refused", "");
    for (size_t i = 0; i < 2; i++)
        log_note(pipe.log, LOG_INFO, "delivered", "");
    for (size_t i = 0; i < 2; i++) {
        log_begin_limited(&line, pipe.log, LOG_INFO, "smtp_trace");
        log_str(&line, LOG_DETAIL, "");
        log_end(&line);
    }
    log_flush(pipe.log);
    expect_written(&pipe, LINE("warning", "refused", ",\"detail\":\"\"")
                              LINE("info", "delivered", ",\"detail\":\"\"")
                                  LINE("info", "delivered", ",\"detail\":\"\"")
                                      LINE("info", "smtp_trace", ",\"detail\":\"\""));
    assert_int_equal(log_limited(pipe.log), 3);
    log_free(&pipe.log);
    expect_written(&pipe,
                   LINE("warning", "lines_left_out", ",\"reason\":\"refused\",\"count\":2")
                       LINE("warning", "lines_left_out", ",\"reason\":\"smtp_trace\",\"count\":1"));
    close_all(&pipe);
}

static void test_nothing_is_written_before_the_flush_and_free_flushes(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_DEBUG, "");
    char octet;

    (void)state;
    log_note(pipe.log, LOG_DEBUG, "a", "b");
    assert_int_equal(read(pipe.ends[0], &octet, 1), -1);
    log_free(&pipe.log);
    assert_int_equal(read(pipe.ends[0], &octet, 1), 1);
    close_all(&pipe);
}

static void test_64_kib_are_written_without_waiting_for_the_flush(void **state)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    struct log *log = log_new(fd, LOG_DEBUG, "sender", "", fixed_clock);

    (void)state;
    log_note(log, LOG_DEBUG, "event", "first");
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    for (size_t bytes = 0; bytes < 65536; bytes += 80)
        log_note(log, LOG_DEBUG, "event", "a detail that fills the line");
    assert_true(lseek(fd, 0, SEEK_END) >= 65536);
    log_free(&log);
    (void)close(fd);
}

static void test_lines_a_dead_descriptor_did_not_take_are_counted(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_DEBUG, "");

    (void)state;
    (void)close(pipe.ends[1]);
    log_note(pipe.log, LOG_ERROR, "a", "b");
    log_note(pipe.log, LOG_ERROR, "a", "b");
    log_flush(pipe.log);
    assert_int_equal(log_dropped(pipe.log), 2);
    log_free(&pipe.log);
    (void)close(pipe.ends[0]);
}

/* Reads to the end of what is there; the number of lines, each of which must be whole. */
static size_t read_whole_lines(int fd)
{
    FILE *in = fdopen(dup(fd), "r");
    char line[8192];
    size_t count = 0;

    while (fgets(line, sizeof line, in)) {
        size_t length = strlen(line);
        assert_int_equal(line[0], '{');
        assert_true(length > 2 && length <= 4096);
        assert_string_equal(line + length - 2, "}\n");
        assert_null(strchr(line + 1, '{'));
        count++;
    }
    (void)fclose(in);
    return count;
}

static void test_a_full_pipe_gets_whole_lines_and_later_ones_again(void **state)
{
    struct pipe_log pipe = pipe_log(LOG_DEBUG, "");
    char detail[701] = "";

    (void)state;
    memset(detail, 'd', sizeof detail - 1);
    for (size_t i = 0; i < 200; i++)
        log_note(pipe.log, LOG_INFO, "event", detail);
    log_flush(pipe.log);
    assert_true(log_dropped(pipe.log) > 0);
    assert_int_equal(read_whole_lines(pipe.ends[0]), 200 - log_dropped(pipe.log));
    uint64_t dropped = log_dropped(pipe.log);
    log_note(pipe.log, LOG_INFO, "event", "later");
    log_flush(pipe.log);
    assert_int_equal(log_dropped(pipe.log), dropped);
    assert_int_equal(read_whole_lines(pipe.ends[0]), 1);
    close_all(&pipe);
}

#define WRITER_LINES 5000

static void *write_lines(void *ends)
{
    int fd = *(const int *)ends;
    struct log *log = log_new(fd, LOG_DEBUG, "sender", "", fixed_clock);

    for (size_t i = 0; i < WRITER_LINES; i++)
        log_note(log, LOG_INFO, "event", "a detail that makes lines longer than a few octets");
    log_free(&log);
    (void)close(fd);
    return NULL;
}

static void test_lines_of_two_roles_on_one_blocking_pipe_are_whole(void **state)
{
    pthread_t writers[2];
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int writing[2] = {ends[1], dup(ends[1])};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_lines, &writing[i]), 0);
    assert_int_equal(read_whole_lines(ends[0]), 2 * WRITER_LINES);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    (void)close(ends[0]);
}

static void test_texts_are_cut_where_a_line_would_not_fit_a_pipe(void **state)
{
    static char text[10000];
    struct pipe_log pipe = pipe_log(LOG_DEBUG, "");
    struct log_line line;

    (void)state;
    memset(text, 1, sizeof text); /* six octets each in JSON */
    log_begin(&line, pipe.log, LOG_INFO, "refused");
    for (enum log_field field = 0; field < LOG_FIELD_COUNT; field++)
        log_slice(&line, field, slice_of(text, sizeof text));
    log_end(&line);
    log_flush(pipe.log);
    assert_int_equal(read_whole_lines(pipe.ends[0]), 1);
    close_all(&pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_one_json_object),
        cmocka_unit_test(test_members_may_be_in_an_object),
        cmocka_unit_test(test_lines_below_the_level_are_dropped),
        cmocka_unit_test(test_every_level_is_written_until_the_time_that_is_named),
        cmocka_unit_test(test_the_revision_of_the_settings_is_in_every_line),
        cmocka_unit_test(test_addresses_are_masked_in_addresses_and_texts),
        cmocka_unit_test(test_warnings_are_limited_and_lines_about_mail_are_not),
        cmocka_unit_test(test_nothing_is_written_before_the_flush_and_free_flushes),
        cmocka_unit_test(test_64_kib_are_written_without_waiting_for_the_flush),
        cmocka_unit_test(test_lines_a_dead_descriptor_did_not_take_are_counted),
        cmocka_unit_test(test_a_full_pipe_gets_whole_lines_and_later_ones_again),
        cmocka_unit_test(test_lines_of_two_roles_on_one_blocking_pipe_are_whole),
        cmocka_unit_test(test_texts_are_cut_where_a_line_would_not_fit_a_pipe),
    };

    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
