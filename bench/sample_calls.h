// SPDX-License-Identifier: Apache-2.0
// SIP as an SBC sees it, made up the same on every machine: whole calls, registrations and chatter
// of phones, gateways and servers in the manner of several vendors. Used by the bench programs and,
// as seeds for mutations, by tests.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sample {
	char *text; // len octets, not terminated
	uint32_t len;
};

struct sample_set {
	struct sample *samples;
	size_t count;
	size_t bytes;
};

// Messages of so many calls and what goes on beside them; about 14 a call. The caller frees them.
int sample_calls_make(struct sample_set *set, unsigned int calls);
// Takes a copy of the text. For loaders of other corpora.
int sample_add(struct sample_set *set, const char *text, size_t len);
void sample_set_fini(struct sample_set *set);
