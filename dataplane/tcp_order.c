// SPDX-License-Identifier: Apache-2.0
// The octets of a direction in order. What comes next is read where it lies; a window
// (tcp_window.h) keeps its unfinished end and what comes too early, waits in the list of its
// reason, and gives way to others there (RFC 9293 3.4: sequence numbers are compared modulo 2^32).
#include "dataplane/tcp_state.h"

#include "dataplane/frame.h"
#include "dataplane/tcp_window.h"
#include "link/counters.h"

#define NS_PER_MS UINT64_C(1000000)

enum {
	DUE_WINDOWS = 64, // given up at most, each time
	// Sequence numbers farther away than this are of another connection: nobody has so much SIP
	// in flight.
	REACH_BYTES = 1 << 20,
};

static const uint64_t patience_ns[TCP_LISTS] = {
	[TCP_LIST_TAIL] = TCP_PATIENCE_MS * NS_PER_MS,
	[TCP_LIST_HOLE] = TCP_PATIENCE_MS * NS_PER_MS,
	[TCP_LIST_ACKED] = TCP_PATIENCE_ACKED_MS * NS_PER_MS,
};

static void window_move(struct tcp_flows *flows, struct tcp_window *window, enum tcp_list list,
			uint64_t now_ns)
{
	TAILQ_REMOVE(&flows->list[window->list], window, link);
	if (list == TCP_LIST_FREE) // the next one to be used is in the cache still
		TAILQ_INSERT_HEAD(&flows->list[list], window, link);
	else
		TAILQ_INSERT_TAIL(&flows->list[list], window, link);
	window->list = list;
	window->deadline_ns = now_ns + patience_ns[list];
}

void tcp_order_release(struct tcp_flows *flows, struct tcp_direction *way)
{
	if (!way->window)
		return;
	window_move(flows, way->window, TCP_LIST_FREE, 0);
	way->window = NULL;
}

// Reads what a window has in order now, and lets the window wait for the rest, or go.
static void window_read(struct tcp_flows *flows, struct tcp_window *window, uint64_t now_ns)
{
	struct tcp_flow *flow = window->flow;
	struct tcp_direction *way = &flow->way[window->side];
	size_t used = tcp_read_messages(flows, flow, window->side, &window->frame, window->bytes,
					window->len, now_ns);

	if (way->window != window)
		return;
	tcp_window_drop(window, used);
	if (window->ranges > 0)
		window_move(flows, window, TCP_LIST_HOLE, now_ns);
	else if (window->len > 0)
		window_move(flows, window, TCP_LIST_TAIL, now_ns);
	else
		tcp_order_release(flows, way);
}

// Gives up the hole that a window waits for. There is one.
static void window_skip_hole(struct tcp_flows *flows, struct tcp_window *window, uint64_t now_ns)
{
	struct tcp_flow *flow = window->flow;
	struct tcp_direction *way = &flow->way[window->side];
	uint32_t len = window->len, missing = window->range[0].from - len;
	uint64_t *value = flows->counters->value;

	value[WIRE_TCP_GAPS]++;
	value[WIRE_TCP_GAP_BYTES] += missing;
	tcp_read_give_up(flows, flow, window->side, &window->frame, window->bytes, len, missing,
			 now_ns);
	value[WIRE_TCP_GAPS_IN_BODY] += way->stream.state == STREAM_IS_BETWEEN;
	tcp_window_drop(window, len + (size_t)missing);
	way->next += missing + window->len;
	window_read(flows, window, now_ns);
}

void tcp_order_finish(struct tcp_flows *flows, struct tcp_direction *way, uint32_t missing,
		      uint64_t now_ns)
{
	struct tcp_window *window = way->window;

	while (way->window && window->ranges > 0)
		window_skip_hole(flows, window, now_ns);
	if (!way->window)
		return;
	tcp_read_give_up(flows, window->flow, window->side, &window->frame, window->bytes,
			 window->len, missing, now_ns);
	tcp_order_release(flows, way);
}

// Never fails: where there is none left, the one that waits longest gives way.
static struct tcp_window *window_get(struct tcp_flows *flows, struct tcp_flow *flow,
				     unsigned int side, const struct frame *frame, uint64_t now_ns)
{
	struct tcp_window *window = TAILQ_FIRST(&flows->list[TCP_LIST_FREE]);

	for (int list = TCP_LIST_STALE; !window; list++) {
		struct tcp_window *victim = TAILQ_FIRST(&flows->list[list]);
		if (!victim)
			continue;
		flows->counters->value[WIRE_TCP_NO_ROOM]++;
		tcp_order_finish(flows, &victim->flow->way[victim->side], 0, now_ns);
		window = victim;
	}
	window->flow = flow;
	window->side = (uint8_t)side;
	window->frame = *frame;
	window->len = 0;
	window->ranges = 0;
	flow->way[side].window = window;
	return window;
}

