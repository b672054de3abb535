// SPDX-License-Identifier: Apache-2.0
// A SIP target -> addresses to try, in order (RFC 3263): a literal address as it is, a name with a
// port by A/AAAA, a name without a port by SRV sorted by priority and weight (RFC 2782), else
// A/AAAA with the default port. SRV names: _sips._tcp for TLS and sips, _sip._tcp for TCP,
// _sip._udp for UDP; where no transport is given all three in this order, and the first that is
// offered is taken. c-ares on the loop; nothing blocks.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "presence/net/connection.h"

struct loop;
struct resolver;

enum { RESOLVER_ADDRESSES = 16 };

struct resolver_address {
	struct sockaddr_storage address;
	socklen_t len;
	enum connection_kind kind;
	// The host that was asked for. Its certificate has to bear this name, not that of an SRV
	// record's target, which anybody who forges DNS answers could choose (RFC 5922 7.1).
	char name[256];
};

struct resolver_answer {
	int error; // 0 or -errno; text says why
	const char *text;
	unsigned int count;
	struct resolver_address address[RESOLVER_ADDRESSES];
	uint64_t good_until_ns; // ask again then: the least TTL (5 s to 1 h), 10 s after a failure
};

struct resolver_target {
	char host[256];            // name or literal, IPv6 without brackets
	uint16_t port;             // 0: not given
	enum connection_kind kind; // CONNECTION_NONE: not given
	bool secure;               // sips:
};

typedef void resolver_fn(void *ctx, const struct resolver_answer *answer);

// servers: "host:port,host:port" instead of resolv.conf (tests); NULL: the system's.
struct resolver *resolver_new(struct loop *loop, const char *servers);
// Questions open are answered with -ECANCELED. Not from within `done`.
void resolver_free(struct resolver *resolver);
void resolver_ask(struct resolver *resolver, const struct resolver_target *target,
		  resolver_fn *done,
		  void *ctx); // may call done before it returns; at the latest 10 s later
// "sip:host:port;transport=tls" -> target. 0 or -EINVAL.
int resolver_target_parse(const char *text, struct resolver_target *target);
