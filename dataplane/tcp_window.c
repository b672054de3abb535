// SPDX-License-Identifier: Apache-2.0
// Octets at their places. RFC 9293 3.10.7.4 leaves overlaps to the receiver; most keep what came
// first.
#include "dataplane/tcp_window.h"

#include <string.h>

// Fills the holes that [from, to) covers within ranges first .. last - 1, which it touches.
static void fill(struct tcp_window *window, uint32_t first, uint32_t last, size_t from, size_t to,
		 const char *data)
{
	size_t at = from;

	for (uint32_t i = first; i < last; i++) {
		if (at < window->range[i].from)
			memcpy(window->bytes + at, data + (at - from), window->range[i].from - at);
		if (at < window->range[i].to)
			at = window->range[i].to;
	}
	if (at < to)
		memcpy(window->bytes + at, data + (at - from), to - at);
}

static void remove_ranges(struct tcp_window *window, uint32_t first, uint32_t count)
{
	memmove(&window->range[first], &window->range[first + count],
		(window->ranges - first - count) * sizeof(window->range[0]));
	window->ranges -= count;
}

static void join_front(struct tcp_window *window)
{
	if (window->ranges == 0 || window->range[0].from > window->len)
		return;
	window->len = window->range[0].to;
	remove_ranges(window, 0, 1);
}

bool tcp_window_put(struct tcp_window *window, size_t off, const void *data, size_t len)
{
	size_t to = off + len;
	uint32_t first = 0, last;

	if (off > TCP_WINDOW_BYTES || len > TCP_WINDOW_BYTES - off)
		return false;
	while (first < window->ranges && window->range[first].to < off)
		first++;
	for (last = first; last < window->ranges && window->range[last].from <= to;)
		last++;
	if (first == last && window->ranges == TCP_WINDOW_RANGES && off > window->len)
		return false;
	fill(window, first, last, off, to, data);
	if (first == last) {
		memmove(&window->range[first + 1], &window->range[first],
			(window->ranges - first) * sizeof(window->range[0]));
		window->ranges++;
	} else {
		if (off > window->range[first].from)
			off = window->range[first].from;
		if (to < window->range[last - 1].to)
			to = window->range[last - 1].to;
		remove_ranges(window, first + 1, last - first - 1);
	}
	window->range[first].from = (uint32_t)off;
	window->range[first].to = (uint32_t)to;
	join_front(window);
	return true;
}

void tcp_window_drop(struct tcp_window *window, size_t count)
{
	size_t end = window->ranges ? window->range[window->ranges - 1].to : window->len;

	if (count == 0)
		return;
	memmove(window->bytes, window->bytes + count, end - count);
	window->len = window->len > count ? window->len - (uint32_t)count : 0;
	for (uint32_t i = 0; i < window->ranges; i++) {
		window->range[i].from -= (uint32_t)count;
		window->range[i].to -= (uint32_t)count;
	}
	join_front(window);
}
