// SPDX-License-Identifier: Apache-2.0
#include "daemon/views.h"

#include "config/clock.h"
#include "daemon/json.h"
#include "presence/calls.h"
#include "presence/person.h"
#include "presence/publication.h"
#include "presence/worker.h"

static const char *or_dash(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : "-";
}

// "1h02m03s", for people.
const char *view_span(uint64_t ns, char out[24])
{
	uint64_t s = ns / NS_PER_S;

	if (s >= 3600)
		snprintf(out, 24, "%lluh%02llum%02llus", (unsigned long long)(s / 3600),
			 (unsigned long long)(s / 60 % 60), (unsigned long long)(s % 60));
	else if (s >= 60)
		snprintf(out, 24, "%llum%02llus", (unsigned long long)(s / 60),
			 (unsigned long long)(s % 60));
	else
		snprintf(out, 24, "%llus", (unsigned long long)s);
	return out;
}

const char *view_left(uint64_t until_ns, uint64_t now_ns, char out[24])
{
	return until_ns > now_ns ? view_span(until_ns - now_ns, out) : "now";
}

static void call_json(struct view *view, const struct call_view *call)
{
	struct json *json = &view->json;

	json_open(json, NULL, '{');
	json_text(json, "call_id", call->call_id);
	json_text(json, "caller", call->caller);
	json_text(json, "callee", call->callee);
	json_text(json, "state", call_state_name(call->state));
	json_text(json, "cause", person_cause_name(call->cause));
	json_seconds(json, "started", clock_mono_to_wall(call->start_ns));
	json_seconds(json, "age", view->now_ns - call->start_ns);
	if (call->deadline_ns != 0) {
		json_seconds(json, "deadline", clock_mono_to_wall(call->deadline_ns));
		json_text(json, "deadline_why", call->deadline_why);
	}
	if (call->has_media) {
		json_bool(json, "on_hold", call->on_hold);
		json_bool(json, "media_seen", call->media_ns != 0);
	}
	if (call->media_ns != 0)
		json_seconds(json, "media_last", clock_mono_to_wall(call->media_ns));
	json_close(json, '}');
}

// Nothing of a call whose messages said nothing.
static void media_text(struct view *view, const struct call_view *call)
{
	char age[24];

	if (!call->has_media)
		return;
	if (call->on_hold)
		fputs(", on hold", view->out);
	if (call->media_ns != 0)
		fprintf(view->out, ", media %s ago",
			view_span(view->now_ns > call->media_ns ? view->now_ns - call->media_ns : 0,
				  age));
	else
		fputs(", no media seen", view->out);
}

void view_call_row(void *ctx, const struct call_view *call)
{
	struct view *view = ctx;
	char age[24], left[24];

	view->rows++;
	if (view->as_json) {
		call_json(view, call);
		return;
	}
	fprintf(view->out, "%-7s %8s  %s -> %s  %s (%s)", call_state_name(call->state),
		view_span(view->now_ns - call->start_ns, age), or_dash(call->caller),
		or_dash(call->callee), or_dash(call->call_id), person_cause_name(call->cause));
	media_text(view, call);
	if (call->deadline_ns != 0)
		fprintf(view->out, ", given up in %s: %s",
			view_left(call->deadline_ns, view->now_ns, left),
			or_dash(call->deadline_why));
	fputc('\n', view->out);
}

struct view view_begin(struct worker *worker, bool as_json, FILE *out)
{
	return (struct view){.worker = worker,
			     .json = {.out = out},
			     .as_json = as_json,
			     .out = out,
			     .now_ns = clock_mono_ns()};
}

void view_calls(struct worker *worker, bool as_json, FILE *out)
{
	struct view view = view_begin(worker, as_json, out);

	if (as_json)
		json_open(&view.json, NULL, '[');
	calls_each(worker_parts(worker)->calls, view_call_row, &view);
	if (as_json)
		json_close(&view.json, ']');
	else if (view.rows == 0)
		fputs("no calls", out);
	if (as_json || view.rows == 0)
		fputc('\n', out);
}

void view_publication_json(struct view *view, const struct publication_view *publication)
{
	struct json *json = &view->json;

	json_open(json, "publication", '{');
	json_bool(json, "desired", publication->desired);
	json_text(json, "state", publication->state);
	json_text(json, "in_flight", publication->in_flight);
	json_text(json, "etag", publication->etag);
	if (publication->expires_ns != 0)
		json_seconds(json, "expires", clock_mono_to_wall(publication->expires_ns));
	if (publication->next_ns != 0)
		json_seconds(json, "next", clock_mono_to_wall(publication->next_ns));
	if (publication->suspended_until_ns != 0)
		json_seconds(json, "suspended_until",
			     clock_mono_to_wall(publication->suspended_until_ns));
	if (publication->orphan_until_ns != 0)
		json_seconds(json, "orphan_until",
			     clock_mono_to_wall(publication->orphan_until_ns));
	json_number(json, "last_status", publication->last_status);
	json_text(json, "last_error", publication->last_error);
	json_close(json, '}');
}

void view_person_json(struct view *view, const struct person *person)
{
	struct json *json = &view->json;

	json_text(json, "person", person->aor);
	json_text(json, "display", person->display);
	json_text(json, "state", person->busy_since_ns != 0 ? "on-the-phone" : "clear");
	json_number(json, "calls", person->calls);
	if (person->busy_since_ns != 0)
		json_seconds(json, "since", clock_mono_to_wall(person->busy_since_ns));
}

static void person_row(void *ctx, struct person *person)
{
	struct view *view = ctx;
	struct publication_view publication;
	char age[24], left[24];

	view->rows++;
	publication_view(person, &publication);
	if (view->as_json) {
		json_open(&view->json, NULL, '{');
		view_person_json(view, person);
		view_publication_json(view, &publication);
		json_close(&view->json, '}');
		return;
	}
	fprintf(view->out, "%-12s %8s  %s  calls %u, %s%s%s",
		person->busy_since_ns != 0 ? "on-the-phone" : "clear",
		person->busy_since_ns != 0 ? view_span(view->now_ns - person->busy_since_ns, age)
					   : "",
		person->aor, person->calls, publication.state,
		publication.etag != NULL ? ", tag " : "",
		publication.etag != NULL ? publication.etag : "");
	if (publication.expires_ns != 0)
		fprintf(view->out, ", expires in %s",
			view_left(publication.expires_ns, view->now_ns, left));
	fputc('\n', view->out);
}

void view_persons(struct worker *worker, bool as_json, FILE *out)
{
	struct view view = view_begin(worker, as_json, out);

	if (as_json)
		json_open(&view.json, NULL, '[');
	persons_each(worker_parts(worker)->persons, person_row, &view);
	if (as_json)
		json_close(&view.json, ']');
	else if (view.rows == 0)
		fputs("nobody is on the phone and nothing is published", out);
	if (as_json || view.rows == 0)
		fputc('\n', out);
}
