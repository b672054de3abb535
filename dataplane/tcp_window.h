// SPDX-License-Identifier: Apache-2.0
// What one direction of a TCP connection has that can't be read yet: in front the unfinished end of
// what came in order, behind it what came too early, each octet at its place. The first copy of an
// octet wins. Bytes only; which connection it is belongs to tcp_flow.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dataplane/frame.h"

enum {
	TCP_WINDOW_BYTES = 32768, // the longest headers, and as much again in disorder
	TCP_WINDOW_RANGES = 8,
};

struct tcp_flow;

struct tcp_window {
	TAILQ_ENTRY(tcp_window) link; // these six: tcp_flow.c
	uint8_t list;
	uint8_t side;
	struct tcp_flow *flow;
	uint64_t deadline_ns;
	struct frame frame; // whose addresses the messages get

	uint32_t len; // octets in order
	// What came too early: ascending, with a hole before each. One more for the moment in which
	// what comes in order is put in.
	uint32_t ranges;
	struct {
		uint32_t from, to;
	} range[TCP_WINDOW_RANGES + 1];
	char bytes[TCP_WINDOW_BYTES];
};

// Octets for offset `off`, at or behind window->len; what joins the octets in order becomes part of
// them. false: no room, and nothing changed.
bool tcp_window_put(struct tcp_window *window, size_t off, const void *data, size_t len);
// Takes `count` octets away in front, up to the first range at most.
void tcp_window_drop(struct tcp_window *window, size_t count);
