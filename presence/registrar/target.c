// SPDX-License-Identifier: Apache-2.0
// Addresses of a target and their connections. Everything that may happen by itself (names to look
// up again, addresses to try again) is one timer, and target_work() does whatever is due.
#include "presence/registrar/target.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/registrar/framing.h"
#include "presence/registrar/registrar_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// An address that fails is tried again after this: while there is another one, and while there is
// none, when each second more is a second of wrong lamps.
#define PEER_DOWN_MOST_NS  (30 * NS_PER_S)
#define PEER_ALONE_MOST_NS (5 * NS_PER_S)
#define PEER_STAYED_NS     (10 * NS_PER_S)
#define RESOLVE_AGAIN_NS   (5 * NS_PER_S)   // after a failure, and at most so often
#define WIDE_REFUSED_NS    (600 * NS_PER_S) // a peer without TCP will not have it soon
#define SEND_LIMIT         (4 * 1024 * 1024)
#define RECEIVE_LIMIT      (2 * (FRAME_HEAD_BYTES + FRAME_BODY_BYTES))

METRIC_COUNTER(peer_failures, "offhook_registrar_address_failures", NULL,
	       "Times that an address of a registrar was given up for a while");
METRIC_COUNTER(connects, "offhook_registrar_connects", NULL, "Connections opened to registrars");
METRIC_COUNTER(resolve_failures, "offhook_registrar_resolve_failures", NULL,
	       "Lookups of a registrar's name that failed");

static void target_say(struct target *target, const char *what, const char *why)
{
	snprintf(target->last_error, sizeof(target->last_error), "%s: %s", what, why);
	log_warn("registrar", what, "target=%s text=%s", log_quote(target->name), log_quote(why));
}

static bool peer_is_up(const struct peer *peer, uint64_t now)
{
	return !peer->leaving && peer->down_until_ns <= now;
}

static bool peer_is_open(const struct peer *peer)
{
	for (unsigned int i = 0; i < peer->channels; i++) {
		if (peer->channel[i].open)
			return true;
	}
	return false;
}

static unsigned int peer_requests(const struct peer *peer)
{
	unsigned int requests = peer->wide.requests;

	for (unsigned int i = 0; i < peer->channels; i++)
		requests += peer->channel[i].requests;
	return requests;
}

static void peer_close_idle(struct peer *peer)
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

static void peer_work(struct peer *peer)
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

static struct peer *peer_new(struct target *target, const struct resolver_address *address)
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

static void peer_free(struct peer *peer)
{
	channel_close(&peer->wide);
	for (unsigned int i = 0; i < peer->channels; i++)
		channel_close(&peer->channel[i]);
	free(peer);
}

void target_sweep(struct target *target)
{
	struct peer **link = &target->peers;

	while (*link) {
		struct peer *peer = *link;

		if (peer->leaving && peer_requests(peer) == 0) {
			*link = peer->next;
			peer_free(peer);
		} else {
			link = &peer->next;
		}
	}
}

static struct peer *target_take_peer(struct peer **from, const struct resolver_address *address)
{
	for (; *from; from = &(*from)->next) {
		struct peer *peer = *from;

		if (!peer->leaving && peer->address.kind == address->kind &&
		    peer->address.len == address->len &&
		    memcmp(&peer->address.address, &address->address, address->len) == 0) {
			*from = peer->next;
			peer->next = NULL;
			return peer;
		}
	}
	return NULL;
}

// The new order, with the connections there are; what is no longer named leaves.
static void target_addresses(struct target *target, const struct resolver_answer *answer)
{
	struct peer *old = target->peers, **last = &target->peers;

	target->peers = NULL;
	for (unsigned int i = 0; i < answer->count; i++) {
		struct peer *peer = target_take_peer(&old, &answer->address[i]);

		if (!peer)
			peer = peer_new(target, &answer->address[i]);
		if (!peer)
			break;
		*last = peer;
		last = &peer->next;
	}
	*last = old;
	for (; old; old = old->next)
		old->leaving = true;
}

static void target_resolved(void *ctx, const struct resolver_answer *answer)
{
	struct target *target = ctx;

	if (answer->error == -ECANCELED)
		return; // the resolver goes
	target->resolving = false;
	if (answer->error || answer->count == 0) {
		metric_add(&resolve_failures, 1);
		target->resolve_ns = clock_mono_ns() + RESOLVE_AGAIN_NS;
		target_say(target, "resolve-failed", answer->text ? answer->text : "no address");
	} else {
		target->resolve_ns = clock_mono_ns() + RESOLVE_AGAIN_NS; // whatever its TTL
		if (target->resolve_ns < answer->good_until_ns)
			target->resolve_ns = answer->good_until_ns;
		target_addresses(target, answer);
	}
	// May have come from inside of target_work(): the rest is done in the next round.
	timer_set(loop_wheel(target->registrar->loop), &target->timer, clock_mono_ns(),
		  registrar_target_due);
}

