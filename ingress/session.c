/* SPDX-License-Identifier: Apache-2.0
 * A client connection. The engine speaks; we own its socket, its deadlines and the body budget, and
 * word what only the relay can know: whether there is a log to write to, and room. */
#include "ingress/session.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "ingress/policy.h"
#include "net/clock.h"
#include "net/crypto.h"

#define RATE_GRACE_MS  60000 /* a slow start is no slow client */
#define RATE_CHECK_MS  15000
#define FIRST_BODY     2048
#define MAX_RCPTS_KEPT 16                  /* larger recipient arrays are freed after the mail */
#define OUT_MAX        ((size_t)64 * 1024) /* replies that wait for a client that does not read */

struct session {
    struct list_node node; /* listener->sessions */
    struct ingress_listener *listener;
    struct stream *stream;
    struct ingress_client client;
    char id[ID_LEN + 1];
    struct tracing_session traced;
    struct smtp_server *engine;
    struct loop_timer *timer;
    struct smtp_from from;
    struct smtp_rcpt *rcpts;
    size_t rcpt_count, rcpt_room;
    struct buf user;                    /* who authenticated; empty: nobody did */
    struct verify *verify;              /* a password that is being checked */
    enum smtp_auth_mechanism mechanism; /* of verify */
    struct buf body;
    uint64_t body_taken; /* from the budget */
    uint64_t data_since_us, last_read_ms;
    uint64_t rate_since_ms, rate_bytes; /* input since the timer runs for the data rate */
    struct intake *intake;              /* on its way to the log */
    bool is_refused, is_quitting, is_paused, is_in_network;
    bool is_rate_checked; /* the timer runs for the data rate, not for silence */
    bool has_ended;       /* the client sends no more */
};

static const struct smtp_reply ACCEPT = {0};

static void begin_line(struct log_line *line, const struct session *session, enum log_level level,
                       const char *event)
{
    char client[NET_ADDRESS_TEXT];

    log_begin(line, session->listener->ingress->env->log, level, event);
    log_str(line, LOG_SESSION_ID, session->id);
    log_str(line, LOG_CLIENT_IP, net_address_ip(&session->client.address, client));
}

static void log_session(const struct session *session, const char *event)
{
    struct log_line line;

    begin_line(&line, session, LOG_DEBUG, event);
    log_str(&line, LOG_TARGET, session->listener->settings->name);
    log_end(&line);
}

static void drop_mail(struct session *session)
{
    budget_put(&session->listener->ingress->bodies, session->body_taken);
    session->body_taken = 0;
    session->data_since_us = 0;
    buf_free(&session->body);
    session->rcpt_count = 0;
    if (session->rcpt_room > MAX_RCPTS_KEPT) {
        xfree(session->rcpts);
        session->rcpts = NULL;
        session->rcpt_room = 0;
    }
}

/* In DATA the timer keeps its own pace, or a trickle of octets would put it off for ever. */
static void start_timer(struct session *session)
{
    const struct ingress_settings *settings = session->listener->ingress->settings;
    bool is_in_data = smtp_server_phase(session->engine) == SMTP_SERVER_DATA;

    if (is_in_data && session->is_rate_checked)
        return;
    session->is_rate_checked = is_in_data;
    session->rate_since_ms = session->last_read_ms;
    session->rate_bytes = 0;
    loop_timer_start(session->timer,
                     is_in_data ? RATE_CHECK_MS : (uint64_t)settings->idle_timeout_ms);
}

static bool owes_answer(const struct session *session)
{
    return session->intake || session->verify;
}

/* While we owe the answer, the client's silence is no fault of its own. */
static void follow_client(struct session *session)
{
    if (!owes_answer(session))
        start_timer(session);
}

/* After every call into the engine: its replies leave, its wishes are carried out. */
static void settle(struct session *session)
{
    struct buf *out = smtp_server_out(session->engine);

    if (out->len) {
        stream_write(session->stream, buf_slice(out));
        buf_clear(out);
    }
    if (session->is_quitting || (session->has_ended && !owes_answer(session))) {
        stream_close(session->stream);
        return;
    }
    bool is_full =
        smtp_server_is_full(session->engine) || stream_pending(session->stream) > OUT_MAX;
    if (is_full != session->is_paused) {
        session->is_paused = is_full;
        (is_full ? stream_pause : stream_resume)(session->stream);
    }
}

/* ---- what the engine asks ---- */

static void count_mail(const struct session *session, const char *result, const char *reason)
{
    metrics_add(session->listener->ingress->env->metrics, METRIC_INGRESS_MAILS,
                METRIC_LABELS(session->listener->settings->name, result, reason), 1);
}

