// SPDX-License-Identifier: Apache-2.0
// The help desk's question: why is John shown on the phone? Answered with the calls, the messages,
// the tag and the deadlines behind it.
#include "daemon/views.h"

#include "config/clock.h"
#include "config/settings.h"
#include "daemon/json.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/journal.h"
#include "presence/person.h"
#include "presence/publication.h"
#include "presence/worker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void note_row(void *ctx, uint64_t wall_ns, const char *note)
{
	struct view *view = ctx;
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm utc;
	char stamp[32];

	view->rows++;
	if (view->as_json) {
		json_open(&view->json, NULL, '{');
		json_seconds(&view->json, "time", wall_ns);
		json_text(&view->json, "note", note);
		json_close(&view->json, '}');
		return;
	}
	if (view->rows == 1)
		fputs("what happened:\n", view->out);
	gmtime_r(&seconds, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &utc);
	fprintf(view->out, "  %s.%03u %s\n", stamp, (unsigned int)(wall_ns % NS_PER_S / NS_PER_MS),
		note);
}

static void explain_text(struct view *view, struct person *person,
			 const struct publication_view *publication)
{
	char span[24];

	if (person->busy_since_ns != 0)
		fprintf(view->out, "%s is on the phone, for %s, by %u calls:\n", person->aor,
			view_span(view->now_ns - person->busy_since_ns, span), person->calls);
	else
		fprintf(view->out, "%s is not on the phone.\n", person->aor);
	calls_of_person(worker_parts(view->worker)->calls, person, view_call_row, view);
	fprintf(view->out, "publication: %s", publication->state);
	if (publication->in_flight != NULL)
		fprintf(view->out, ", %s in flight", publication->in_flight);
	if (publication->etag != NULL)
		fprintf(view->out, ", tag %s", publication->etag);
	if (publication->expires_ns != 0)
		fprintf(view->out, ", expires in %s",
			view_left(publication->expires_ns, view->now_ns, span));
	if (publication->next_ns != 0)
		fprintf(view->out, ", next step in %s",
			view_left(publication->next_ns, view->now_ns, span));
	if (publication->suspended_until_ns > view->now_ns)
		fprintf(view->out, ", suspended for %s",
			view_left(publication->suspended_until_ns, view->now_ns, span));
	if (publication->orphan_until_ns > view->now_ns)
		fprintf(view->out, ", an unconfirmed one may stay for %s",
			view_left(publication->orphan_until_ns, view->now_ns, span));
	if (publication->last_error != NULL)
		fprintf(view->out, "; last error: %s", publication->last_error);
	fputc('\n', view->out);
	view->rows = 0; // its calls are told
	journal_each(worker_parts(view->worker)->journal, person->aor, note_row, view);
}

static void journal_json(struct view *view, const char *aor)
{
	json_open(&view->json, "journal", '[');
	journal_each(worker_parts(view->worker)->journal, aor, note_row, view);
	json_close(&view->json, ']');
}

static void explain_json(struct view *view, struct person *person,
			 const struct publication_view *publication)
{
	struct json *json = &view->json;

	json_open(json, NULL, '{');
	view_person_json(view, person);
	json_open(json, "call_list", '[');
	calls_of_person(worker_parts(view->worker)->calls, person, view_call_row, view);
	json_close(json, ']');
	view_publication_json(view, publication);
	journal_json(view, person->aor);
	json_close(json, '}');
	fputc('\n', view->out);
}

struct search {
	const char *name; // what was asked for, without a scheme
	struct person *found;
	bool known; // to the directory
	char aor[SETTINGS_TEXT];
};

// The whole address of record or its user part, in any case.
static void search_by_name(void *ctx, struct person *person)
{
	struct search *search = ctx;
	const char *colon = strchr(person->aor, ':');
	const char *name = colon != NULL ? colon + 1 : person->aor;
	size_t len = strlen(search->name);

	if (strncasecmp(name, search->name, len) == 0 && (name[len] == '\0' || name[len] == '@'))
		search->found = person;
}

static void search_by_number(void *ctx, uint64_t ticket, const struct directory_person *person)
{
	struct search *search = ctx;

	(void)ticket;
	search->known = person != NULL;
	if (search->known)
		snprintf(search->aor, sizeof(search->aor), "%s", person->aor);
}

// The address of record that `who` means, as far as the directory knows; else `who` itself. The
// directory is asked as if it had stood on the wire, a bare user or number at a host of no matter.
static void search_directory(struct worker *worker, const char *who, struct search *search)
{
	const char *colon = strchr(who, ':');
	char uri[SETTINGS_TEXT];

	search->name = colon != NULL ? colon + 1 : who;
	snprintf(uri, sizeof(uri), "%s%s%s", colon == NULL ? "sip:" : "", who,
		 colon == NULL && strchr(who, '@') == NULL ? "@host.invalid" : "");
	directory_find(worker_parts(worker)->directory, uri, strlen(uri), search_by_number, search,
		       0);
	if (search->aor[0] == '\0')
		snprintf(search->aor, sizeof(search->aor), "%s%s",
			 colon == NULL && strchr(who, '@') != NULL ? "sip:" : "", who);
}

static struct person *search_person(struct worker *worker, const char *who, struct search *search)
{
	search_directory(worker, who, search);
	search->found = person_find(worker_parts(worker)->persons, search->aor);
	if (search->found == NULL)
		persons_each(worker_parts(worker)->persons, search_by_name, search);
	return search->found;
}

struct person *view_person_find(struct worker *worker, const char *who)
{
	struct search search = {0};

	return search_person(worker, who, &search);
}

void view_user_aor(struct worker *worker, const char *who, char aor[SETTINGS_TEXT])
{
	struct search search = {0};
	const struct person *person = search_person(worker, who, &search);

	snprintf(aor, SETTINGS_TEXT, "%s", person != NULL ? person->aor : search.aor);
}

// What is said of a person that view_person_find() did not find.
void view_unknown_person(struct worker *worker, const char *who, bool as_json, FILE *out)
{
	struct view view = view_begin(worker, as_json, out);
	struct search search = {0};

	search_directory(worker, who, &search);
	if (as_json) {
		json_open(&view.json, NULL, '{');
		json_text(&view.json, "person", search.aor);
		json_text(&view.json, "state", "clear");
		json_number(&view.json, "calls", 0);
		json_text(&view.json, "publication", NULL);
		journal_json(&view, search.aor);
		json_close(&view.json, '}');
		fputc('\n', out);
		return;
	}
	fprintf(out, "%s has no call and no publication here%s.\n", search.aor,
		search.known ? "" : ", and the directory knows nobody of that name or number");
	journal_each(worker_parts(worker)->journal, search.aor, note_row, &view);
}

void view_explain(struct worker *worker, const char *who, bool as_json, FILE *out)
{
	struct view view = view_begin(worker, as_json, out);
	struct person *person = view_person_find(worker, who);
	struct publication_view publication;

	if (person == NULL) {
		view_unknown_person(worker, who, as_json, out);
		return;
	}
	publication_view(person, &publication);
	if (as_json)
		explain_json(&view, person, &publication);
	else
		explain_text(&view, person, &publication);
}
