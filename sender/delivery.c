/* SPDX-License-Identifier: Apache-2.0
 * The attempt as a sequence of questions, each answered by a callback. Which hosts there are is
 * host_walk.c's answer, what a reply means verdict.c's. */
#include "sender/delivery.h"

#include "base/assert.h"
#include "sender/body.h"
#include "sender/connect_tell.h"
#include "sender/host_walk.h"
#include "sender/outcome.h"
#include "sender/park.h"
#include "sender/pool.h"
#include "sender/slots.h"
#include "sender/source.h"

struct delivery {
    struct parcel *parcel;
    const struct connection_ops *ops; /* ours */
    struct body_read body;
    struct slice content; /* dot-stuffed, without the final dot */
    struct host_walk walk;
    struct connection_target target;
    struct net_address avoided;             /* a blocklist was named to it */
    struct connection *connection;          /* opening, or with our mail on it */
    bool is_fresh_needed, was_fresh_needed; /* the pool rule: not an attempt, but only once */
    struct smtp_mail mail;                  /* the transaction under way */
    struct smtp_rcpt *rcpts;                /* its recipients */
    size_t *indexes;                        /* and their places in the parcel */
    uint64_t since_ms;                      /* the stage under way began */
};

/* All time since the last stage's end was this one's. */
static void end_stage(struct delivery *delivery, enum delay stage)
{
    uint64_t now_ms = loop_now_ms(delivery->parcel->sender->loop);

    delays_add(&delivery->parcel->delays, stage, now_ms - delivery->since_ms);
    delivery->since_ms = now_ms;
}

/* Usable now, or never. */
static void end_connect(struct delivery *delivery, const struct connection *connection)
{
    uint64_t tls_ms;

    if (connection_took_tls(connection, &tls_ms))
        delays_add(&delivery->parcel->delays, DELAY_TLS, tls_ms);
    delivery->since_ms += tls_ms;
    end_stage(delivery, DELAY_CONNECT);
}

/* The slot goes to whoever waits, the connection (NULL: none left) with it. */
static void leave(struct delivery *delivery, struct connection *connection)
{
    struct parcel *parcel = delivery->parcel;
    struct destination *dest = parcel->destination;

    host_walk_stop(&delivery->walk);
    body_put(&delivery->body);
    parcel->delivery = NULL;
    parcel->destination = NULL;
    slots_pass_on(parcel->sender, dest, connection);
}

static void end(struct delivery *delivery, struct connection *connection)
{
    struct parcel *parcel = delivery->parcel;

    leave(delivery, connection);
    outcome_record(parcel);
}

/* Ownership is in doubt, or gone: what has a verdict keeps it, nothing more is sent. */
static void withdraw(struct delivery *delivery)
{
    struct parcel *parcel = delivery->parcel;

    leave(delivery, NULL);
    if (parcel_is_current(parcel))
        slots_wait_for_ownership(parcel);
    else
        parcel_forget(parcel);
}

static void trace(const struct delivery *delivery, struct connection *connection)
{
    const struct parcel *parcel = delivery->parcel;

    connection_trace(connection, parcel->sender->env->tracing, parcel->work.destination);
}

static size_t choose_rcpts(struct delivery *delivery)
{
    const struct parcel *parcel = delivery->parcel;
    size_t count = 0;

    for (size_t i = 0; i < parcel->work.rcpt_count; i++) {
        const struct record_rcpt *rcpt = &parcel->work.rcpts[i];
        if (parcel->verdicts[i].kind != VERDICT_NONE)
            continue;
        delivery->rcpts[count] = (struct smtp_rcpt){
            .address = rcpt->address, .notify = rcpt->notify, .orcpt = rcpt->orcpt};
        delivery->indexes[count++] = i;
    }
    return count;
}

/* A transaction for every recipient without a verdict. */
static void transmit(struct delivery *delivery, struct connection *connection)
{
    const struct record_envelope *envelope = &delivery->parcel->work.envelope;

    delivery->connection = connection;
    delivery->mail =
        (struct smtp_mail){.from = {.address = envelope->from,
                                    .size_bytes = envelope->trace.len + delivery->content.len,
                                    .body = envelope->is_8bit ? SMTP_BODY_8BITMIME : SMTP_BODY_7BIT,
                                    .ret = (enum smtp_ret)envelope->ret,
                                    .envid = envelope->envid},
                           .rcpts = delivery->rcpts,
                           .rcpt_count = choose_rcpts(delivery),
                           .trace = envelope->trace,
                           .body = delivery->content,
                           .is_8bit = envelope->is_8bit};
    trace(delivery, connection);
    connection_send(connection, &delivery->mail);
}

