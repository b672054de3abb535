// SPDX-License-Identifier: Apache-2.0
// What a parser says of a message, as text that can be compared: method or status, Call-ID, tags,
// CSeq, branch of the topmost Via, user and host of From and To. libosip2's side is a file of its
// own, so that its headers and ours need not agree. Used by bench-parse and by the test that holds
// our parsers against libosip2.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FIELDS_BYTES = 16384 };

// Write one line a field. False: not accepted.
bool fields_fast(const char *buf, size_t len, char out[FIELDS_BYTES]);
bool fields_reference(const char *buf, size_t len, char out[FIELDS_BYTES]);
bool fields_osip(const char *buf, size_t len, char out[FIELDS_BYTES]);

// libosip2's parser needs this once.
void fields_osip_init(void);
// Parses and forgets: what is timed.
void fields_osip_parse(const char *buf, size_t len);

// For the two sides.
struct fields {
	char *text;
	size_t len;
};

void fields_put(struct fields *out, const char *name, const char *value, size_t len);
void fields_put_text(struct fields *out, const char *name, const char *text); // NULL: empty
void fields_put_number(struct fields *out, const char *name, unsigned long number);
// Methods that sip/msg.h doesn't name are "other".
void fields_put_method(struct fields *out, const char *method);
