/* SPDX-License-Identifier: Apache-2.0
 * Making a certificate with OpenSSL. */
#include "unit/net/cases.h"

#include "unit/net/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(x509);

    assert_int_equal(X509_set_version(x509, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), 3600));
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"mail.test", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x509, name), 1);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x509, NID_subject_alt_name, "DNS:mail.test,IP:127.0.0.1");
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    return x509;
}

void certificate_new(struct certificate *certificate)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = self_signed(key);

    (void)snprintf(certificate->folder, sizeof certificate->folder, "/tmp/hikyaku-test-XXXXXX");
    assert_non_null(mkdtemp(certificate->folder));
    (void)snprintf(certificate->certificate_file, sizeof certificate->certificate_file, "%s/c.pem",
                   certificate->folder);
    (void)snprintf(certificate->key_file, sizeof certificate->key_file, "%s/k.pem",
                   certificate->folder);
    FILE *file = fopen(certificate->certificate_file, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, x509), 1);
    assert_int_equal(fclose(file), 0);
    file = fopen(certificate->key_file, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(x509);
    EVP_PKEY_free(key);
}

void certificate_free(struct certificate *certificate)
{
    (void)unlink(certificate->certificate_file);
    (void)unlink(certificate->key_file);
    (void)rmdir(certificate->folder);
}
