// SPDX-License-Identifier: Apache-2.0
// Certificates made on the spot, as PEM files in a directory of their own.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate {
	X509 *x509;
	EVP_PKEY *key;
	char certificate_file[64], key_file[64];
};

struct certificate_request {
	const char *name;                 // common name, and of the files
	const char *alternative;          // "DNS:...,IP:..."; NULL: none
	const struct certificate *issuer; // NULL: self-signed
	long from_s, until_s;             // relative to now
	int authority;
};

// A new directory below /tmp, and its end with all that is in it.
void certificates_start(void);
void certificates_stop(void);
const char *certificates_path(const char *name); // in a buffer that is used again

void certificate_make(struct certificate *certificate, const struct certificate_request *request);
void certificate_free(struct certificate *certificate);
