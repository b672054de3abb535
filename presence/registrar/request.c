// SPDX-License-Identifier: Apache-2.0
// One PUBLISH until its final answer: at the first target that works, answering challenges, and at
// the next address when one refuses connections or says 503 (RFC 3263 4.3), each time as a new
// transaction. A request that timed out is not repeated here: whoever asked for it knows better
// what is wanted by then.
#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "presence/registrar/registrar_state.h"
#include "presence/registrar/response.h"
#include "presence/registrar/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	REQUEST_ADDRESSES = 4,    // tried for one request
	REQUEST_CHALLENGES = 3,   // answered for one request at one target
	REQUEST_UDP_BYTES = 1300, // RFC 3261 18.1.1
	REQUEST_PUSH_BACK_S = 60, // a server that says 503 is left alone for at most this
};
// A server may send its response on a new connection when it lost the old one (RFC 3261 18.2.2).
#define REQUEST_LOST_NS    (2 * NS_PER_S)
#define REQUEST_TIMEOUT_NS (30 * NS_PER_S) // an address that said nothing at all rests for this

METRIC_COUNTER(failovers, "offhook_registrar_failovers", NULL,
	       "Requests sent anew to another address");
METRIC_COUNTER(challenges, "offhook_registrar_challenges", NULL, "Digest challenges answered");
METRIC_COUNTER(challenges_refused, "offhook_registrar_challenges_refused", NULL,
	       "Digest challenges that could not be answered, or not again");
METRIC_COUNTER(wide, "offhook_registrar_left_udp", NULL,
	       "Requests over 1300 octets sent by TCP instead of UDP");

struct request {
	struct request *next, **prev;
	struct registrar *registrar;
	void *ctx;
	struct channel *channel; // NULL: it has closed
	struct target *target;
	struct transaction *transaction;
	struct publish_identity identity;
	struct publish_request publish; // texts are behind this struct
	struct peer *tried[REQUEST_ADDRESSES];
	uint64_t sent_ns;
	uint8_t tried_count;
	uint8_t challenges; // of this target
	bool narrow;        // TCP was refused: stays on UDP whatever its size
	bool lost;          // its connection broke
	char texts[];
};

static const char *request_text(char **at, const char *text)
{
	const char *copy = *at;

	if (!text)
		return NULL;
	*at = stpcpy(*at, text) + 1;
	return copy;
}

static struct request *request_new(struct registrar *registrar,
				   const struct publish_request *publish, void *ctx)
{
	size_t texts = strlen(publish->person) + (publish->display ? strlen(publish->display) : 0) +
		       (publish->etag ? strlen(publish->etag) : 0) + 3;
	struct request *request = calloc(1, sizeof(*request) + texts);
	char *at;

	if (!request)
		return NULL;
	at = request->texts;
	request->registrar = registrar;
	request->ctx = ctx;
	request->publish = *publish;
	request->publish.person = request_text(&at, publish->person);
	request->publish.display = request_text(&at, publish->display);
	request->publish.etag = request_text(&at, publish->etag);
	token_write(&registrar->tokens, request->identity.call_id);
	token_write(&registrar->tokens, request->identity.from_tag);
	request->next = registrar->requests;
	request->prev = &registrar->requests;
	if (registrar->requests)
		registrar->requests->prev = &request->next;
	registrar->requests = request;
	registrar->open++;
	return request;
}

static void request_leave_channel(struct request *request)
{
	if (!request->channel)
		return;
	request->channel->requests--;
	request->target->open--;
	request->channel = NULL;
}

static void request_free(struct request *request)
{
	request_leave_channel(request);
	*request->prev = request->next;
	if (request->next)
		request->next->prev = request->prev;
	request->registrar->open--;
	if (request->transaction)
		transaction_abandon(request->transaction);
	free(request);
}

static void request_finish(struct request *request, const struct publish_answer *answer)
{
	struct registrar *registrar = request->registrar;
	void *ctx = request->ctx;

	request_free(request);
	registrar->events.answer(registrar->ctx, ctx, answer);
	registrar_drain(registrar);
}

// Header for a challenge that is known already, or nothing.
static int request_authorize(struct request *request, struct text *out)
{
	struct registrar *registrar = request->registrar;
	struct digest *digest = &request->target->digest;
	char user[256], cnonce[TOKEN_BYTES];

	if (!digest->algorithm || !registrar->password.text[0])
		return 0;
	if (registrar->settings.auth_user[0])
		snprintf(user, sizeof(user), "%s", registrar->settings.auth_user);
	else
		publish_user(request->publish.person, user, sizeof(user));
	token_write(&registrar->tokens, cnonce);
	return digest_answer(digest, "PUBLISH", request->publish.person, user,
			     registrar->password.text, cnonce, out);
}

