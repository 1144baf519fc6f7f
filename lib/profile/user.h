/* SPDX-License-Identifier: Apache-2.0
 * One user who may submit, as a line of the users file:
 *   name:scrypt:ln=15,r=8,p=1:<salt, base64>:<key, base64>
 * The key is scrypt (RFC 7914) of the password; computing it is the caller's. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define USER_NAME_MAX 255
#define USER_SALT_MAX 64
#define USER_KEY_MAX  64
#define USER_LINE_MAX 600
/* Octets of memory for a password; net/crypto.h has as many. */
#define USER_SCRYPT_MAX ((uint64_t)64 * 1024 * 1024)
/* Of new users. */
#define USER_SALT_BYTES    16
#define USER_KEY_BYTES     32
#define USER_SCRYPT_LOG2_N 15
#define USER_SCRYPT_R      8
#define USER_SCRYPT_P      1

struct user {
    struct slice name;
    unsigned log2_n, r, p;
    uint8_t salt[USER_SALT_MAX], key[USER_KEY_MAX];
    size_t salt_len, key_len;
};

/* Printable ASCII but ':', no blank, not beginning with '#'; letter case counts. */
MUST_CHECK int user_check_name(struct slice name, struct err *err);
/* line: without its end. The name is a part of it. */
MUST_CHECK int user_parse(struct slice line, struct user *ret_user, struct err *err);
/* The line, with LF. */
void user_put(struct buf *out, const struct user *user);