static void open_connection(struct delivery *delivery)
{
    struct sender *sender = delivery->parcel->sender;
    struct connection *connection = NULL;

    if (!delivery->is_fresh_needed)
        connection = pool_take(sender->pool, &delivery->target, delivery->ops, delivery);
    delivery->is_fresh_needed = false;
    metric_add(connection ? sender->cells.reused : sender->cells.fresh, 1);
    if (connection) {
        transmit(delivery, connection);
        return;
    }
    delivery->connection = pool_open(sender->pool, &delivery->target, delivery->ops, delivery);
    trace(delivery, delivery->connection);
}

/* Why nothing came of any address; but a reply of one that was tried says more. */
static void note_no_source(struct delivery *delivery)
{
    static const struct net_address none = {0};
    struct parcel *parcel = delivery->parcel;
    struct finding_place place =
        finding_place(parcel->arena, delivery->target.host, &delivery->target.address, &none);
    struct finding finding =
        finding_from_loss(parcel, &place, SMTP_STAGE_CONNECT, false,
                          "the source pool has no address of the host's family here");

    if (!delivery->walk.has_trouble)
        host_walk_note(&delivery->walk, &finding);
}

/* The next address that there is a source for. */
static enum host_walk_step find_target(struct delivery *delivery)
{
    enum host_walk_step step;

    while ((step = host_walk_next(&delivery->walk, &delivery->target)) == HOST_WALK_ADDRESS) {
        if (source_choose(delivery->parcel, &delivery->avoided, &delivery->target))
            break;
        note_no_source(delivery);
    }
    return step;
}

/* The trouble of the walk is the verdict. */
static void give_up(struct delivery *delivery)
{
    finding_apply_rest(delivery->parcel, &delivery->walk.trouble);
    end(delivery, NULL);
}

static void advance(struct delivery *delivery)
{
    struct parcel *parcel = delivery->parcel;
    enum host_walk_step step = find_target(delivery);

    if (step == HOST_WALK_ASKED)
        return;
    if (delivery->walk.used_dns)
        end_stage(delivery, DELAY_DNS);
    if (step == HOST_WALK_ADDRESS) {
        open_connection(delivery);
        return;
    }
    if (!delivery->walk.has_trouble) {
        struct finding nothing =
            finding_from_route(parcel, ROUTE_NO_HOST, "the destination has no usable host");
        host_walk_note(&delivery->walk, &nothing);
    }
    give_up(delivery);
}

static void on_more(void *owner)
{
    advance(owner);
}

static void on_ready(void *owner, struct connection *connection)
{
    struct delivery *delivery = owner;
    const struct sender *sender = delivery->parcel->sender;

    end_connect(delivery, connection);
    connect_tell_ready(sender, connection);
    transmit(delivery, connection);
}

static struct finding_place place_of(struct delivery *delivery, const struct connection *connection)
{
    return finding_place(delivery->parcel->arena, connection_host(connection),
                         connection_address(connection), connection_local(connection));
}

/* C18: in clear text, once; the host is remembered. */
static bool may_try_clear(const struct delivery *delivery, enum smtp_stage stage)
{
    return stage == SMTP_STAGE_TLS && !delivery->target.is_clear &&
           delivery->parcel->sender->settings->tls == SENDER_TLS_OPPORTUNISTIC;
}

/* The next host hears from another address of the pool. */
static void note_blocklist(struct delivery *delivery, const struct finding *finding,
                           const struct connection *connection)
{
    if (finding->verdict.error_class == VERDICT_CLASS_BLOCKED)
        delivery->avoided = *connection_source(connection);
}

/* Why a connection could not be used. */
static struct finding find_trouble(struct delivery *delivery, const struct connection *connection,
                                   const struct connection_trouble *trouble)
{
    struct parcel *parcel = delivery->parcel;
    struct finding_place place = place_of(delivery, connection);

    if (trouble->fault != PROXY_FAULT_NONE)
        return finding_from_proxy(parcel, trouble->fault, trouble->detail);
    if (trouble->reply->code) {
        const struct smtp_rcpt_result said = {trouble->stage, *trouble->reply, .is_ours = false};
        return finding_from_reply(parcel, &place, &said, false);
    }
    return finding_from_loss(parcel, &place, trouble->stage, false, trouble->detail);
}

