/* SPDX-License-Identifier: Apache-2.0
 * A password's way over the thread pool. A job has a copy of the user: the users may be read again
 * meanwhile. Passwords and keys are overwritten. */
#include "ingress/verify.h"

#include "base/xalloc.h"
#include "net/crypto.h"

struct verify_desk {
    struct loop *loop;
    unsigned in_flight;
    bool is_orphan; /* the last job frees it */
};

struct verify {
    struct verify_desk *desk;
    const struct verify_ops *ops; /* NULL: nobody waits */
    void *owner;
    struct user user;
    bool is_known, is_right;
    struct buf name, password;
};

/* Who does not exist costs what those who do cost. */
static struct user decoy(const struct users *users)
{
    if (users_count(users) > 0)
        return *users_at(users, 0);
    return (struct user){
        .log2_n = USER_SCRYPT_LOG2_N,
        .r = USER_SCRYPT_R,
        .p = USER_SCRYPT_P,
        .salt_len = USER_SALT_BYTES,
        .key_len = USER_KEY_BYTES,
    };
}

/* On a thread of the pool: nothing here is anybody else's. */
static void work(void *owner)
{
    struct verify *verify = owner;
    const struct user *user = &verify->user;
    struct crypto_scrypt_cost cost = {user->log2_n, user->r, user->p};
    uint8_t key[USER_KEY_MAX] = {0};

    bool is_computed =
        crypto_scrypt(buf_slice(&verify->password), slice_of(user->salt, user->salt_len), &cost,
                      key, user->key_len);
    bool is_equal =
        crypto_is_equal(slice_of(key, user->key_len), slice_of(user->key, user->key_len));
    verify->is_right = is_computed && is_equal && verify->is_known;
    explicit_bzero(key, sizeof key);
}

static void verify_free(struct verify *verify)
{
    buf_wipe(&verify->password);
    buf_free(&verify->name);
    explicit_bzero(&verify->user, sizeof verify->user);
    xfree(verify);
}

static void done(void *owner)
{
    struct verify *verify = owner;
    struct verify_desk *desk = verify->desk;
    struct verify_result result = {verify->is_right, buf_slice(&verify->name)};

    desk->in_flight--;
    if (verify->ops)
        verify->ops->on_verified(verify->owner, &result);
    verify_free(verify);
    if (desk->is_orphan && desk->in_flight == 0)
        xfree(desk);
}

struct verify *verify_start(struct verify_desk *desk, const struct users *users,
                            const struct smtp_credentials *credentials,
                            const struct verify_ops *ops, void *owner)
{
    const struct user *user = users_find(users, credentials->user);

    if (desk->in_flight >= VERIFY_MAX)
        return NULL;
    struct verify *verify = xalloc(sizeof *verify);
    verify->desk = desk;
    verify->ops = ops;
    verify->owner = owner;
    verify->is_known = user != NULL;
    verify->user = user ? *user : decoy(users);
    verify->user.name = SLICE_NONE; /* the users may be gone before the job is */
    if (user)
        buf_add(&verify->name, user->name);
    buf_add(&verify->password, credentials->password);
    desk->in_flight++;
    loop_offload(desk->loop, work, done, verify);
    return verify;
}

void verify_detach(struct verify *verify)
{
    verify->ops = NULL;
}

struct verify_desk *verify_desk_new(struct loop *loop)
{
    struct verify_desk *desk = xalloc(sizeof *desk);

    desk->loop = loop;
    return desk;
}

void verify_desk_free(struct verify_desk **desk)
{
    if (!*desk)
        return;
    if ((*desk)->in_flight > 0)
        (*desk)->is_orphan = true;
    else
        xfree(*desk);
    *desk = NULL;
}
