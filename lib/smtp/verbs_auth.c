/* SPDX-License-Identifier: Apache-2.0
 * AUTH (RFC 4954): PLAIN (RFC 4616) and LOGIN, within TLS only (I28). Takes credentials apart and
 * asks the owner; what it decoded is overwritten at once. Knows no users. */
#include "base/assert.h"
#include "base/base64.h"
#include "base/xalloc.h"
#include "smtp/server_state.h"

#define FAILURES_MAX 3 /* wrong passwords of a connection */

struct server_auth {
    enum smtp_auth_mechanism mechanism;
    bool has_user; /* LOGIN: the password is due */
    struct buf user, secret;
};

static const char *const NAMES[] = {[SMTP_AUTH_PLAIN] = "PLAIN", [SMTP_AUTH_LOGIN] = "LOGIN"};
#define NAME_COUNT (sizeof NAMES / sizeof *NAMES)

const char *smtp_auth_name(enum smtp_auth_mechanism mechanism)
{
    return NAMES[mechanism];
}

static void auth_free(struct server_auth **auth)
{
    if (!*auth)
        return;
    buf_wipe(&(*auth)->user);
    buf_wipe(&(*auth)->secret);
    xfree(*auth);
    *auth = NULL;
}

void server_auth_drop(struct smtp_server *server)
{
    auth_free(&server->auth);
    if (server->phase == SMTP_SERVER_AUTH)
        server->phase = SMTP_SERVER_COMMAND;
}

static void refuse(struct smtp_server *server, enum server_reply reply)
{
    server_auth_drop(server);
    server_reply_with(server, reply);
}

static bool is_credential(struct slice s)
{
    return s.len > 0 && s.len <= SMTP_CREDENTIAL_MAX && slice_find(s, '\0') == s.len;
}

/* The exchange is through: it ends before the owner may answer. */
static void ask(struct smtp_server *server, struct slice user, struct slice password)
{
    struct server_auth *auth = server->auth;
    struct smtp_credentials credentials = {auth->mechanism, user, password};

    if (!is_credential(user) || !is_credential(password)) {
        refuse(server, SERVER_REPLY_AUTH_BAD);
        return;
    }
    server->auth = NULL;
    server->phase = SMTP_SERVER_VERIFY;
    server->ops->on_auth(server->owner, &credentials);
    auth_free(&auth);
}

/* message = [authzid] UTF8NUL authcid UTF8NUL passwd. Acting for somebody else is not offered. */
static void take_plain(struct smtp_server *server)
{
    struct slice rest = buf_slice(&server->auth->secret);
    struct slice acting_for = slice_cut(&rest, '\0');
    struct slice user = slice_cut(&rest, '\0');

    if (acting_for.len && !slice_eq(acting_for, user))
        refuse(server, SERVER_REPLY_AUTH_BAD);
    else
        ask(server, user, rest);
}

/* draft-murchison-sasl-login: a name, then a password. */
static void take_login(struct smtp_server *server)
{
    struct server_auth *auth = server->auth;

    if (auth->has_user) {
        ask(server, buf_slice(&auth->user), buf_slice(&auth->secret));
        return;
    }
    auth->has_user = true;
    auth->user = auth->secret;
    auth->secret = (struct buf){0};
    server_reply_with(server, SERVER_REPLY_AUTH_PASSWORD);
}

static void take_response(struct smtp_server *server, struct slice text)
{
    if (!base64_decode(text, &server->auth->secret))
        refuse(server, SERVER_REPLY_AUTH_BAD);
    else if (server->auth->mechanism == SMTP_AUTH_PLAIN)
        take_plain(server);
    else
        take_login(server);
}

void server_auth_line(struct smtp_server *server, struct slice line)
{
    if (slice_eq(line, SLICE("*")))
        refuse(server, SERVER_REPLY_AUTH_CANCELLED);
    else
        take_response(server, line);
}

static enum server_reply refusal(const struct smtp_server *server)
{
    if (!server->settings->has_auth)
        return SERVER_REPLY_NOT_OFFERED;
    if (!server->is_secured)
        return SERVER_REPLY_AUTH_NO_TLS;
    if (!server->is_esmtp)
        return SERVER_REPLY_EHLO_FIRST;
    return server->is_authenticated ? SERVER_REPLY_AUTH_ALREADY : SERVER_REPLY_NONE;
}

static void start_exchange(struct smtp_server *server, enum smtp_auth_mechanism mechanism,
                           struct slice initial)
{
    ASSERT(!server->auth);
    server->auth = xalloc(sizeof *server->auth);
    server->auth->mechanism = mechanism;
    server->phase = SMTP_SERVER_AUTH;
    if (initial.len) /* "=" stands for an empty one */
        take_response(server, slice_eq(initial, SLICE("=")) ? SLICE_NONE : initial);
    else
        server_reply_with(server, mechanism == SMTP_AUTH_PLAIN ? SERVER_REPLY_AUTH_GO_ON
                                                               : SERVER_REPLY_AUTH_USER);
}

/* auth = "AUTH" SP sasl-mech [SP initial-response] *(CRLF [base64]) [CRLF cancel-response] CRLF */
void server_auth(struct smtp_server *server, struct slice args)
{
    struct slice name = slice_cut(&args, ' ');
    enum server_reply why = refusal(server);
    size_t i = 0;

    while (i < NAME_COUNT && !slice_eq_nocase(name, slice_str(NAMES[i])))
        i++;
    if (why != SERVER_REPLY_NONE)
        server_reply_with(server, why);
    else if (server->auth_failures >= FAILURES_MAX)
        server_close(server, server_reply_of(SERVER_REPLY_AUTH_ENOUGH));
    else if (i == NAME_COUNT)
        server_reply_with(server, SERVER_REPLY_AUTH_MECHANISM);
    else
        start_exchange(server, (enum smtp_auth_mechanism)i, slice_trim(args));
}
