// SPDX-License-Identifier: Apache-2.0
// Connection, deadlines and back-off around the conversation of presence/store/estate.c. Every
// failure goes one way: close, say why, give the batches back, try again later.
#include "presence/store/redis.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/net/connection.h"
#include "presence/net/loop.h"
#include "presence/net/resolver.h"
#include "presence/store/backoff.h"

METRIC_COUNTER(reconnects, "offhook_store_reconnects", NULL,
	       "Connections to the store after the first");

enum {
	SEND_LIMIT = 1 << 20, // four times what may be under way, for the scripts and one batch
	RECEIVE_LIMIT = 1 << 18,
	// Servers and firewalls close what is idle; and a store that was emptied or taken while
	// nothing was written should not be found out by the next call.
	HEARTBEAT_MS = 5000,
};

struct redis {
	struct timer retry; // first member; connects
	struct timer watch; // deadline of an answer, or the next heartbeat
	struct loop *loop;
	struct url url;
	uint64_t connect_timeout_ns, reply_timeout_ns;
	const struct backend_events *events;
	void *ctx;
	struct estate *estate;
	struct resolver *resolver;
	struct connection *connection;
	struct backoff backoff;
	unsigned int next_address;
	bool resolving, was_connected, fenced;
};

static struct redis *watch_owner(struct timer *watch)
{
	return (void *)((char *)watch - offsetof(struct redis, watch));
}

static void retry_fire(struct timer *timer);

static void retry_later(struct redis *redis)
{
	if (redis->fenced)
		return;
	timer_set(loop_wheel(redis->loop), &redis->retry,
		  clock_mono_ns() + backoff_next_ns(&redis->backoff), retry_fire);
}

// The connection is gone or was never made.
static void fail(struct redis *redis, enum store_outcome outcome, const char *why)
{
	timer_cancel(loop_wheel(redis->loop), &redis->watch);
	if (redis->connection)
		connection_close(redis->connection);
	redis->connection = NULL;
	outcome_count(outcome);
	estate_end(redis->estate);
	if (outcome == OUTCOME_FENCED) {
		redis->fenced = true;
		redis->events->fenced(redis->ctx, why);
		return;
	}
	redis->events->away(redis->ctx, why);
	retry_later(redis);
}

static void fail_by_estate(struct redis *redis)
{
	const char *why;
	enum store_outcome outcome = estate_failure(redis->estate, &why);

	fail(redis, outcome, why);
}

static void watch_fire(struct timer *timer);

static void watch_next(struct redis *redis)
{
	uint64_t oldest_ns = estate_oldest_ns(redis->estate);
	uint64_t due_ns = oldest_ns == UINT64_MAX ? clock_mono_ns() + HEARTBEAT_MS * NS_PER_MS
						  : oldest_ns + redis->reply_timeout_ns;

	timer_set(loop_wheel(redis->loop), &redis->watch, due_ns, watch_fire);
}

// The timer was set for an earlier answer, and may be early for the one awaited now.
static void watch_fire(struct timer *timer)
{
	struct redis *redis = watch_owner(timer);
	uint64_t oldest_ns = estate_oldest_ns(redis->estate), now_ns = clock_mono_ns();

	if (oldest_ns != UINT64_MAX && now_ns >= oldest_ns + redis->reply_timeout_ns) {
		fail(redis, OUTCOME_TIMEOUT, outcome_text(OUTCOME_TIMEOUT));
		return;
	}
	if (oldest_ns == UINT64_MAX && estate_heartbeat(redis->estate)) {
		fail(redis, OUTCOME_LOST, outcome_text(OUTCOME_LOST));
		return;
	}
	watch_next(redis);
}

static void opened(void *owner, struct connection *connection)
{
	struct redis *redis = owner;

	if (redis->was_connected)
		metric_add(&reconnects, 1);
	redis->was_connected = true;
	if (estate_begin(redis->estate))
		fail_by_estate(redis);
	else
		watch_next(redis);
}

static size_t received(void *owner, struct connection *connection, const char *data, size_t len)
{
	struct redis *redis = owner;

	if (estate_feed(redis->estate, data, len)) {
		fail_by_estate(redis);
		return len;
	}
	if (estate_is_proven(redis->estate))
		backoff_reset(&redis->backoff);
	watch_next(redis);
	return len;
}

static void closed(void *owner, struct connection *connection, int reason, const char *text)
{
	struct redis *redis = owner;

	redis->connection = NULL;
	fail(redis, OUTCOME_LOST, text && *text ? text : outcome_text(OUTCOME_LOST));
}

static const struct connection_events connection_events = {opened, received, closed};

