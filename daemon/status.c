// SPDX-License-Identifier: Apache-2.0
#include "daemon/status.h"

#include "config/clock.h"
#include "config/metric.h"
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
#include "presence/registrar/registrar.h"
#include "presence/store/store.h"
#include "presence/worker.h"

#include <inttypes.h>

enum { STATUS_TARGETS = 16, SPAN_BYTES = 24 };

// Everything that is shown, taken once for either way of showing it.
struct status {
	struct presence *presence;
	const struct segment *segment;
	uint64_t now_ns;
	bool wire_up;
	struct calls_totals calls;
	size_t persons, busy;
	uint64_t publications, orphans, suspended;
	uint64_t p50_ns, p99_ns; // see metric_quantile_ns()
	const char *store;
	size_t backlog;
	struct registrar_status target[STATUS_TARGETS];
	size_t targets;
};

static const enum wire_counter status_counters[] = {
	WIRE_RX_FRAMES,    WIRE_TX_FRAMES, WIRE_TX_DROPPED, WIRE_SIP_MESSAGES, WIRE_SIP_PARSED,
	WIRE_SIP_REJECTED, WIRE_EVENTS,    WIRE_OVERFLOWED, WIRE_SHED_STARTS,  WIRE_SHED_UNKNOWN,
	WIRE_SHED_ENDS,    WIRE_TLS,       WIRE_TCP_TLS,
};

enum { STATUS_COUNTERS = sizeof(status_counters) / sizeof(status_counters[0]) };

static void status_take(struct status *status, struct presence *presence)
{
	static const char *const store_word[] = {"opening", "ready", "away", "fenced"};
	struct worker *worker = presence->worker;
	const struct metric *latency = metric_find("offhook_event_to_publish_seconds", NULL);

	*status = (struct status){
		.presence = presence,
		.segment = presence->options->segment,
		.now_ns = clock_mono_ns(),
		.persons = persons_count(worker_parts(worker)->persons),
		.busy = persons_busy(worker_parts(worker)->persons),
		.publications = metric_value("offhook_publications", NULL),
		.orphans = metric_value("offhook_publication_orphans", NULL),
		.suspended = metric_value("offhook_publication_suspended", NULL),
		.store = store_word[store_state(worker_parts(worker)->store)],
		.backlog = store_backlog(worker_parts(worker)->store),
	};
	status->wire_up = __atomic_load_n(&status->segment->wire_ready, __ATOMIC_ACQUIRE) != 0;
	calls_totals(worker_parts(worker)->calls, &status->calls);
	if (latency != NULL) {
		status->p50_ns = metric_quantile_ns(latency, 0.5);
		status->p99_ns = metric_quantile_ns(latency, 0.99);
	}
	status->targets = registrar_status(worker_parts(worker)->registrar, status->target,
					   STATUS_TARGETS);
}

static void half_json(struct json *json, const char *key, bool up, uint64_t starts, uint64_t age_ns)
{
	json_open(json, key, '{');
	json_bool(json, "up", up);
	json_number(json, "starts", starts);
	json_seconds(json, "age", age_ns);
	json_close(json, '}');
}

static void targets_json(const struct status *status, struct json *json)
{
	json_open(json, "registrar", '[');
	for (size_t i = 0; i < status->targets; i++) {
		const struct registrar_status *target = &status->target[i];

		json_open(json, NULL, '{');
		json_text(json, "target", target->target);
		json_text(json, "peer", target->peer);
		json_text(json, "state", target->state);
		json_number(json, "open", target->open);
		json_number(json, "queued", target->queued);
		json_number(json, "sent", target->sent);
		json_number(json, "answered", target->answered);
		json_number(json, "timeouts", target->timeouts);
		json_text(json, "last_error", target->last_error);
		json_close(json, '}');
	}
	json_close(json, ']');
}

// A quantile above the highest bucket has no number.
static void quantile_json(struct json *json, const char *key, uint64_t ns)
{
	if (ns == 0 || ns == UINT64_MAX)
		json_text(json, key, NULL);
	else
		json_seconds(json, key, ns);
}

static void reload_json(const struct status *status, struct json *json)
{
	if (status->presence->verdict == NULL) {
		json_text(json, "reload", NULL);
		return;
	}
	json_open(json, "reload", '{');
	json_text(json, "result", status->presence->verdict);
	json_seconds(json, "age", status->now_ns - status->presence->verdict_ns);
	json_close(json, '}');
}