static struct smtp_reply shed(struct session *session, const char *reason, struct smtp_reply reply)
{
    metrics_add(session->listener->ingress->env->metrics, METRIC_INGRESS_SHED,
                METRIC_LABELS(reason), 1);
    count_mail(session, "tempfail", reason);
    return reply;
}

static struct smtp_reply session_on_helo(void *owner, struct slice name, bool is_extended)
{
    (void)owner;
    (void)name;
    (void)is_extended;
    return ACCEPT;
}

static struct smtp_reply session_on_from(void *owner, const struct smtp_from *from)
{
    struct session *session = owner;
    struct ingress *ingress = session->listener->ingress;
    const char *why;

    if (!policy_may_send((enum policy)session->listener->settings->policy, session->is_in_network,
                         session->user.len > 0))
        return SMTP_REPLY(530, 5, 7, 0, "Authentication required");
    if (!bus_is_ready(ingress->bus, &why))
        return shed(session, "log",
                    SMTP_REPLY(451, 4, 3, 0, "The log is not available, try again later"));
    if (!bus_has_room(ingress->bus))
        return shed(session, "room",
                    SMTP_REPLY(452, 4, 3, 1, "Not enough room on the log, try again later"));
    if (!budget_has(&ingress->bodies, from->size_bytes))
        return shed(session, "memory",
                    SMTP_REPLY(452, 4, 3, 1, "Not enough memory for this mail, try again later"));
    session->from = *from;
    return ACCEPT;
}

static struct smtp_reply session_on_rcpt(void *owner, const struct smtp_rcpt *rcpt)
{
    struct session *session = owner;

    if (session->rcpt_count == session->rcpt_room) {
        session->rcpt_room = session->rcpt_room ? session->rcpt_room * 2 : 4;
        session->rcpts = xrealloc(session->rcpts, session->rcpt_room * sizeof *session->rcpts);
    }
    session->rcpts[session->rcpt_count++] = *rcpt;
    return ACCEPT;
}

static bool session_on_body(void *owner, struct slice bytes)
{
    struct session *session = owner;

    if (!budget_take(&session->listener->ingress->bodies, bytes.len)) {
        (void)shed(session, "memory", ACCEPT);
        return false;
    }
    session->body_taken += bytes.len;
    if (!session->data_since_us)
        session->data_since_us = clock_monotonic_us();
    if (!session->body.at)
        buf_reserve(&session->body, bytes.len < FIRST_BODY ? FIRST_BODY : bytes.len);
    buf_add(&session->body, bytes);
    return true;
}

/* A complete mail: everything moves into the intake. */
static void session_on_mail(void *owner)
{
    struct session *session = owner;
    struct ingress *ingress = session->listener->ingress;
    bool is_esmtp;
    struct intake_mail mail = {
        .session_id = slice_str(session->id),
        .helo = smtp_server_helo(session->engine, &is_esmtp),
        .client = &session->client,
        .from = &session->from,
        .rcpts = session->rcpts,
        .rcpt_count = session->rcpt_count,
        .user = buf_slice(&session->user),
        .body = &session->body,
    };

    if (session->data_since_us)
        metric_observe(ingress->cells.stage_data,
                       (double)(clock_monotonic_us() - session->data_since_us) / 1e6);
    session->body_taken = 0; /* the intake gives it back */
    session->intake = intake_accept(session->listener, session, &mail);
    loop_timer_stop(session->timer);
    session->is_rate_checked = false;
    drop_mail(session);
}

static void session_on_reset(void *owner)
{
    drop_mail(owner);
}

/* ---- who it is ---- */

static void log_login(const struct session *session, const struct verify_result *result)
{
    struct log_line line;

    begin_line(&line, session, result->is_right ? LOG_INFO : LOG_WARNING,
               result->is_right ? "authenticated" : "auth_failed");
    log_slice(&line, LOG_USER, result->user);
    log_end(&line);
}

static void count_login(const struct session *session, enum smtp_auth_result result)
{
    static const char *const RESULTS[] = {[SMTP_AUTH_WRONG] = "wrong",
                                          [SMTP_AUTH_RIGHT] = "ok",
                                          [SMTP_AUTH_LATER] = "later",
                                          [SMTP_AUTH_BLOCKED] = "blocked"};

    metrics_add(session->listener->ingress->env->metrics, METRIC_INGRESS_AUTH,
                METRIC_LABELS(smtp_auth_name(session->mechanism), RESULTS[result]), 1);
}

