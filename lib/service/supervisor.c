/* SPDX-License-Identifier: Apache-2.0
 * Start-up in order (ops port, log, child, roles), signals, drain with its deadline, and the way
 * back. What fails to start takes down what was started before it. */
#include "service/supervisor.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "bus/settings.h"
#include "net/clock.h"
#include "service/child.h"
#include "service/file_watch.h"
#include "service/logging.h"
#include "service/ops.h"
#include "service/ops_pages.h"
#include "service/reload.h"
#include "service/settings.h"

#define TURN_MS       1000
#define FREE_WAIT_MS  10000 /* for a role to free itself after the drain deadline */
#define CHILD_WAIT_MS 2000
#define CHILD_LOOK_MS 5
#define POD_BYTES     256

struct supervisor {
    const struct service *service;
    const struct conf *conf;
    const struct service_settings *settings;
    char pod[POD_BYTES];
    struct loop *loop;
    struct log *log;
    struct loop_post *bell;
    int signal_fd;
    struct loop_watch *signals;
    struct loop_timer *deadline;
    bool is_draining, is_past_deadline;
    bool wants_reload; /* asked for before there are roles */
    struct reload *reload;
    struct file_watch *files;
    struct ops *ops;
    struct bus_hub *hub;
    struct arena *arena; /* of the child's arguments */
    struct child_plan child_plan;
    struct child *child;
    struct ops_state state; /* the roles and our own metrics */
};

static void on_bell(void *owner)
{
    struct supervisor *supervisor = owner;

    if (supervisor->reload)
        reload_look(supervisor->reload);
    /* Otherwise it only ends the wait of the turn: is_over looks at the roles. */
}

static bool is_over(const struct supervisor *supervisor)
{
    bool is_over = true;

    for (size_t i = 0; i < supervisor->state.count; i++)
        is_over = is_over && atomic_load(&supervisor->state.roles[i]->is_finished);
    return is_over;
}

static void on_deadline(void *owner)
{
    struct supervisor *supervisor = owner;

    if (supervisor->is_past_deadline) {
        log_note(supervisor->log, LOG_ERROR, "killed", "a role did not end after the deadline");
        log_flush(supervisor->log);
        _exit(1);
    }
    supervisor->is_past_deadline = true;
    for (size_t i = 0; i < supervisor->state.count; i++)
        if (!atomic_load(&supervisor->state.roles[i]->is_finished)) {
            log_note(supervisor->log, LOG_WARNING, "drain_deadline",
                     supervisor->state.roles[i]->role->name);
            role_stop(supervisor->state.roles[i]);
        }
    loop_timer_start(supervisor->deadline, FREE_WAIT_MS);
}

static void drain_all(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->state.count; i++)
        role_drain(supervisor->state.roles[i]);
}

static void start_reload(struct supervisor *supervisor)
{
    if (supervisor->is_draining)
        return;
    supervisor->wants_reload = !supervisor->reload;
    if (!supervisor->reload)
        return;
    file_watch_forgive(supervisor->files);
    reload_start(supervisor->reload);
}

static void on_files_changed(void *owner)
{
    start_reload(owner);
}

static void end(struct supervisor *supervisor)
{
    if (supervisor->is_draining) {
        log_note(supervisor->log, LOG_WARNING, "killed", "a second signal ends at once");
        log_flush(supervisor->log);
        _exit(1);
    }
    supervisor->is_draining = true;
    log_note(supervisor->log, LOG_INFO, "draining", "");
    drain_all(supervisor);
    loop_timer_start(supervisor->deadline, (uint64_t)supervisor->settings->drain_s * 1000);
}

static void on_signal(void *owner)
{
    struct supervisor *supervisor = owner;
    struct signalfd_siginfo info;

    if (read(supervisor->signal_fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGHUP)
        start_reload(supervisor);
    else
        end(supervisor);
}

/* Before any thread exists, so that all of them inherit the mask. */
static void take_signals(struct supervisor *supervisor)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    supervisor->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    ASSERT(supervisor->signal_fd >= 0);
    supervisor->signals =
        loop_watch_new(supervisor->loop, supervisor->signal_fd, on_signal, supervisor);
}

