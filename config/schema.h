// SPDX-License-Identifier: Apache-2.0
// The table of all keys: where each is in the file and in struct settings, what it may be, what it
// is by default, and whether a reload changes it. Loading, printing, comparing and applying all go
// through this table; a new setting is a member of struct settings, a row here and a line in
// offhook.yaml.sample, and a test holds the three together.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schema_type {
	SCHEMA_NONE,
	SCHEMA_TEXT,     // settings_text
	SCHEMA_BOOL,     // bool
	SCHEMA_UNSIGNED, // unsigned int
	SCHEMA_COUNT,    // uint64_t
	SCHEMA_NUMBER,   // double, whole in the file
	SCHEMA_DURATION, // uint64_t, ns
	SCHEMA_SIZE,     // uint64_t, octets
	SCHEMA_RATE,     // double, a second
	SCHEMA_WORD,     // int or enum
	SCHEMA_CORES,    // uint64_t, bit mask
	SCHEMA_NUMBERS,  // array of unsigned int and its count
	SCHEMA_TEXTS,    // array of settings_text and its count
	SCHEMA_WORDS,    // array of enum, ended by the first 0
	SCHEMA_RULES,    // array of struct settings_rule and its count
};

// What a text must look like.
enum schema_form {
	FORM_ANY,
	FORM_NAME,     // letters, digits, - and _
	FORM_ACCOUNT,  // of a user or group
	FORM_PATH,     // from the root
	FORM_FILE,     // from the root, or from the folder that the settings file is in
	FORM_PROGRAM,  // name or path from the root
	FORM_PORT,     // of the data plane
	FORM_USER,     // number or user, not empty, no space
	FORM_PREFIX,   // of addresses
	FORM_DOMAIN,   // host name
	FORM_TARGET,   // registrar: SIP URI without a user
	FORM_ENDPOINT, // address:port
	FORM_ENDPOINT_OR_OFF,
	FORM_TOKEN,  // RFC 3261 25.1 token
	FORM_STORE,  // URL of the store
	FORM_SECRET, // reference to one
};

enum schema_flag {
	SCHEMA_LIVE = 1 << 0,
	SCHEMA_OR_ZERO = 1 << 1, // 0 (off) besides the range
	SCHEMA_OR_ONE = 1 << 2,  // a list of one may be written without brackets
	SCHEMA_POWER_OF_TWO = 1 << 3,
	SCHEMA_REPEATS = 1 << 4,   // a list in which the same may come twice
	SCHEMA_NOT_EMPTY = 1 << 5, // a list with at least one
};

struct schema_word {
	const char *word; // NULL ends the table
	int value;
};

struct schema_key {
	const char *path;
	enum schema_type type;
	unsigned int flags; // enum schema_flag
	enum schema_form form;
	size_t offset, size;  // of the member
	size_t count_offset;  // of an array's count, which is an unsigned int; 0: none
	unsigned int items;   // an array's room
	uint64_t least, most; // in the member's unit; a rate is above 0
	const struct schema_word *words;
	const char *fallback; // the default, as in the file; items of a list separated by commas
};

extern const struct schema_key schema_keys[];
extern const unsigned int schema_key_count;

const struct schema_key *schema_find(const char *path);
bool schema_is_section(const char *path);
// What somebody who wrote `name` in `section` ("" for the top) may have meant, or NULL: the first
// *len characters of the path of the key returned, which are a section's when that is nearer.
const struct schema_key *schema_nearest(const char *section, const char *name, size_t *len);
