// SPDX-License-Identifier: Apache-2.0
// What becomes of one request: read, lost on purpose, told from a repeat, answered by the script,
// asked for credentials, judged, and how late its answer leaves. No sockets.
#pragma once

#include "bench/random.h"
#include "bench/registrar/answer.h"
#include "bench/registrar/challenge.h"
#include "bench/registrar/compositor.h"
#include "bench/registrar/cue.h"

struct service_options {
	struct compositor_options compositor;
	struct spread latency;
	double loss, mute, error; // probabilities: not seen; taken but not answered; refused
	uint16_t error_status;
	uint64_t seed;
	struct challenge challenge;
	const char *script;            // file; NULL: none
	unsigned int complaints_shown; // of each name, on standard error
};

struct reply {
	size_t len; // 0: nothing is sent
	uint64_t delay_ns;
	uint32_t person; // PEOPLE_NOBODY: of none
	uint16_t status;
	bool close;
};

struct service;

// NULL: said why on standard error.
struct service *service_new(const struct service_options *options);
void service_free(struct service *service);
struct compositor *service_compositor(struct service *service);
uint64_t service_repeats(const struct service *service);

// The answer is written to out, of ANSWER_BYTES.
void service_take(struct service *service, const char *bytes, size_t len,
		  const struct origin *origin, uint64_t now_ns, char *out, struct reply *reply);
// A stream that can't be followed.
void service_complain(struct service *service, enum complaint complaint, const char *bytes,
		      size_t len);
// Answers that service_take() delayed have to be told of when they leave.
void service_sent(struct service *service, uint32_t person);
