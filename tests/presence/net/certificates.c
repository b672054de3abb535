// SPDX-License-Identifier: Apache-2.0
// See certificates.h.
#include "certificates.h"

#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/offhook-tls-XXXXXX";

void certificates_start(void)
{
	assert_non_null(mkdtemp(directory));
}

const char *certificates_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

void certificates_stop(void)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(certificates_path(entry->d_name));
	closedir(dir);
	rmdir(directory);
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
}

static void add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void write_files(struct certificate *certificate, const char *name)
{
	FILE *file;

	snprintf(certificate->certificate_file, sizeof(certificate->certificate_file), "%s/%s.pem",
		 directory, name);
	snprintf(certificate->key_file, sizeof(certificate->key_file), "%s/%s.key", directory,
		 name);
	file = fopen(certificate->certificate_file, "w");
	assert_int_equal(PEM_write_X509(file, certificate->x509), 1);
	fclose(file);
	file = fopen(certificate->key_file, "w");
	assert_int_equal(PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL),
			 1);
	fclose(file);
}

void certificate_make(struct certificate *certificate, const struct certificate_request *request)
{
	static long serial = 1;
	X509 *x509 = X509_new();
	const struct certificate *issuer = request->issuer != NULL ? request->issuer : certificate;
	X509_NAME *name = X509_get_subject_name(x509);

	certificate->x509 = x509;
	certificate->key = EVP_EC_gen("P-256");
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x509), request->from_s);
	X509_gmtime_adj(X509_getm_notAfter(x509), request->until_s);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)request->name,
				   -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(issuer->x509));
	X509_set_pubkey(x509, certificate->key);
	add_extension(x509, issuer->x509, NID_basic_constraints,
		      request->authority ? "critical,CA:TRUE" : "CA:FALSE");
	if (request->alternative != NULL)
		add_extension(x509, issuer->x509, NID_subject_alt_name, request->alternative);
	assert_true(X509_sign(x509, issuer->key, EVP_sha256()) > 0);
	write_files(certificate, request->name);
}

void certificate_free(struct certificate *certificate)
{
	X509_free(certificate->x509);
	EVP_PKEY_free(certificate->key);
}
