/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl user: who may submit by AUTH. Passwords are never kept, only what scrypt makes of
 * them. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl/user_file.h"
#include "ctl/user_password.h"
#include "ctl/verb.h"
#include "net/crypto.h"

static const char HELP[] =
    "usage: hikyakuctl user add FILE NAME [--password-stdin]\n"
    "       hikyakuctl user list FILE [--json]\n"
    "       hikyakuctl user remove FILE NAME\n"
    "\n"
    "Keeps the users file: who may authenticate (AUTH PLAIN and LOGIN, within TLS only) on the\n"
    "listeners whose policy has AUTH. A running ingress reads it again at SIGHUP.\n"
    "\n"
    "  add     asks for a password, twice and unseen, and puts the user into FILE, which is made\n"
    "          when it is not there. Of a user who is there the password is replaced.\n"
    "  list    prints the names, in the order of the file\n"
    "  remove  takes the user out\n"
    "\n"
    "  --password-stdin  the password is the first line of standard input (1 to 255 octets)\n"
    "  --json            print {\"users\": [...]}\n"
    "\n"
    "A line of FILE is name:scrypt:ln=15,r=8,p=1:salt:key, with salt and key in base64; lines "
    "that\n"
    "begin with '#' are yours. FILE is replaced as a whole, with mode 0600 and its owner as "
    "before.\n"
    "\n"
    "exit: 0 done; 1 failed, and FILE is as it was; 2 wrong arguments\n"
    "\n"
    "examples:\n"
    "  hikyakuctl user add /etc/hikyaku/users shop\n"
    "  pwgen 24 1 | tee secret | hikyakuctl user add /etc/hikyaku/users shop --password-stdin\n"
    "\n"
    "  ingress: { users_file = \"/etc/hikyaku/users\"; };\n"
    "  listeners = ( { port = 587; policy = \"network_or_auth\"; certificate = ...; key = ...; } "
    ");\n";

static enum ctl_exit fail(const struct err *err)
{
    (void)fprintf(stderr, "%s\n", err->text);
    return CTL_FAILED;
}

static int make_user(struct slice name, struct slice password, struct user *ret_user,
                     struct err *err)
{
    struct user user = {
        .name = name,
        .log2_n = USER_SCRYPT_LOG2_N,
        .r = USER_SCRYPT_R,
        .p = USER_SCRYPT_P,
        .salt_len = USER_SALT_BYTES,
        .key_len = USER_KEY_BYTES,
    };
    struct crypto_scrypt_cost cost = {user.log2_n, user.r, user.p};

    crypto_random(user.salt, user.salt_len);
    if (!crypto_scrypt(password, slice_of(user.salt, user.salt_len), &cost, user.key, user.key_len))
        return err_set(err, ERR_INTERNAL, "scrypt failed: is there memory?");
    *ret_user = user;
    return 0;
}

static enum ctl_exit add(const struct arguments *arguments)
{
    struct slice name = slice_str(arguments->words[3]);
    enum user_change change = USER_ADDED;
    struct buf password = {0};
    struct user user;
    struct err err;

    if (user_check_name(name, &err) < 0 ||
        user_password_ask(arguments->is_password_stdin, &password, &err) < 0)
        return fail(&err);
    int rc = make_user(name, buf_slice(&password), &user, &err);
    buf_wipe(&password);
    if (rc < 0 || user_file_change(arguments->words[2], name, &user, &change, &err) < 0)
        return fail(&err);
    (void)printf(change == USER_ADDED ? "%s was added\n" : "%s has a new password\n",
                 arguments->words[3]);
    return CTL_OK;
}

static enum ctl_exit remove_user(const struct arguments *arguments)
{
    struct slice name = slice_str(arguments->words[3]);
    enum user_change change;
    struct err err;

    if (user_file_change(arguments->words[2], name, NULL, &change, &err) < 0)
        return fail(&err);
    (void)printf("%s was removed\n", arguments->words[3]);
    return CTL_OK;
}

static void print_json(const struct users *users)
{
    json_t *names = json_array();

    for (size_t i = 0; i < users_count(users); i++) {
        struct slice name = users_at(users, i)->name;
        (void)json_array_append_new(names, json_stringn(name.at, name.len));
    }
    json_t *root = json_pack("{s:o}", "users", names);
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
}

static enum ctl_exit list(const struct arguments *arguments)
{
    struct users *users;
    struct err err;

    if (users_new(arguments->words[2], &users, &err) < 0)
        return fail(&err);
    if (arguments->is_json)
        print_json(users);
    else
        for (size_t i = 0; i < users_count(users); i++)
            (void)printf("%.*s\n", SLICE_ARGS(users_at(users, i)->name));
    users_free(&users);
    return CTL_OK;
}

static const struct action {
    const char *name;
    size_t words; /* in all */
    enum ctl_exit (*run)(const struct arguments *arguments);
} ACTIONS[] = {{"add", 4, add}, {"list", 3, list}, {"remove", 4, remove_user}};

static enum ctl_exit run(const struct arguments *arguments)
{
    size_t words = 0;

    while (arguments->words[words])
        words++;
    for (size_t i = 0; words > 1 && i < sizeof ACTIONS / sizeof *ACTIONS; i++)
        if (strcmp(arguments->words[1], ACTIONS[i].name) == 0 && words == ACTIONS[i].words)
            return ACTIONS[i].run(arguments);
    (void)fputs("user needs add FILE NAME, list FILE or remove FILE NAME (see hikyakuctl user "
                "--help)\n",
                stderr);
    return CTL_USAGE;
}

const struct verb USER_VERB = {
    .name = "user",
    .summary = "say who may submit by AUTH: add, list, remove",
    .help = HELP,
    .run = run,
};
