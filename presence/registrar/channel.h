// SPDX-License-Identifier: Apache-2.0
// One connection that carries SIP: cuts the stream into messages, keeps it alive with double CRLF
// (RFC 5626 4.4.1), and notices when it is dead.
#pragma once

#include "presence/net/connection.h"
#include "presence/net/timer_wheel.h"
#include "presence/registrar/publish.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel;
struct loop;

struct channel_events {
	void (*opened)(struct channel *channel);
	// One whole message. The channel may be closed from here.
	void (*message)(struct channel *channel, const char *bytes, size_t len);
	// Not called by channel_close(). The channel may be opened anew, also from here.
	void (*closed)(struct channel *channel, bool was_open, const char *text);
};

// Zeroed: closed.
struct channel {
	void *owner;
	const struct channel_events *events;
	struct loop *loop;
	struct connection *connection; // NULL: closed
	enum connection_kind kind;
	char sent_by[PUBLISH_SENT_BY]; // of requests on it; empty: not known yet
	bool open;
	bool ping_open;        // no pong yet
	bool ponged;           // this peer answers pings: silence means something
	unsigned int requests; // open on it
	uint64_t keepalive_ns;
	uint64_t heard_ns;
	struct timer keepalive;
};

// 0 or -errno.
int channel_open(struct channel *channel, struct loop *loop,
		 const struct connection_options *options, uint64_t keepalive_ns,
		 const struct channel_events *events, void *owner);
int channel_send(struct channel *channel, const char *bytes, size_t len);
void channel_close(struct channel *channel); // closed: no-op