// At `text` is what comes next. What is unfinished of it goes into a window.
static void take_in_place(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
			  const struct frame *frame, const char *text, size_t len, uint64_t now_ns)
{
	size_t used = tcp_read_messages(flows, flow, side, frame, text, len, now_ns);

	flow->way[side].next += (uint32_t)len;
	if (used == len)
		return;
	text += used;
	len -= used;
	if (len > TCP_WINDOW_BYTES) {
		tcp_read_give_up(flows, flow, side, frame, text, len, 0, now_ns);
		return;
	}
	struct tcp_window *window = window_get(flows, flow, side, frame, now_ns);
	tcp_window_put(window, 0, text, len);
	window_move(flows, window, TCP_LIST_TAIL, now_ns);
}

// Of what comes next, as much as finishes the message in the window, or as there is room for.
static void take_in_window(struct tcp_flows *flows, struct tcp_direction *way, const char *text,
			   size_t len, uint64_t now_ns)
{
	struct tcp_window *window = way->window;
	uint32_t had = window->len, need = way->stream.need;
	size_t room = TCP_WINDOW_BYTES - had;

	if (room == 0) {
		tcp_read_give_up(flows, window->flow, window->side, &window->frame, window->bytes,
				 had, 0, now_ns);
		tcp_window_drop(window, had);
		tcp_order_release(flows, way);
		return;
	}
	if (window->ranges == 0 && need > had && room > need - had)
		room = need - had;
	tcp_window_put(window, had, text, len < room ? len : room);
	way->next += window->len - had;
	window_read(flows, window, now_ns);
}

// What comes too early; false: no room for it.
static bool take_early(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		       const struct frame *frame, const char *text, size_t len, uint32_t ahead,
		       uint64_t now_ns)
{
	struct tcp_window *window = flow->way[side].window;

	if (!window)
		window = window_get(flows, flow, side, frame, now_ns);
	if (!tcp_window_put(window, (size_t)window->len + ahead, text, len))
		return false;
	flows->counters->value[WIRE_TCP_HELD]++;
	if (window->list < TCP_LIST_HOLE)
		window_move(flows, window, TCP_LIST_HOLE, now_ns);
	return true;
}

// Something far too early: the hole before it is given up, or the first one where there are more.
static void skip_hole(struct tcp_flows *flows, struct tcp_direction *way, uint32_t ahead,
		      uint64_t now_ns)
{
	struct tcp_window *window = way->window;

	if (window->ranges > 0) {
		window_skip_hole(flows, window, now_ns);
		return;
	}
	flows->counters->value[WIRE_TCP_GAPS]++;
	flows->counters->value[WIRE_TCP_GAP_BYTES] += ahead;
	tcp_order_finish(flows, way, ahead, now_ns);
	flows->counters->value[WIRE_TCP_GAPS_IN_BODY] += way->stream.state == STREAM_IS_BETWEEN;
	way->next += ahead;
}

// Whether nothing that came leads to a segment: a window of ours is missing before it.
static bool is_far(const struct tcp_direction *way, int32_t ahead)
{
	const struct tcp_window *window = way->window;
	int32_t there = 0;

	if (window && window->ranges > 0)
		there = (int32_t)(window->range[window->ranges - 1].to - window->len);
	return ahead < -REACH_BYTES || ahead > there + TCP_WINDOW_BYTES;
}

// Messages that lie whole in a segment; where the stream is stays as it was.
static void read_alone(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		       const struct frame *frame, const char *text, uint64_t now_ns)
{
	struct sip_stream *stream = &flow->way[side].stream, kept = *stream;

	flows->counters->value[WIRE_TCP_STRAY]++;
	stream_init(stream, false);
	stream->proven = true;
	size_t used = tcp_read_messages(flows, flow, side, frame, text, frame->payload_len, now_ns);
	flows->counters->value[WIRE_TCP_SKIPPED_BYTES] += frame->payload_len - used;
	*stream = kept;
}

// The first octets seen of a direction, or ones that can't belong to those before.
static void begin_here(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		       uint32_t sequence, bool from_start, uint64_t now_ns)
{
	struct tcp_direction *way = &flow->way[side];

	flows->counters->value[WIRE_TCP_GAPS] += way->known && !from_start;
	tcp_order_finish(flows, way, UINT32_MAX, now_ns);
	way->known = true;
	way->has_first = from_start;
	way->first = sequence;
	way->has_end = false;
	way->ended = false;
	way->next = sequence;
	stream_init(&way->stream, from_start);
	way->stream.proven = flow->kind == TCP_SIP;
}

