// SPDX-License-Identifier: Apache-2.0
// Answers one request a connection on a listening socket, in the worker's loop: the control socket
// and the metrics page. Requests, clients and patience are bounded, so that no client holds up
// calls.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct loop;
struct responder;

enum {
	RESPONDER_CLIENTS = 16,
	RESPONDER_REQUEST_BYTES = 4096,
};

struct responder_options {
	struct loop *loop;
	int listen_fd;                      // stays open when the responder goes
	const char *end;                    // a request is whole when it contains this
	const char *busy, *too_long;        // what is said to those who are turned away
	bool (*allowed)(void *ctx, int fd); // NULL: everybody; a refusal writes its own reason
	void (*answer)(void *ctx, char *request, FILE *out);
	void *ctx;
};

struct responder *responder_new(const struct responder_options *options);
void responder_free(struct responder *responder);