static void status_json(const struct status *status, FILE *out)
{
	const struct segment *segment = status->segment;
	struct worker *worker = status->presence->worker;
	struct json json = {.out = out};

	json_open(&json, NULL, '{');
	json_text(&json, "version", OFFHOOK_VERSION);
	json_text(&json, "engine", worker_parts(worker)->settings->engine.name);
	json_seconds(&json, "age", status->now_ns - segment->engine_started_ns);
	half_json(&json, "wire_process", status->wire_up, segment->wire_starts,
		  status->now_ns - segment->wire_started_ns);
	half_json(&json, "presence_process", true, segment->presence_starts,
		  status->now_ns - segment->presence_started_ns);
	json_number(&json, "calls", status->calls.up);
	json_number(&json, "confirmed", status->calls.confirmed);
	json_number(&json, "learned", status->calls.learned);
	json_number(&json, "persons", status->persons);
	json_number(&json, "busy", status->busy);
	json_number(&json, "publications", status->publications);
	json_number(&json, "orphans", status->orphans);
	json_number(&json, "suspended", status->suspended);
	quantile_json(&json, "publish_delay_p50", status->p50_ns);
	quantile_json(&json, "publish_delay_p99", status->p99_ns);
	json_text(&json, "store", status->store);
	json_number(&json, "store_backlog", status->backlog);
	reload_json(status, &json);
	json_open(&json, "wire", '{');
	for (size_t i = 0; i < STATUS_COUNTERS; i++)
		json_number(&json, wire_counter_name(status_counters[i]),
			    wire_metrics_sum(segment, status_counters[i]));
	json_close(&json, '}');
	targets_json(status, &json);
	json_close(&json, '}');
	fputc('\n', out);
}

static const char *quantile_text(uint64_t ns, char out[SPAN_BYTES])
{
	if (ns == UINT64_MAX)
		return "over 1m";
	snprintf(out, SPAN_BYTES, "%g ms", (double)ns / NS_PER_MS);
	return out;
}

static void wire_text(const struct status *status, FILE *out)
{
	const struct segment *segment = status->segment;
	char span[SPAN_BYTES];

	fprintf(out, "wire       %s for %s, %u poll cores, started %" PRIu64 " times\n",
		status->wire_up ? "up" : "DOWN",
		view_span(status->now_ns - segment->wire_started_ns, span), segment_lcores(segment),
		segment->wire_starts);
	for (size_t i = 0; i < STATUS_COUNTERS; i++)
		fprintf(out, "           %-16s %" PRIu64 "\n",
			wire_counter_name(status_counters[i]),
			wire_metrics_sum(segment, status_counters[i]));
}

static void presence_text(const struct status *status, FILE *out)
{
	struct directory *directory = worker_parts(status->presence->worker)->directory;
	char span[SPAN_BYTES], other[SPAN_BYTES];

	fprintf(out, "presence   up for %s, started %" PRIu64 " times\n",
		view_span(status->now_ns - status->segment->presence_started_ns, span),
		status->segment->presence_starts);
	fprintf(out, "calls      %zu up, %" PRIu64 " answered, %" PRIu64 " learned\n",
		status->calls.up, status->calls.confirmed, status->calls.learned);
	fprintf(out, "persons    %zu on the phone, %zu with a call or a publication\n",
		status->busy, status->persons);
	fprintf(out, "published  %" PRIu64 ", %" PRIu64 " orphans, %" PRIu64 " persons suspended\n",
		status->publications, status->orphans, status->suspended);
	if (status->p50_ns != 0)
		fprintf(out, "delay      message to PUBLISH: p50 %s, p99 %s at most\n",
			quantile_text(status->p50_ns, span), quantile_text(status->p99_ns, other));
	fprintf(out, "directory  %zu persons, %zu numbers\n", directory_persons(directory),
		directory_numbers(directory));
	fprintf(out, "store      %s, %zu records waiting\n", status->store, status->backlog);
}

static void status_text(const struct status *status, FILE *out)
{
	char span[SPAN_BYTES];

	fprintf(out, "offhook %s, engine %s, up for %s\n", OFFHOOK_VERSION,
		worker_parts(status->presence->worker)->settings->engine.name,
		view_span(status->now_ns - status->segment->engine_started_ns, span));
	wire_text(status, out);
	presence_text(status, out);
	for (size_t i = 0; i < status->targets; i++) {
		const struct registrar_status *target = &status->target[i];

		fprintf(out,
			"registrar  %s %s (%s): %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64
			" timed out, %u open, %u queued%s%s\n",
			target->target, target->state, target->peer, target->sent, target->answered,
			target->timeouts, target->open, target->queued,
			target->last_error[0] != '\0' ? "; last error: " : "", target->last_error);
	}
	if (status->presence->verdict != NULL)
		fprintf(out, "reload     %s ago: %s\n",
			view_span(status->now_ns - status->presence->verdict_ns, span),
			status->presence->verdict);
}

void status_write(struct presence *presence, bool as_json, FILE *out)
{
	struct status status;

	status_take(&status, presence);
	if (as_json)
		status_json(&status, out);
	else
		status_text(&status, out);
}
