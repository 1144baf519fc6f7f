/* SPDX-License-Identifier: Apache-2.0
 * Stream events in, client engine events out. The engine is fed from inside its own callbacks'
 * stack at most once, and freed only when the stream is gone. */
#include "sender/connection.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "net/clock.h"
#include "net/crypto.h"
#include "profile/configuration.h"

#define MS_PER_S 1000u

struct connection {
    struct connection_set *set;
    enum connection_state state;
    struct list_node state_node;
    struct tunnel *tunnel; /* NULL: none is under way */
    struct stream *stream; /* NULL: as long as there is a tunnel */
    struct smtp_client *client;
    struct smtp_client_settings client_settings;
    const struct connection_ops *ops;
    void *owner;
    struct net_address address, source, local;
    uint64_t proxy_id;
    size_t group;
    bool is_clear;
    bool is_gone;  /* the stream ended: it must not be touched any more */
    int64_t mails; /* begun */
    uint64_t deadline_ms;
    uint64_t give_up_ms;  /* whatever trickles in: of the hello, of the mail */
    size_t pending_bytes; /* at the last tick: a write that makes progress gets more time */
    uint64_t tls_began_ms, tls_ended_ms; /* 0: not yet */
    const char *trouble;                 /* what our deadline was about; NULL: it did not pass */
    struct connection_idle idle;
    struct tracing_session traced;
    char id[ID_LEN + 1];
    char host[256], ehlo[256];
    char configuration[CONFIGURATION_NAME_MAX + 1];
};

static struct connection *connection_of(struct list_node *node)
{
    return LIST_OWNER(node, struct connection, state_node);
}

static void enter_state(struct connection *connection, enum connection_state state)
{
    connection->state = state;
    connection->set->counts[connection->group][state]++;
    list_push(&connection->set->states[state], &connection->state_node);
}

static void leave_state(struct connection *connection)
{
    connection->set->counts[connection->group][connection->state]--;
    list_remove(&connection->set->states[connection->state], &connection->state_node);
}

static void connection_set_state(struct connection *connection, enum connection_state state)
{
    leave_state(connection);
    enter_state(connection, state);
}

static uint64_t in_s(const struct connection *connection, int64_t seconds)
{
    return loop_now_ms(connection->set->loop) + (uint64_t)seconds * MS_PER_S;
}

static int64_t timeout_of(const struct connection *connection)
{
    const struct sender_settings *settings = connection->set->settings;

    switch (smtp_client_stage(connection->client)) {
    case SMTP_STAGE_CONNECT:
        return settings->connect_timeout_s;
    case SMTP_STAGE_GREETING:
        return settings->greeting_timeout_s;
    case SMTP_STAGE_TLS:
        return settings->tls_timeout_s;
    case SMTP_STAGE_DATA:
        return settings->data_timeout_s;
    case SMTP_STAGE_DOT:
        return stream_pending(connection->stream) ? settings->block_timeout_s
                                                  : settings->dot_timeout_s;
    case SMTP_STAGE_HELO:
    case SMTP_STAGE_MAIL:
    case SMTP_STAGE_RCPT:
    case SMTP_STAGE_IDLE:
    case SMTP_STAGE_QUIT:
        break;
    }
    return settings->command_timeout_s;
}

static void set_deadline(struct connection *connection)
{
    connection->deadline_ms = in_s(connection, timeout_of(connection));
}

static void set_give_up(struct connection *connection)
{
    const struct sender_settings *settings = connection->set->settings;

    connection->give_up_ms =
        in_s(connection, 2 * (settings->greeting_timeout_s + settings->command_timeout_s +
                              settings->dot_timeout_s));
}

static void fail_by(struct connection *connection, const struct connection_trouble *trouble)
{
    const struct connection_ops *ops = connection->ops;

    connection->ops = NULL;
    connection_set_state(connection, CONNECTION_CLOSING);
    if (ops)
        ops->on_failed(connection->owner, connection, trouble);
}

static void fail(struct connection *connection, enum smtp_stage stage,
                 const struct smtp_reply *reply, const char *detail)
{
    fail_by(connection,
            &(struct connection_trouble){.stage = stage, .reply = reply, .detail = detail});
}

/* A connection that its owner left in READY is of use to nobody. */
static void close_unless_used(struct connection *connection)
{
    if (connection->state == CONNECTION_READY)
        connection_close(connection);
}

static void on_output(void *owner, const struct slice *parts, size_t count)
{
    struct connection *connection = owner;

    stream_writev(connection->stream, parts, count);
}

