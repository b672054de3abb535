// SPDX-License-Identifier: Apache-2.0
// SIP over one connection: from presence/net/connection.h to whole messages.
#include "presence/registrar/channel.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "presence/net/loop.h"
#include "presence/registrar/framing.h"

#include <errno.h>

#define PONG_PATIENCE_NS (10 * NS_PER_S) // RFC 5626 4.4.1

METRIC_COUNTER(bad_frames, "offhook_registrar_received_bad", "cause=\"framing\"",
	       "Messages from registrars that were dropped");
METRIC_COUNTER(pings, "offhook_registrar_pings", NULL, "Keep-alives sent (RFC 5626)");
METRIC_COUNTER(pongs_missing, "offhook_registrar_pongs_missing", NULL,
	       "Connections given up because no pong came");

static void channel_keepalive(struct timer *timer);

static void channel_closed(struct channel *channel, const char *text)
{
	bool was_open = channel->open;

	channel_close(channel);
	channel->events->closed(channel, was_open, text);
}

static void channel_keepalive_set(struct channel *channel, uint64_t due_ns)
{
	if (channel->keepalive_ns && channel->kind != CONNECTION_UDP)
		timer_set(loop_wheel(channel->loop), &channel->keepalive, due_ns,
			  channel_keepalive);
}

// A peer that has never ponged may just not know RFC 5626; then only the ping itself helps, because
// TCP notices what became of it.
static void channel_keepalive(struct timer *timer)
{
	struct channel *channel = (struct channel *)((char *)timer -
						     offsetof(struct channel, keepalive));
	uint64_t now = clock_mono_ns();

	if (channel->ping_open && channel->ponged) {
		metric_add(&pongs_missing, 1);
		channel_closed(channel, "no pong");
		return;
	}
	channel->ping_open = false;
	if (now - channel->heard_ns < channel->keepalive_ns) {
		channel_keepalive_set(channel, channel->heard_ns + channel->keepalive_ns);
		return;
	}
	if (connection_send(channel->connection, "\r\n\r\n", 4) == 0) {
		metric_add(&pings, 1);
		channel->ping_open = true;
	}
	channel_keepalive_set(channel,
			      now + (channel->ponged ? PONG_PATIENCE_NS : channel->keepalive_ns));
}

static void channel_opened(void *owner, struct connection *connection)
{
	struct channel *channel = owner;

	channel->open = true;
	channel->heard_ns = clock_mono_ns();
	channel_keepalive_set(channel, channel->heard_ns + channel->keepalive_ns);
	channel->events->opened(channel);
}

static void channel_heard(struct channel *channel, const struct frame *frame)
{
	channel->heard_ns = clock_mono_ns();
	if (channel->ping_open && frame->skipped) {
		channel->ponged = true;
		channel->ping_open = false;
		channel_keepalive_set(channel, channel->heard_ns + channel->keepalive_ns);
	}
}

static size_t channel_stream(struct channel *channel, const char *data, size_t len)
{
	struct connection *connection = channel->connection;
	size_t used = 0;
	struct frame frame;
	int result;

	do {
		result = frame_of_stream(data + used, len - used, &frame);
		channel_heard(channel, &frame);
		used += frame.skipped;
		if (result == 1) {
			size_t at = used;

			used += frame.head + frame.body;
			channel->events->message(channel, data + at, frame.head + frame.body);
		}
	} while (result == 1 && used < len && channel->connection == connection);
	if (result < 0) {
		metric_add(&bad_frames, 1);
		channel_closed(channel, "malformed message");
	}
	return used;
}

static size_t channel_received(void *owner, struct connection *connection, const char *data,
			       size_t len)
{
	struct channel *channel = owner;
	struct frame frame;
	int result;

	if (channel->kind != CONNECTION_UDP)
		return channel_stream(channel, data, len);
	result = frame_of_datagram(data, len, &frame);
	if (result == 1)
		channel->events->message(channel, data + frame.skipped, frame.head + frame.body);
	else if (result < 0)
		metric_add(&bad_frames, 1);
	return len;
}

static void channel_ended(void *owner, struct connection *connection, int reason, const char *text)
{
	struct channel *channel = owner;

	channel->connection = NULL;
	channel_closed(channel, text);
}

static const struct connection_events connection_events = {
	.opened = channel_opened,
	.received = channel_received,
	.closed = channel_ended,
};

int channel_open(struct channel *channel, struct loop *loop,
		 const struct connection_options *options, uint64_t keepalive_ns,
		 const struct channel_events *events, void *owner)
{
	channel->owner = owner;
	channel->events = events;
	channel->loop = loop;
	channel->kind = options->kind;
	channel->keepalive_ns = keepalive_ns;
	channel->open = false;
	channel->ping_open = false;
	channel->sent_by[0] = '\0';
	channel->connection = connection_open(loop, options, &connection_events, channel);
	return channel->connection ? 0 : -errno;
}

int channel_send(struct channel *channel, const char *bytes, size_t len)
{
	return channel->connection ? connection_send(channel->connection, bytes, len) : -ENOTCONN;
}

void channel_close(struct channel *channel)
{
	struct connection *connection = channel->connection;

	channel->open = false;
	channel->connection = NULL;
	if (channel->loop)
		timer_cancel(loop_wheel(channel->loop), &channel->keepalive);
	if (connection)
		connection_close(connection);
}
