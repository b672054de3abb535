// SPDX-License-Identifier: Apache-2.0
// Strangers may come here: a message is cut out by the strict framer, looked up by its branch (128
// random bits), and otherwise dropped; whoever does not send whole messages in time is put out.
#include "presence/registrar/inbound.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/units.h"
#include "presence/net/listener.h"
#include "presence/registrar/framing.h"
#include "presence/registrar/registrar_state.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum {
	INBOUND_CONNECTIONS = 64, // a pool's front ends, each a few times
	INBOUND_OF_SOURCE = 8,
	INBOUND_SEND_LIMIT = 4096, // nothing is sent there
	INBOUND_RECEIVE_LIMIT = FRAME_HEAD_BYTES + FRAME_BODY_BYTES + 1024,
};
#define INBOUND_IDLE_NS (10 * NS_PER_S)

METRIC_COUNTER(accepted, "offhook_registrar_inbound_connections", NULL,
	       "Connections that came in where responses are accepted");
METRIC_COUNTER(messages, "offhook_registrar_inbound_messages", NULL,
	       "Messages on connections that came in");
METRIC_COUNTER(bad_frames, "offhook_registrar_received_bad", "cause=\"framing-inbound\"",
	       "Messages from registrars that were dropped");

static void inbound_opened(void *owner, struct connection *connection)
{
	(void)owner, (void)connection;
	metric_add(&accepted, 1);
}

static size_t inbound_received(void *owner, struct connection *connection, const char *data,
			       size_t len)
{
	struct inbound *inbound = owner;
	bool stream = inbound->kind != CONNECTION_UDP;
	size_t used = 0;
	struct frame frame;
	int result;

	do {
		result = stream ? frame_of_stream(data + used, len - used, &frame)
				: frame_of_datagram(data, len, &frame);
		used += frame.skipped;
		if (result == 1) {
			metric_add(&messages, 1);
			registrar_received(inbound->registrar, data + used,
					   frame.head + frame.body);
			used += frame.head + frame.body;
		}
	} while (stream && result == 1 && used < len);
	if (result < 0) {
		metric_add(&bad_frames, 1);
		if (stream)
			connection_close(connection);
	}
	return used;
}

static void inbound_closed(void *owner, struct connection *connection, int reason, const char *text)
{
	(void)owner, (void)connection, (void)reason, (void)text;
}

static const struct connection_events inbound_events = {
	.opened = inbound_opened,
	.received = inbound_received,
	.closed = inbound_closed,
};

void inbound_open(struct inbound *inbound, struct registrar *registrar, enum connection_kind kind)
{
	struct listener_options options = {
		.kind = kind,
		.tls = kind == CONNECTION_TLS ? registrar->tls : NULL,
		.total_limit = INBOUND_CONNECTIONS,
		.source_limit = INBOUND_OF_SOURCE,
		.idle_timeout_ns = INBOUND_IDLE_NS,
		.send_limit = INBOUND_SEND_LIMIT,
		.receive_limit = INBOUND_RECEIVE_LIMIT,
	};

	if (inbound->tried)
		return;
	inbound->tried = true;
	inbound->registrar = registrar;
	inbound->kind = kind;
	if (units_endpoint(registrar->settings.listen, &options.local, &options.local_len))
		return;
	if (kind == CONNECTION_TLS && !registrar->settings.tls_certificate[0])
		return; // a TLS server needs one
	inbound->listener = listener_open(registrar->loop, &options, &inbound_events, inbound);
	inbound->local_len = sizeof(inbound->local);
	if (inbound->listener &&
	    listener_local(inbound->listener, &inbound->local, &inbound->local_len)) {
		listener_close(inbound->listener);
		inbound->listener = NULL;
	}
	if (!inbound->listener)
		log_warn("registrar", "listen-failed", "address=%s text=%s",
			 log_quote(registrar->settings.listen), log_quote(strerror(errno)));
}

void inbound_close(struct inbound *inbound)
{
	if (inbound->listener)
		listener_close(inbound->listener);
	*inbound = (struct inbound){0};
}

void inbound_reload(struct inbound *inbound)
{
	if (inbound->listener && inbound->kind == CONNECTION_TLS)
		listener_set_tls(inbound->listener, inbound->registrar->tls);
}

// Both families have the port at the same place.
static in_port_t *inbound_port(struct sockaddr_storage *address)
{
	return &((struct sockaddr_in *)address)->sin_port;
}

static bool inbound_is_wildcard(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
	return ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
}

void inbound_sent_by(const struct inbound *inbound, struct sockaddr_storage *address)
{
	struct sockaddr_storage local = inbound->local;

	if (!inbound->listener || local.ss_family != address->ss_family)
		return;
	if (inbound_is_wildcard(&local))
		*inbound_port(address) = *inbound_port(&local);
	else
		*address = local;
}

void inbound_bind(const struct inbound *inbound, struct connection_options *options)
{
	if (!inbound->listener || inbound->local.ss_family != options->peer.ss_family)
		return;
	options->local = inbound->local;
	options->local_len = inbound->local_len;
	if (options->kind != CONNECTION_UDP)
		*inbound_port(&options->local) = 0;
}
