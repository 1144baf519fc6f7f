/* SPDX-License-Identifier: Apache-2.0
 * See client.h. */
#include "path/client.h"

#include "base/assert.h"

#define CONNECT_MS 5000

static void on_output(void *owner, const struct slice *parts, size_t count)
{
    struct client *client = owner;

    stream_writev(client->stream, parts, count);
}

static void on_ready(void *owner)
{
    struct client *client = owner;

    smtp_client_send(client->engine, &client->mail);
}

static void on_starttls(void *owner)
{
    (void)owner;
    ASSERT(!"not wanted");
}

static void on_result(void *owner, const struct smtp_result *result)
{
    struct client *client = owner;

    client->code = result->rcpts[0].reply.code;
    client->is_decided = true;
    if (!result->is_lost)
        smtp_client_quit(client->engine);
    stream_close(client->stream);
}

static void on_unusable(void *owner, enum smtp_stage stage, const struct smtp_reply *reply)
{
    struct client *client = owner;

    (void)stage;
    client->code = reply->code;
    client->is_decided = true;
    stream_close(client->stream);
}

static const struct smtp_client_ops ENGINE_OPS = {
    .on_output = on_output,
    .on_ready = on_ready,
    .on_starttls = on_starttls,
    .on_result = on_result,
    .on_unusable = on_unusable,
};

static void on_connected(void *owner)
{
    (void)owner;
}

static void on_read(void *owner, struct slice bytes)
{
    struct client *client = owner;

    if (!client->is_decided)
        smtp_client_feed(client->engine, bytes);
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct client *client = owner;

    (void)reason;
    (void)detail;
    if (!client->is_decided)
        smtp_client_lost(client->engine);
    client->is_closed = true;
}

static const struct stream_ops STREAM_OPS = {
    .on_connected = on_connected,
    .on_read = on_read,
    .on_closed = on_closed,
};

void client_start(struct client *client, struct loop *loop, const struct net_address *ingress,
                  const char *from, const char *rcpts, struct slice content)
{
    struct slice rest = slice_str(rcpts);

    *client = (struct client){.settings = {.hostname = "app.test"}};
    client->mail = (struct smtp_mail){
        .from = {.address = slice_str(from), .size_bytes = content.len},
        .rcpts = client->rcpts,
        .body = content,
    };
    while (rest.len) {
        ASSERT(client->mail.rcpt_count < CLIENT_RCPTS_MAX);
        client->rcpts[client->mail.rcpt_count++].address = slice_cut(&rest, ' ');
    }
    client->engine = smtp_client_new(&client->settings, &ENGINE_OPS, client);
    client->stream = stream_connect(loop, ingress, NULL, CONNECT_MS, &STREAM_OPS, client);
}

bool client_waits_for_reply(const struct client *client)
{
    return !client->is_decided && smtp_client_stage(client->engine) == SMTP_STAGE_DOT;
}

void client_end(struct client *client)
{
    ASSERT(client->is_closed);
    smtp_client_free(&client->engine);
}