static void open_connection(struct redis *redis, enum connection_kind kind, const void *peer,
			    socklen_t len)
{
	struct connection_options options = {
		.kind = kind,
		.peer_len = len,
		.connect_timeout_ns = redis->connect_timeout_ns,
		.send_limit = SEND_LIMIT,
		.receive_limit = RECEIVE_LIMIT,
	};

	memcpy(&options.peer, peer, len);
	redis->connection = connection_open(redis->loop, &options, &connection_events, redis);
	if (!redis->connection)
		fail(redis, OUTCOME_LOST, strerror(errno));
}

static void open_unix(struct redis *redis)
{
	struct sockaddr_un peer = {.sun_family = AF_UNIX};

	memcpy(peer.sun_path, redis->url.path, sizeof(peer.sun_path));
	open_connection(redis, CONNECTION_UNIX, &peer, sizeof(peer));
}

static bool open_literal(struct redis *redis)
{
	struct sockaddr_in peer4 = {.sin_family = AF_INET, .sin_port = htons(redis->url.port)};
	struct sockaddr_in6 peer6 = {.sin6_family = AF_INET6, .sin6_port = htons(redis->url.port)};

	if (inet_pton(AF_INET, redis->url.host, &peer4.sin_addr) == 1)
		open_connection(redis, CONNECTION_TCP, &peer4, sizeof(peer4));
	else if (inet_pton(AF_INET6, redis->url.host, &peer6.sin6_addr) == 1)
		open_connection(redis, CONNECTION_TCP, &peer6, sizeof(peer6));
	else
		return false;
	return true;
}

// Addresses of a name take turns, one at each try.
static void resolved(void *ctx, const struct resolver_answer *answer)
{
	struct redis *redis = ctx;
	const struct resolver_address *address;

	redis->resolving = false;
	if (answer->error == -ECANCELED)
		return;
	if (answer->error || !answer->count) {
		fail(redis, OUTCOME_LOST, answer->text ? answer->text : "its name has no address");
		return;
	}
	address = &answer->address[redis->next_address++ % answer->count];
	open_connection(redis, CONNECTION_TCP, &address->address, address->len);
}

static void open_name(struct redis *redis)
{
	struct resolver_target target = {.port = redis->url.port, .kind = CONNECTION_TCP};

	if (!redis->resolver)
		redis->resolver = resolver_new(redis->loop, NULL);
	if (!redis->resolver) {
		fail(redis, OUTCOME_LOST, "there is no resolver for its name");
		return;
	}
	memcpy(target.host, redis->url.host, sizeof(target.host));
	redis->resolving = true;
	resolver_ask(redis->resolver, &target, resolved, redis);
}

static void retry_fire(struct timer *timer)
{
	struct redis *redis = (struct redis *)timer;

	if (redis->connection || redis->resolving || redis->fenced)
		return;
	if (redis->url.kind == URL_UNIX)
		open_unix(redis);
	else if (!open_literal(redis))
		open_name(redis);
}

static int send_on_connection(void *ctx, const void *data, size_t len)
{
	struct redis *redis = ctx;
	int error = redis->connection ? connection_send(redis->connection, data, len) : -ENOTCONN;

	// The answer to what was just sent may be the next deadline.
	if (!error && estate_oldest_ns(redis->estate) == UINT64_MAX)
		timer_set(loop_wheel(redis->loop), &redis->watch,
			  clock_mono_ns() + redis->reply_timeout_ns, watch_fire);
	return error;
}

struct redis *redis_new(struct loop *loop, const struct url *url,
			const struct estate_options *options, const struct settings_store *settings,
			const struct backend_events *events, void *ctx)
{
	struct redis *redis = calloc(1, sizeof(*redis));

	if (!redis)
		return NULL;
	redis->loop = loop;
	redis->url = *url;
	redis->connect_timeout_ns = settings->connect_timeout_ns;
	redis->reply_timeout_ns = settings->reply_timeout_ns;
	redis->events = events;
	redis->ctx = ctx;
	redis->estate = estate_new(options, send_on_connection, redis, events, ctx);
	if (!redis->estate) {
		free(redis);
		return NULL;
	}
	return redis;
}

void redis_free(struct redis *redis)
{
	struct timer_wheel *wheel;

	if (!redis)
		return;
	wheel = loop_wheel(redis->loop);
	timer_cancel(wheel, &redis->retry);
	timer_cancel(wheel, &redis->watch);
	if (redis->connection)
		connection_close(redis->connection);
	if (redis->resolver)
		resolver_free(redis->resolver);
	estate_end(redis->estate); // gives back what is under way
	estate_free(redis->estate);
	free(redis);
}

void redis_wake(struct redis *redis)
{
	if (redis->connection || redis->resolving || redis->fenced)
		return;
	backoff_reset(&redis->backoff);
	timer_set(loop_wheel(redis->loop), &redis->retry, clock_mono_ns(), retry_fire);
}

int redis_write(struct redis *redis, struct batch *batch)
{
	return estate_write(redis->estate, batch);
}

bool redis_is_ready(const struct redis *redis)
{
	return estate_is_ready(redis->estate) && !estate_is_full(redis->estate);
}