static void session_on_verified(void *owner, const struct verify_result *result)
{
    struct session *session = owner;
    struct ingress *ingress = session->listener->ingress;
    enum smtp_auth_result answer = result->is_right ? SMTP_AUTH_RIGHT : SMTP_AUTH_WRONG;

    session->verify = NULL;
    if (result->is_right)
        buf_add(&session->user, result->user);
    else
        auth_failures_note(ingress->auth_failures, &session->client.address,
                           loop_now_ms(ingress->env->loop));
    log_login(session, result);
    count_login(session, answer);
    smtp_server_answer_auth(session->engine, answer);
    follow_client(session);
    settle(session);
}

static const struct verify_ops VERIFY_OPS = {.on_verified = session_on_verified};

static void answer_unasked(struct session *session, enum smtp_auth_result answer)
{
    count_login(session, answer);
    smtp_server_answer_auth(session->engine, answer);
}

static void session_on_auth(void *owner, const struct smtp_credentials *credentials)
{
    struct session *session = owner;
    struct ingress *ingress = session->listener->ingress;

    session->mechanism = credentials->mechanism;
    if (auth_failures_are_too_many(ingress->auth_failures, &session->client.address,
                                   loop_now_ms(ingress->env->loop))) {
        answer_unasked(session, SMTP_AUTH_BLOCKED);
        return;
    }
    session->verify =
        verify_start(ingress->verify_desk, ingress->users, credentials, &VERIFY_OPS, session);
    if (!session->verify) {
        answer_unasked(session, SMTP_AUTH_LATER);
        return;
    }
    loop_timer_stop(session->timer);
    session->is_rate_checked = false;
}

/* ---- TLS and the end ---- */

static void session_on_starttls(void *owner)
{
    struct session *session = owner;
    struct ingress_listener *listener = session->listener;

    settle(session);
    stream_start_tls(session->stream, listener->tls, NULL,
                     (uint64_t)listener->ingress->settings->tls_timeout_ms);
}

static void session_on_quit(void *owner)
{
    struct session *session = owner;
    session->is_quitting = true;
}

static const struct smtp_server_ops ENGINE_OPS = {
    .on_helo = session_on_helo,
    .on_mail = session_on_from,
    .on_rcpt = session_on_rcpt,
    .on_body = session_on_body,
    .on_data_end = session_on_mail,
    .on_reset = session_on_reset,
    .on_auth = session_on_auth,
    .on_starttls = session_on_starttls,
    .on_quit = session_on_quit,
};

/* ---- what the stream tells ---- */

static void session_on_read(void *owner, struct slice bytes)
{
    struct session *session = owner;

    if (session->is_quitting || session->is_refused)
        return;
    session->last_read_ms = loop_now_ms(session->listener->ingress->env->loop);
    session->rate_bytes += bytes.len;
    smtp_server_feed(session->engine, bytes);
    follow_client(session);
    settle(session);
}

static void session_on_secured(void *owner)
{
    struct session *session = owner;

    metrics_add(session->listener->ingress->env->metrics, METRIC_INGRESS_TLS,
                METRIC_LABELS(stream_tls_version(session->stream), "ok"), 1);
    if (session->listener->smtp.is_implicit_tls)
        smtp_server_greet(session->engine, NULL);
    else
        smtp_server_secured(session->engine);
    settle(session);
}

static void session_on_drained(void *owner)
{
    settle(owner);
}

/* Who has ended its side behind a mail would send that again, without our answer. */
static bool session_on_end(void *owner)
{
    struct session *session = owner;

    session->has_ended = true;
    return owes_answer(session);
}

/* The stream is gone, or will not call any more. */
static void forget(struct session *session)
{
    struct ingress_listener *listener = session->listener;
    struct ingress *ingress = listener->ingress;

    log_session(session, "disconnected");
    if (session->intake)
        intake_detach(session->intake);
    if (session->verify)
        verify_detach(session->verify);
    drop_mail(session);
    buf_free(&session->user);
    xfree(session->rcpts);
    smtp_server_free(&session->engine);
    loop_timer_free(&session->timer);
    list_remove(&listener->sessions, &session->node);
    ingress->session_count--;
    metric_set(listener->connections, (int64_t)listener->sessions.count);
    xfree(session);
    ingress_on_idle(ingress);
}

static void session_on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct session *session = owner;

    (void)detail;
    if (reason == STREAM_TLS)
        metrics_add(session->listener->ingress->env->metrics, METRIC_INGRESS_TLS,
                    METRIC_LABELS("", "failed"), 1);
    forget(session);
}

static const struct stream_ops STREAM_OPS = {
    .on_secured = session_on_secured,
    .on_read = session_on_read,
    .on_drained = session_on_drained,
    .on_end = session_on_end,
    .on_closed = session_on_closed,
};

