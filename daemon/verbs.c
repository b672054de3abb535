// SPDX-License-Identifier: Apache-2.0
#include "daemon/verbs.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "daemon/half.h"
#include "daemon/json.h"
#include "daemon/presence_half.h"
#include "daemon/views.h"
#include "daemon/wire_metrics.h"
#include "link/segment.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/person.h"
#include "presence/publication.h"
#include "presence/registrar/registrar.h"
#include "presence/store/store.h"
#include "presence/worker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_TARGETS = 16 };

static const char *store_word(const struct presence *presence)
{
	static const char *const word[] = {"opening", "ready", "away", "fenced"};

	return word[store_state(worker_store(presence->worker))];
}

static const enum wire_counter status_counters[] = {
	WIRE_RX_FRAMES,   WIRE_TX_FRAMES,    WIRE_TX_DROPPED, WIRE_SIP_MESSAGES,
	WIRE_SIP_PARSED,  WIRE_SIP_REJECTED, WIRE_EVENTS,     WIRE_OVERFLOWED,
	WIRE_SHED_STARTS, WIRE_SHED_ENDS,    WIRE_TLS,
};

static void status_json(struct presence *presence, const struct calls_totals *totals,
			const struct registrar_status *target, size_t targets, FILE *out)
{
	const struct segment *segment = presence->options->segment;
	struct json json = {.out = out};

	json_open(&json, NULL, '{');
	json_text(&json, "version", OFFHOOK_VERSION);
	json_text(&json, "engine", worker_settings(presence->worker)->engine.name);
	json_bool(&json, "wire_up", segment->wire_ready != 0);
	json_number(&json, "wire_starts", segment->wire_starts);
	json_number(&json, "calls", totals->up);
	json_number(&json, "confirmed", totals->confirmed);
	json_number(&json, "learned", totals->learned);
	json_number(&json, "persons", persons_count(worker_persons(presence->worker)));
	json_number(&json, "busy", persons_busy(worker_persons(presence->worker)));
	json_text(&json, "store", store_word(presence));
	json_number(&json, "store_backlog", store_backlog(worker_store(presence->worker)));
	json_open(&json, "wire", '{');
	for (size_t i = 0; i < sizeof(status_counters) / sizeof(status_counters[0]); i++)
		json_number(&json, wire_counter_name(status_counters[i]),
			    wire_metrics_sum(segment, status_counters[i]));
	json_close(&json, '}');
	json_open(&json, "registrar", '[');
	for (size_t i = 0; i < targets; i++) {
		json_open(&json, NULL, '{');
		json_text(&json, "target", target[i].target);
		json_text(&json, "peer", target[i].peer);
		json_text(&json, "state", target[i].state);
		json_number(&json, "open", target[i].open);
		json_number(&json, "queued", target[i].queued);
		json_number(&json, "sent", target[i].sent);
		json_number(&json, "answered", target[i].answered);
		json_number(&json, "timeouts", target[i].timeouts);
		json_text(&json, "last_error", target[i].last_error);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', out);
}

static void status_text(struct presence *presence, const struct calls_totals *totals,
			const struct registrar_status *target, size_t targets, FILE *out)
{
	const struct segment *segment = presence->options->segment;

	fprintf(out, "offhook %s, engine %s\n", OFFHOOK_VERSION,
		worker_settings(presence->worker)->engine.name);
	fprintf(out, "wire       %s, %u poll cores, started %" PRIu64 " times\n",
		segment->wire_ready != 0 ? "up" : "DOWN", segment->lcores, segment->wire_starts);
	for (size_t i = 0; i < sizeof(status_counters) / sizeof(status_counters[0]); i++)
		fprintf(out, "           %-16s %" PRIu64 "\n",
			wire_counter_name(status_counters[i]),
			wire_metrics_sum(segment, status_counters[i]));
	fprintf(out, "calls      %zu up, %" PRIu64 " answered, %" PRIu64 " learned\n", totals->up,
		totals->confirmed, totals->learned);
	fprintf(out, "persons    %zu on the phone, %zu with a call or a publication\n",
		persons_busy(worker_persons(presence->worker)),
		persons_count(worker_persons(presence->worker)));
	fprintf(out, "directory  %zu persons, %zu numbers\n",
		directory_persons(worker_directory(presence->worker)),
		directory_numbers(worker_directory(presence->worker)));
	fprintf(out, "store      %s, %zu records waiting\n", store_word(presence),
		store_backlog(worker_store(presence->worker)));
	for (size_t i = 0; i < targets; i++)
		fprintf(out,
			"registrar  %s %s (%s): %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64
			" timed out, %u open, %u queued%s%s\n",
			target[i].target, target[i].state, target[i].peer, target[i].sent,
			target[i].answered, target[i].timeouts, target[i].open, target[i].queued,
			target[i].last_error[0] != '\0' ? "; last error: " : "",
			target[i].last_error);
}

static void verb_status(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	struct registrar_status target[STATUS_TARGETS];
	size_t targets = registrar_status(worker_registrar(presence->worker), target,
					  STATUS_TARGETS);
	struct calls_totals totals;

	(void)argument;
	calls_totals(worker_calls(presence->worker), &totals);
	if (as_json)
		status_json(presence, &totals, target, targets, out);
	else
		status_text(presence, &totals, target, targets, out);
}

static void verb_clear(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	struct person *person = view_person_find(presence->worker, argument);
	struct json json = {.out = out};
	unsigned int calls;

	if (person == NULL) {
		view_unknown_person(argument, as_json, out);
		return;
	}
	log_warn("control", "clear", "person=%s", log_quote(person->aor));
	char *aor = strdup(person->aor);

	// The person may be freed with the last call; the publication keeps it until it is removed.
	publication_clear(worker_publications(presence->worker), person);
	calls = calls_clear(worker_calls(presence->worker), person);
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
	const char *text = report != NULL ? report
					  : "error: no answer from the supervisor; see the log\n";
	struct json json = {.out = out};

	(void)argument;
	if (as_json) {
		json_open(&json, NULL, '{');
		json_text(&json, "report", text);
		json_close(&json, '}');
		fputc('\n', out);
	} else {
		fputs(text, out);
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

static void verb_explain(struct presence *presence, const char *argument, bool as_json, FILE *out)
{
	view_explain(presence->worker, argument, as_json, out);
}

static const struct {
	const char *name;
	bool needs_argument;
	void (*answer)(struct presence *presence, const char *argument, bool as_json, FILE *out);
} verb_table[] = {
	{"status", false, verb_status},   {"calls", false, verb_calls},
	{"persons", false, verb_persons}, {"explain", true, verb_explain},
	{"clear", true, verb_clear},      {"reload", false, verb_reload},
};

bool verbs_answer(void *ctx, const char *verb, const char *argument, bool json, FILE *out)
{
	for (size_t i = 0; i < sizeof(verb_table) / sizeof(verb_table[0]); i++) {
		if (strcmp(verb, verb_table[i].name) != 0)
			continue;
		if (verb_table[i].needs_argument && argument[0] == '\0')
			fprintf(out, "error: %s whom? a user such as sip:john.doe@sfb.example\n",
				verb);
		else
			verb_table[i].answer(ctx, argument, json, out);
		return true;
	}
	return false;
}