static void on_ready(void *owner)
{
    struct connection *connection = owner;

    if (connection->state != CONNECTION_HELLO)
        return;
    connection_set_state(connection, CONNECTION_READY);
    connection->ops->on_ready(connection->owner, connection);
    close_unless_used(connection);
}

static void on_starttls(void *owner)
{
    struct connection *connection = owner;

    if (connection->state != CONNECTION_HELLO)
        return;
    connection->tls_began_ms = loop_now_ms(connection->set->loop);
    stream_start_tls(connection->stream, connection->set->tls, connection->host,
                     (uint64_t)connection->set->settings->tls_timeout_s * MS_PER_S);
}

static void on_result(void *owner, const struct smtp_result *result)
{
    struct connection *connection = owner;
    const struct connection_ops *ops = connection->ops;

    if (connection->state != CONNECTION_BUSY)
        return;
    if (result->is_reusable) {
        connection_set_state(connection, CONNECTION_READY);
    } else {
        connection->ops = NULL;
        connection_set_state(connection, CONNECTION_CLOSING);
        if (!connection->is_gone)
            stream_close(connection->stream);
    }
    if (ops)
        ops->on_result(connection->owner, connection, result);
    close_unless_used(connection);
}

static void on_unusable(void *owner, enum smtp_stage stage, const struct smtp_reply *reply)
{
    struct connection *connection = owner;

    if (connection->state == CONNECTION_CLOSING)
        return;
    stream_close(connection->stream);
    fail(connection, stage, reply, "the host refused the session");
}

static const struct smtp_client_ops CLIENT_OPS = {
    .on_output = on_output,
    .on_ready = on_ready,
    .on_starttls = on_starttls,
    .on_result = on_result,
    .on_unusable = on_unusable,
};

static void begin_hello(struct connection *connection, const struct net_address *local)
{
    connection_set_state(connection, CONNECTION_HELLO);
    connection->local = *local;
    set_give_up(connection);
    connection->deadline_ms = in_s(connection, connection->set->settings->greeting_timeout_s);
}

static void on_connected(void *owner)
{
    struct connection *connection = owner;

    if (connection->state == CONNECTION_CONNECTING)
        begin_hello(connection, stream_local(connection->stream));
}

static void on_secured(void *owner)
{
    struct connection *connection = owner;

    if (connection->state != CONNECTION_HELLO)
        return;
    connection->tls_ended_ms = loop_now_ms(connection->set->loop);
    smtp_client_secured(connection->client);
    set_deadline(connection);
}

/* Between MAIL and the content: what we read now may make the engine write the content. */
static bool is_before_content(const struct connection *connection)
{
    enum smtp_stage stage = smtp_client_stage(connection->client);

    return stage == SMTP_STAGE_MAIL || stage == SMTP_STAGE_RCPT || stage == SMTP_STAGE_DATA;
}

static void on_read(void *owner, struct slice bytes)
{
    struct connection *connection = owner;

    if (connection->state == CONNECTION_CLOSING)
        return;
    if (connection->state == CONNECTION_IDLE) { /* C17: nobody asked */
        struct smtp_reply none = {0};
        stream_abort(connection->stream);
        fail(connection, SMTP_STAGE_IDLE, &none, "the peer spoke on an idle connection");
        return;
    }
    if (connection->state == CONNECTION_BUSY && is_before_content(connection) && connection->ops &&
        !connection->ops->may_send(connection->owner)) {
        connection->trouble = "the right to send was lost";
        stream_abort(connection->stream);
        return;
    }
    smtp_client_feed(connection->client, bytes);
    if (connection->state != CONNECTION_CLOSING)
        set_deadline(connection);
}

static void on_drained(void *owner)
{
    struct connection *connection = owner;

    if (connection->state != CONNECTION_CLOSING)
        set_deadline(connection);
}

static void connection_free(struct connection *connection)
{
    leave_state(connection);
    smtp_client_free(&connection->client);
    xfree(connection);
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct connection *connection = owner;
    struct smtp_reply none = {0};
    enum smtp_stage stage = SMTP_STAGE_CONNECT;

    connection->is_gone = true;
    if (connection->trouble)
        detail = connection->trouble;
    if (connection->state == CONNECTION_BUSY) {
        smtp_client_lost(connection->client);
        ASSERT(connection->state == CONNECTION_CLOSING); /* on_result came */
    } else if (connection->state != CONNECTION_CLOSING) {
        if (connection->state != CONNECTION_CONNECTING)
            stage = smtp_client_stage(connection->client);
        fail(connection, reason == STREAM_TLS ? SMTP_STAGE_TLS : stage, &none, detail);
    }
    connection_free(connection);
}

