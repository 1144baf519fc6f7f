/* SPDX-License-Identifier: Apache-2.0
 * ACCEPT: a mail becomes records. What is published is the client's bytes behind our trace field,
 * unchanged but for what the Received mode deletes; of the envelope, From may be rewritten. */
#include "ingress/intake.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/xalloc.h"
#include "bus/body.h"
#include "bus/place.h"
#include "ingress/bcc.h"
#include "ingress/choose.h"
#include "ingress/received.h"
#include "ingress/rewrite.h"
#include "ingress/routes.h"
#include "ingress/session.h"
#include "mail/date.h"
#include "mail/header.h"
#include "net/clock.h"
#include "net/crypto.h"
#include "proto/event.h"
#include "proto/record.h"

struct intake {
    struct list_node node; /* ingress->intakes */
    struct ingress_listener *listener;
    struct session *session; /* NULL: gone or already answered */
    struct arena *arena;
    struct buf body;
    struct slice session_id;
    struct slice user; /* who authenticated; "": nobody did */
    uint64_t started_us, size_bytes;
    char mail_id[ID_LEN + 1];
    struct record_work work;
    struct bus_body chunks; /* of a large body */
    struct bus_ticket work_ticket, event_ticket;
    struct intake_result result;
    struct loop_later later;
};

/* ---- the end ---- */

static void log_result(const struct intake *intake)
{
    bool is_accepted = intake->result.verdict == INTAKE_ACCEPTED;
    struct log_line line;

    log_begin(&line, intake->listener->ingress->env->log, is_accepted ? LOG_INFO : LOG_WARNING,
              is_accepted ? "accepted" : "refused");
    log_slice(&line, LOG_MAIL_ID, intake->result.mail_id);
    log_slice(&line, LOG_SESSION_ID, intake->session_id);
    log_slice(&line, LOG_CONFIG, intake->work.envelope.configuration);
    log_slice(&line, LOG_SENDER, intake->work.envelope.original_from);
    log_slice(&line, LOG_CLIENT_IP, intake->work.envelope.client_ip);
    if (intake->user.len)
        log_slice(&line, LOG_USER, intake->user);
    log_int(&line, LOG_SIZE_BYTES, (int64_t)intake->size_bytes);
    log_int(&line, LOG_RECIPIENTS, (int64_t)intake->work.rcpt_count);
    if (!is_accepted) {
        log_str(&line, LOG_REASON, intake->result.reason);
        log_str(&line, LOG_DETAIL, intake->result.detail);
    }
    log_end(&line);
}

static void count_accepted(const struct intake *intake)
{
    const struct ingress_listener *listener = intake->listener;
    const struct ingress_cells *cells = &listener->ingress->cells;

    metric_add(listener->mails_accepted, 1);
    metric_add(listener->recipients, intake->work.rcpt_count);
    metric_observe(cells->size, (double)intake->size_bytes);
    metric_observe(cells->stage_commit, (double)(clock_monotonic_us() - intake->started_us) / 1e6);
}

static void tell_session(struct intake *intake)
{
    struct session *session = intake->session;

    intake->session = NULL;
    if (session)
        session_on_published(session, &intake->result);
}

static void put_body(struct intake *intake)
{
    budget_put(&intake->listener->ingress->bodies, intake->body.len);
    buf_free(&intake->body);
}

static void intake_free(struct intake *intake)
{
    struct ingress *ingress = intake->listener->ingress;

    put_body(intake);
    list_remove(&ingress->intakes, &intake->node);
    arena_free(&intake->arena);
    xfree(intake);
    ingress_on_idle(ingress);
}

static void conclude(struct intake *intake)
{
    log_result(intake);
    if (intake->result.verdict == INTAKE_ACCEPTED)
        count_accepted(intake);
    tell_session(intake);
}

static void finish(void *owner)
{
    struct intake *intake = owner;

    conclude(intake);
    intake_free(intake);
}

static void fail(struct intake *intake, enum err_kind kind, const char *detail)
{
    intake->result.verdict = kind == ERR_LIMIT ? INTAKE_NO_ROOM : INTAKE_TEMPFAIL;
    intake->result.reason = kind == ERR_LIMIT ? "room" : "log";
    intake->result.detail = arena_str(intake->arena, slice_str(detail));
}

/* ---- the work record, then its event ---- */

static void on_event_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct intake *intake = owner;
    struct ingress *ingress = intake->listener->ingress;

    (void)ticket;
    if (ack->ok)
        metric_add(ingress->cells.event_ok, 1);
    else
        metrics_add(ingress->env->metrics, METRIC_EVENTS, METRIC_LABELS("accepted", "failed"), 1);
    intake_free(intake);
}

