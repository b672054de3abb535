// SPDX-License-Identifier: Apache-2.0
// Two ends that talk TLS, with a choice of certificates: see ends.h and certificates.h.
#pragma once

#include "certificates.h"
#include "ends.h"
#include "presence/net/tls.h"

#include <stdbool.h>

enum { PAIR_DAY_S = 86400 }; // good certificates are so for another day

struct tls_pair {
	struct certificate ca, other_ca, server, client, expired, future, numeric, selfsigned,
		stranger;
	struct end here, there; // client and server
	struct tls_context *client_tls, *server_tls;
	char block[300000]; // something to send
};

extern struct tls_pair pair;

// Certificates, once for all tests of a program.
int pair_make(void **state);
int pair_unmake(void **state);
int pair_setup(void **state); // with good certificates on both sides
int pair_teardown(void **state);

// own, trust: NULL: none.
struct tls_context *pair_context(const struct certificate *own, const struct certificate *trust,
				 bool verify);
void pair_contexts(const struct certificate *of_client, const struct certificate *of_server);
void pair_connect(const char *name);
// The other end is a plain socket, to be closed by the test.
int pair_connect_to_socket(const char *name);

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)
