/* SPDX-License-Identifier: Apache-2.0
 * A line of the users file. Costs are bounded: a file must not make the ingress run out of memory.
 */
#include "profile/user.h"

#include "base/base64.h"

#define SALT_MIN   8
#define KEY_MIN    16
#define LOG2_N_MIN 10
#define LOG2_N_MAX 20
#define R_MAX      32
#define P_MAX      16

int user_check_name(struct slice name, struct err *err)
{
    if (name.len == 0 || name.len > USER_NAME_MAX)
        return err_set(err, ERR_INVALID, "a user's name has 1 to %d octets, not %zu", USER_NAME_MAX,
                       name.len);
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= ' ' || name.at[i] > '~' || name.at[i] == ':')
            return err_set(err, ERR_INVALID,
                           "a user's name has printable ASCII only, without blanks and ':'");
    if (name.at[0] == '#')
        return err_set(err, ERR_INVALID, "a user's name does not begin with '#'");
    return 0;
}

/* label "=" number */
static bool take_number(struct slice *list, struct slice label, uint64_t max, unsigned *ret_number)
{
    struct slice value = slice_cut(list, ',');
    struct slice name = slice_cut(&value, '=');
    uint64_t number;

    if (!slice_eq(name, label) || !slice_to_u64(value, max, &number) || number == 0)
        return false;
    *ret_number = (unsigned)number;
    return true;
}

static int parse_cost(struct slice list, struct user *user, struct err *err)
{
    bool is_good = take_number(&list, SLICE("ln"), LOG2_N_MAX, &user->log2_n) &&
                   take_number(&list, SLICE("r"), R_MAX, &user->r) &&
                   take_number(&list, SLICE("p"), P_MAX, &user->p) && list.len == 0;

    if (!is_good || user->log2_n < LOG2_N_MIN)
        return err_set(err, ERR_INVALID,
                       "the cost is written ln=15,r=8,p=1; allowed: ln %d to %d, r 1 to %d, p 1 to "
                       "%d",
                       LOG2_N_MIN, LOG2_N_MAX, R_MAX, P_MAX);
    if ((UINT64_C(128) * user->r << user->log2_n) > USER_SCRYPT_MAX)
        return err_set(err, ERR_INVALID, "the cost takes more than 64 MiB (128 * r * 2^ln)");
    return 0;
}

struct octets {
    const char *name;
    size_t min, max;
};

static int parse_octets(struct slice text, const struct octets *what, uint8_t *out, size_t *ret_len,
                        struct err *err)
{
    struct buf octets = {0};
    bool is_good =
        base64_decode(text, &octets) && octets.len >= what->min && octets.len <= what->max;

    if (is_good) {
        memcpy(out, octets.at, octets.len);
        *ret_len = octets.len;
    }
    buf_free(&octets);
    if (is_good)
        return 0;
    return err_set(err, ERR_INVALID, "the %s is base64 of %zu to %zu octets", what->name, what->min,
                   what->max);
}

int user_parse(struct slice line, struct user *ret_user, struct err *err)
{
    static const struct octets SALT = {"salt", SALT_MIN, USER_SALT_MAX};
    static const struct octets KEY = {"key", KEY_MIN, USER_KEY_MAX};
    struct user user = {0};
    struct slice rest = slice_sub(line, 0, USER_LINE_MAX + 1);

    if (rest.len > USER_LINE_MAX)
        return err_set(err, ERR_INVALID, "a line has at most %d octets", USER_LINE_MAX);
    user.name = slice_cut(&rest, ':');
    struct slice method = slice_cut(&rest, ':'), cost = slice_cut(&rest, ':');
    struct slice salt = slice_cut(&rest, ':');
    if (user_check_name(user.name, err) < 0)
        return -1;
    if (!slice_eq(method, SLICE("scrypt")))
        return err_set(err, ERR_INVALID, "want name:scrypt:ln=15,r=8,p=1:salt:key");
    if (parse_cost(cost, &user, err) < 0 ||
        parse_octets(salt, &SALT, user.salt, &user.salt_len, err) < 0 ||
        parse_octets(rest, &KEY, user.key, &user.key_len, err) < 0)
        return -1;
    *ret_user = user;
    return 0;
}

void user_put(struct buf *out, const struct user *user)
{
    buf_add(out, user->name);
    buf_addf(out, ":scrypt:ln=%u,r=%u,p=%u:", user->log2_n, user->r, user->p);
    base64_add(out, slice_of(user->salt, user->salt_len));
    buf_add_char(out, ':');
    base64_add(out, slice_of(user->key, user->key_len));
    buf_add_char(out, '\n');
}