/* A relay is made of descriptors: all that we may have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* From now on, since the file has been read: a change during the start is not missed. */
static void watch_files(struct supervisor *supervisor, const struct source *source)
{
    const struct file_watch_plan plan = {
        .source = source,
        .conf = supervisor->conf,
        .interval_ms = (uint64_t)supervisor->settings->watch_s * 1000,
        .on_changed = on_files_changed,
        .owner = supervisor,
    };

    supervisor->files = file_watch_new(supervisor->loop, &plan);
}

static void start_metrics(struct supervisor *supervisor)
{
    struct metrics *metrics = supervisor->settings->metrics ? metrics_new() : NULL;

    supervisor->state.process = metrics;
    metrics_zero(metrics, "process");
    metrics_set(metrics, METRIC_BUILD_INFO,
                METRIC_LABELS(supervisor->service->name, HIKYAKU_VERSION), 1);
    metrics_set(metrics, METRIC_PROCESS_START, METRIC_NO_LABELS, clock_wall_us());
}

static void prepare(struct supervisor *supervisor, const struct source *source)
{
    const char *name = supervisor->settings->name;

    if (name[0])
        (void)strncpy(supervisor->pod, name, sizeof supervisor->pod - 1);
    else
        (void)gethostname(supervisor->pod, sizeof supervisor->pod - 1);
    raise_descriptor_limit();
    supervisor->arena = arena_new(1024);
    supervisor->loop = loop_new();
    supervisor->log =
        log_new(STDOUT_FILENO, LOG_INFO, supervisor->service->name, supervisor->pod, clock_wall_us);
    logging_apply(supervisor->log, supervisor->conf);
    supervisor->bell = loop_post_new(supervisor->loop, on_bell, supervisor);
    supervisor->deadline = loop_timer_new(supervisor->loop, on_deadline, supervisor);
    start_metrics(supervisor);
    take_signals(supervisor);
    watch_files(supervisor, source);
}

static int start_ops(struct supervisor *supervisor, struct err *err)
{
    const struct ops_pages pages = {ops_page, &supervisor->state};
    struct slice text = slice_str(supervisor->settings->ops_address);
    struct net_address address;
    char name[NET_ADDRESS_TEXT];
    struct log_line line;

    if (text.len == 0)
        return 0;
    if (net_address_parse_port(text, 0, &address, err) != 0 ||
        ops_new(supervisor->loop, &address, &pages, &supervisor->ops, err) != 0)
        return -1;
    log_begin(&line, supervisor->log, LOG_INFO, "ops_listening");
    log_str(&line, LOG_ADDRESS, net_address_text(ops_address(supervisor->ops), name));
    log_end(&line);
    return 0;
}

/* Without it the roles would begin with complaints about a child that is a few ms away. */
static void wait_for_child(struct supervisor *supervisor)
{
    uint64_t deadline_ms = clock_monotonic_ms() + CHILD_WAIT_MS;

    while (!supervisor->service->child->is_up(supervisor->conf) &&
           clock_monotonic_ms() < deadline_ms)
        loop_turn(supervisor->loop, CHILD_LOOK_MS);
}

static void on_child_failed(void *owner)
{
    const struct supervisor *supervisor = owner;

    if (supervisor->service->child->on_failed)
        supervisor->service->child->on_failed(supervisor->conf);
}

static int start_child(struct supervisor *supervisor, struct err *err)
{
    const struct service_child *child = supervisor->service->child;
    const char *const *argv = NULL;

    if (!child)
        return 0;
    if (child->prepare(supervisor->conf, supervisor->arena, &argv, err) != 0)
        return -1;
    if (argv) {
        supervisor->child_plan =
            (struct child_plan){.argv = argv, .on_failed = on_child_failed, .owner = supervisor};
        supervisor->child = child_new(supervisor->loop, supervisor->log, &supervisor->child_plan);
        wait_for_child(supervisor);
    }
    return 0;
}

