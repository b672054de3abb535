// SPDX-License-Identifier: Apache-2.0
// Calls, persons, and the help desk's question "why is John shown on the phone?", written as text
// or JSON.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/settings.h"
#include "daemon/json.h"

struct call_view;
struct person;
struct publication_view;
struct worker;

void view_calls(struct worker *worker, bool as_json, FILE *out);
void view_persons(struct worker *worker, bool as_json, FILE *out);
void view_explain(struct worker *worker, const char *who, bool as_json, FILE *out);

// who: an address of record with or without its scheme, its user part alone, or a number that the
// directory knows. NULL: no call and no publication of such a person.
struct person *view_person_find(struct worker *worker, const char *who);
// The address of record that the same `who` means; of nobody known, `who` itself.
void view_user_aor(struct worker *worker, const char *who, char aor[SETTINGS_TEXT]);
// What is left to say of a person that view_person_find() did not find.
void view_unknown_person(struct worker *worker, const char *who, bool as_json, FILE *out);

// Shared by the views.
struct view {
	struct worker *worker;
	struct json json;
	bool as_json;
	FILE *out;
	uint64_t now_ns;
	uint64_t rows;
};

struct view view_begin(struct worker *worker, bool as_json, FILE *out);
// ctx: struct view. One call as a row or a JSON object.
void view_call_row(void *ctx, const struct call_view *call);
void view_person_json(struct view *view, const struct person *person); // members only
void view_publication_json(struct view *view, const struct publication_view *publication);
// "1h02m03s", for people; and the same until an instant.
const char *view_span(uint64_t ns, char out[24]);
const char *view_left(uint64_t until_ns, uint64_t now_ns, char out[24]);
