/* SPDX-License-Identifier: Apache-2.0
 * Accepting connections: limits and networks first, then a session. */
#include "ingress/listener.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "ingress/policy.h"
#include "ingress/session.h"

bool ingress_listener_knows(const struct ingress_listener *listener, const struct net_address *peer)
{
    for (size_t i = 0; i < listener->network_count; i++)
        if (net_network_has(&listener->networks[i], peer))
            return true;
    return false;
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

static const struct refusal *refusal_of(const struct ingress_listener *listener,
                                        const struct net_address *peer)
{
    const struct ingress *ingress = listener->ingress;

    if (ingress->is_draining)
        return &REFUSED_DRAIN;
    if (!policy_admits((enum policy)listener->settings->policy,
                       ingress_listener_knows(listener, peer)))
        return &REFUSED_NETWORK;
    if (listener->sessions.count >= (size_t)listener->settings->max_connections ||
        ingress->session_count >= (size_t)ingress->settings->max_connections)
        return &REFUSED_LIMIT;
    return NULL;
}

static void listener_on_accept(void *owner, struct stream *stream)
{
    struct ingress_listener *listener = owner;
    const struct refusal *refusal = refusal_of(listener, stream_peer(stream));

    if (refusal)
        metrics_add(listener->ingress->env->metrics, METRIC_INGRESS_CONNECTIONS_TOTAL,
                    METRIC_LABELS(listener->settings->name, refusal->result), 1);
    else
        metric_add(listener->accepted, 1);
    session_start(listener, stream, refusal ? &refusal->reply : NULL);
}

static const struct listener_ops OPS = {.on_accept = listener_on_accept};

static void read_networks(struct ingress_listener *listener)
{
    const char *const *texts = listener->settings->networks;
    struct err err;
    size_t count = 0;

    while (texts[count])
        count++;
    listener->networks = xalloc(count * sizeof *listener->networks);
    for (size_t i = 0; i < count; i++)
        if (net_network_parse(slice_str(texts[i]), &listener->networks[i], &err) == 0)
            listener->network_count++;
    ASSERT(listener->network_count == count); /* the settings check has passed them */
}

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

int ingress_listener_new(struct ingress *ingress, const struct listener_settings *settings,
                         struct err *err)
{
    struct ingress_listener *listener = xalloc(sizeof *listener);

    listener->ingress = ingress;
    listener->settings = settings;
    list_init(&listener->sessions);
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
    read_networks(listener);
    find_cells(listener);
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
    listener_free(&listener->socket);
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
    listener_free(&(*listener)->socket);
    tls_free(&(*listener)->tls);
    xfree((*listener)->networks);
    xfree(*listener);
    *listener = NULL;
}
