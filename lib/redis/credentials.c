/* SPDX-License-Identifier: Apache-2.0
 * Reading them. An SSL_CTX is made anew only when one of its files has changed: the system's CAs
 * take some ms, and a Redis that is away is tried four times a second. */
#include "redis/credentials.h"

static int read_password(struct redis_credentials *credentials,
                         const struct redis_settings *settings, struct err *err)
{
    struct buf text = {0};

    if (settings->password_file && settings->password_file[0]) {
        if (file_read_secret(settings->password_file, &text, err))
            return -1;
    } else {
        buf_add_str(&text, settings->password);
    }
    buf_wipe(&credentials->password);
    credentials->password = text;
    return 0;
}

static int make_tls(const struct redis_settings *settings, struct tls **ret_tls, struct err *err)
{
    const char *ca = settings->tls_ca;
    struct tls *tls = NULL;

    if (tls_new_client(true, ca[0] ? ca : NULL, &tls, err))
        return -1;
    if (settings->tls_certificate[0] &&
        tls_show(tls, settings->tls_certificate, settings->tls_key, err)) {
        tls_free(&tls);
        return -1;
    }
    *ret_tls = tls;
    return 0;
}

static int read_tls(struct redis_credentials *credentials, const struct redis_settings *settings,
                    struct err *err)
{
    struct file_stamp ca = file_stamp_of(settings->tls_ca);
    struct file_stamp certificate = file_stamp_of(settings->tls_certificate);
    struct file_stamp key = file_stamp_of(settings->tls_key);
    struct tls *tls = NULL;

    if (credentials->tls && file_stamp_eq(&ca, &credentials->ca) &&
        file_stamp_eq(&certificate, &credentials->certificate) &&
        file_stamp_eq(&key, &credentials->key))
        return 0;
    if (make_tls(settings, &tls, err))
        return -1;
    tls_free(&credentials->tls);
    credentials->tls = tls;
    credentials->ca = ca;
    credentials->certificate = certificate;
    credentials->key = key;
    return 0;
}

int redis_credentials_refresh(struct redis_credentials *credentials,
                              const struct redis_settings *settings, struct err *err)
{
    if (read_password(credentials, settings, err) && credentials->password.len == 0)
        return -1;
    if (settings->tls && read_tls(credentials, settings, err) && !credentials->tls)
        return -1;
    return 0;
}

int redis_credentials_check(const struct redis_settings *settings, struct err *err)
{
    struct redis_credentials credentials = {0};
    int rc = redis_credentials_refresh(&credentials, settings, err);

    redis_credentials_free(&credentials);
    return rc;
}

void redis_credentials_free(struct redis_credentials *credentials)
{
    buf_wipe(&credentials->password);
    tls_free(&credentials->tls);
}
