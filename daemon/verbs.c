// SPDX-License-Identifier: Apache-2.0
#include "daemon/verbs.h"

#include "config/log.h"
#include "daemon/capture_view.h"
#include "daemon/control.h"
#include "daemon/half.h"
#include "daemon/json.h"
#include "daemon/presence_half.h"
#include "daemon/reload.h"
#include "daemon/status.h"
#include "daemon/views.h"
#include "daemon/wire_view.h"
#include "presence/calls.h"
#include "presence/person.h"
#include "presence/publication.h"
#include "presence/worker.h"

#include <stdlib.h>
#include <string.h>

static void verb_status(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	(void)argument;
	status_write(presence, as_json, out);
}

static void verb_clear(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	struct person *person = view_person_find(presence->worker, argument);
	struct json json = {.out = out};
	unsigned int calls;

	if (person == NULL) {
		view_unknown_person(presence->worker, argument, as_json, out);
		return;
	}
	log_warn("control", "clear", "person=%s", log_quote(person->aor));
	char *aor = strdup(person->aor);

	// The person may be freed with the last call; the publication keeps it until it is removed.
	publication_clear(worker_parts(presence->worker)->publications, person);
	calls = calls_clear(worker_parts(presence->worker)->calls, person);
	if (as_json) {
		json_open(&json, NULL, '{');
		json_text(&json, "person", aor);
		json_number(&json, "calls_ended", calls);
		json_close(&json, '}');
		fputc('\n', out);
	} else {
		fprintf(out, "%s: %u calls forgotten; the publication is being removed\n",
			aor != NULL ? aor : "", calls);
	}
	free(aor);
}

static void verb_reload(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	char *report = presence_reload(presence);
	struct json json = {.out = out};

	(void)argument;
	if (report == NULL) {
		control_error(as_json, out, "no answer from the supervisor; see the log");
	} else if (presence->verdict == NULL || strcmp(presence->verdict, RELOAD_DONE) != 0) {
		control_error(as_json, out, "%s", report);
	} else if (as_json) {
		json_open(&json, NULL, '{');
		json_text(&json, "report", report);
		json_close(&json, '}');
		fputc('\n', out);
	} else {
		fprintf(out, "%s\n", report);
	}
	free(report);
}

static void verb_calls(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	(void)argument;
	view_calls(presence->worker, as_json, out);
}

static void verb_persons(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	(void)argument;
	view_persons(presence->worker, as_json, out);
}

static void verb_wire(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	(void)argument;
	wire_view_write(presence->options->segment, as_json, out);
}

static void verb_explain(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	view_explain(presence->worker, argument, as_json, out);
}

static void verb_capture(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	capture_view(presence, argument, as_json, out);
}

static const struct {
	const char *name;
	bool needs_argument;
	void (*answer)(struct presence *presence, const char *argument, bool as_json, FILE *out);
} verb_table[] = {
	{"status", false, verb_status},   {"calls", false, verb_calls},
	{"persons", false, verb_persons}, {"explain", true, verb_explain},
	{"clear", true, verb_clear},      {"reload", false, verb_reload},
	{"wire", false, verb_wire},       {"capture", false, verb_capture},
};

bool verbs_answer(void *ctx, const char *verb, const char *argument, bool json, FILE *out)
{
	for (size_t i = 0; i < sizeof(verb_table) / sizeof(verb_table[0]); i++) {
		if (strcmp(verb, verb_table[i].name) != 0)
			continue;
		if (verb_table[i].needs_argument && argument[0] == '\0')
			control_error(json, out, "%s whom? a user such as sip:john.doe@sfb.example",
				      verb);
		else
			verb_table[i].answer(ctx, argument, json, out);
		return true;
	}
	return false;
}