// The same for all requests of a connection.
static const char *request_sent_by(const struct request *request)
{
	struct channel *channel = request->channel;
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (channel->sent_by[0])
		return channel->sent_by;
	memset(&address, 0, sizeof(address));
	if (connection_local(channel->connection, &address, &len))
		address.ss_family = channel_peer(channel)->address.address.ss_family;
	inbound_sent_by(&request->registrar->inbound[channel->kind], &address);
	publish_sent_by(&address, channel->sent_by);
	return channel->sent_by;
}

// Writes and sends it on the channel it has, as a new transaction. 0 or -errno.
static int request_start(struct request *request)
{
	char bytes[PUBLISH_BYTES], authorization[2048];
	struct text text = {.at = authorization, .size = sizeof(authorization)};
	struct transaction_start start = {.bytes = bytes};
	struct publish_wire wire = {
		.settings = &request->registrar->settings,
		.request = &request->publish,
		.identity = &request->identity,
		.branch = start.branch,
		.kind = request->channel->kind,
		.sent_by = request_sent_by(request),
	};
	int error = request_authorize(request, &text);

	if (error)
		return error;
	wire.authorization = text.len ? authorization : NULL;
	token_write_branch(&request->registrar->tokens, start.branch);
	request->identity.cseq++;
	text = (struct text){.at = bytes, .size = sizeof(bytes)};
	publish_write(&wire, &text);
	start.len = text.len;
	if (text.cut)
		return -EMSGSIZE;
	if (wire.kind == CONNECTION_UDP && start.len > REQUEST_UDP_BYTES && !request->narrow)
		return -EFBIG;
	start.reliable = wire.kind != CONNECTION_UDP;
	request->sent_ns = clock_mono_ns();
	request->lost = false;
	request->transaction = transaction_start(request->registrar->transactions, &start, request);
	return request->transaction ? 0 : -errno;
}

static void request_join_channel(struct request *request, struct channel *channel)
{
	struct target *target = channel_peer(channel)->target;

	request_leave_channel(request);
	if (request->target != target)
		request->challenges = 0;
	request->channel = channel;
	request->target = target;
	channel->requests++;
	request->target->open++;
}

// As above, leaving UDP when it is too long for that.
static int request_attempt(struct request *request, struct channel *channel)
{
	struct channel *instead;
	int error;

	request_join_channel(request, channel);
	error = request_start(request);
	if (error != -EFBIG)
		goto out;
	instead = peer_wide(channel_peer(channel));
	if (instead) {
		metric_add(&wide, 1);
		request_join_channel(request, instead);
	} else {
		request->narrow = true;
	}
	error = request_start(request);
out:
	if (error)
		request_leave_channel(request);
	else
		request->target->sent++;
	return error;
}

static bool request_tried(struct request *request, struct peer *peer)
{
	if (request->tried_count == REQUEST_ADDRESSES)
		return false;
	request->tried[request->tried_count++] = peer;
	return true;
}

// At the next address there is. 0 or -errno, of the last one.
static int request_try(struct request *request, bool may_wait)
{
	int error = -ENOTCONN;

	for (;;) {
		struct channel *channel = registrar_channel(request->registrar, request->tried,
							    request->tried_count, may_wait);

		if (!channel)
			return error;
		error = request_attempt(request, channel);
		if (!error || error == -EMSGSIZE || !request_tried(request, channel_peer(channel)))
			return error;
	}
}

// Once more without a turn of its own: those who wait for theirs wait longer.
static void request_charge(struct request *request)
{
	bucket_charge(&request->target->bucket, clock_mono_ns());
}

// Sent to nobody, or refused by one that is too busy: another address may take it.
static bool request_failover(struct request *request, struct peer *peer)
{
	if (!request_tried(request, peer) || request_try(request, true))
		return false;
	request_charge(request);
	metric_add(&failovers, 1);
	return true;
}

int request_send(struct registrar *registrar, const struct publish_request *publish, void *ctx)
{
	struct request *request = request_new(registrar, publish, ctx);
	int error;

	if (!request)
		return -ENOMEM;
	error = request_try(request, false);
	if (error)
		request_free(request);
	return error;
}

// From the transaction: first or once more.
static int request_transmit(void *owner, const char *bytes, size_t len)
{
	struct request *request = owner;
	int error = request->channel ? channel_send(request->channel, bytes, len) : -ENOTCONN;

	request->lost = error != 0;
	return error;
}

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

void requests_free(struct registrar *registrar)
{
	while (registrar->requests)
		request_free(registrar->requests);
}
