/* SPDX-License-Identifier: Apache-2.0
 * The ingress role: start, readiness, drain, end. */
#include "ingress/ingress.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "ingress/intake.h"
#include "ingress/listener.h"
#include "ingress/session.h"

#define WATCH_MS 1000

static struct ingress_listener *listener_of(struct list_node *node)
{
    return LIST_OWNER(node, struct ingress_listener, node);
}

static void watch(void *owner)
{
    struct ingress *ingress = owner;
    const char *why = "";
    bool is_ready = bus_is_ready(ingress->bus, &why);

    if (is_ready)
        service_set_started(ingress->env);
    service_set_ready(ingress->env, is_ready && !ingress->is_draining,
                      ingress->is_draining ? "draining" : why);
    intake_expire(ingress);
    loop_timer_start(ingress->watch, WATCH_MS);
}

static void find_cells(struct ingress *ingress)
{
    struct metrics *metrics = ingress->env->metrics;

    ingress->cells = (struct ingress_cells){
        .size = metrics_cell(metrics, METRIC_INGRESS_SIZE, METRIC_NO_LABELS),
        .stage_data = metrics_cell(metrics, METRIC_INGRESS_STAGE, METRIC_LABELS("data")),
        .stage_commit = metrics_cell(metrics, METRIC_INGRESS_STAGE, METRIC_LABELS("commit")),
        .event_ok = metrics_cell(metrics, METRIC_EVENTS, METRIC_LABELS("accepted", "ok")),
    };
}

static void ingress_free(void **role)
{
    struct ingress *ingress = *role;
    struct list_node *node;

    if (!ingress)
        return;
    loop_timer_free(&ingress->watch);
    bus_free(&ingress->bus); /* mails that wait for it get their 451 */
    intake_free_all(ingress);
    while ((node = list_first(&ingress->listeners))) {
        struct ingress_listener *listener = listener_of(node);
        ingress_listener_free(&listener);
    }
    configurations_free(&ingress->configurations);
    users_free(&ingress->users);
    verify_desk_free(&ingress->verify_desk);
    auth_failures_free(&ingress->auth_failures);
    xfree(ingress);
    *role = NULL;
}

static int open_listeners(struct ingress *ingress, struct err *err)
{
    const struct conf *conf = ingress->env->conf;
    size_t count = conf_count(conf, &LISTENERS_SECTION);

    if (count == 0)
        return err_set(err, ERR_INVALID, "no listeners are configured: name at least one");
    for (size_t i = 0; i < count; i++)
        if (ingress_listener_new(ingress, conf_element(conf, &LISTENERS_SECTION, i), err) < 0)
            return -1;
    return 0;
}

/* NULL: no file is configured. */
static int read_users(const struct ingress_settings *settings, struct users **ret_users,
                      struct err *err)
{
    *ret_users = NULL;
    return settings->users_file[0] ? users_new(settings->users_file, ret_users, err) : 0;
}

static void log_listeners(const struct ingress *ingress)
{
    struct list_node *node = list_first(&ingress->listeners);

    for (; node; node = list_next(&ingress->listeners, node)) {
        char text[NET_ADDRESS_TEXT];
        struct log_line line;
        log_begin(&line, ingress->env->log, LOG_INFO, "listening");
        log_str(&line, LOG_ADDRESS,
                net_address_text(listener_address(listener_of(node)->socket), text));
        log_end(&line);
    }
}

static int ingress_start(struct service_env *env, void **ret_role, struct err *err)
{
    struct ingress *ingress = xalloc(sizeof *ingress);
    void *role = ingress;

    ingress->env = env;
    ingress->settings = conf_values(env->conf, &INGRESS_SECTION);
    ingress->work = conf_values(env->conf, &WORK_SECTION);
    ingress->configurations = configurations_new(env->conf);
    ingress->verify_desk = verify_desk_new(env->loop);
    const struct auth_failures_limit limit = {(uint64_t)ingress->settings->auth_failures,
                                              (uint64_t)ingress->settings->auth_failure_period_s *
                                                  1000};
    ingress->auth_failures = auth_failures_new(&limit);
    ingress->bodies.limit_bytes = (uint64_t)ingress->settings->body_budget_bytes;
    list_init(&ingress->listeners);
    list_init(&ingress->intakes);
    find_cells(ingress);
    if (read_users(ingress->settings, &ingress->users, err) < 0 ||
        bus_new(env->hub, env->loop, "ingress", BUS_PROMPT, &ingress->bus, err) < 0 ||
        open_listeners(ingress, err) < 0) {
        ingress_free(&role);
        return -1;
    }
    log_listeners(ingress);
    ingress->watch = loop_timer_new(env->loop, watch, ingress);
    loop_timer_start(ingress->watch, 0);
    *ret_role = ingress;
    return 0;
}

void ingress_on_idle(struct ingress *ingress)
{
    if (!ingress->is_draining || ingress->is_drained)
        return;
    if (ingress->session_count > 0 || ingress->intakes.count > 0)
        return;
    ingress->is_drained = true;
    service_drained(ingress->env);
}

static void ingress_drain(void *role)
{
    struct ingress *ingress = role;
    struct list_node *node = list_first(&ingress->listeners);

    ingress->is_draining = true;
    for (; node; node = list_next(&ingress->listeners, node)) {
        struct ingress_listener *listener = listener_of(node);
        struct list_node *session = list_first(&listener->sessions);
        ingress_listener_stop(listener);
        for (; session; session = list_next(&listener->sessions, session))
            session_shutdown(session_of(session));
    }
    ingress_on_idle(ingress);
}

/* ---- reload ---- */

static int ingress_check_files(const struct conf *conf, struct err *err)
{
    struct users *users;

    if (read_users(conf_values(conf, &INGRESS_SECTION), &users, err) < 0)
        return -1;
    users_free(&users);
    for (size_t i = 0; i < conf_count(conf, &LISTENERS_SECTION); i++)
        if (ingress_listener_check_files(conf_element(conf, &LISTENERS_SECTION, i), err) < 0)
            return -1;
    return 0;
}

/* The files were good a moment ago, for ingress_check_files; what is not any more is kept as it
 * was. */
static void complain(const struct ingress *ingress, const struct err *err)
{
    log_note(ingress->env->log, LOG_ERROR, "reload_failed", err->text);
}

static void reload_users(struct ingress *ingress)
{
    struct users *users;
    struct err err;

    if (read_users(ingress->settings, &users, &err) < 0) {
        complain(ingress, &err);
        return;
    }
    users_free(&ingress->users);
    ingress->users = users;
}

static void reload_certificates(struct ingress *ingress)
{
    struct list_node *node = list_first(&ingress->listeners);
    struct err err;

    for (; node; node = list_next(&ingress->listeners, node))
        if (ingress_listener_reload(listener_of(node), &err) < 0)
            complain(ingress, &err);
}

static void ingress_reload(void *role, const struct conf *conf)
{
    struct ingress *ingress = role;

    configurations_free(&ingress->configurations);
    ingress->configurations = configurations_new(conf);
    reload_users(ingress);
    reload_certificates(ingress);
}

static void ingress_measure(void *role)
{
    struct ingress *ingress = role;
    service_report_bus(ingress->env, ingress->bus);
}

const struct service_role ingress_role = {
    .name = "ingress",
    .sections = INGRESS_SECTIONS,
    .start = ingress_start,
    .drain = ingress_drain,
    .reload = ingress_reload,
    .check_files = ingress_check_files,
    .free = ingress_free,
    .measure = ingress_measure,
};
