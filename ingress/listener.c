/* SPDX-License-Identifier: Apache-2.0
 * Accepting connections: limits and networks first, then a session. */
#include "ingress/listener.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "ingress/arrival.h"
#include "ingress/policy.h"
#include "ingress/session.h"

bool ingress_listener_knows(const struct ingress_listener *listener,
                            const struct ingress_client *client)
{
    return client->is_named && net_networks_have(&listener->networks, &client->address);
}

struct refusal {
    const char *result; /* metrics label */
    struct smtp_reply reply;
};

static const struct refusal REFUSED_NETWORK = {
    "network",
    {554, {0, 0, 0}, SLICE("Access denied: your network may not send through this relay")}};
static const struct refusal REFUSED_LIMIT = {
    "limit", {421, {0, 0, 0}, SLICE("Too many connections, try again later")}};
static const struct refusal REFUSED_DRAIN = {
    "drain", {421, {0, 0, 0}, SLICE("Shutting down, try again later")}};

static bool is_full(const struct ingress_listener *listener)
{
    const struct ingress *ingress = listener->ingress;
    size_t count = listener->sessions.count + listener->arrivals.count;

    return count >= (size_t)listener->settings->max_connections ||
           ingress->session_count >= (size_t)ingress->settings->max_connections;
}

static const struct refusal *refusal_of(const struct ingress_listener *listener,
                                        const struct ingress_client *client)
{
    if (listener->ingress->is_draining)
        return &REFUSED_DRAIN;
    if (is_full(listener))
        return &REFUSED_LIMIT;
    if (!policy_admits((enum policy)listener->settings->policy,
                       ingress_listener_knows(listener, client)))
        return &REFUSED_NETWORK;
    return NULL;
}

static void note_refused(const struct ingress_listener *listener,
                         const struct ingress_client *client, const char *reason)
{
    char text[NET_ADDRESS_TEXT];
    struct log_line line;

    metrics_add(listener->ingress->env->metrics, METRIC_INGRESS_CONNECTIONS_TOTAL,
                METRIC_LABELS(listener->settings->name, reason), 1);
    log_begin(&line, listener->ingress->env->log, LOG_WARNING, "connection_refused");
    log_str(&line, LOG_TARGET, listener->settings->name);
    log_str(&line, LOG_CLIENT_IP, net_address_ip(&client->address, text));
    log_str(&line, LOG_REASON, reason);
    log_end(&line);
}

void ingress_listener_admit(struct ingress_listener *listener, struct stream *stream,
                            const struct ingress_client *client)
{
    const struct refusal *refusal = refusal_of(listener, client);

    if (refusal)
        note_refused(listener, client, refusal->result);
    else
        metric_add(listener->accepted, 1);
    session_start(listener, stream, client, refusal ? &refusal->reply : NULL);
}

static void listener_on_accept(void *owner, struct stream *stream)
{
    struct ingress_listener *listener = owner;
    const struct ingress_client client = {*stream_peer(stream), *stream_local(stream), true};

    if (listener->settings->proxy && !is_full(listener))
        arrival_start(listener, stream);
    else
        ingress_listener_admit(listener, stream, &client);
}

static const struct listener_ops OPS = {.on_accept = listener_on_accept};

static void find_cells(struct ingress_listener *listener)
{
    struct metrics *metrics = listener->ingress->env->metrics;
    const char *name = listener->settings->name;

    listener->connections = metrics_cell(metrics, METRIC_INGRESS_CONNECTIONS, METRIC_LABELS(name));
    listener->accepted =
        metrics_cell(metrics, METRIC_INGRESS_CONNECTIONS_TOTAL, METRIC_LABELS(name, "accepted"));
    listener->recipients = metrics_cell(metrics, METRIC_INGRESS_RECIPIENTS, METRIC_LABELS(name));
    listener->mails_accepted =
        metrics_cell(metrics, METRIC_INGRESS_MAILS, METRIC_LABELS(name, "accepted", ""));
    /* An outage of the log shows from its first mail. */
    (void)metrics_cell(metrics, METRIC_INGRESS_MAILS, METRIC_LABELS(name, "tempfail", "log"));
}

