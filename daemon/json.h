// SPDX-License-Identifier: Apache-2.0
// JSON written as it goes, one value after another, into a stream. Knows where commas belong; the
// caller opens and closes. Text is escaped, and octets that are no UTF-8 become U+FFFD, because
// what it prints came from the wire.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma; // something stands before on this level
};

// key: NULL inside an array and at the top.
void json_open(struct json *json, const char *key, char bracket);     // '{' or '['
void json_close(struct json *json, char bracket);                     // '}' or ']'
void json_text(struct json *json, const char *key, const char *text); // NULL: null
void json_number(struct json *json, const char *key, uint64_t number);
void json_bool(struct json *json, const char *key, bool value);
// Seconds with six decimals, from nanoseconds.
void json_seconds(struct json *json, const char *key, uint64_t ns);