static void on_failed(void *owner, struct connection *connection,
                      const struct connection_trouble *trouble)
{
    struct delivery *delivery = owner;
    struct pool *pool = delivery->parcel->sender->pool;
    struct finding finding;

    delivery->connection = NULL;
    end_connect(delivery, connection);
    connect_tell_failed(delivery->parcel->sender, connection, trouble);
    if (may_try_clear(delivery, trouble->stage)) {
        pool_note_tls_broken(pool, &delivery->target.address);
        delivery->target.is_clear = true;
        open_connection(delivery);
        return;
    }
    finding = find_trouble(delivery, connection, trouble);
    note_blocklist(delivery, &finding, connection);
    host_walk_note(&delivery->walk, &finding);
    if (finding.verdict.next == VERDICT_NEXT_HOST)
        advance(delivery);
    else
        give_up(delivery);
}

/* What decides one recipient of a transaction. */
static struct finding find(struct delivery *delivery, const struct finding_place *place,
                           const struct smtp_result *result, size_t i, bool has_accepted)
{
    const struct smtp_rcpt_result *rcpt = &result->rcpts[i];

    if (rcpt->reply.code == 0)
        return finding_from_loss(delivery->parcel, place, rcpt->stage, result->is_uncertain,
                                 result->is_uncertain ? "the connection was lost behind the content"
                                                      : "the connection was lost");
    struct finding finding = finding_from_reply(delivery->parcel, place, rcpt, has_accepted);
    if (result->is_beyond_peer) /* C11: the next host may take it; with none left it fails */
        finding.verdict.next = VERDICT_NEXT_HOST;
    return finding;
}

/* RCPT was answered with 2xx, whatever came of it later. */
static bool was_accepted(const struct smtp_rcpt_result *rcpt)
{
    return rcpt->stage == SMTP_STAGE_DATA || rcpt->stage == SMTP_STAGE_DOT ||
           (rcpt->stage == SMTP_STAGE_RCPT && smtp_reply_class(&rcpt->reply) == 2);
}

/* As the one before: their texts are copied once. */
static bool shares_reply(const struct smtp_result *result, size_t i)
{
    return i > 0 && result->rcpts[i].stage == result->rcpts[i - 1].stage &&
           result->rcpts[i].stage != SMTP_STAGE_RCPT;
}

/* Verdicts for the recipients that got one. Returns whether some must follow on this connection. */
static bool apply_result(struct delivery *delivery, const struct finding_place *place,
                         const struct smtp_result *result)
{
    bool has_accepted = false, must_follow = false;
    struct finding finding = {0};

    for (size_t i = 0; i < result->rcpt_count; i++) {
        if (!shares_reply(result, i))
            finding = find(delivery, place, result, i, has_accepted);
        has_accepted |= was_accepted(&result->rcpts[i]);
        finding.verdict.owes_relayed = finding.verdict.kind == VERDICT_DELIVERED &&
                                       !result->peer_has_dsn &&
                                       (delivery->rcpts[i].notify & SMTP_NOTIFY_SUCCESS);
        if (finding.verdict.next == VERDICT_DECIDED) {
            finding_apply(delivery->parcel, delivery->indexes[i], &finding);
            continue;
        }
        must_follow |= finding.verdict.next == VERDICT_FOLLOW_UP;
        host_walk_note(&delivery->walk, &finding);
    }
    return must_follow;
}

/* The pool rule: an old connection that failed before MAIL was answered proves nothing. A server
 * that is tired of an idle connection says so with 421. */
static bool is_no_attempt(const struct delivery *delivery, const struct connection *connection,
                          const struct smtp_result *result)
{
    const struct smtp_rcpt_result *first = &result->rcpts[0];

    return connection_is_reused(connection) && !delivery->was_fresh_needed &&
           (result->is_unsent || (first->stage == SMTP_STAGE_MAIL && first->reply.code == 421));
}

static void start_over(struct delivery *delivery)
{
    delivery->is_fresh_needed = delivery->was_fresh_needed = true;
    if (delivery->walk.has_hosts)
        open_connection(delivery); /* the same address */
    else
        advance(delivery);
}