static int open_hub(struct supervisor *supervisor, struct err *err)
{
    if (supervisor->service->log)
        return 0;
    const struct bus_settings *values = conf_values(supervisor->conf, &BUS_SECTION);
    struct bus_settings settings = *values;

    settings.longest_period_s = source_longest_period_s(supervisor->conf);
    return bus_hub_open(&settings, &supervisor->hub, err);
}

static int64_t leave_ms(const struct service_settings *settings)
{
    int64_t drain_ms = settings->drain_s * 1000;

    return drain_ms > 2 * BUS_LEAVING_MS ? drain_ms - BUS_LEAVING_MS : drain_ms / 2;
}

static int start_roles(struct supervisor *supervisor, struct err *err)
{
    const struct role_shared shared = {
        .hub = supervisor->hub,
        .conf = supervisor->conf,
        .pod = supervisor->pod,
        .main_bell = supervisor->bell,
        .without_metrics = !supervisor->settings->metrics,
        .without_events = !supervisor->settings->events,
        .leave_ms = leave_ms(supervisor->settings),
    };
    struct ops_state *state = &supervisor->state;

    for (size_t i = 0; supervisor->service->roles[i]; i++) {
        ASSERT(state->count < OPS_ROLES_MAX);
        state->roles[state->count++] = role_new(supervisor->service->roles[i], &shared, i == 0);
        if (role_start(state->roles[i], err) != 0)
            return -1;
    }
    return 0;
}

static void accept_reloads(struct supervisor *supervisor, const struct source *source)
{
    const struct reload_plan plan = {.source = source,
                                     .first = supervisor->conf,
                                     .log = supervisor->log,
                                     .hub = supervisor->hub,
                                     .state = &supervisor->state};

    supervisor->reload = reload_new(&plan);
    if (supervisor->wants_reload)
        start_reload(supervisor);
}

static int start(struct supervisor *supervisor, const struct source *source, struct err *err)
{
    if (start_ops(supervisor, err) != 0 || open_hub(supervisor, err) != 0 ||
        start_child(supervisor, err) != 0 || start_roles(supervisor, err) != 0)
        return -1;
    accept_reloads(supervisor, source);
    return 0;
}

static void stop_all(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->state.count; i++)
        role_stop(supervisor->state.roles[i]);
}

static void finish(struct supervisor *supervisor)
{
    ops_free(&supervisor->ops);
    for (size_t i = 0; i < supervisor->state.count; i++)
        role_free(&supervisor->state.roles[i]);
    file_watch_free(&supervisor->files);
    reload_free(&supervisor->reload);
    child_free(&supervisor->child);
    arena_free(&supervisor->arena);
    bus_hub_close(&supervisor->hub);
    loop_watch_free(&supervisor->signals);
    (void)close(supervisor->signal_fd);
    loop_timer_free(&supervisor->deadline);
    loop_post_free(&supervisor->bell);
    metrics_free(&supervisor->state.process);
    loop_free(&supervisor->loop);
    log_note(supervisor->log, LOG_INFO, "ended", "");
    log_free(&supervisor->log);
}

int supervisor_run(const struct source *source, const struct conf *conf, struct err *err)
{
    struct supervisor supervisor = {
        .service = source->service,
        .conf = conf,
        .settings = conf_values(conf, &SERVICE_SECTION),
    };

    prepare(&supervisor, source);
    supervisor.state.is_starting = true;
    int rc = start(&supervisor, source, err);
    supervisor.state.is_starting = false;
    if (rc != 0)
        stop_all(&supervisor);
    else if (supervisor.is_draining) /* the signal came before the roles */
        drain_all(&supervisor);
    while (!is_over(&supervisor)) {
        log_flush(supervisor.log);
        loop_turn(supervisor.loop, TURN_MS);
    }
    finish(&supervisor);
    return rc;
}
