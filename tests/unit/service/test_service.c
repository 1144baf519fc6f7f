/* SPDX-License-Identifier: Apache-2.0
 * Whole processes: exit codes, start-up faults, drain, the second signal, the deadlines. */
#include "unit/service/cases.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/listen.h"
#include "unit/base/private_file.h"
#include "unit/service/process.h"
#include "unit/service/stand_in.h"

static char configuration[PRIVATE_FILE_PATH];

static int write_configuration(void **state)
{
    (void)state;
    private_file_new(configuration,
                     SLICE("service: { ops_address = \"127.0.0.1:0\"; name = \"pod-1\"; };\n"));
    return 0;
}

static int remove_configuration(void **state)
{
    (void)state;
    return unlink(configuration);
}

static struct service service_of(const struct service_role *const *roles)
{
    return (struct service){.name = "hikyaku-test", .purpose = "tests", .roles = roles};
}

static void start(struct process *process, const struct service_role *const *roles,
                  const char *override)
{
    const struct service service = service_of(roles);
    const char *const arguments[] = {"-c", configuration, override ? "--set" : NULL, override,
                                     NULL};

    process_start(process, &service, arguments);
}

static void test_sigterm_drains_all_roles(void **state)
{
    struct service_role second = ROLE_PLAIN;
    struct process process;

    (void)state;
    second.name = "twin";
    const struct service_role *const roles[] = {&ROLE_PLAIN, &second, NULL};
    start(&process, roles, NULL);
    (void)process_expect(&process,
                         "\"component\":\"twin\",\"pod\":\"pod-1\",\"event\":\"started\"");
    process_signal(&process, SIGTERM);
    assert_int_equal(process_wait(&process), 0);
    (void)process_expect(&process, "\"component\":\"plain\",\"pod\":\"pod-1\",\"event\":\"ended\"");
    (void)process_expect(&process, "\"component\":\"twin\",\"pod\":\"pod-1\",\"event\":\"ended\"");
    process_free(&process);
}

static int prepare_child(const struct conf *conf, struct arena *arena, const char *const **ret_argv,
                         struct err *err)
{
    static const char *const ARGV[] = {"/usr/bin/tail", "-f", "/dev/null", NULL};

    (void)conf, (void)arena, (void)err;
    *ret_argv = ARGV;
    return 0;
}

static void adjust_nothing(struct conf *conf)
{
    (void)conf;
}

/* The signal falls into the wait for the child, before there are roles. */
static bool is_up_after_sigterm(const struct conf *conf)
{
    static bool has_asked;
    bool is_up = has_asked;

    (void)conf;
    if (!has_asked)
        assert_int_equal(kill(getpid(), SIGTERM), 0);
    has_asked = true;
    return is_up;
}

static void test_sigterm_during_the_start_drains_all_roles(void **state)
{
    static const struct conf_section SECTION = {.name = "embedded", .help = "A child.", .size = 1};
    const struct service_child child = {.section = &SECTION,
                                        .adjust = adjust_nothing,
                                        .prepare = prepare_child,
                                        .is_up = is_up_after_sigterm};
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    struct service service = service_of(roles);
    const char *const arguments[] = {"-c", configuration, NULL};
    struct process process;

    (void)state;
    service.child = &child;
    process_start(&process, &service, arguments);
    assert_int_equal(process_wait(&process), 0);
    assert_null(strstr(buf_str(&process.out), "drain_deadline"));
    (void)process_expect(&process, "\"component\":\"plain\",\"pod\":\"pod-1\",\"event\":\"ended\"");
    process_free(&process);
}

static void test_second_signal_ends_at_once(void **state)
{
    const struct service_role *const roles[] = {&ROLE_STUBBORN, NULL};
    struct process process;

    (void)state;
    start(&process, roles, NULL);
    (void)process_expect(&process, "\"event\":\"started\"");
    process_signal(&process, SIGTERM);
    (void)process_expect(&process, "\"event\":\"draining\"");
    process_signal(&process, SIGINT);
    assert_int_equal(process_wait(&process), 1);
    process_free(&process);
}

/* Until its end; it has a second to drain. */
static void run_and_drain(struct process *process, const struct service_role *role)
{
    const struct service_role *const roles[] = {role, NULL};

    start(process, roles, "service.drain_s=1");
    (void)process_expect(process, "\"event\":\"started\"");
    process_signal(process, SIGTERM);
    assert_int_equal(process_wait(process), 0);
}

static void test_drain_deadline_stops_a_stubborn_role(void **state)
{
    struct process process;

    (void)state;
    run_and_drain(&process, &ROLE_STUBBORN);
    (void)process_expect(&process, "\"event\":\"drain_deadline\",\"detail\":\"stubborn\"");
    process_free(&process);
}

static void test_role_that_takes_all_its_time_to_leave_is_in_time(void **state)
{
    struct process process;

    (void)state;
    run_and_drain(&process, &ROLE_LEAVING);
    assert_null(strstr(buf_str(&process.out), "drain_deadline"));
    process_free(&process);
}

