// SPDX-License-Identifier: Apache-2.0
#include "tls_pair.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct tls_pair pair;

int pair_make(void **state)
{
	const struct {
		struct certificate *certificate;
		struct certificate_request request;
	} table[] = {
		{&pair.ca, {"Test CA", NULL, NULL, -PAIR_DAY_S, PAIR_DAY_S, 1}},
		{&pair.other_ca, {"Other CA", NULL, NULL, -PAIR_DAY_S, PAIR_DAY_S, 1}},
		{&pair.server,
		 {"pool.example", "DNS:pool.example", &pair.ca, -PAIR_DAY_S, PAIR_DAY_S, 0}},
		{&pair.client, {"sbc.example", NULL, &pair.ca, -PAIR_DAY_S, PAIR_DAY_S, 0}},
		{&pair.expired,
		 {"expired", "DNS:pool.example", &pair.ca, -2 * PAIR_DAY_S, -PAIR_DAY_S, 0}},
		{&pair.future,
		 {"future", "DNS:pool.example", &pair.ca, PAIR_DAY_S, 2 * PAIR_DAY_S, 0}},
		{&pair.numeric,
		 {"numeric", "IP:127.0.0.1,IP:::1", &pair.ca, -PAIR_DAY_S, PAIR_DAY_S, 0}},
		{&pair.selfsigned,
		 {"self\n\"signed", "DNS:pool.example", NULL, -PAIR_DAY_S, PAIR_DAY_S, 0}},
		{&pair.stranger,
		 {"stranger", "DNS:pool.example", &pair.other_ca, -PAIR_DAY_S, PAIR_DAY_S, 0}},
	};

	certificates_start();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		certificate_make(table[i].certificate, &table[i].request);
	for (size_t i = 0; i < sizeof(pair.block); i++)
		pair.block[i] = (char)(i * 7 + i / 251);
	return 0;
}

int pair_unmake(void **state)
{
	struct certificate *all[] = {&pair.ca,      &pair.other_ca,   &pair.server,
				     &pair.client,  &pair.expired,    &pair.future,
				     &pair.numeric, &pair.selfsigned, &pair.stranger};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		certificate_free(all[i]);
	certificates_stop();
	return 0;
}

struct tls_context *pair_context(const struct certificate *own, const struct certificate *trust,
				 bool verify)
{
	struct tls_options options = {.min_version = TLS1_2_VERSION, .verify = verify};
	char error[256] = "";

	if (own != NULL) {
		options.certificate = own->certificate_file;
		options.key = own->key_file;
	}
	if (trust != NULL)
		options.ca = trust->certificate_file;
	struct tls_context *context = tls_context_new(&options, error, sizeof(error));

	assert_string_equal(error, "");
	assert_non_null(context);
	return context;
}

void pair_contexts(const struct certificate *of_client, const struct certificate *of_server)
{
	tls_context_put(pair.client_tls);
	tls_context_put(pair.server_tls);
	pair.client_tls = pair_context(of_client, &pair.ca, true);
	pair.server_tls = pair_context(of_server, &pair.ca, true);
}

int pair_setup(void **state)
{
	memset(&pair.here, 0, sizeof(pair.here));
	memset(&pair.there, 0, sizeof(pair.there));
	pair_contexts(&pair.client, &pair.server);
	return ends_setup(state);
}

int pair_teardown(void **state)
{
	connection_close(pair.here.connection);
	connection_close(pair.there.connection);
	tls_context_put(pair.client_tls);
	tls_context_put(pair.server_tls);
	pair.client_tls = pair.server_tls = NULL;
	clock_release();
	return ends_teardown(state);
}

int pair_connect_to_socket(const char *name)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	int listening = listen_tcp(&options);

	options.tls = pair.client_tls;
	options.tls_name = name;
	end_open(&pair.here, &options);
	int fd = accept_one(listening);

	close(listening);
	return fd;
}

void pair_connect(const char *name)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	int fd = pair_connect_to_socket(name);

	options.tls = pair.server_tls;
	end_adopt(&pair.there, fd, &options);
}
