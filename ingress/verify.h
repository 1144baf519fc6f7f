/* SPDX-License-Identifier: Apache-2.0
 * Checking passwords: slow by design, so on the thread pool and a bounded number at once. An
 * unknown user takes as long as a wrong password. */
#pragma once

#include "net/loop.h"
#include "profile/users.h"
#include "smtp/server.h"

#define VERIFY_MAX 64 /* in flight; a few run, the others wait for a thread */

struct verify_desk; /* one per ingress */
struct verify;      /* one password */

struct verify_result {
    bool is_right;
    struct slice user; /* "": no such user. What was no user's name may be a password: not kept */
};

struct verify_ops {
    /* Once, from the loop; the verify is gone afterwards. */
    void (*on_verified)(void *owner, const struct verify_result *result);
};

struct verify_desk *verify_desk_new(struct loop *loop);
/* What is in flight ends on the loop, and nobody is told. NULL accepted, NULL set. */
void verify_desk_free(struct verify_desk **desk);
/* NULL: too many are in flight. users and credentials are copied as far as needed. */
struct verify *verify_start(struct verify_desk *desk, const struct users *users,
                            const struct smtp_credentials *credentials,
                            const struct verify_ops *ops, void *owner);
/* The owner is gone. */
void verify_detach(struct verify *verify);