static const struct stream_ops STREAM_OPS = {
    .on_connected = on_connected,
    .on_secured = on_secured,
    .on_read = on_read,
    .on_drained = on_drained,
    .on_closed = on_closed,
};

void connection_set_init(struct connection_set *set, struct loop *loop,
                         const struct sender_settings *settings, struct tls *tls)
{
    *set = (struct connection_set){
        .loop = loop, .settings = settings, .tls = tls, .names = proxy_names_new(loop)};
    for (size_t i = 0; i < CONNECTION_STATES; i++)
        list_init(&set->states[i]);
}

static void check_deadline(struct connection *connection, uint64_t now_ms)
{
    size_t pending = stream_pending(connection->stream);

    if (pending && pending != connection->pending_bytes)
        set_deadline(connection);
    connection->pending_bytes = pending;
    if (now_ms < connection->deadline_ms && now_ms < connection->give_up_ms)
        return;
    connection->trouble = "the host did not answer in time";
    connection->deadline_ms = connection->give_up_ms = UINT64_MAX;
    stream_abort(connection->stream);
}

void connection_set_tick(struct connection_set *set)
{
    static const enum connection_state TIMED[] = {CONNECTION_HELLO, CONNECTION_BUSY};

    for (size_t i = 0; i < sizeof TIMED / sizeof *TIMED; i++) {
        struct list *list = &set->states[TIMED[i]];
        struct list_node *node = list_first(list);
        for (; node; node = list_next(list, node))
            check_deadline(connection_of(node), loop_now_ms(set->loop));
    }
}

/* No callback of the stream or the tunnel follows. */
static void drop(struct connection *connection)
{
    tunnel_cancel(&connection->tunnel);
    if (connection->stream) {
        stream_set_owner(connection->stream, NULL, NULL);
        stream_abort(connection->stream);
    }
    connection_free(connection);
}

void connection_set_end(struct connection_set *set)
{
    for (size_t i = 0; i < CONNECTION_STATES; i++) {
        struct list_node *node;
        while ((node = list_first(&set->states[i])))
            drop(connection_of(node));
    }
    proxy_names_free(&set->names);
}

/* NUL-terminated; longer than any name can be, it is cut. */
static void copy_text(char *text, size_t size, struct slice from)
{
    struct slice start = slice_sub(from, 0, size - 1);

    if (start.len)
        memcpy(text, start.at, start.len);
}

static void copy_target(struct connection *connection, const struct connection_target *target)
{
    connection->address = target->address;
    connection->source = connection->local = target->source;
    connection->proxy_id = target->proxy_id;
    connection->group = target->group;
    connection->is_clear = target->is_clear;
    copy_text(connection->host, sizeof connection->host, target->host);
    copy_text(connection->ehlo, sizeof connection->ehlo, target->ehlo);
    copy_text(connection->configuration, sizeof connection->configuration, target->configuration);
}

static void on_tunnel_open(void *owner, struct stream *stream, const struct net_address *local)
{
    struct connection *connection = owner;

    connection->tunnel = NULL;
    connection->stream = stream;
    stream_set_owner(stream, &STREAM_OPS, connection);
    begin_hello(connection, local);
}

static void on_tunnel_failed(void *owner, enum proxy_fault fault, const char *detail)
{
    static const struct smtp_reply NONE = {0};
    struct connection *connection = owner;

    connection->tunnel = NULL;
    fail_by(connection, &(struct connection_trouble){
                            .stage = SMTP_STAGE_CONNECT,
                            .reply = &NONE,
                            .detail = detail,
                            .fault = fault == PROXY_FAULT_HOST ? PROXY_FAULT_NONE : fault});
    connection_free(connection);
}

static const struct tunnel_ops TUNNEL_OPS = {
    .on_open = on_tunnel_open,
    .on_failed = on_tunnel_failed,
};

static void open_way(struct connection *connection, const struct connection_target *target)
{
    struct connection_set *set = connection->set;
    uint64_t timeout_ms = (uint64_t)set->settings->connect_timeout_s * MS_PER_S;
    bool is_bound = target->source.any.sa_family != AF_UNSPEC;

    if (target->proxy)
        connection->tunnel = tunnel_open(set->loop, set->names,
                                         &(struct tunnel_plan){.proxy = target->proxy,
                                                               .host = target->address,
                                                               .source = target->source,
                                                               .timeout_ms = timeout_ms},
                                         &TUNNEL_OPS, connection);
    else
        connection->stream =
            stream_connect(set->loop, &target->address, is_bound ? &connection->source : NULL,
                           timeout_ms, &STREAM_OPS, connection);
}

