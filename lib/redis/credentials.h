/* SPDX-License-Identifier: Apache-2.0
 * Password and TLS settings of a connection, from the settings or from the files they name. Files
 * are looked at before each use, so that they may be replaced at any time. Not for other folders.
 */
#pragma once

#include "base/file.h"
#include "net/tls.h"
#include "redis/redis.h"

struct redis_credentials {
    struct buf password; /* empty: none */
    struct tls *tls;     /* NULL: clear text */
    struct file_stamp ca, certificate, key;
};

/* Zero-initialised at first. What cannot be read leaves what was read before; only where there is
 * nothing, it is an error. */
MUST_CHECK int redis_credentials_refresh(struct redis_credentials *credentials,
                                         const struct redis_settings *settings, struct err *err);
/* Whether all of it can be read now. */
MUST_CHECK int redis_credentials_check(const struct redis_settings *settings, struct err *err);
void redis_credentials_free(struct redis_credentials *credentials);