static void publish_event(struct intake *intake)
{
    struct ingress *ingress = intake->listener->ingress;
    struct buf value = {0};
    struct event event = {
        .kind = EVENT_ACCEPTED,
        .source = "ingress",
        .pod = ingress->env->pod,
        .at_ms = intake->work.envelope.queued_at_ms,
        .work = &intake->work,
    };

    event_put(&value, &event);
    struct bus_record record = {
        .topic = BUS_EVENT,
        .partition =
            bus_partition_of_moment(ingress->bus, BUS_EVENT, loop_now_ms(ingress->env->loop)),
        .key = intake->result.mail_id,
        .head = buf_slice(&value),
    };
    intake->event_ticket = (struct bus_ticket){.on_acked = on_event_acked, .owner = intake};
    bus_publish(ingress->bus, &record, &intake->event_ticket);
    buf_free(&value);
}

/* Only what is durable was accepted: an audit counts on it. */
static void on_work_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct intake *intake = owner;

    (void)ticket;
    if (!ack->ok)
        fail(intake, ack->kind, ack->detail);
    if (!ack->ok || intake->listener->ingress->env->without_events) {
        finish(intake);
        return;
    }
    publish_event(intake);
    conclude(intake);
}

static void publish_work(struct intake *intake)
{
    struct ingress *ingress = intake->listener->ingress;
    struct buf head = {0};

    record_put_work(&head, &intake->work);
    struct bus_record record = {
        .topic = BUS_WORK,
        .partition = bus_place_of_new(ingress->bus, ingress->work, &intake->work,
                                      loop_now_ms(ingress->env->loop)),
        .key = intake->work.destination,
        .head = buf_slice(&head),
        .body = intake->work.has_body_ref ? SLICE_NONE : buf_slice(&intake->body),
    };
    intake->work_ticket = (struct bus_ticket){.on_acked = on_work_acked, .owner = intake};
    bus_publish(ingress->bus, &record, &intake->work_ticket);
    buf_free(&head);
    put_body(intake); /* the bus has its copy */
}

/* ---- large bodies: chunks first ---- */

static void on_stored(void *owner, const struct record_body *ref, const struct err *why)
{
    struct intake *intake = owner;

    if (!ref) {
        fail(intake, why->kind, why->text);
        finish(intake);
        return;
    }
    intake->work.has_body_ref = true;
    intake->work.body_ref = *ref;
    publish_work(intake);
}

static void start_chunks(struct intake *intake)
{
    struct ingress *ingress = intake->listener->ingress;

    intake->chunks.on_stored = on_stored;
    intake->chunks.owner = intake;
    bus_body_put(&intake->chunks, ingress->bus, intake->result.mail_id, buf_slice(&intake->body),
                 (size_t)ingress->work->chunk_bytes);
}

/* ---- from mail to record ---- */

static bool has_8bit(struct slice body)
{
    uint64_t high = 0, word;
    size_t i = 0;

    for (; body.len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, body.at + i, sizeof word);
        high |= word;
    }
    for (; i < body.len; i++)
        high |= (uint8_t)body.at[i];
    return (high & UINT64_C(0x8080808080808080)) != 0;
}

static void make_id(struct intake *intake, int64_t now_ms)
{
    crypto_new_id(now_ms, intake->mail_id);
    intake->result.mail_id = slice_of(intake->mail_id, ID_LEN);
}

static struct slice trace_of(struct intake *intake, const struct intake_mail *mail,
                             enum received_mode mode, int64_t now_ms)
{
    const struct ingress_settings *settings = intake->listener->ingress->settings;
    struct buf trace = {0};
    struct received_hop hop = {
        .helo = mail->helo,
        .hostname = settings->hostname,
        .client = &mail->client->address,
        .local = &mail->client->local,
        .now_ms = now_ms,
        .zone_minutes = date_local_zone(now_ms),
    };

    received_apply(&trace, mode, &hop);
    struct slice copy = arena_copy(intake->arena, buf_slice(&trace));
    buf_free(&trace);
    return copy;
}

static void fill_envelope(struct intake *intake, const struct intake_mail *mail,
                          const struct configuration *configuration, struct slice header)
{
    struct ingress *ingress = intake->listener->ingress;
    struct record_envelope *envelope = &intake->work.envelope;
    struct arena *arena = intake->arena;
    char client[NET_ADDRESS_TEXT];

    *envelope = (struct record_envelope){
        .mail_id = intake->result.mail_id,
        .from = arena_copy(arena, mail->from->address),
        .configuration = arena_copy(arena, configuration->name),
        .received_mode = slice_str(RECEIVED_MODE_NAMES[configuration->received]),
        .listener = slice_str(intake->listener->settings->name),
        .helo = arena_copy(arena, mail->helo),
        .client_ip = arena_copy(arena, slice_str(net_address_ip(&mail->client->address, client))),
        .envid = arena_copy(arena, mail->from->envid),
        .message_id =
            arena_copy(arena, slice_sub(header_value(header, SLICE("message-id")), 0, 255)),
        .public_port = (uint32_t)intake->listener->settings->public_port,
        .ret = (uint32_t)mail->from->ret,
        .queued_at_ms = clock_wall_ms(),
        .size_bytes = intake->size_bytes,
        .is_8bit = has_8bit(buf_slice(&intake->body)),
    };
    envelope->original_from = envelope->from;
    ingress_rewrite(&configuration->rewrite, ingress->env->metrics, arena, header, envelope);
    envelope->trace = trace_of(intake, mail, configuration->received, envelope->queued_at_ms);
}