struct connection *connection_open(struct connection_set *set,
                                   const struct connection_target *target,
                                   const struct connection_ops *ops, void *owner)
{
    struct connection *connection = xalloc(sizeof *connection);

    connection->set = set;
    connection->ops = ops;
    connection->owner = owner;
    copy_target(connection, target);
    crypto_new_id(clock_wall_ms(), connection->id);
    connection->client_settings =
        (struct smtp_client_settings){.hostname = connection->ehlo,
                                      .use_starttls = set->tls && !target->is_clear,
                                      .need_tls = set->settings->tls == SENDER_TLS_REQUIRED};
    connection->client = smtp_client_new(&connection->client_settings, &CLIENT_OPS, connection);
    enter_state(connection, CONNECTION_CONNECTING);
    open_way(connection, target);
    return connection;
}

void connection_trace(struct connection *connection, struct tracing *tracing,
                      struct slice destination)
{
    smtp_client_tap(connection->client,
                    tracing_of_destination(tracing, destination, connection->id,
                                           &connection->address, &connection->traced));
}

void connection_send(struct connection *connection, const struct smtp_mail *mail)
{
    ASSERT(connection->state == CONNECTION_READY || connection->state == CONNECTION_IDLE);
    connection_set_state(connection, CONNECTION_BUSY);
    connection->mails++;
    connection->pending_bytes = 0;
    set_give_up(connection);
    smtp_client_send(connection->client, mail);
    set_deadline(connection);
}

void connection_close(struct connection *connection)
{
    ASSERT(connection->state == CONNECTION_READY || connection->state == CONNECTION_IDLE);
    connection->ops = NULL;
    connection_set_state(connection, CONNECTION_CLOSING);
    smtp_client_quit(connection->client);
    stream_close(connection->stream);
}

void connection_abandon(struct connection *connection)
{
    if (connection->tunnel) {
        drop(connection);
        return;
    }
    connection->ops = NULL;
    if (connection->state != CONNECTION_CLOSING)
        connection_set_state(connection, CONNECTION_CLOSING);
    stream_abort(connection->stream);
}

void connection_rest(struct connection *connection, const struct connection_ops *ops, void *owner)
{
    ASSERT(connection->state == CONNECTION_READY);
    connection->ops = ops;
    connection->owner = owner;
    connection_set_state(connection, CONNECTION_IDLE);
}

void connection_wake(struct connection *connection, const struct connection_ops *ops, void *owner)
{
    ASSERT(connection->state == CONNECTION_IDLE || connection->state == CONNECTION_READY);
    connection->ops = ops;
    connection->owner = owner;
    if (connection->state == CONNECTION_IDLE)
        connection_set_state(connection, CONNECTION_READY);
}

const struct net_address *connection_source(const struct connection *connection)
{
    return &connection->source;
}

uint64_t connection_proxy_id(const struct connection *connection)
{
    return connection->proxy_id;
}

struct slice connection_ehlo(const struct connection *connection)
{
    return slice_str(connection->ehlo);
}

size_t connection_group(const struct connection *connection)
{
    return connection->group;
}

const struct net_address *connection_local(const struct connection *connection)
{
    return &connection->local;
}

const struct net_address *connection_address(const struct connection *connection)
{
    return &connection->address;
}

struct slice connection_host(const struct connection *connection)
{
    return slice_str(connection->host);
}

struct slice connection_configuration(const struct connection *connection)
{
    return slice_str(connection->configuration);
}

bool connection_is_clear(const struct connection *connection)
{
    return connection->is_clear;
}

bool connection_is_reused(const struct connection *connection)
{
    return connection->mails > 1;
}

bool connection_is_worn(const struct connection *connection)
{
    return connection->mails >= connection->set->settings->mails_per_connection;
}

bool connection_is_past_data(const struct connection *connection)
{
    return connection->state == CONNECTION_BUSY &&
           smtp_client_stage(connection->client) == SMTP_STAGE_DOT;
}

const char *connection_tls_version(const struct connection *connection)
{
    return stream_tls_version(connection->stream);
}

bool connection_took_tls(const struct connection *connection, uint64_t *ret_ms)
{
    uint64_t until_ms =
        connection->tls_ended_ms ? connection->tls_ended_ms : loop_now_ms(connection->set->loop);

    *ret_ms = connection->tls_began_ms ? until_ms - connection->tls_began_ms : 0;
    return connection->tls_began_ms != 0;
}

struct connection_idle *connection_idle(struct connection *connection)
{
    return &connection->idle;
}

struct connection *connection_of_idle(struct connection_idle *idle)
{
    return LIST_OWNER(idle, struct connection, idle);
}
