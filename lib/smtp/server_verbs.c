/* SPDX-License-Identifier: Apache-2.0
 * The verb table: which states a verb is allowed in, whether it takes an argument, what carries it
 * out (RFC 5321 4.1.1, 4.1.4). The verbs without a grammar of their own are here as well. */
#include "smtp/server_state.h"

enum args { ARGS_NONE, ARGS_ANY, ARGS_WANTED };

struct verb {
    struct slice name;
    unsigned states; /* of enum server_state */
    enum server_reply out_of_order;
    enum args args;
    bool may_lead; /* octets behind it are fine before PIPELINING was announced (I18) */
    void (*run)(struct smtp_server *server, struct slice args);
};

static void run_rset(struct smtp_server *server, struct slice args)
{
    (void)args;
    server_drop_transaction(server);
    server_reply_with(server, SERVER_REPLY_OK);
}

static void run_noop(struct smtp_server *server, struct slice args)
{
    (void)args;
    server_reply_with(server, SERVER_REPLY_OK);
}

static void run_vrfy(struct smtp_server *server, struct slice args)
{
    (void)args;
    server_reply_with(server, SERVER_REPLY_VRFY);
}

static void run_expn(struct smtp_server *server, struct slice args)
{
    (void)args;
    server_reply_with(server, SERVER_REPLY_NOT_OFFERED);
}

static void run_help(struct smtp_server *server, struct slice args)
{
    (void)args;
    server_reply_with(server, SERVER_REPLY_HELP);
}

static void run_quit(struct smtp_server *server, struct slice args)
{
    (void)args;
    server_close(server, server_reply_of(SERVER_REPLY_QUIT));
}

#define ANY_STATE (SERVER_START | SERVER_READY | SERVER_MAIL | SERVER_RCPT)
#define NO_MAIL   (SERVER_START | SERVER_READY)
#define IN_MAIL   (SERVER_MAIL | SERVER_RCPT)

/* clang-format off */
static const struct verb VERBS[] = {
    /* name           allowed in   out of order                 argument     lead   carried out by */
    {{"RCPT", 4},     IN_MAIL,     SERVER_REPLY_MAIL_FIRST,     ARGS_WANTED, false, server_rcpt},
    {{"MAIL", 4},     NO_MAIL,     SERVER_REPLY_NESTED_MAIL,    ARGS_WANTED, false, server_mail},
    {{"DATA", 4},     SERVER_RCPT, SERVER_REPLY_RCPT_FIRST,     ARGS_NONE,   false, server_data},
    {{"RSET", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_NONE,   false, run_rset},
    {{"NOOP", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_ANY,    false, run_noop},
    {{"QUIT", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_NONE,   true,  run_quit},
    {{"EHLO", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_ANY,    false, server_ehlo},
    {{"HELO", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_ANY,    false, server_helo},
    {{"VRFY", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_WANTED, false, run_vrfy},
    {{"EXPN", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_ANY,    false, run_expn},
    {{"HELP", 4},     ANY_STATE,   SERVER_REPLY_NONE,           ARGS_ANY,    false, run_help},
    {{"AUTH", 4},     NO_MAIL,     SERVER_REPLY_IN_TRANSACTION, ARGS_WANTED, false, server_auth},
    {{"STARTTLS", 8}, NO_MAIL,     SERVER_REPLY_IN_TRANSACTION, ARGS_NONE,   true,  server_starttls},
};
/* clang-format on */

static const struct verb *find_verb(struct slice name)
{
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
        if (slice_eq_nocase(name, VERBS[i].name))
            return &VERBS[i];
    return NULL;
}

bool server_has_verb(struct slice name)
{
    return find_verb(name) != NULL;
}

/* Why the verb cannot be carried out as it came, or NONE. */
static enum server_reply refusal(const struct smtp_server *server, const struct verb *verb,
                                 struct slice args)
{
    if (!verb)
        return SERVER_REPLY_UNKNOWN;
    if (!(verb->states & server->state))
        return verb->out_of_order;
    if (verb->args == ARGS_NONE && args.len)
        return SERVER_REPLY_NO_ARGUMENT;
    if (verb->args == ARGS_WANTED && args.len == 0)
        return SERVER_REPLY_WANT_ARGUMENT;
    return SERVER_REPLY_NONE;
}

/* Before EHLO was answered nobody can know that we pipeline: what does is no mail client. */
static bool is_pipelined_early(const struct smtp_server *server, const struct verb *verb)
{
    bool is_announced = server->is_esmtp && !(verb && verb->run == server_ehlo);

    return server->behind_bytes && !is_announced && !(verb && verb->may_lead);
}

void server_dispatch(struct smtp_server *server, struct slice line)
{
    struct slice args = slice_trim(line);
    const struct verb *verb = find_verb(slice_cut(&args, ' '));
    enum server_reply why;

    args = slice_trim(args);
    why = refusal(server, verb, args);
    if (is_pipelined_early(server, verb))
        server_close(server, server_reply_of(SERVER_REPLY_PIPELINED_EARLY));
    else if (why != SERVER_REPLY_NONE)
        server_reply_with(server, why);
    else
        verb->run(server, args);
}