static void target_timer(struct target *target, uint64_t now)
{
	uint64_t at = target->resolving ? UINT64_MAX : target->resolve_ns;

	for (struct peer *peer = target->peers; peer; peer = peer->next) {
		uint64_t due = peer->leaving ? now + NS_PER_S : peer->down_until_ns;

		if (due > now && due < at)
			at = due;
	}
	if (at != UINT64_MAX)
		timer_set(loop_wheel(target->registrar->loop), &target->timer, at,
			  registrar_target_due);
}

// Connects to the first address that is not known to be down; the ones behind it can rest.
static void target_connect(struct target *target, uint64_t now)
{
	bool found = false;

	for (struct peer *peer = target->peers; peer; peer = peer->next) {
		if (found) {
			peer_close_idle(peer);
			continue;
		}
		if (peer_is_up(peer, now))
			peer_work(peer);
		if (!peer_is_up(peer, now))
			continue;
		if (!peer_is_open(peer))
			return; // on its way
		found = !peer->trial;
	}
	target->failed |= !found && !target->resolving;
}

void target_work(struct target *target, bool wanted)
{
	uint64_t now = clock_mono_ns();

	timer_cancel(loop_wheel(target->registrar->loop), &target->timer);
	if (!target->resolving && target->resolve_ns <= now) {
		target->resolving = true;
		resolver_ask(target->registrar->resolver, &target->where, target_resolved, target);
	}
	if (timer_is_set(&target->timer))
		return; // answered at once: comes back
	if (wanted) {
		target_connect(target, now);
	} else {
		for (struct peer *peer = target->peers; peer; peer = peer->next)
			peer_close_idle(peer);
	}
	target_timer(target, now);
}

bool target_is_usable(const struct target *target)
{
	for (const struct peer *peer = target->peers; peer; peer = peer->next) {
		if (!peer->leaving && peer_is_open(peer))
			return true;
	}
	return false;
}

bool target_is_ready(const struct target *target)
{
	uint64_t now = clock_mono_ns();

	for (const struct peer *peer = target->peers; peer; peer = peer->next) {
		if (peer_is_up(peer, now) && peer_is_open(peer))
			return true;
	}
	return false;
}

static bool peer_was_tried(struct peer *peer, struct peer *const *tried, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (tried[i] == peer)
			return true;
	}
	return false;
}

// The connection on which a request of this turn is leaving, to save a write and a wake-up; else
// the one with the fewest open requests.
static struct channel *peer_channel(struct peer *peer, bool may_wait)
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

struct channel *target_channel(struct target *target, struct peer *const *tried, size_t tried_count,
			       bool may_wait, bool any)
{
	uint64_t now = clock_mono_ns();

	for (struct peer *peer = target->peers; peer; peer = peer->next) {
		bool up = peer_is_up(peer, now);
		struct channel *channel;

		if (peer->leaving || peer_was_tried(peer, tried, tried_count))
			continue;
		if (!any && (!up || (peer->trial && peer_requests(peer) > 0)))
			continue;
		if (may_wait && up)
			peer_work(peer);
		channel = peer_channel(peer, may_wait);
		if (channel)
			return channel;
	}
	return NULL;
}

const char *target_state_name(const struct target *target)
{
	if (target_is_usable(target))
		return "up";
	if (!target->peers)
		return target->resolving ? "resolving" : "down";
	return target->failed ? "down" : "connecting";
}

void target_status_peer(const struct target *target, char *out, size_t size)
{
	const struct peer *peer = target->peers;
	char host[NI_MAXHOST] = "-", port[NI_MAXSERV] = "";

	while (peer && peer->next && !peer_is_open(peer))
		peer = peer->next;
	if (peer)
		getnameinfo((const struct sockaddr *)&peer->address.address, peer->address.len,
			    host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(out, size, strchr(host, ':') ? "[%.64s]:%.8s" : "%.64s:%.8s", host, port);
}

int target_init(struct target *target, struct registrar *registrar, const char *name)
{
	const struct settings_registrar *settings = &registrar->settings;

	*target = (struct target){.registrar = registrar};
	snprintf(target->name, sizeof(target->name), "%s", name);
	bucket_init(&target->bucket, settings->rate, settings->burst, clock_mono_ns());
	return resolver_target_parse(name, &target->where);
}

void target_fini(struct target *target)
{
	timer_cancel(loop_wheel(target->registrar->loop), &target->timer);
	while (target->peers) {
		struct peer *peer = target->peers;

		target->peers = peer->next;
		peer_free(peer);
	}
}
