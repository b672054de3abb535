// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

enum { SKEW_S = 60, DAY_S = 86400 };

static bool fill(X509 *x509, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(x509);

	return ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(x509), -SKEW_S) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(x509), DAY_S) != NULL &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const unsigned char *)"127.0.0.1", -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x509, name) == 1 && X509_set_pubkey(x509, key) == 1 &&
	       X509_sign(x509, key, EVP_sha256()) > 0;
}

int certificate_write(const char *certificate_file, const char *key_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	FILE *certificate = fopen(certificate_file, "we"), *secret = fopen(key_file, "we");
	bool good = key != NULL && x509 != NULL && certificate != NULL && secret != NULL &&
		    fill(x509, key) && PEM_write_X509(certificate, x509) == 1 &&
		    PEM_write_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1;

	if (certificate != NULL && fclose(certificate) != 0)
		good = false;
	if (secret != NULL && fclose(secret) != 0)
		good = false;
	X509_free(x509);
	EVP_PKEY_free(key);
	return good ? 0 : -EIO;
}
