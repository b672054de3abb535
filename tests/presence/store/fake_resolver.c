// SPDX-License-Identifier: Apache-2.0
// A resolver that knows one name, so that the store's tests need no DNS.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "presence/net/resolver.h"

static char there;

struct resolver *resolver_new(struct loop *loop, const char *servers)
{
	return (struct resolver *)&there;
}

void resolver_free(struct resolver *resolver)
{
}

// 127.0.0.2, where nobody listens, then 127.0.0.1.
void resolver_ask(struct resolver *resolver, const struct resolver_target *target,
		  resolver_fn *done, void *ctx)
{
	struct resolver_answer answer = {.error = -ENOENT, .text = "no such name"};

	if (!strcmp(target->host, "store.example")) {
		answer.error = 0;
		answer.count = 2;
		for (unsigned int i = 0; i < 2; i++) {
			struct sockaddr_in *address = (void *)&answer.address[i].address;

			address->sin_family = AF_INET;
			address->sin_port = htons(target->port);
			address->sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 - i);
			answer.address[i].len = sizeof(*address);
			answer.address[i].kind = CONNECTION_TCP;
		}
	}
	done(ctx, &answer);
}
