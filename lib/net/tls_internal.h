/* SPDX-License-Identifier: Apache-2.0
 * The inside of struct tls, for stream_tls.c. Not for other folders. */
#pragma once

#include <openssl/ssl.h>

#include "net/tls.h"

struct tls {
    SSL_CTX *ssl_ctx;
    BIO_METHOD *bio_method;
    bool is_server;
    bool verifies;
    int64_t expires_s; /* of a server's certificate */
    size_t references; /* the owner's and one per stream */
};

/* The newest OpenSSL error of this thread as a sentence's end; "unknown error" when there is none.
 */
const char *tls_reason(void);
