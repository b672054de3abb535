// SPDX-License-Identifier: Apache-2.0
// How presence, which answers the operator, has the wire write frames to a file, and learns what
// became of it. A request and a status, each with one writer; nothing of a frame passes here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What is written.
enum capture_kind {
	CAPTURE_NONE,     // a request to stop
	CAPTURE_REJECTED, // what was let go because it was not understood
	CAPTURE_CALL,     // SIP with one Call-ID
	CAPTURE_USER,     // SIP that names one user, and what else is of those calls
	CAPTURE_KIND_COUNT,
};

enum capture_state {
	CAPTURE_NEVER, // none since the segment was made
	CAPTURE_RUNNING,
	CAPTURE_ENDED,
	CAPTURE_STATE_COUNT,
};

enum capture_end {
	CAPTURE_END_NONE,
	CAPTURE_END_STOPPED, // as asked for
	CAPTURE_END_BYTES,
	CAPTURE_END_TIME,
	CAPTURE_END_OPEN,  // the file could not be made: errno in error
	CAPTURE_END_WRITE, // or not be written on: errno in error
	CAPTURE_END_WIRE,  // the wire process ended
	CAPTURE_END_COUNT,
};

enum {
	CAPTURE_TEXT_BYTES = 4096,
	CAPTURE_ABOUT_BYTES = 256,
	CAPTURE_NAME_BYTES = 48,
};

struct capture_request {
	uint64_t kind;                   // enum capture_kind
	uint64_t wall_ns;                // when it was asked for; names the file
	uint64_t max_bytes, max_ns;      // of the file, from start to end
	char about[CAPTURE_ABOUT_BYTES]; // "call 1@x", for people
	// CAPTURE_CALL: the Call-ID. CAPTURE_USER: users and numbers. Each ended by NUL, all of
	// them by an empty one.
	char text[CAPTURE_TEXT_BYTES];
};

struct capture_status {
	uint64_t state;         // enum capture_state
	uint64_t end;           // enum capture_end
	uint64_t error;         // errno
	uint64_t kind;          // enum capture_kind
	uint64_t wall_ns;       // of its request
	uint64_t ended_wall_ns; // 0: runs
	uint64_t frames, bytes; // in the file
	uint64_t lost;          // matched, and the ring of their poll core was full
};

struct capture_box {
	uint64_t asked;                 // presence: rw, wire: ro; requests so far
	struct capture_request request; // presence: rw; wire: ro, while asked is ahead of answered
	uint64_t answered;              // wire: wo, presence: ro; requests done with
	struct capture_status status;   // wire: wo, presence: ro
};

// Presence. -EBUSY: the wire has not answered the last one yet.
int capture_box_ask(struct capture_box *box, const struct capture_request *request);
bool capture_box_waits(const struct capture_box *box);
// Numbers the wire may have made up, but no enum beyond its last.
void capture_box_status(const struct capture_box *box, struct capture_status *status);

// Wire. true: *request is one that was not answered yet, with its texts ended.
bool capture_box_take(const struct capture_box *box, struct capture_request *request);
void capture_box_tell(struct capture_box *box, const struct capture_status *status);
// The file is open and poll cores look, or it is closed: whatever was asked for is done.
void capture_box_answer(struct capture_box *box);

// The same for both, so that no name has to be believed: "capture-20260102T030405.678Z.pcapng".
void capture_file_name(uint64_t wall_ns, char name[CAPTURE_NAME_BYTES]);