static bool is_too_slow(const struct session *session)
{
    const struct ingress *ingress = session->listener->ingress;
    uint64_t elapsed_ms = loop_now_ms(ingress->env->loop) - session->rate_since_ms;

    return elapsed_ms > RATE_GRACE_MS &&
           session->rate_bytes < elapsed_ms / 1000 * (uint64_t)ingress->settings->min_rate;
}

static bool is_silent(const struct session *session)
{
    const struct ingress *ingress = session->listener->ingress;
    return loop_now_ms(ingress->env->loop) - session->last_read_ms >=
           (uint64_t)ingress->settings->idle_timeout_ms;
}

static void session_on_timer(void *owner)
{
    struct session *session = owner;

    if (session->is_refused || session->is_quitting) {
        stream_abort(session->stream);
        return;
    }
    if (session->is_rate_checked && !is_too_slow(session) && !is_silent(session)) {
        loop_timer_start(session->timer, RATE_CHECK_MS);
        return;
    }
    smtp_server_abort(session->engine, session->is_rate_checked && !is_silent(session)
                                           ? "Too slow"
                                           : "Idle for too long");
    session->is_quitting = true;
    settle(session);
}

/* ---- for the listener and the intake ---- */

/* With implicit TLS a refused client learns nothing: no handshake is spent on it. */
static void greet(struct session *session, const struct smtp_reply *refusal)
{
    struct ingress_listener *listener = session->listener;

    if (!listener->smtp.is_implicit_tls)
        smtp_server_greet(session->engine, refusal);
    else if (!refusal)
        stream_start_tls(session->stream, listener->tls, NULL,
                         (uint64_t)listener->ingress->settings->tls_timeout_ms);
}

void session_start(struct ingress_listener *listener, struct stream *stream,
                   const struct ingress_client *client, const struct smtp_reply *refusal)
{
    struct session *session = xalloc(sizeof *session);

    session->listener = listener;
    session->stream = stream;
    session->client = *client;
    crypto_new_id(clock_wall_ms(), session->id);
    session->is_refused = refusal != NULL;
    session->is_in_network = ingress_listener_knows(listener, client);
    session->engine = smtp_server_new(&listener->smtp, &ENGINE_OPS, session);
    smtp_server_tap(session->engine, tracing_of_client(listener->ingress->env->tracing, session->id,
                                                       &session->client.address, &session->traced));
    log_session(session, "connected");
    session->timer = loop_timer_new(listener->ingress->env->loop, session_on_timer, session);
    list_push(&listener->sessions, &session->node);
    listener->ingress->session_count++;
    metric_set(listener->connections, (int64_t)listener->sessions.count);
    stream_set_owner(stream, &STREAM_OPS, session);
    greet(session, refusal);
    session->is_quitting = session->is_quitting || session->is_refused;
    start_timer(session);
    settle(session);
}

void session_shutdown(struct session *session)
{
    if (session->is_quitting)
        return;
    smtp_server_shutdown(session->engine, "Shutting down");
    settle(session);
}

void session_free(struct session *session)
{
    smtp_server_abort(session->engine, "Shutting down");
    settle(session);
    stream_set_owner(session->stream, NULL, NULL);
    stream_abort(session->stream);
    forget(session);
}

struct verdict_row {
    const char *result;
    struct smtp_reply reply;
};

static const struct verdict_row VERDICTS[] = {
    [INTAKE_ACCEPTED] = {"accepted", {250, {2, 0, 0}, SLICE("")}},
    [INTAKE_TEMPFAIL] = {"tempfail",
                         {451, {4, 3, 0}, SLICE("The mail could not be stored, try again later")}},
    [INTAKE_NO_ROOM] = {"tempfail",
                        {452, {4, 3, 1}, SLICE("Not enough room on the log, try again later")}},
    [INTAKE_LOOP] = {"rejected", {554, {5, 4, 6}, SLICE("Too many hops: this mail is looping")}},
};

void session_on_published(struct session *session, const struct intake_result *result)
{
    const struct verdict_row *row = &VERDICTS[result->verdict];
    struct smtp_reply reply = row->reply;
    char text[64];

    session->intake = NULL;
    if (result->verdict == INTAKE_ACCEPTED) {
        struct buf line = {.at = text, .cap = sizeof text};
        buf_add(&line, SLICE("Ok: queued as "));
        buf_add(&line, result->mail_id);
        ASSERT(line.at == text);
        reply.text = buf_slice(&line);
    } else {
        count_mail(session, row->result, result->reason);
    }
    smtp_server_answer(session->engine, &reply);
    follow_client(session);
    settle(session);
}

struct session *session_of(struct list_node *node)
{
    return LIST_OWNER(node, struct session, node);
}
