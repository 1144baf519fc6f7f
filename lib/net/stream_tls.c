/* SPDX-License-Identifier: Apache-2.0
 * TLS on a stream: records in by stream_tls_feed, records out by stream_send. OpenSSL never sees
 * the socket, and sees only bytes that were read after the start (RFC 3207 section 4.2). */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "net/loop_internal.h"
#include "net/stream_internal.h"
#include "net/tls_bio.h"
#include "net/tls_internal.h"

struct stream_tls {
    SSL *ssl;
    struct tls *tls;
    struct tls_bio_ends ends;
    bool is_up;
};

/* Records of one call gather in the loop's scratch, so that they leave in one write. */
static void flush_records(struct stream *stream)
{
    struct slice records = slice_of(stream->loop->cipher_bytes, stream->loop->cipher_used);

    stream->loop->cipher_used = 0;
    if (records.len > 0)
        stream_send(stream, &records, 1);
}

static void on_output(void *owner, struct slice bytes)
{
    struct stream *stream = owner;
    struct loop *loop = stream->loop;

    if (bytes.len > sizeof loop->cipher_bytes - loop->cipher_used)
        flush_records(stream);
    if (bytes.len > sizeof loop->cipher_bytes) {
        stream_send(stream, &bytes, 1);
        return;
    }
    memcpy(loop->cipher_bytes + loop->cipher_used, bytes.at, bytes.len);
    loop->cipher_used += bytes.len;
}

static const char *failure_reason(const SSL *ssl)
{
    long verdict = SSL_get_verify_result(ssl);

    if (SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && verdict != X509_V_OK)
        return X509_verify_cert_error_string(verdict);
    return tls_reason();
}

/* True when TLS is up and the owner still wants the stream. */
static bool shake_hands(struct stream *stream)
{
    struct stream_tls *tls = stream->tls;

    ERR_clear_error();
    int status = SSL_do_handshake(tls->ssl);
    int error = SSL_get_error(tls->ssl, status);
    const char *reason = failure_reason(tls->ssl);
    flush_records(stream); /* a refusal's alert, too */
    if (status != 1) {
        if (error != SSL_ERROR_WANT_READ)
            stream_end(stream, STREAM_TLS, "the TLS handshake failed: %s", reason);
        return false;
    }
    if (stream->state != STREAM_OPEN)
        return false;
    tls->is_up = true;
    stream_clear_deadline(stream);
    stream->ops->on_secured(stream->owner);
    return stream->state == STREAM_OPEN;
}

void stream_tls_feed(struct stream *stream, struct slice bytes)
{
    struct stream_tls *tls = stream->tls;
    struct loop *loop = stream->loop;
    size_t used = 0;
    int count;

    tls->ends.input = bytes;
    if (!tls->is_up && !shake_hands(stream))
        return;
    ERR_clear_error();
    /* Ends by an error, WANT_READ at the latest: the scratch holds more than a read can give. */
    while ((count = SSL_read(tls->ssl, loop->clear_bytes + used,
                             (int)(sizeof loop->clear_bytes - used))) > 0)
        used += (size_t)count;
    int error = SSL_get_error(tls->ssl, count);
    const char *reason = tls_reason();
    flush_records(stream); /* answers to key updates, alerts */
    if (used > 0 && stream->state == STREAM_OPEN)
        stream->ops->on_read(stream->owner, slice_of(loop->clear_bytes, used));
    if (stream->state != STREAM_OPEN || error == SSL_ERROR_WANT_READ)
        return;
    if (error == SSL_ERROR_ZERO_RETURN)
        stream_input_ended(stream);
    else
        stream_end(stream, STREAM_TLS, "reading TLS failed: %s", reason);
}

static void write_record(struct stream *stream, struct slice clear)
{
    if (clear.len == 0 || stream->state == STREAM_ENDED)
        return;
    ERR_clear_error();
    if (SSL_write(stream->tls->ssl, clear.at, (int)clear.len) <= 0)
        stream_end(stream, STREAM_TLS, "writing TLS failed: %s", tls_reason());
}

/* Small parts share a record. */
void stream_tls_write(struct stream *stream, const struct slice *parts, size_t count)
{
    char *record = stream->loop->record_bytes;
    size_t used = 0;

    if (!stream->tls->is_up)
        return;
    for (size_t i = 0; i < count; i++) {
        struct slice rest = parts[i];
        while (rest.len > 0) {
            struct slice piece = slice_sub(rest, 0, LOOP_RECORD_BYTES - used);
            memcpy(record + used, piece.at, piece.len);
            used += piece.len;
            rest = slice_skip(rest, piece.len);
            if (used == LOOP_RECORD_BYTES) {
                write_record(stream, slice_of(record, used));
                used = 0;
            }
        }
    }
    write_record(stream, slice_of(record, used));
    flush_records(stream);
}

void stream_tls_finish(struct stream *stream)
{
    if (!stream->tls->is_up)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(stream->tls->ssl);
    flush_records(stream);
}

void stream_tls_free(struct stream_tls **tls)
{
    if (!*tls)
        return;
    SSL_free((*tls)->ssl);
    tls_free(&(*tls)->tls);
    xfree(*tls);
    *tls = NULL;
}

/* RFC 6066: no SNI for addresses. */
static bool expect_name(SSL *ssl, const struct tls *tls, const char *name)
{
    struct net_address ip;
    struct err err;

    ASSERT(name != NULL || !tls->verifies);
    if (!name)
        return true;
    if (net_address_parse(slice_str(name), 0, &ip, &err) == 0)
        return !tls->verifies || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    if (SSL_set_tlsext_host_name(ssl, name) != 1)
        return !tls->verifies;
    return !tls->verifies || SSL_set1_host(ssl, name) == 1;
}

void stream_start_tls(struct stream *stream, struct tls *tls, const char *name, uint64_t timeout_ms)
{
    if (stream->state > STREAM_OPEN)
        return;
    ASSERT(stream->state == STREAM_OPEN && !stream->tls);
    stream->tls = xalloc(sizeof *stream->tls);
    stream->tls->tls = tls;
    tls->references++;
    stream->tls->ssl = SSL_new(tls->ssl_ctx);
    ASSERT(stream->tls->ssl != NULL);
    stream->tls->ends.on_output = on_output;
    stream->tls->ends.owner = stream;
    BIO *bio = tls_bio_new(tls->bio_method, &stream->tls->ends);
    SSL_set_bio(stream->tls->ssl, bio, bio);
    if (!expect_name(stream->tls->ssl, tls, name)) {
        stream_end(stream, STREAM_TLS, "\"%s\" cannot be the name of a TLS peer", name);
        return;
    }
    stream_set_deadline(stream, timeout_ms);
    if (tls->is_server) {
        SSL_set_accept_state(stream->tls->ssl);
        return;
    }
    SSL_set_connect_state(stream->tls->ssl);
    (void)shake_hands(stream); /* the client's first flight; nothing can be up yet */
}

bool stream_is_tls(const struct stream *stream)
{
    return stream->tls && stream->tls->is_up;
}

const char *stream_tls_version(const struct stream *stream)
{
    return stream_is_tls(stream) ? SSL_get_version(stream->tls->ssl) : "";
}
