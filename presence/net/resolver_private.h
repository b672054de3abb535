// SPDX-License-Identifier: Apache-2.0
// Between resolver.c, resolver_question.c (from SRV to addresses), resolver_channel.c (c-ares on
// the loop) and resolver_srv.c (what SRV answers mean).
#pragma once

// ares_query() and the ares_parse_*() family are "deprecated" from c-ares 1.28 on, but what
// replaces them is not in Debian 12's 1.18.
#define CARES_NO_DEPRECATED

#include "presence/net/loop.h"
#include "presence/net/resolver.h"

#include <ares.h>
#include <stdbool.h>

enum { RESOLVER_NAME_BYTES = 256 };

struct resolver {
	struct loop *loop;
	ares_channel channel;
	struct timer timer; // c-ares repeats or gives up
	struct resolver_socket *sockets;
	uint64_t random; // state of the weighted choice
};

enum connection_kind resolver_default_kind(const struct resolver_target *target);
uint16_t resolver_default_port(enum connection_kind kind);
// Does nothing once the answer is full.
void resolver_answer_add(struct resolver_answer *answer, const struct sockaddr_storage *address,
			 uint16_t port, enum connection_kind kind, const char *name);

void question_ask(struct resolver *resolver, const struct resolver_target *target,
		  resolver_fn *done, void *ctx);

// c-ares with its sockets and time-outs on the loop. 0 or -errno.
int resolver_channel_open(struct resolver *resolver, const char *servers);
void resolver_channel_close(struct resolver *resolver); // all that is open is called back
void resolver_channel_asked(struct resolver *resolver); // after a query: its time-out counts

struct srv_record {
	uint16_t priority, weight, port;
	char host[RESOLVER_NAME_BYTES];
};

struct srv_answer {
	unsigned int count;
	bool refused;   // a record whose target is the root: the service is not offered (RFC 2782)
	uint32_t ttl_s; // the least of all records
	struct srv_record record[RESOLVER_ADDRESSES];
};

// Reads an answer. More records than fit: the best priorities stay.
int srv_parse(const unsigned char *packet, int len, struct srv_answer *answer);
// Into the order in which they are to be tried (RFC 2782): by priority, among equals by lot.
void srv_order(struct srv_record *records, unsigned int count, uint64_t *random);
