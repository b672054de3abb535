// SPDX-License-Identifier: Apache-2.0
// Life of an address: connected to, failing, resting, tried again.
#include "presence/registrar/peer.h"

#include "config/clock.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/registrar/framing.h"
#include "presence/registrar/registrar_state.h"
#include "presence/registrar/request.h"

#include <stdlib.h>
#include <string.h>

// An address that fails is tried again after this: while there is another one, and while there is
// none, when each second more is a second of wrong lamps.
#define PEER_DOWN_MOST_NS  (30 * NS_PER_S)
#define PEER_ALONE_MOST_NS (5 * NS_PER_S)
#define PEER_STAYED_NS     (10 * NS_PER_S)
#define WIDE_REFUSED_NS    (600 * NS_PER_S) // a peer without TCP will not have it soon
#define SEND_LIMIT         (4 * 1024 * 1024)
#define RECEIVE_LIMIT      (2 * (FRAME_HEAD_BYTES + FRAME_BODY_BYTES))

METRIC_COUNTER(peer_failures, "offhook_registrar_address_failures", NULL,
	       "Times that an address of a registrar was given up for a while");
METRIC_COUNTER(connects, "offhook_registrar_connects", NULL, "Connections opened to registrars");

bool peer_is_up(const struct peer *peer, uint64_t now)
{
	return !peer->leaving && peer->down_until_ns <= now;
}

bool peer_is_open(const struct peer *peer)
{
	for (unsigned int i = 0; i < peer->channels; i++) {
		if (peer->channel[i].open)
			return true;
	}
	return false;
}

unsigned int peer_requests(const struct peer *peer)
{
	unsigned int requests = peer->wide.requests;

	for (unsigned int i = 0; i < peer->channels; i++)
		requests += peer->channel[i].requests;
	return requests;
}

void peer_close_idle(struct peer *peer)
{
	if (!peer->wide.requests)
		channel_close(&peer->wide);
	for (unsigned int i = 0; i < peer->channels; i++) {
		if (!peer->channel[i].requests)
			channel_close(&peer->channel[i]);
	}
}

// Is there no other address that may work?
static bool peer_is_alone(const struct peer *peer)
{
	const struct registrar *registrar = peer->target->registrar;
	uint64_t now = clock_mono_ns();

	for (unsigned int i = 0; i < registrar->targets; i++) {
		const struct peer *other = registrar->target[i].peers;

		for (; other; other = other->next) {
			if (other != peer && peer_is_up(other, now))
				return false;
		}
	}
	return true;
}

void peer_fail(struct peer *peer, uint64_t least_ns, const char *why)
{
	const struct registrar *registrar = peer->target->registrar;
	bool alone = peer_is_alone(peer);
	uint64_t most = alone ? PEER_ALONE_MOST_NS : PEER_DOWN_MOST_NS;
	uint64_t wait = registrar->settings.retry_ns << (peer->failures < 8 ? peer->failures : 8);

	if (wait > most)
		wait = most;
	if (!alone && wait < least_ns)
		wait = least_ns;
	peer->failures++;
	peer->trial = true;
	peer->down_until_ns = clock_mono_ns() + wait;
	metric_add(&peer_failures, 1);
	target_say(peer->target, "address-failed", why);
}

void peer_heard(struct peer *peer)
{
	peer->heard_ns = clock_mono_ns();
	peer->failures = 0;
	peer->trial = false;
	peer->down_until_ns = 0;
}

static void peer_channel_opened(struct channel *channel)
{
	struct peer *peer = channel_peer(channel);

	metric_add(&connects, 1);
	peer->opened_ns = clock_mono_ns();
	peer->down_until_ns = 0;
	peer->target->failed = false;
	registrar_changed(peer->target->registrar);
}

static void peer_channel_message(struct channel *channel, const char *bytes, size_t len)
{
	registrar_received(channel_peer(channel)->target->registrar, bytes, len);
}

