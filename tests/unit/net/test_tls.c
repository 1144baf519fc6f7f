/* SPDX-License-Identifier: Apache-2.0
 * TLS contexts: what is refused when they are made. */
#include "unit/net/cases.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

#include "net/tls.h"
#include "unit/net/certificate.h"

static int make_certificate(void **state)
{
    struct certificate *certificate = test_malloc(sizeof *certificate);

    certificate_new(certificate);
    *state = certificate;
    return 0;
}

static int remove_certificate(void **state)
{
    certificate_free(*state);
    test_free(*state);
    return 0;
}

static void test_contexts_are_made_and_freed(void **state)
{
    const struct certificate *c = *state;
    struct tls *tls = NULL;
    struct err err;

    assert_int_equal(tls_new_server(c->certificate_file, c->key_file, &tls, &err), 0);
    tls_free(&tls);
    assert_null(tls);
    assert_int_equal(tls_new_client(false, NULL, &tls, &err), 0);
    tls_free(&tls);
    assert_int_equal(tls_new_client(true, c->certificate_file, &tls, &err), 0);
    tls_free(&tls);
    tls_free(&tls);
}

static void test_a_certificate_tells_its_end(void **state)
{
    const struct certificate *c = *state;
    struct tls *tls = NULL;
    struct err err;

    assert_int_equal(tls_new_server(c->certificate_file, c->key_file, &tls, &err), 0);
    int64_t left_s = tls_expires_s(tls) - clock_wall_ms() / 1000; /* an hour when it was made */
    assert_in_range(left_s, 3600 - 60, 3600);
    tls_free(&tls);
}

static void test_bad_files_are_named(void **state)
{
    const struct certificate *c = *state;
    struct tls *tls = NULL;
    struct err err;

    assert_int_equal(tls_new_server("/nonexistent/c.pem", c->key_file, &tls, &err), -1);
    assert_non_null(strstr(err.text, "/nonexistent/c.pem"));
    assert_int_equal(tls_new_server(c->certificate_file, "/nonexistent/k.pem", &tls, &err), -1);
    assert_non_null(strstr(err.text, "/nonexistent/k.pem"));
    assert_int_equal(tls_new_server(c->key_file, c->key_file, &tls, &err), -1);
    assert_int_equal(tls_new_client(true, "/nonexistent/ca.pem", &tls, &err), -1);
    assert_int_equal(err.kind, ERR_INVALID);
    assert_null(tls);
}

static void write_key(const char *file_name, const char *password)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(file_name, "w");

    assert_non_null(file);
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, password ? EVP_aes_128_cbc() : NULL,
                                               password, password ? (int)strlen(password) : 0, NULL,
                                               NULL),
                     1);
    assert_int_equal(fclose(file), 0);
    EVP_PKEY_free(key);
}

static void test_foreign_and_encrypted_keys_are_refused(void **state)
{
    const struct certificate *c = *state;
    struct tls *tls = NULL;
    struct err err;
    char other[128];

    (void)snprintf(other, sizeof other, "%s/other.pem", c->folder);
    write_key(other, NULL);
    assert_int_equal(tls_new_server(c->certificate_file, other, &tls, &err), -1);
    write_key(other, "secret");
    assert_int_equal(tls_new_server(c->certificate_file, other, &tls, &err), -1);
    assert_int_equal(err.kind, ERR_INVALID);
    assert_int_equal(unlink(other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contexts_are_made_and_freed),
        cmocka_unit_test(test_a_certificate_tells_its_end),
        cmocka_unit_test(test_bad_files_are_named),
        cmocka_unit_test(test_foreign_and_encrypted_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
