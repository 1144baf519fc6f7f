/* SPDX-License-Identifier: Apache-2.0
 * The BIO between OpenSSL and a stream. Writes always succeed: the stream buffers. */
#include "net/tls_bio.h"

#include "base/assert.h"

static int on_bio_read(BIO *bio, char *out, int size)
{
    struct tls_bio_ends *ends = BIO_get_data(bio);
    size_t count = size > 0 ? (size_t)size : 0;

    BIO_clear_retry_flags(bio);
    if (ends->input.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (count > ends->input.len)
        count = ends->input.len;
    memcpy(out, ends->input.at, count);
    ends->input = slice_skip(ends->input, count);
    return (int)count;
}

static int on_bio_write(BIO *bio, const char *bytes, int size)
{
    struct tls_bio_ends *ends = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    ends->on_output(ends->owner, slice_of(bytes, (size_t)size));
    return size;
}

static long on_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *tls_bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");

    ASSERT(method != NULL);
    (void)BIO_meth_set_read(method, on_bio_read);
    (void)BIO_meth_set_write(method, on_bio_write);
    (void)BIO_meth_set_ctrl(method, on_bio_ctrl);
    return method;
}

BIO *tls_bio_new(BIO_METHOD *method, struct tls_bio_ends *ends)
{
    BIO *bio = BIO_new(method);

    ASSERT(bio != NULL);
    BIO_set_data(bio, ends);
    BIO_set_init(bio, 1);
    return bio;
}
