/* SPDX-License-Identifier: Apache-2.0
 * Checking passwords: right, wrong, unknown; the bound; owners and desks that go away meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "ingress/verify.h"
#include "net/crypto.h"
#include "unit/base/private_file.h"

struct rig {
    struct loop *loop;
    struct verify_desk *desk;
    struct users *users;
};

/* One user, shop / secret, as cheap as a file may have them. */
static struct users *make_users(void)
{
    struct user user = {.name = SLICE("shop"), .log2_n = 10, .r = 1, .p = 1};
    struct crypto_scrypt_cost cost = {10, 1, 1};
    char path[PRIVATE_FILE_PATH];
    struct buf line = {0};
    struct users *users = NULL;
    struct err err;

    user.salt_len = USER_SALT_BYTES;
    user.key_len = USER_KEY_BYTES;
    assert_true(crypto_scrypt(SLICE("secret"), slice_of(user.salt, user.salt_len), &cost, user.key,
                              user.key_len));
    user_put(&line, &user);
    private_file_new(path, buf_slice(&line));
    assert_int_equal(users_new(path, &users, &err), 0);
    (void)unlink(path);
    buf_free(&line);
    return users;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig->loop = loop_new();
    rig->desk = verify_desk_new(rig->loop);
    rig->users = make_users();
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    verify_desk_free(&rig->desk);
    users_free(&rig->users);
    loop_free(&rig->loop);
    free(rig);
    return 0;
}

struct waiting {
    unsigned told, right;
    char user[16];
};

static void on_verified(void *owner, const struct verify_result *result)
{
    struct waiting *waiting = owner;

    waiting->told++;
    waiting->right += result->is_right;
    assert_true(result->user.len < sizeof waiting->user);
    memset(waiting->user, 0, sizeof waiting->user);
    if (result->user.len)
        memcpy(waiting->user, result->user.at, result->user.len);
}

static const struct verify_ops OPS = {.on_verified = on_verified};

static struct verify *start(struct rig *rig, struct slice user, struct slice password,
                            struct waiting *waiting)
{
    struct smtp_credentials credentials = {SMTP_AUTH_PLAIN, user, password};

    return verify_start(rig->desk, rig->users, &credentials, &OPS, waiting);
}

static void check(struct rig *rig, struct slice user, struct slice password, bool is_right,
                  const char *named)
{
    struct waiting waiting = {0};

    assert_non_null(start(rig, user, password, &waiting));
    assert_int_equal(waiting.told, 0); /* never from inside the call */
    while (!waiting.told)
        loop_turn(rig->loop, 1000);
    assert_int_equal(waiting.right, is_right);
    assert_string_equal(waiting.user, named);
}

static void test_i28_right_wrong_unknown(void **state)
{
    struct rig *rig = *state;

    check(rig, SLICE("shop"), SLICE("secret"), true, "shop");
    check(rig, SLICE("shop"), SLICE("Secret"), false, "shop");
    check(rig, SLICE("shop"), SLICE("secret "), false, "shop");
    check(rig, SLICE("Shop"), SLICE("secret"), false, "");
    check(rig, SLICE("nobody"), SLICE("secret"), false, "");
}

static void test_a_bounded_number_at_once(void **state)
{
    struct rig *rig = *state;
    struct waiting waiting = {0};

    for (int i = 0; i < VERIFY_MAX; i++)
        assert_non_null(start(rig, SLICE("shop"), SLICE("secret"), &waiting));
    assert_null(start(rig, SLICE("shop"), SLICE("secret"), &waiting));
    while (waiting.told < VERIFY_MAX)
        loop_turn(rig->loop, 1000);
    assert_int_equal(waiting.right, VERIFY_MAX);
    check(rig, SLICE("shop"), SLICE("secret"), true, "shop");
}

static void test_users_may_be_replaced_meanwhile(void **state)
{
    struct rig *rig = *state;
    struct waiting waiting = {0};

    assert_non_null(start(rig, SLICE("shop"), SLICE("secret"), &waiting));
    users_free(&rig->users);
    rig->users = make_users();
    while (!waiting.told)
        loop_turn(rig->loop, 1000);
    assert_int_equal(waiting.right, 1);
}

static void test_who_left_is_not_told(void **state)
{
    struct rig *rig = *state;
    struct waiting gone = {0}, other = {0};

    verify_detach(start(rig, SLICE("shop"), SLICE("secret"), &gone));
    verify_detach(start(rig, SLICE("shop"), SLICE("secret"), &other));
    verify_desk_free(&rig->desk); /* loop_free waits for what is in flight */
    assert_null(rig->desk);
    loop_free(&rig->loop);
    rig->loop = loop_new();
    assert_int_equal(gone.told + other.told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_i28_right_wrong_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bounded_number_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_users_may_be_replaced_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_left_is_not_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
