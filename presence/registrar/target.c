// SPDX-License-Identifier: Apache-2.0
// The addresses of a target, and which of them is to be used. Everything that may happen by itself
// (names to look up again, addresses to try again) is one timer, and target_work() does whatever is
// due. What an address does is in peer.c.
#include "presence/registrar/target.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/registrar/registrar_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVE_AGAIN_NS (5 * NS_PER_S) // after a failure, and at most so often

METRIC_COUNTER(resolve_failures, "offhook_registrar_resolve_failures", NULL,
	       "Lookups of a registrar's name that failed");

void target_say(struct target *target, const char *what, const char *why)
{
	snprintf(target->last_error, sizeof(target->last_error), "%s: %s", what, why);
	log_warn("registrar", what, "target=%s text=%s", log_quote(target->name), log_quote(why));
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
