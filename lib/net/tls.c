/* SPDX-License-Identifier: Apache-2.0
 * TLS settings objects by OpenSSL 3. They are counted, not atomically: one thread per role. */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <time.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "net/tls_bio.h"
#include "net/tls_internal.h"

const char *tls_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    return reason ? reason : "unknown error";
}

/* An encrypted key must fail, not ask on our terminal. */
static int on_password(char *out, int size, int for_writing, void *owner)
{
    (void)for_writing;
    (void)owner;
    if (size > 0)
        out[0] = '\0';
    return -1;
}

static struct tls *tls_new(const SSL_METHOD *method)
{
    struct tls *tls = xalloc(sizeof *tls);

    ERR_clear_error();
    tls->ssl_ctx = SSL_CTX_new(method);
    ASSERT(tls->ssl_ctx != NULL);
    tls->bio_method = tls_bio_method_new();
    tls->references = 1;
    (void)SSL_CTX_set_min_proto_version(tls->ssl_ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_mode(tls->ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_options(tls->ssl_ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_session_cache_mode(tls->ssl_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(tls->ssl_ctx, on_password);
    return tls;
}

static int use_certificate(SSL_CTX *ssl_ctx, const char *certificate_file, const char *key_file,
                           struct err *err)
{
    if (SSL_CTX_use_certificate_chain_file(ssl_ctx, certificate_file) != 1)
        return err_set(err, ERR_INVALID, "cannot use the certificate file %s: %s", certificate_file,
                       tls_reason());
    if (SSL_CTX_use_PrivateKey_file(ssl_ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return err_set(err, ERR_INVALID, "cannot use the key file %s: %s", key_file, tls_reason());
    return 0;
}

static int read_end(struct tls *tls, const char *certificate_file, struct err *err)
{
    const X509 *certificate = SSL_CTX_get0_certificate(tls->ssl_ctx);
    struct tm end;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        return err_set(err, ERR_INVALID, "cannot read the end of the certificate in %s",
                       certificate_file);
    tls->expires_s = timegm(&end);
    return 0;
}

int tls_new_server(const char *certificate_file, const char *key_file, struct tls **ret_tls,
                   struct err *err)
{
    struct tls *tls = tls_new(TLS_server_method());

    tls->is_server = true;
    (void)SSL_CTX_set_options(tls->ssl_ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (use_certificate(tls->ssl_ctx, certificate_file, key_file, err) < 0 ||
        read_end(tls, certificate_file, err) < 0) {
        tls_free(&tls);
        return -1;
    }
    *ret_tls = tls;
    return 0;
}

int64_t tls_expires_s(const struct tls *tls)
{
    return tls->expires_s;
}

static int trust(SSL_CTX *ssl_ctx, const char *ca_file, struct err *err)
{
    if (ca_file && SSL_CTX_load_verify_file(ssl_ctx, ca_file) != 1)
        return err_set(err, ERR_INVALID, "cannot use the CA file %s: %s", ca_file, tls_reason());
    if (!ca_file && SSL_CTX_set_default_verify_paths(ssl_ctx) != 1)
        return err_set(err, ERR_INVALID, "cannot use the system's CA certificates: %s",
                       tls_reason());
    SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, NULL);
    return 0;
}

int tls_new_client(bool verify, const char *ca_file, struct tls **ret_tls, struct err *err)
{
    struct tls *tls = tls_new(TLS_client_method());

    tls->verifies = verify;
    if (!verify)
        /* Weak keys still beat the clear text that would follow a refusal (RFC 7435). */
        SSL_CTX_set_security_level(tls->ssl_ctx, 0);
    else if (trust(tls->ssl_ctx, ca_file, err) < 0) {
        tls_free(&tls);
        return -1;
    }
    *ret_tls = tls;
    return 0;
}

int tls_show(struct tls *client, const char *certificate_file, const char *key_file,
             struct err *err)
{
    ERR_clear_error();
    return use_certificate(client->ssl_ctx, certificate_file, key_file, err);
}

void tls_free(struct tls **tls)
{
    struct tls *t = *tls;

    *tls = NULL;
    if (!t || --t->references > 0)
        return;
    SSL_CTX_free(t->ssl_ctx);
    BIO_meth_free(t->bio_method);
    xfree(t);
}
