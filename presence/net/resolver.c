// SPDX-License-Identifier: Apache-2.0
// Answers what needs no DNS, and hands the rest to resolver_question.c.
#include "presence/net/resolver_private.h"

#include "config/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { SIP_PORT = 5060, SIPS_PORT = 5061 }; // RFC 3261 19.1.2

static socklen_t address_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

static void address_set_port(struct sockaddr_storage *address, uint16_t port)
{
	// The port is at the same place in both families.
	((struct sockaddr_in *)address)->sin_port = htons(port);
}

enum connection_kind resolver_default_kind(const struct resolver_target *target)
{
	if (target->kind != CONNECTION_NONE)
		return target->kind;
	return target->secure ? CONNECTION_TLS : CONNECTION_UDP; // RFC 3263 4.1
}

uint16_t resolver_default_port(enum connection_kind kind)
{
	return kind == CONNECTION_TLS ? SIPS_PORT : SIP_PORT;
}

void resolver_answer_add(struct resolver_answer *answer, const struct sockaddr_storage *address,
			 uint16_t port, enum connection_kind kind, const char *name)
{
	if (answer->count == RESOLVER_ADDRESSES)
		return;
	struct resolver_address *place = &answer->address[answer->count++];

	place->address = *address;
	address_set_port(&place->address, port);
	place->len = address_len(address);
	place->kind = kind;
	snprintf(place->name, sizeof(place->name), "%s", name);
}

// A literal needs no DNS. True when it was one.
static bool answer_literal(const struct resolver_target *target, resolver_fn *done, void *ctx)
{
	struct sockaddr_storage address = {0};
	struct resolver_answer answer = {.text = "", .good_until_ns = UINT64_MAX};
	enum connection_kind kind = resolver_default_kind(target);

	if (inet_pton(AF_INET, target->host, &((struct sockaddr_in *)&address)->sin_addr) == 1)
		address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, target->host, &((struct sockaddr_in6 *)&address)->sin6_addr) ==
		 1)
		address.ss_family = AF_INET6;
	else
		return false;
	resolver_answer_add(&answer, &address,
			    target->port != 0 ? target->port : resolver_default_port(kind), kind,
			    target->host);
	done(ctx, &answer);
	return true;
}

struct resolver *resolver_new(struct loop *loop, const char *servers)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (resolver == NULL)
		return NULL;
	resolver->loop = loop;
	if (getrandom(&resolver->random, sizeof(resolver->random), 0) < 0)
		resolver->random = clock_mono_ns();
	resolver->random |= 1;
	int error = resolver_channel_open(resolver, servers);

	if (error == 0)
		return resolver;
	free(resolver);
	errno = -error;
	return NULL;
}

void resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	resolver_channel_close(resolver); // calls back whatever is open, which frees the questions
	free(resolver);
}

void resolver_ask(struct resolver *resolver, const struct resolver_target *target,
		  resolver_fn *done, void *ctx)
{
	if (!answer_literal(target, done, ctx))
		question_ask(resolver, target, done, ctx);
}
