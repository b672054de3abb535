// SPDX-License-Identifier: Apache-2.0
// The way back: challenges, servers that push back, silence, and connections that break.
#include "presence/registrar/request.h"

#include "config/clock.h"
#include "config/metric.h"
#include "presence/registrar/registrar_state.h"
#include "presence/registrar/response.h"

enum {
	REQUEST_CHALLENGES = 3,   // answered for one request at one target
	REQUEST_PUSH_BACK_S = 60, // a server that says 503 is left alone for at most this
};
// A server may send its response on a new connection when it lost the old one (RFC 3261 18.2.2).
#define REQUEST_LOST_NS    (2 * NS_PER_S)
#define REQUEST_TIMEOUT_NS (30 * NS_PER_S) // an address that said nothing at all rests for this

METRIC_COUNTER(challenges, "offhook_registrar_challenges", NULL, "Digest challenges answered");
METRIC_COUNTER(challenges_refused, "offhook_registrar_challenges_refused", NULL,
	       "Digest challenges that could not be answered, or not again");

static bool request_is_challenged(struct request *request, const struct transaction_response *from)
{
	bool stale;

	if (from->status != 401 && from->status != 407)
		return false;
	if (!request->registrar->password.text[0] || !request->channel ||
	    !response_challenge(from, &request->target->digest, &stale) ||
	    (request->challenges > 0 && !stale) || request->challenges == REQUEST_CHALLENGES) {
		metric_add(&challenges_refused, 1);
		return false;
	}
	request->challenges++;
	metric_add(&challenges, 1);
	return true;
}

// 503: another address, or else nobody gets a turn before Retry-After (RFC 3261 21.5.4).
static bool request_pushed_back(struct request *request, struct peer *peer,
				const struct response *response)
{
	struct target *target = request->target;
	uint64_t wait = response->answer.retry_after_s;

	if (wait > REQUEST_PUSH_BACK_S)
		wait = REQUEST_PUSH_BACK_S;
	wait *= NS_PER_S;
	if (!request_failover(request, peer)) {
		target->hold_ns = clock_mono_ns() + wait;
		return false;
	}
	peer_fail(peer, wait, response->text);
	registrar_changed(request->registrar);
	return true;
}

static void request_answered(void *owner, const struct transaction_response *from)
{
	struct request *request = owner;
	struct peer *peer = request->channel ? channel_peer(request->channel) : NULL;
	struct response response;

	request->transaction = NULL;
	request->target->answered++;
	if (peer)
		peer_heard(peer);
	response_read(from, request->publish.expires_s, &response);
	if (request_is_challenged(request, from) &&
	    request_attempt(request, request->channel) == 0) {
		request_charge(request);
		return;
	}
	if (response.answer.status == 503 && peer && request_pushed_back(request, peer, &response))
		return;
	request_finish(request, &response.answer);
}

static void request_timed_out(void *owner)
{
	struct request *request = owner;
	struct registrar *registrar = request->registrar;
	struct channel *channel = request->channel;
	struct peer *peer = channel ? channel_peer(channel) : NULL;
	bool silent = peer && !request->lost && peer->heard_ns < request->sent_ns;
	struct publish_answer answer = {
		.outcome = request->lost ? PUBLISH_LOST : PUBLISH_TIMEOUT,
		.diagnostics = request->lost ? "connection lost" : "no answer",
	};

	request->transaction = NULL;
	request->target->timeouts++;
	request_finish(request, &answer);
	if (!silent || channel->open == false)
		return;
	// It has said nothing for 32 s: others first, and a connection may be dead.
	peer_fail(peer, REQUEST_TIMEOUT_NS, "no answer");
	if (channel->kind != CONNECTION_UDP) {
		channel_close(channel);
		requests_channel_closed(registrar, channel, true);
	}
	registrar_changed(registrar);
}

const struct transaction_events request_events = {
	.send = request_transmit,
	.answer = request_answered,
	.timeout = request_timed_out,
};

// Its connection never came to be: it was not sent.
static void request_refused(struct request *request, struct channel *channel)
{
	struct peer *peer = channel_peer(channel);
	struct publish_answer answer = {.outcome = PUBLISH_UNSENT, .diagnostics = "no connection"};

	transaction_abandon(request->transaction);
	request->transaction = NULL;
	request_leave_channel(request);
	if (channel == &peer->wide && peer->channel[0].open) {
		request->narrow = true;
		if (request_attempt(request, &peer->channel[0]) == 0)
			return;
	}
	if (!request_failover(request, peer))
		request_finish(request, &answer);
}

void requests_channel_closed(struct registrar *registrar, struct channel *channel, bool was_open)
{
	uint64_t by = clock_mono_ns() + REQUEST_LOST_NS;
	struct request *request = registrar->requests, *next;

	// A request that is answered from here may bring new ones to the front, never behind.
	for (; request; request = next) {
		next = request->next;
		if (request->channel != channel)
			continue;
		if (!was_open) {
			request_refused(request, channel);
			continue;
		}
		request_leave_channel(request);
		request->lost = true;
		transaction_hurry(request->transaction, by);
	}
}
