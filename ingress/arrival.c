/* SPDX-License-Identifier: Apache-2.0
 * Waiting for a PROXY header. What the proxy sends behind it is the client's: the session reads it,
 * or TLS does. */
#include "ingress/arrival.h"

#include "base/xalloc.h"
#include "proxy/header.h"

#define HEADER_MS 5000 /* proxy-protocol.txt section 2: at least 3 s, for a lost packet */

struct arrival {
    struct list_node node; /* listener->arrivals */
    struct ingress_listener *listener;
    struct stream *stream;
    struct loop_timer *timer;
    struct proxy_parser parser;
};

static void count(const struct ingress_listener *listener, const char *result)
{
    metrics_add(listener->ingress->env->metrics, METRIC_INGRESS_CONNECTIONS_TOTAL,
                METRIC_LABELS(listener->settings->name, result), 1);
}

static void refuse(const struct ingress_listener *listener, struct stream *stream,
                   const char *result, const char *why)
{
    char peer[NET_ADDRESS_TEXT];
    struct log_line line;

    count(listener, result);
    log_begin(&line, listener->ingress->env->log, LOG_WARNING, "proxy_refused");
    log_str(&line, LOG_TARGET, listener->settings->name);
    log_str(&line, LOG_ADDRESS, net_address_ip(stream_peer(stream), peer));
    log_str(&line, LOG_DETAIL, why);
    log_end(&line);
    stream_abort(stream);
}

static void forget(struct arrival *arrival)
{
    loop_timer_free(&arrival->timer);
    list_remove(&arrival->listener->arrivals, &arrival->node);
    arrival->listener->ingress->session_count--;
    xfree(arrival);
}

/* The session counts from here on. */
static void hand_over(struct arrival *arrival, const struct proxy_header *header)
{
    struct ingress_listener *listener = arrival->listener;
    struct stream *stream = arrival->stream;
    struct ingress_client client = {
        .address = *stream_peer(stream),
        .local = *stream_local(stream),
        .is_named = header->origin != PROXY_UNNAMED,
    };

    if (header->origin == PROXY_CLIENT) {
        client.address = header->client;
        client.local = header->destination;
    }
    forget(arrival);
    ingress_listener_admit(listener, stream, &client);
}

static void arrival_on_read(void *owner, struct slice bytes)
{
    struct arrival *arrival = owner;
    struct proxy_header header;
    enum parse state = proxy_header_parse(&arrival->parser, &bytes, &header);

    if (state == PARSE_BAD)
        refuse(arrival->listener, arrival->stream, "header", arrival->parser.why);
    if (state != PARSE_DONE)
        return;
    stream_unread(arrival->stream, bytes);
    hand_over(arrival, &header);
}

static void arrival_on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct arrival *arrival = owner;
    struct ingress *ingress = arrival->listener->ingress;

    (void)detail;
    if (reason != STREAM_LOCAL)
        count(arrival->listener, "header");
    forget(arrival);
    ingress_on_idle(ingress);
}

static const struct stream_ops STREAM_OPS = {
    .on_read = arrival_on_read,
    .on_closed = arrival_on_closed,
};

static void arrival_on_timer(void *owner)
{
    struct arrival *arrival = owner;
    refuse(arrival->listener, arrival->stream, "header", "it sent no PROXY header in time");
}

void arrival_start(struct ingress_listener *listener, struct stream *stream)
{
    if (!net_networks_have(&listener->proxies, stream_peer(stream))) {
        refuse(listener, stream, "untrusted", "it is not in proxy_trusted");
        return;
    }
    struct arrival *arrival = xalloc(sizeof *arrival);
    arrival->listener = listener;
    arrival->stream = stream;
    arrival->timer = loop_timer_new(listener->ingress->env->loop, arrival_on_timer, arrival);
    list_push(&listener->arrivals, &arrival->node);
    listener->ingress->session_count++;
    stream_set_owner(stream, &STREAM_OPS, arrival);
    loop_timer_start(arrival->timer, HEADER_MS);
}

void arrival_free(struct arrival *arrival)
{
    stream_set_owner(arrival->stream, NULL, NULL);
    stream_abort(arrival->stream);
    forget(arrival);
}

struct arrival *arrival_of(struct list_node *node)
{
    return LIST_OWNER(node, struct arrival, node);
}
