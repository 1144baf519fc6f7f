/* SPDX-License-Identifier: Apache-2.0
 * Section "logging": its times, and how a process follows it while it runs. */
#include "unit/service/cases.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "net/clock.h"
#include "service/logging.h"
#include "unit/base/private_file.h"
#include "unit/service/process.h"
#include "unit/service/settings_text.h"
#include "unit/service/stand_in.h"

#define US_PER_S INT64_C(1000000)

static const char *text_of(int64_t ahead_s, char text[32])
{
    time_t at = (time_t)(clock_wall_us() / US_PER_S + ahead_s);
    struct tm utc;

    (void)gmtime_r(&at, &utc);
    assert_int_equal(strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc), 20);
    return text;
}

static void expect_refused(const char *until, const char *why)
{
    struct buf text = {0}, fault = {0};

    buf_addf(&text, "logging: { debug_until = \"%s\"; };\n", until);
    assert_null(settings_text_read(buf_str(&text), &fault));
    assert_non_null(strstr(buf_str(&fault), why));
    buf_free(&fault);
    buf_free(&text);
}

static void test_a_time_is_utc_and_empty_is_none(void **state)
{
    (void)state;
    assert_int_equal(logging_until_us("2016-03-08T07:01:54Z"), INT64_C(1457420514) * US_PER_S);
    assert_int_equal(logging_until_us(""), 0);
}

static void test_what_is_no_time_or_too_far_ahead_is_refused(void **state)
{
    char text[32];

    (void)state;
    expect_refused("tomorrow", "is no time like");
    expect_refused("2016-03-08T07:01:54", "is no time like");
    expect_refused("2016-03-08T07:01Z", "is no time like");
    expect_refused(text_of(24 * 3600 + 60, text), "is more than 24 hours ahead");
}

/* A file says what is over until somebody edits it. */
static void test_a_time_that_is_over_is_fine(void **state)
{
    struct buf fault = {0};
    struct conf *conf = settings_text_read(
        "logging: { debug_until = \"2016-03-08T07:01:54Z\"; level = \"error\"; };", &fault);
    const struct logging_settings *settings;

    (void)state;
    assert_non_null(conf);
    settings = conf_values(conf, &LOGGING_SECTION);
    assert_int_equal(settings->level, LOG_ERROR);
    assert_int_equal(settings->addresses, LOGGING_FULL);
    assert_int_equal(settings->lines_per_second, 100);
    conf_free(&conf);
}

/* ---- a process ---- */

#define SERVICE "service: { ops_address = \"\"; name = \"pod-1\"; };\n"

static void tell(void *role, const struct conf *conf)
{
    const struct service_env *env = role;

    (void)conf;
    log_note(env->log, LOG_DEBUG, "detail_of_all", "");
    log_note(env->log, LOG_WARNING, "reloaded_role", "of taro@example.jp");
}

static void reload(struct process *process, const char *file, const char *text)
{
    buf_clear(&process->out);
    private_file_replace(file, slice_str(text));
    process_signal(process, SIGHUP);
    (void)process_expect(process, "\"event\":\"reloaded_role\"");
}

static void test_levels_and_masks_change_while_the_process_runs(void **state)
{
    struct service_role role = ROLE_PLAIN;
    const struct service_role *const roles[] = {&role, NULL};
    const struct service service = {.name = "hikyaku-test", .purpose = "", .roles = roles};
    struct process process;
    struct buf text = {0};
    char file[PRIVATE_FILE_PATH], until[32];

    (void)state;
    role.reload = tell;
    private_file_new(file, SLICE(SERVICE));
    process_start(&process, &service, (const char *const[]){"-c", file, NULL});
    (void)process_expect(&process, "\"event\":\"ready\"");

    reload(&process, file, SERVICE "logging: { addresses = \"domain\"; };\n");
    (void)process_expect(&process, "\"detail\":\"of ***@example.jp\"");
    assert_null(strstr(buf_str(&process.out), "detail_of_all"));

    buf_addf(&text, SERVICE "logging: { level = \"error\"; debug_until = \"%s\"; };\n",
             text_of(600, until));
    reload(&process, file, buf_str(&text));
    (void)process_expect(&process, "\"detail\":\"of taro@example.jp\"");
    assert_non_null(strstr(buf_str(&process.out), "detail_of_all"));
    assert_non_null(strstr(buf_str(&process.out), "\"revision\":"));

    process_signal(&process, SIGTERM);
    assert_int_equal(process_wait(&process), 0);
    process_free(&process);
    buf_free(&text);
    (void)unlink(file);
}

CASES_RUN(CASE(test_a_time_is_utc_and_empty_is_none),
          CASE(test_what_is_no_time_or_too_far_ahead_is_refused),
          CASE(test_a_time_that_is_over_is_fine),
          CASE(test_levels_and_masks_change_while_the_process_runs))
