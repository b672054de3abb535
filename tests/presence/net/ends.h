// SPDX-License-Identifier: Apache-2.0
// Both ends of connections in one process, on one loop: an owner that notes what it hears, a
// listening socket on loopback, and rounds of the loop until something is so (bounded, no sleeps).
#pragma once

#include "config/clock.h"
#include "presence/net/connection.h"
#include "presence/net/loop.h"

enum { END_BYTES = 1 << 20 };

struct end {
	struct connection *connection; // NULL after closed()
	int opened, closed, received;
	int reason;
	char text[256];
	char bytes[END_BYTES];
	size_t len;
	bool consume_nothing;
	// Called from within the event of the name, after it was noted.
	void (*on_opened)(struct end *end);
	void (*on_received)(struct end *end);
};

extern const struct connection_events end_events;
extern struct loop *ends_loop;

int ends_setup(void **state);
int ends_teardown(void **state);

// Rounds of the loop until the condition holds; the test fails when it never does.
#define RUN_UNTIL(condition)                                                  \
	do {                                                                  \
		for (int rounds = 0; !(condition) && rounds < 2000; rounds++) \
			loop_run_once(ends_loop, 5 * NS_PER_MS);              \
		assert_true(condition);                                       \
	} while (0)

// A few rounds in which something could happen that must not.
void ends_run_idle(void);

// A listening socket on 127.0.0.1 (or at a path), and the address to connect to.
int listen_tcp(struct connection_options *options);
int listen_unix(struct connection_options *options, const char *path);
// The next connection that waits there, as a plain non-blocking socket.
int accept_one(int listening);

struct connection_options options_of(enum connection_kind kind);
void end_open(struct end *end, const struct connection_options *options);
void end_adopt(struct end *end, int fd, const struct connection_options *options);
void end_close(struct end *end);
