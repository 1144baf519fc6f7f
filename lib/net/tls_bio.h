/* SPDX-License-Identifier: Apache-2.0
 * A BIO whose input is a slice of the current read and whose output is a function: no copies and
 * no memory between reads, which OpenSSL's memory BIOs would keep. Not for other folders. */
#pragma once

#include <openssl/bio.h>

#include "base/slice.h"

struct tls_bio_ends {
    struct slice input; /* consumed from the front */
    void (*on_output)(void *owner, struct slice bytes);
    void *owner;
};

/* One per context; freed by BIO_meth_free after its last BIO. */
BIO_METHOD *tls_bio_method_new(void);
/* The ends outlive the BIO. */
BIO *tls_bio_new(BIO_METHOD *method, struct tls_bio_ends *ends);