void tcp_order_data(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		    const struct frame *frame, const char *text, uint32_t sequence, uint64_t now_ns)
{
	struct tcp_direction *way = &flow->way[side];
	uint32_t end = sequence + frame->payload_len;
	int32_t ahead = (int32_t)(sequence - way->next);
	bool believed = way->known && way->stray != 0 && sequence == way->stray;

	// Anybody can send one, and what belongs before it would be old from then on. Where much
	// really is missing, the next segment goes on behind it; where not, one goes on where we
	// left.
	if (way->known && !believed && is_far(way, ahead)) {
		way->stray = end;
		way->begins_at_stray = false;
		read_alone(flows, flow, side, frame, text, now_ns);
		return;
	}
	bool begins = believed && way->begins_at_stray;
	if (believed) {
		way->stray = ahead != 0 ? way->next : 0;
		way->begins_at_stray = false;
	}
	if (!way->known || begins || ahead > REACH_BYTES || ahead < (believed ? 0 : -REACH_BYTES))
		begin_here(flows, flow, side, sequence, begins, now_ns);
	if ((int32_t)(end - way->next) <= 0)
		flows->counters->value[WIRE_TCP_SEEN_BEFORE]++;
	while (flow->kind != TCP_FOREIGN && (int32_t)(end - way->next) > 0) {
		ahead = (int32_t)(sequence - way->next);
		if (ahead > 0) {
			if (take_early(flows, flow, side, frame, text, end - sequence,
				       (uint32_t)ahead, now_ns))
				return;
			skip_hole(flows, way, (uint32_t)ahead, now_ns);
			continue;
		}
		text -= ahead;
		sequence -= (uint32_t)ahead;
		if (way->window)
			take_in_window(flows, way, text, end - sequence, now_ns);
		else
			take_in_place(flows, flow, side, frame, text, end - sequence, now_ns);
	}
}

void tcp_order_acknowledged(struct tcp_flows *flows, const struct tcp_direction *other,
			    const struct frame *frame, uint64_t now_ns)
{
	if (other->window && other->window->list == TCP_LIST_HOLE &&
	    (int32_t)(frame->acknowledged - other->next) > 0)
		window_move(flows, other->window, TCP_LIST_ACKED, now_ns);
}

static struct tcp_window *window_due(struct tcp_flows *flows, enum tcp_list list, uint64_t now_ns,
				     int *budget)
{
	struct tcp_window *window = TAILQ_FIRST(&flows->list[list]);

	return window && window->deadline_ns <= now_ns && (*budget)-- > 0 ? window : NULL;
}

void tcp_order_expire(struct tcp_flows *flows, uint64_t now_ns)
{
	struct tcp_window *window;
	int budget = DUE_WINDOWS;

	for (int list = TCP_LIST_HOLE; list <= TCP_LIST_ACKED; list++) {
		while ((window = window_due(flows, list, now_ns, &budget)) != NULL) {
			struct tcp_flow *flow = window->flow;
			unsigned int side = window->side;
			window_skip_hole(flows, window, now_ns);
			tcp_flow_check_end(flows, flow, side, now_ns);
		}
	}
	while ((window = window_due(flows, TCP_LIST_TAIL, now_ns, &budget)) != NULL) {
		// Of a message with whole headers only the end of the body is not there yet.
		struct tcp_direction *way = &window->flow->way[window->side];
		if (way->stream.need > 0)
			tcp_order_finish(flows, way, 0, now_ns);
		else
			window_move(flows, window, TCP_LIST_STALE, now_ns);
	}
}

uint64_t tcp_flows_due_ns(const struct tcp_flows *flows)
{
	uint64_t due = UINT64_MAX;

	for (int list = TCP_LIST_TAIL; list < TCP_LISTS; list++) {
		const struct tcp_window *first = TAILQ_FIRST(&flows->list[list]);
		if (first && first->deadline_ns < due)
			due = first->deadline_ns;
	}
	return due;
}

void tcp_order_finish_all(struct tcp_flows *flows, uint64_t now_ns)
{
	struct tcp_window *window;

	for (int list = TCP_LISTS - 1; list > TCP_LIST_FREE; list--)
		while ((window = TAILQ_FIRST(&flows->list[list])) != NULL)
			tcp_order_finish(flows, &window->flow->way[window->side], UINT32_MAX,
					 now_ns);
}
