/* SPDX-License-Identifier: Apache-2.0
 * SIGHUP to a whole process, or files that are replaced under it: what a role gets, what is
 * refused, what is said. */
#include "unit/service/cases.h"

#include <signal.h>
#include <unistd.h>

#include "unit/base/private_file.h"
#include "unit/service/process.h"
#include "unit/service/stand_in.h"

#define BASE "service: { ops_address = \"\"; name = \"pod-1\"; };\n"

#define WATCHING "service: { ops_address = \"\"; name = \"pod-1\"; watch_s = 1; };\n"

struct live_values {
    int64_t shade;
    const char *secret_file;
};

static const struct conf_setting LIVE_SETTINGS[] = {
    {.name = "shade",
     .type = CONF_INT,
     .offset = CONF_AT(struct live_values, shade),
     .fallback = "1",
     .max = 9,
     .unit = "",
     .help = "A shade."},
    {.name = "secret_file",
     .type = CONF_STRING,
     .offset = CONF_AT(struct live_values, secret_file),
     .fallback = "",
     .help = "A file.",
     .file_of = conf_path},
};

static const struct conf_section LIVE_SECTION = {
    .name = "live",
    .help = "A section.",
    .settings = LIVE_SETTINGS,
    .count = 2,
    .size = sizeof(struct live_values),
    .is_live = true,
};

static int64_t shade_of(const struct conf *conf)
{
    const struct live_values *values = conf_values(conf, &LIVE_SECTION);
    return values->shade;
}

static void log_shade(void *role, const struct conf *conf)
{
    const struct service_env *env = role;
    struct log_line line;

    log_begin(&line, env->log, LOG_INFO, "shade");
    log_int(&line, LOG_COUNT, shade_of(conf));
    log_end(&line);
}

static int refuse_files(const struct conf *conf, struct err *err)
{
    assert_int_equal(shade_of(conf), 1); /* that of the start */
    return err_set(err, ERR_INVALID, "the file is torn");
}

static const struct conf_section *const LIVE_SECTIONS[] = {&LIVE_SECTION, NULL};

static struct service_role role_with(void (*reload)(void *, const struct conf *),
                                     int (*check_files)(const struct conf *, struct err *))
{
    struct service_role role = ROLE_PLAIN;

    role.sections = LIVE_SECTIONS;
    role.reload = reload;
    role.check_files = check_files;
    return role;
}

struct rig {
    char file[PRIVATE_FILE_PATH];
    struct service_role role;
    const struct service_role *roles[3];
    struct service service;
    struct process process;
};

static void rig_start_with(struct rig *rig, struct service_role role, const char *text)
{
    const char *const arguments[] = {"-c", rig->file, NULL};

    *rig = (struct rig){.role = role, .roles = {&rig->role, &ROLE_PLAIN /* has no hook */, NULL}};
    private_file_new(rig->file, slice_str(text));
    rig->service = (struct service){.name = "hikyaku-test", .purpose = "", .roles = rig->roles};
    process_start(&rig->process, &rig->service, arguments);
    (void)process_expect(&rig->process, "\"event\":\"ready\"");
    (void)process_expect(&rig->process, "\"component\":\"plain\",\"pod\":\"pod-1\",\"event\":"
                                        "\"started\"");
}

static void rig_start(struct rig *rig, struct service_role role)
{
    rig_start_with(rig, role, BASE);
}

static void rig_write(const struct rig *rig, const char *text)
{
    private_file_replace(rig->file, slice_str(text));
}

static void rig_reload(struct rig *rig, const char *text)
{
    buf_clear(&rig->process.out);
    rig_write(rig, text);
    process_signal(&rig->process, SIGHUP);
}

static void rig_stop(struct rig *rig)
{
    process_signal(&rig->process, SIGTERM);
    assert_int_equal(process_wait(&rig->process), 0);
}

static void rig_free(struct rig *rig)
{
    process_free(&rig->process);
    (void)unlink(rig->file);
}

static void rig_end(struct rig *rig)
{
    rig_stop(rig);
    rig_free(rig);
}

static void test_a_role_takes_over_what_is_live(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, role_with(log_shade, NULL));
    rig_reload(&rig, BASE "live: { shade = 3; };\n");
    (void)process_expect(&rig.process, "\"event\":\"reloaded\",\"count\":1}");
    (void)process_expect(&rig.process, "\"event\":\"shade\",\"count\":3}");
    (void)process_expect(&rig.process,
                         "\"event\":\"setting_changed\",\"detail\":\"live.shade: 1 -> 3\"");
    rig_reload(&rig, BASE "live: { shade = 4; };\n");
    (void)process_expect(&rig.process, "\"event\":\"reloaded\",\"count\":1}");
    (void)process_expect(&rig.process, "\"detail\":\"live.shade: 3 -> 4\"");
    rig_reload(&rig, BASE "live: { shade = 4; };\n");
    (void)process_expect(&rig.process, "\"event\":\"reloaded\",\"count\":0}");
    rig_end(&rig);
}

static void test_what_is_not_live_is_named_until_the_next_start(void **state)
{
    static const char *const OTHER = "service: { ops_address = \"\"; name = \"pod-1\"; drain_s = "
                                     "5; };\nlog: { directory = \"x\"; };\n";
    struct rig rig;

    (void)state;
    rig_start(&rig, role_with(log_shade, NULL));
    for (int i = 0; i < 2; i++) {
        rig_reload(&rig, OTHER);
        (void)process_expect(&rig.process, "\"event\":\"reloaded\",\"count\":0}");
        (void)process_expect(&rig.process,
                             "\"event\":\"setting_pending\",\"detail\":\"takes effect at the next "
                             "start: service.drain_s, log.directory\"");
    }
    rig_end(&rig);
}

