// SPDX-License-Identifier: Apache-2.0
// What all TLS connections to one kind of peer share: certificates, trust, versions, sessions to
// resume. Built whole or not at all, so that a bad certificate file at a reload changes nothing;
// connections keep the context they were opened with.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_options {
	const char *certificate, *key, *ca; // PEM files; empty: none / the system's trust store
	const char *ciphers;                // OpenSSL's list; empty: its default
	int min_version;                    // TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION
	bool verify;
};

struct tls_context;

// On failure NULL, with file and reason in error.
struct tls_context *tls_context_new(const struct tls_options *options, char *error,
				    size_t error_size);
struct tls_context *tls_context_get(struct tls_context *context);
void tls_context_put(struct tls_context *context);
// Seconds since 1970 when the own certificate ends; 0: there is none.
int64_t tls_context_not_after(const struct tls_context *context);
