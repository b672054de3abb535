// SPDX-License-Identifier: Apache-2.0
// PUBLISH requests (RFC 3903) to the registrar, and their final answers. Knows targets,
// connections, transactions, digest and pacing; knows nothing of calls. One request at a time for
// each person is the caller's business (presence/publication.c). One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct settings;
struct secrets;
struct registrar;

// In the order in which they leave when the target's rate is used up: a stuck lamp is worse than a
// late one.
enum publish_kind {
	PUBLISH_NONE,
	PUBLISH_REMOVE,  // tag, Expires: 0, no body
	PUBLISH_INITIAL, // body, no tag
	PUBLISH_MODIFY,  // body and tag
	PUBLISH_REFRESH, // tag, no body
	PUBLISH_KIND_COUNT,
};

struct publish_request {
	enum publish_kind kind;
	const char *person; // Request-URI, To and From
	const char *display;
	const char *etag;   // NULL for an initial one
	uint32_t expires_s; // 0 for a removal
	bool busy;          // what the body says
};

enum publish_outcome {
	PUBLISH_ANSWERED, // a final response: see status
	PUBLISH_TIMEOUT,  // sent, no final answer (RFC 3261 timer F)
	PUBLISH_UNSENT,   // no target could be reached: it was not sent
	PUBLISH_LOST,     // the connection broke after it was sent: nobody knows
};

struct publish_answer {
	enum publish_outcome outcome;
	uint16_t status;
	uint32_t expires_s;      // of a 2xx; what was asked for when the answer has none
	uint32_t min_expires_s;  // of a 423
	uint32_t retry_after_s;  // of a 503, 480, 486, 600 ...; 0: none
	const char *etag;        // NULL: none, or refused (see etag_refused); borrowed
	bool etag_refused;       // longer than 255 octets, or with control characters or blanks
	const char *diagnostics; // reason phrase and ms-diagnostics for people, masked; borrowed
};

// Place in the pacing queue; part of the publication. Zeroed: not queued.
struct publish_turn {
	struct publish_turn *next, **prev;
	uint8_t kind;
	uint64_t asked_ns;
};

struct registrar_events {
	// It is this one's turn: the owner composes what is wanted *now* and calls
	// registrar_send(), or nothing if nothing is wanted any more.
	void (*turn)(void *ctx, struct publish_turn *turn);
	void (*answer)(void *ctx, void *request_ctx, const struct publish_answer *answer);
	// Some target can be used again after none could.
	void (*reachable)(void *ctx);
};

struct registrar *registrar_new(struct loop *loop, const struct settings *settings,
				const struct secrets *secrets,
				const struct registrar_events *events, void *ctx, char *error,
				size_t error_size);
void registrar_free(struct registrar *registrar); // requests open get no answer

// Queue for a turn; already queued: the kind may change. Cancel: not queued is fine.
void registrar_ask(struct registrar *registrar, struct publish_turn *turn, enum publish_kind kind);
void registrar_cancel(struct registrar *registrar, struct publish_turn *turn);
// 0, or -errno when it can't even be queued on a connection; then no answer will come.
int registrar_send(struct registrar *registrar, const struct publish_request *request,
		   void *request_ctx);
// SIGHUP: rates, timers, certificates, credentials; 0 or -EINVAL with the reason, nothing changed.
int registrar_reload(struct registrar *registrar, const struct settings *settings,
		     const struct secrets *secrets, char *error, size_t error_size);
// One line of text, or members of a JSON object, for each target.
struct registrar_status {
	char target[256];
	char peer[128];
	const char *state; // "up", "connecting", "down", "resolving"
	unsigned int open; // requests waiting for their answer
	unsigned int queued;
	uint64_t sent, answered, timeouts;
	char last_error[160];
};
size_t registrar_status(const struct registrar *registrar, struct registrar_status *out,
			size_t max);
size_t registrar_open(const struct registrar *registrar);