static void test_a_bad_file_changes_nothing_and_every_fault_is_said(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, role_with(log_shade, NULL));
    rig_reload(&rig, BASE "live: { shade = 10;\n shape = 1; };\n");
    (void)process_expect(&rig.process, ":2: live.shade is 10; allowed: an integer from 0 to 9");
    (void)process_expect(&rig.process, ":3: unknown setting \\\"live.shape\\\"");
    rig_reload(&rig, BASE "live: {");
    (void)process_expect(&rig.process, "\"event\":\"reload_refused\",\"detail\":\"/tmp/");
    assert_null(strstr(buf_str(&rig.process.out), "\"event\":\"shade\""));
    rig_reload(&rig, BASE "live: { shade = 2; };\n");
    (void)process_expect(&rig.process, "\"detail\":\"live.shade: 1 -> 2\"");
    rig_end(&rig);
}

/* The log was opened to keep mail for the longest period of the start. */
static void test_a_longer_retry_period_waits_for_the_next_start(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, role_with(log_shade, NULL));
    rig_reload(&rig, BASE "configurations = ( { retry: { period_s = 90000; }; } );\n");
    (void)process_expect(&rig.process, "the longest period_s is 90000, but the log was opened for "
                                       "86400 when this process started");
    rig_reload(&rig, BASE "configurations = ( { retry: { period_s = 3600; }; } );\n");
    (void)process_expect(&rig.process, "\"event\":\"reloaded\"");
    rig_reload(&rig, BASE);
    (void)process_expect(&rig.process, "\"event\":\"reloaded\"");
    rig_end(&rig);
}

static void test_files_that_cannot_be_read_again_are_refused(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, role_with(log_shade, refuse_files));
    rig_reload(&rig, BASE "live: { shade = 3; };\n");
    (void)process_expect(&rig.process,
                         "\"event\":\"reload_refused\",\"detail\":\"the file is torn\"");
    rig_stop(&rig);
    assert_null(strstr(buf_str(&rig.process.out), "\"event\":\"shade\""));
    rig_free(&rig);
}

static void test_a_storm_of_signals_ends_with_the_last_file(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, role_with(log_shade, NULL));
    for (int i = 0; i < 200; i++) {
        rig_write(&rig, i % 2 ? BASE : BASE "live: { shade = 3; };\n");
        process_signal(&rig.process, SIGHUP);
    }
    rig_write(&rig, BASE "live: { shade = 8; };\n");
    process_signal(&rig.process, SIGHUP);
    (void)process_expect(&rig.process, "\"event\":\"shade\",\"count\":8}");
    rig_end(&rig);
}

static size_t count_of(struct rig *rig, const char *text)
{
    size_t count = 0;

    for (const char *at = buf_str(&rig->process.out); (at = strstr(at, text)); at++)
        count++;
    return count;
}

static void test_a_replaced_file_is_read_without_a_signal(void **state)
{
    struct rig rig;

    (void)state;
    rig_start_with(&rig, role_with(log_shade, NULL), WATCHING);
    rig_write(&rig, WATCHING "live: { shade = 3; };\n");
    (void)process_expect(&rig.process, "\"event\":\"shade\",\"count\":3}");
    rig_write(&rig, WATCHING "live: { shade = 10; };\n");
    (void)process_expect(&rig.process, "live.shade is 10; allowed: an integer from 0 to 9");
    rig_write(&rig, WATCHING "live: { shade = 4; };\n");
    (void)process_expect(&rig.process, "\"event\":\"shade\",\"count\":4}");
    /* The wrong one was read once: it is not tried again and again. */
    assert_int_equal(count_of(&rig, "\"event\":\"reload_refused\""), 1);
    rig_end(&rig);
}

static void test_a_replaced_file_that_a_setting_names_is_noticed(void **state)
{
    struct buf text = {0};
    char secret[PRIVATE_FILE_PATH];
    struct rig rig;

    (void)state;
    private_file_new(secret, SLICE("old"));
    buf_addf(&text, WATCHING "live: { secret_file = \"%s\"; };\n", secret);
    rig_start_with(&rig, role_with(log_shade, NULL), buf_str(&text));
    assert_null(strstr(buf_str(&rig.process.out), "\"event\":\"shade\""));
    private_file_replace(secret, SLICE("new"));
    (void)process_expect(&rig.process, "\"event\":\"shade\"");
    rig_end(&rig);
    (void)unlink(secret);
    buf_free(&text);
}

CASES_RUN(CASE(test_a_replaced_file_is_read_without_a_signal),
          CASE(test_a_replaced_file_that_a_setting_names_is_noticed),
          CASE(test_a_role_takes_over_what_is_live),
          CASE(test_what_is_not_live_is_named_until_the_next_start),
          CASE(test_a_bad_file_changes_nothing_and_every_fault_is_said),
          CASE(test_a_longer_retry_period_waits_for_the_next_start),
          CASE(test_files_that_cannot_be_read_again_are_refused),
          CASE(test_a_storm_of_signals_ends_with_the_last_file))