static void peer_channel_closed(struct channel *channel, bool was_open, const char *text)
{
	struct peer *peer = channel_peer(channel);
	struct registrar *registrar = peer->target->registrar;

	// A server that does not like us may say so only after the handshake (RFC 8446 4.4.2.4):
	// to be open is no success, to stay so is one. A UDP socket opens whoever is there.
	if (was_open && channel->kind != CONNECTION_UDP &&
	    clock_mono_ns() - peer->opened_ns >= PEER_STAYED_NS)
		peer->failures = 0;
	if (channel == &peer->wide) {
		if (!was_open)
			peer->wide_refused_ns = clock_mono_ns() + WIDE_REFUSED_NS;
	} else if (peer_is_up(peer, clock_mono_ns()) && (!was_open || !peer_is_open(peer))) {
		peer_fail(peer, 0, text); // once for all of its connections
	}
	requests_channel_closed(registrar, channel, was_open);
	registrar_changed(registrar);
}

static const struct channel_events peer_events = {
	.opened = peer_channel_opened,
	.message = peer_channel_message,
	.closed = peer_channel_closed,
};

static int peer_connect(struct peer *peer, struct channel *channel, enum connection_kind kind)
{
	struct registrar *registrar = peer->target->registrar;
	const struct settings_registrar *settings = &registrar->settings;
	struct connection_options options = {
		.kind = kind,
		.peer = peer->address.address,
		.peer_len = peer->address.len,
		.tls = kind == CONNECTION_TLS ? registrar->tls : NULL,
		.tls_name = settings->tls_name[0] ? settings->tls_name : peer->address.name,
		.connect_timeout_ns = settings->connect_timeout_ns,
		.send_limit = SEND_LIMIT,
		.receive_limit = RECEIVE_LIMIT,
	};

	inbound_open(&registrar->inbound[kind], registrar, kind);
	inbound_bind(&registrar->inbound[kind], &options);
	return channel_open(channel, registrar->loop, &options, settings->keepalive_ns,
			    &peer_events, peer);
}

void peer_work(struct peer *peer)
{
	for (unsigned int i = 0; i < peer->channels; i++) {
		int error;

		if (peer->channel[i].connection)
			continue;
		error = peer_connect(peer, &peer->channel[i], peer->address.kind);
		if (error) {
			peer_fail(peer, 0, strerror(-error));
			return;
		}
	}
}

struct channel *peer_wide(struct peer *peer)
{
	if (peer->wide.connection)
		return &peer->wide;
	if (peer->wide_refused_ns > clock_mono_ns())
		return NULL;
	return peer_connect(peer, &peer->wide, CONNECTION_TCP) ? NULL : &peer->wide;
}

struct peer *peer_new(struct target *target, const struct resolver_address *address)
{
	unsigned int channels = address->kind == CONNECTION_UDP
					? 1
					: target->registrar->settings.connections;
	struct peer *peer = calloc(1, sizeof(*peer) + channels * sizeof(peer->channel[0]));

	if (!peer)
		return NULL;
	peer->target = target;
	peer->address = *address;
	peer->channels = channels;
	return peer;
}

void peer_free(struct peer *peer)
{
	channel_close(&peer->wide);
	for (unsigned int i = 0; i < peer->channels; i++)
		channel_close(&peer->channel[i]);
	free(peer);
}

// The connection on which a request of this turn is leaving, to save a write and a wake-up; else
// the one with the fewest open requests.
struct channel *peer_channel(struct peer *peer, bool may_wait)
{
	struct channel *best = NULL;

	for (unsigned int i = 0; i < peer->channels; i++) {
		struct channel *channel = &peer->channel[i];

		if (!channel->open && !(may_wait && channel->connection))
			continue;
		if (channel->open && connection_gathers(channel->connection))
			return channel;
		if (!best || channel->requests < best->requests)
			best = channel;
	}
	return best;
}