static void on_result(void *owner, struct connection *connection, const struct smtp_result *result)
{
    struct delivery *delivery = owner;
    struct parcel *parcel = delivery->parcel;
    struct finding_place place = place_of(delivery, connection);
    bool must_follow;

    delivery->connection = NULL;
    end_stage(delivery, DELAY_TRANSMIT);
    if (result->is_lost && !result->is_uncertain && !parcel_is_owned(parcel)) {
        withdraw(delivery);
        return;
    }
    if (is_no_attempt(delivery, connection, result)) {
        start_over(delivery);
        return;
    }
    must_follow = apply_result(delivery, &place, result);
    outcome_note_accepted(parcel);
    if (!parcel_count(parcel, VERDICT_NONE))
        end(delivery, result->is_reusable ? connection : NULL);
    else if (!parcel_is_owned(parcel))
        withdraw(delivery);
    else if (must_follow && result->is_reusable)
        transmit(delivery, connection);
    else
        advance(delivery);
}

static bool may_send(void *owner)
{
    const struct delivery *delivery = owner;

    return parcel_is_owned(delivery->parcel);
}

static const struct connection_ops CONNECTION_OPS = {
    .on_ready = on_ready,
    .on_result = on_result,
    .on_failed = on_failed,
    .may_send = may_send,
};

static void on_body(void *owner, enum body_status status, const char *detail)
{
    struct delivery *delivery = owner;
    struct parcel *parcel = delivery->parcel;

    if (status == BODY_NO_ROOM || status == BODY_UNREADABLE) {
        leave(delivery, NULL);
        park_parcel(parcel, status == BODY_NO_ROOM ? "memory" : "log");
        return;
    }
    end_stage(delivery, DELAY_QUEUE);
    if (status == BODY_GONE) {
        struct finding finding = finding_from_lost_body(parcel, detail);
        finding_apply_rest(parcel, &finding);
        end(delivery, NULL);
        return;
    }
    delivery->content = buf_slice(&delivery->body.bytes);
    advance(delivery);
}

static struct delivery *delivery_new(struct parcel *parcel)
{
    struct delivery *delivery = arena_alloc(parcel->arena, sizeof *delivery);
    size_t count = parcel->work.rcpt_count;

    delivery->parcel = parcel;
    delivery->ops = &CONNECTION_OPS;
    parcel->delays = (struct delays){0};
    delivery->since_ms = parcel->queued_ms;
    delivery->avoided = source_to_avoid(parcel);
    delivery->walk = (struct host_walk){.parcel = parcel, .owner = delivery, .on_more = on_more};
    delivery->rcpts = arena_alloc(parcel->arena, count * sizeof *delivery->rcpts);
    delivery->indexes = arena_alloc(parcel->arena, count * sizeof *delivery->indexes);
    return delivery;
}

void delivery_start(struct parcel *parcel, struct connection *connection)
{
    struct sender *sender = parcel->sender;
    struct delivery *delivery = delivery_new(parcel);

    parcel->state = PARCEL_DELIVERING;
    parcel->delivery = delivery;
    if (parcel->work.has_body_ref) {
        if (connection) /* the read may take its time: others can use it meanwhile */
            pool_put(sender->pool, connection);
        delivery->body.on_body = on_body;
        delivery->body.owner = delivery;
        body_get(sender->bodies, &delivery->body, &parcel->work.body_ref,
                 parcel->work.envelope.mail_id);
        return;
    }
    end_stage(delivery, DELAY_QUEUE);
    delivery->content = parcel->work.body;
    if (connection) {
        metric_add(sender->cells.reused, 1);
        parcel->group = connection_group(connection);
        connection_wake(connection, delivery->ops, delivery);
        transmit(delivery, connection);
    } else {
        advance(delivery);
    }
}

void delivery_abandon(struct parcel *parcel)
{
    struct delivery *delivery = parcel->delivery;

    if (delivery->connection)
        connection_abandon(delivery->connection);
    leave(delivery, NULL);
}

bool delivery_cancel(struct parcel *parcel)
{
    const struct delivery *delivery = parcel->delivery;

    if (delivery->connection && connection_is_past_data(delivery->connection))
        return false;
    delivery_abandon(parcel);
    return true;
}