/* NULL: none is configured. */
static int load_certificate(const struct listener_settings *settings, struct tls **ret_tls,
                            struct err *err)
{
    *ret_tls = NULL;
    if (!settings->certificate[0])
        return 0;
    return tls_new_server(settings->certificate, settings->key, ret_tls, err);
}

static int open_socket(struct ingress_listener *listener, struct err *err)
{
    const struct listener_settings *settings = listener->settings;
    struct net_address at;

    if (load_certificate(settings, &listener->tls, err) < 0)
        return -1;
    if (net_address_parse(slice_str(settings->address), (uint16_t)settings->port, &at, err) < 0)
        return -1;
    return listener_new(listener->ingress->env->loop, &at, &OPS, listener, &listener->socket, err);
}

static void note_certificate(const struct ingress_listener *listener)
{
    if (listener->tls)
        metrics_set(listener->ingress->env->metrics, METRIC_INGRESS_CERTIFICATE_EXPIRY,
                    METRIC_LABELS(listener->settings->name), tls_expires_s(listener->tls));
}

int ingress_listener_new(struct ingress *ingress, const struct listener_settings *settings,
                         struct err *err)
{
    struct ingress_listener *listener = xalloc(sizeof *listener);

    listener->ingress = ingress;
    listener->arena = arena_new(256);
    listener->networks = net_networks_read(listener->arena, settings->networks);
    listener->proxies = net_networks_read(listener->arena, settings->proxy_trusted);
    listener->settings = settings;
    list_init(&listener->sessions);
    list_init(&listener->arrivals);
    if (open_socket(listener, err) < 0) {
        ingress_listener_free(&listener);
        return err_wrap(err, "listener \"%s\"", settings->name);
    }
    listener->smtp = (struct smtp_server_settings){
        .hostname = ingress->settings->hostname,
        .max_size_bytes = (uint64_t)ingress->settings->max_size_bytes,
        .max_recipients = (unsigned)ingress->settings->max_recipients,
        .max_errors = (unsigned)ingress->settings->max_errors,
        .has_starttls = listener->tls && settings->tls == LISTENER_STARTTLS,
        .is_implicit_tls = listener->tls && settings->tls == LISTENER_IMPLICIT,
        .has_auth = policy_has_auth((enum policy)settings->policy),
        .has_dsn = true,
    };
    find_cells(listener);
    note_certificate(listener);
    list_push(&ingress->listeners, &listener->node);
    return 0;
}

int ingress_listener_reload(struct ingress_listener *listener, struct err *err)
{
    struct tls *tls;

    if (load_certificate(listener->settings, &tls, err) < 0)
        return err_wrap(err, "listener \"%s\"", listener->settings->name);
    tls_free(&listener->tls);
    listener->tls = tls;
    note_certificate(listener);
    return 0;
}

int ingress_listener_check_files(const struct listener_settings *settings, struct err *err)
{
    struct tls *tls;

    if (load_certificate(settings, &tls, err) < 0)
        return err_wrap(err, "listener \"%s\"", settings->name);
    tls_free(&tls);
    return 0;
}

void ingress_listener_stop(struct ingress_listener *listener)
{
    struct list_node *arrival;

    listener_free(&listener->socket);
    while ((arrival = list_first(&listener->arrivals)))
        arrival_free(arrival_of(arrival));
}

void ingress_listener_free(struct ingress_listener **listener)
{
    struct list_node *session;

    if (!*listener)
        return;
    while ((session = list_first(&(*listener)->sessions)))
        session_free(session_of(session));
    if (list_has(&(*listener)->node))
        list_remove(&(*listener)->ingress->listeners, &(*listener)->node);
    ingress_listener_stop(*listener);
    tls_free(&(*listener)->tls);
    arena_free(&(*listener)->arena);
    xfree(*listener);
    *listener = NULL;
}
