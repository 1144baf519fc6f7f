/* SPDX-License-Identifier: Apache-2.0
 * Which sessions are traced, and their lines. */
#include "service/tracing.h"

#include "base/xalloc.h"
#include "net/clock.h"
#include "service/logging.h"

#define LINE_MAX_BYTES 512

struct tracing {
    struct log *log;
    int64_t until_us;    /* 0: nothing is traced */
    struct arena *arena; /* of what follows */
    struct net_networks clients;
    const struct slice *domains;
    size_t domain_count;
};

struct tracing *tracing_new(struct log *log)
{
    struct tracing *tracing = xalloc(sizeof *tracing);

    tracing->log = log;
    tracing->arena = arena_new(256);
    return tracing;
}

void tracing_free(struct tracing **tracing)
{
    if (!*tracing)
        return;
    arena_free(&(*tracing)->arena);
    xfree(*tracing);
    *tracing = NULL;
}

static void copy_domains(struct tracing *tracing, const char *const *texts)
{
    struct slice *domains;
    size_t count = 0;

    while (texts[count])
        count++;
    domains = arena_alloc(tracing->arena, count * sizeof *domains);
    for (size_t i = 0; i < count; i++)
        domains[i] = arena_copy(tracing->arena, slice_str(texts[i]));
    tracing->domains = domains;
    tracing->domain_count = count;
}

void tracing_apply(struct tracing *tracing, const struct conf *conf)
{
    const struct logging_settings *settings = conf_values(conf, &LOGGING_SECTION);

    arena_reset(tracing->arena);
    tracing->until_us = logging_until_us(settings->trace_until);
    tracing->clients = net_networks_read(tracing->arena, settings->trace_clients);
    copy_domains(tracing, settings->trace_destinations);
}

static bool is_on(const struct tracing *tracing)
{
    return tracing && tracing->until_us && clock_wall_us() < tracing->until_us;
}

static void on_line(void *owner, enum smtp_direction direction, struct slice text)
{
    const struct tracing_session *session = owner;
    char peer[NET_ADDRESS_TEXT];
    struct log_line line;

    if (!is_on(session->tracing))
        return;
    log_begin_limited(&line, session->tracing->log, LOG_INFO, "smtp_trace");
    log_str(&line, LOG_SESSION_ID, session->id);
    log_str(&line, session->peer_field, net_address_ip(session->peer, peer));
    log_str(&line, LOG_DIRECTION, direction == SMTP_SENT ? "sent" : "received");
    log_slice(&line, LOG_DETAIL, slice_sub(text, 0, LINE_MAX_BYTES));
    log_end(&line);
}

static const struct smtp_tap *tap(struct tracing_session *session)
{
    session->tap = (struct smtp_tap){.on_line = on_line, .owner = session};
    return &session->tap;
}

const struct smtp_tap *tracing_of_client(struct tracing *tracing, const char *id,
                                         const struct net_address *peer,
                                         struct tracing_session *session)
{
    if (!is_on(tracing) || !net_networks_have(&tracing->clients, peer))
        return NULL;
    *session = (struct tracing_session){
        .tracing = tracing, .id = id, .peer = peer, .peer_field = LOG_CLIENT_IP};
    return tap(session);
}

const struct smtp_tap *tracing_of_destination(struct tracing *tracing, struct slice domain,
                                              const char *id, const struct net_address *peer,
                                              struct tracing_session *session)
{
    size_t i = 0;

    if (!is_on(tracing))
        return NULL;
    while (i < tracing->domain_count && !slice_eq_nocase(tracing->domains[i], domain))
        i++;
    if (i == tracing->domain_count)
        return NULL;
    *session = (struct tracing_session){
        .tracing = tracing, .id = id, .peer = peer, .peer_field = LOG_MX_IP};
    return tap(session);
}
