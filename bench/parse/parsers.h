// SPDX-License-Identifier: Apache-2.0
// The parsers that are measured, each behind the same two calls; and beside them what no parser can
// be faster than, and the gate.
#pragma once

#include "bench/parse/fields.h"
#include "sip/line_index.h"

struct parser {
	const char *name;
	enum line_kernel kernel; // AUTO: of no matter
	bool is_parser;          // else a floor or the gate: it fills in no fields
	const char *missing;     // why this build or this machine can't have it; NULL: it has
	void (*init)(void);      // once; may be NULL
	// Finds all fields. False: not taken for a message. Whatever the answer, release() follows,
	// and both are what is timed.
	bool (*parse)(const char *buf, size_t len, struct fields *fields);
	void (*release)(void);
};

enum { PARSERS = 12 };

extern struct parser parsers[PARSERS];

// Fills in `missing` and calls init(). Only those whose name is in the list; NULL: all. -1 with the
// reason on stderr: an unknown name, or none is left.
int parsers_init(const char *only);
// Whether the machine can run it and the user wants it.
static inline bool parser_takes_part(const struct parser *parser)
{
	return parser->parse != NULL && parser->missing == NULL;
}
// Makes parse() the one of this row: the kernels of ours share it.
void parser_select(const struct parser *parser);

// One file each, none includes the header of another's library.
bool fast_parse(const char *buf, size_t len, struct fields *fields);
// Whether it takes the message for an unusual one and gives it to the reference parser.
bool fast_hands_on(const char *buf, size_t len);
bool reference_parse(const char *buf, size_t len, struct fields *fields);

void peer_osip_init(void);
bool peer_osip_parse(const char *buf, size_t len, struct fields *fields);
void peer_osip_release(void);

void peer_sofia_init(void);
bool peer_sofia_parse(const char *buf, size_t len, struct fields *fields);
void peer_sofia_release(void);

void peer_libre_init(void);
bool peer_libre_parse(const char *buf, size_t len, struct fields *fields);
void peer_libre_release(void);

bool floor_memcpy(const char *buf, size_t len, struct fields *fields);
bool floor_memchr(const char *buf, size_t len, struct fields *fields);
bool floor_loop(const char *buf, size_t len, struct fields *fields);
bool gate_parse(const char *buf, size_t len, struct fields *fields);