/* Everything that is said about the body is said about what this leaves. */
static bool strip(struct intake *intake, enum received_mode mode)
{
    struct ingress *ingress = intake->listener->ingress;
    size_t gone = received_strip(&intake->body, mode);

    budget_put(&ingress->bodies, gone);
    intake->size_bytes -= gone;
    return gone > 0;
}

static const struct configuration *configuration_of(const struct intake *intake,
                                                    const struct intake_mail *mail)
{
    const struct listener_settings *listener = intake->listener->settings;
    const struct ingress_client *client = mail->client;

    return choose_configuration(
        intake->listener->ingress->configurations,
        &(struct choose_origin){.listener = listener->name,
                                .fallback = listener->configuration,
                                .user = mail->user,
                                .client = client->is_named ? &client->address : NULL});
}

/* To its recipients, to others by the rules, to the archive. */
static void route(struct intake *intake, const struct intake_mail *mail,
                  const struct bcc_settings *bcc)
{
    const struct ingress *ingress = intake->listener->ingress;

    routes_apply(intake->arena, &intake->work, mail->rcpts, mail->rcpt_count,
                 ingress->settings->hostname);
    routes_forward(intake->arena, &intake->work,
                   configurations_forwarding_rules(ingress->configurations));
    bcc_route(intake->arena, &intake->work, bcc);
}

static void read_mail(struct intake *intake, const struct intake_mail *mail)
{
    const struct ingress_settings *settings = intake->listener->ingress->settings;
    struct slice header = header_block(buf_slice(&intake->body));
    const struct configuration *configuration = configuration_of(intake, mail);
    size_t hops = received_hops(header);

    if (strip(intake, configuration->received))
        header = header_block(buf_slice(&intake->body));
    make_id(intake, clock_wall_ms());
    fill_envelope(intake, mail, configuration, header);
    intake->work.envelope.hop_count = (uint32_t)hops + 1;
    intake->work.body_crc32c = hash_crc32c(0, buf_slice(&intake->body));
    route(intake, mail, &configuration->bcc);
    if (hops >= (size_t)settings->hop_limit)
        intake->result = (struct intake_result){.verdict = INTAKE_LOOP,
                                                .reason = "loop",
                                                .detail = "the header tells of too many hops",
                                                .mail_id = intake->result.mail_id};
}

struct intake *intake_accept(struct ingress_listener *listener, struct session *session,
                             struct intake_mail *mail)
{
    struct ingress *ingress = listener->ingress;
    struct intake *intake = xalloc(sizeof *intake);

    intake->listener = listener;
    intake->session = session;
    intake->arena = arena_new(1024);
    intake->session_id = arena_copy(intake->arena, mail->session_id);
    intake->user = arena_copy(intake->arena, mail->user);
    intake->body = *mail->body;
    *mail->body = (struct buf){0};
    intake->size_bytes = intake->body.len;
    intake->started_us = clock_monotonic_us();
    intake->result = (struct intake_result){
        .verdict = INTAKE_ACCEPTED, .reason = "", .detail = "", .rcpt_count = mail->rcpt_count};
    list_push(&ingress->intakes, &intake->node);
    read_mail(intake, mail);
    if (intake->result.verdict != INTAKE_ACCEPTED)
        loop_later(ingress->env->loop, &intake->later, finish, intake);
    else if (intake->body.len > (size_t)ingress->work->inline_max_bytes)
        start_chunks(intake);
    else
        publish_work(intake);
    return intake;
}

void intake_detach(struct intake *intake)
{
    intake->session = NULL;
}

void intake_expire(struct ingress *ingress)
{
    uint64_t limit_us = (uint64_t)ingress->settings->commit_timeout_ms * 1000;
    uint64_t now_us = clock_monotonic_us();
    struct list_node *node = list_first(&ingress->intakes);

    while (node) {
        struct intake *intake = LIST_OWNER(node, struct intake, node);
        struct intake_result late = intake->result;
        struct session *session = intake->session;
        if (now_us - intake->started_us < limit_us)
            return; /* oldest first: the others are younger */
        node = list_next(&ingress->intakes, node);
        late.verdict = INTAKE_TEMPFAIL;
        late.reason = "deadline";
        intake->session = NULL;
        if (session)
            session_on_published(session, &late);
    }
}

void intake_free_all(struct ingress *ingress)
{
    struct list_node *node;

    while ((node = list_first(&ingress->intakes))) {
        struct intake *intake = LIST_OWNER(node, struct intake, node);
        loop_later_cancel(ingress->env->loop, &intake->later);
        finish(intake);
    }
}
