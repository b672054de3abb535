// SPDX-License-Identifier: Apache-2.0
// The way out: from what is to be published to octets on a connection, by the first address that
// takes it. What comes back: request_answer.c.
#include "presence/registrar/request.h"

#include "config/clock.h"
#include "config/metric.h"
#include "presence/registrar/registrar_state.h"
#include "presence/registrar/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_UDP_BYTES = 1300 }; // RFC 3261 18.1.1

METRIC_COUNTER(failovers, "offhook_registrar_failovers", NULL,
	       "Requests sent anew to another address");
METRIC_COUNTER(wide, "offhook_registrar_left_udp", NULL,
	       "Requests over 1300 octets sent by TCP instead of UDP");

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

void request_leave_channel(struct request *request)
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

void request_finish(struct request *request, const struct publish_answer *answer)
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

// On the channel it has. -EFBIG: too long for UDP.
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

int request_attempt(struct request *request, struct channel *channel)
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

void request_charge(struct request *request)
{
	bucket_charge(&request->target->bucket, clock_mono_ns());
}

bool request_failover(struct request *request, struct peer *peer)
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

int request_transmit(void *owner, const char *bytes, size_t len)
{
	struct request *request = owner;
	int error = request->channel ? channel_send(request->channel, bytes, len) : -ENOTCONN;

	request->lost = error != 0;
	return error;
}

void requests_free(struct registrar *registrar)
{
	while (registrar->requests)
		request_free(registrar->requests);
}
