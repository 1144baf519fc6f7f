/* SPDX-License-Identifier: Apache-2.0
 * TLS settings of one kind of peer, shared by all streams of a role. TLS 1.2 or newer. The only
 * file pair besides stream and crypto that knows OpenSSL. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct tls; /* SSL_CTX */

/* PEM files. certificate_file may hold the chain. */
MUST_CHECK int tls_new_server(const char *certificate_file, const char *key_file,
                              struct tls **ret_tls, struct err *err);
/* When the certificate of a server ends (notAfter), seconds since the epoch. */
int64_t tls_expires_s(const struct tls *tls);
/* For opportunistic TLS (C18): no verification. With verify, the peer must match the name that
 * stream_start_tls is given, by the CAs of ca_file or, when NULL, the system's. */
MUST_CHECK int tls_new_client(bool verify, const char *ca_file, struct tls **ret_tls,
                              struct err *err);
/* The certificate a client shows when the server asks for one. PEM files, as tls_new_server. */
MUST_CHECK int tls_show(struct tls *client, const char *certificate_file, const char *key_file,
                        struct err *err);
/* Streams keep it alive. NULL accepted, NULL set. */
void tls_free(struct tls **tls);
