// SPDX-License-Identifier: Apache-2.0
// A record of the store as text: the hash field that names it and the value behind it. One byte of
// format, then each field as a netstring-like `<length>:<octets>`, so that an address, a display
// name or an entity-tag may hold any octet but NUL. Readable in redis-cli:
//   field sip:john@sfb.example   value 1|4:John6:tag-4219:17000000000000000001:1
// What is read back was written by whoever can write to the store, and is checked like any input.
#pragma once

#include <stddef.h>

#include "presence/store/store.h"

enum record_kind { RECORD_NONE, RECORD_PUBLICATION, RECORD_CALL, RECORD_KIND_COUNT };

enum {
	RECORD_FIELD_BYTES = STORE_TEXT, // a person, or 66 octets of a dialog key
	// Three texts of up to 255 octets, five numbers of up to 20 digits and the addresses of
	// media, with their lengths.
	RECORD_VALUE_BYTES = 1536,
};

// A piece of text in the store's or the caller's memory; not terminated.
struct record_text {
	const char *data;
	size_t len;
};

// Write into `out` (RECORD_FIELD_BYTES, RECORD_VALUE_BYTES) and return the octets used, without a
// terminator. A person's field may be empty: such a record can't be stored.
size_t record_publication_field(const char *person, char *out);
size_t record_publication_value(const struct store_publication *record, char *out);
size_t record_call_field(struct siphash128 call_key, uint64_t caller_tag, uint64_t callee_tag,
			 char *out);
size_t record_call_value(const struct store_call *record, char *out);

// 0; -EINVAL: not a record; -EPROTONOSUPPORT: of a newer format. *out is defined only on 0.
int record_publication_parse(struct record_text field, struct record_text value,
			     struct store_publication *out);
int record_call_parse(struct record_text field, struct record_text value, struct store_call *out);