/* What is in flight may take so long, and the last commit and leaving the group come on top. */
static void test_time_to_leave_by_the_drain_time(void **state)
{
    static const struct {
        const char *drain, *limit;
    } rows[] = {
        {"service.drain_s=1", "500 ms"},        {"service.drain_s=20", "10000 ms"},
        {"service.drain_s=21", "11000 ms"},     {"service.drain_s=60", "50000 ms"},
        {"service.drain_s=3600", "3590000 ms"},
    };
    const struct service_role *const roles[] = {&ROLE_LEAVING, NULL};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct process process;
        start(&process, roles, rows[i].drain);
        (void)process_expect(&process, "\"event\":\"limit\",\"detail\":\"");
        (void)process_expect(&process, rows[i].limit);
        process_signal(&process, SIGKILL);
        assert_int_equal(process_wait(&process), -SIGKILL);
        process_free(&process);
    }
}

static void test_role_that_cannot_start_ends_the_process(void **state)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, &ROLE_FAILING, NULL};
    struct process process;

    (void)state;
    start(&process, roles, NULL);
    assert_int_equal(process_wait(&process), 1);
    (void)process_expect(&process, "hikyaku-test: cannot start: failing: no luck\n");
    process_free(&process);
}

static void test_log_that_cannot_be_opened_ends_the_process(void **state)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    struct process process;

    (void)state;
    start(&process, roles, "log.directory=/broken");
    assert_int_equal(process_wait(&process), 1);
    (void)process_expect(&process, "hikyaku-test: cannot start: the log is broken\n");
    process_free(&process);
}

static void test_taken_ops_port_is_named(void **state)
{
    static const struct listener_ops none = {0};
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    struct loop *loop = loop_new();
    struct net_address at;
    struct listener *listener;
    char text[NET_ADDRESS_TEXT];
    struct buf override = {0};
    struct process process;
    struct err err;

    (void)state;
    assert_int_equal(net_address_parse(SLICE("127.0.0.1"), 0, &at, &err), 0);
    assert_int_equal(listener_new(loop, &at, &none, NULL, &listener, &err), 0);
    (void)net_address_text(listener_address(listener), text);
    buf_addf(&override, "service.ops_address=%s", text);
    start(&process, roles, buf_str(&override));
    assert_int_equal(process_wait(&process), 1);
    (void)process_expect(&process, "cannot listen on the ops address ");
    (void)process_expect(&process, text);
    process_free(&process);
    buf_free(&override);
    listener_free(&listener);
    loop_free(&loop);
}

static void test_wrong_configuration_starts_nothing(void **state)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    struct process process;

    (void)state;
    start(&process, roles, "service.drain_s=0");
    assert_int_equal(process_wait(&process), 2);
    (void)process_expect(&process, "--set service.drain_s=0: service.drain_s is 0; allowed: an "
                                   "integer from 1 to 3600 (s)\n");
    assert_null(strstr(buf_str(&process.out), "started"));
    process_free(&process);
}

static void test_missing_file_flag_is_wrong(void **state)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    const struct service service = service_of(roles);
    const char *const arguments[] = {NULL};
    struct process process;

    (void)state;
    process_start(&process, &service, arguments);
    assert_int_equal(process_wait(&process), 2);
    (void)process_expect(&process, "no configuration file; give one with -c FILE\n");
    process_free(&process);
}

static void test_printed_configuration_is_accepted(void **state)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    const struct service service = service_of(roles);
    const char *const print[] = {"-c", configuration, "--print-config", NULL};
    struct process process;
    char printed[PRIVATE_FILE_PATH];

    (void)state;
    process_start(&process, &service, print);
    assert_int_equal(process_wait(&process), 0);
    private_file_new(printed, slice_str(buf_str(&process.out)));
    process_free(&process);
    const char *const check[] = {"-c", printed, "--check-config", NULL};
    process_start(&process, &service, check);
    assert_int_equal(process_wait(&process), 0);
    (void)process_expect(&process, ": the configuration is valid\n");
    process_free(&process);
    (void)unlink(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_sigterm_drains_all_roles),
        CASE(test_sigterm_during_the_start_drains_all_roles),
        CASE(test_second_signal_ends_at_once),
        CASE(test_drain_deadline_stops_a_stubborn_role),
        CASE(test_role_that_takes_all_its_time_to_leave_is_in_time),
        CASE(test_time_to_leave_by_the_drain_time),
        CASE(test_role_that_cannot_start_ends_the_process),
        CASE(test_log_that_cannot_be_opened_ends_the_process),
        CASE(test_taken_ops_port_is_named),
        CASE(test_wrong_configuration_starts_nothing),
        CASE(test_missing_file_flag_is_wrong),
        CASE(test_printed_configuration_is_accepted),
    };

    return cmocka_run_group_tests(tests, write_configuration, remove_configuration);
}
