// SPDX-License-Identifier: Apache-2.0
#include "daemon/wire_view.h"

#include "daemon/json.h"
#include "daemon/wire_metrics.h"
#include "link/segment.h"
#include "sip/msg.h"

#include <inttypes.h>

// What a counter that stands at 0 would only hide the others behind.
static bool is_shown(const struct segment *segment, int counter)
{
	return wire_metrics_sum(segment, (enum wire_counter)counter) > 0;
}

static void ports_text(const struct segment *segment, FILE *out)
{
	fprintf(out, "%-16s %4s %14s %12s %10s %10s %10s %14s %10s\n", "port", "link", "received",
		"missed", "no buffer", "errors", "too long", "sent", "not sent");
	for (uint32_t i = 0; i < segment->ports && i < SEGMENT_PORTS; i++) {
		const struct wire_port_counters *port = &segment->port[i];

		fprintf(out,
			"%-16.63s %4s %14" PRIu64 " %12" PRIu64 " %10" PRIu64 " %10" PRIu64
			" %10" PRIu64 " %14" PRIu64 " %10" PRIu64 "\n",
			port->name, port->link_up ? "up" : "DOWN", port->received, port->missed,
			port->no_buffer, port->errors, port->too_long, port->sent,
			port->send_errors);
	}
}

static void cores_text(const struct segment *segment, FILE *out)
{
	fprintf(out, "\n%-10s %12s %9s %9s %6s %10s %9s %10s %10s\n", "poll core", "events",
		"in ring", "at most", "of", "overflowed", "waiting", "at most", "shed");
	for (uint32_t i = 0; i < segment_lcores(segment); i++) {
		const struct wire_counters *counters = &segment->counters[i];

		fprintf(out,
			"%-10u %12" PRIu64 " %9u %9" PRIu64 " %6u %10" PRIu64 " %9" PRIu64
			" %10" PRIu64 " %10" PRIu64 "\n",
			i, counters->value[WIRE_EVENTS], wire_metrics_ring_waiting(segment, i),
			counters->ring_high_water, segment->ring_slots,
			counters->value[WIRE_OVERFLOWED], counters->overflow_waiting,
			counters->overflow_high_water,
			counters->value[WIRE_SHED_STARTS] + counters->value[WIRE_SHED_UNKNOWN] +
				counters->value[WIRE_SHED_ENDS]);
	}
}

static void counters_text(const struct segment *segment, FILE *out)
{
	fputc('\n', out);
	for (int i = 0; i < WIRE_COUNTER_COUNT; i++)
		if (is_shown(segment, i))
			fprintf(out, "%-24s %14" PRIu64 "  %s\n",
				wire_counter_name((enum wire_counter)i),
				wire_metrics_sum(segment, (enum wire_counter)i),
				wire_counter_help((enum wire_counter)i));
	for (unsigned int i = SIP_REJECT_NONE + 1; i < SIP_REJECT_COUNT; i++)
		if (wire_metrics_rejects(segment, i) > 0)
			fprintf(out, "%-24s %14" PRIu64 "  Not parsed: %s\n", "",
				wire_metrics_rejects(segment, i),
				sip_reject_name((enum sip_reject)i));
	fprintf(out, "\nblind ratio %.6f: of what looked like SIP, this share could not be read\n",
		wire_metrics_blind(segment));
}

static void ports_json(const struct segment *segment, struct json *json)
{
	json_open(json, "ports", '[');
	for (uint32_t i = 0; i < segment->ports && i < SEGMENT_PORTS; i++) {
		const struct wire_port_counters *port = &segment->port[i];
		char name[sizeof(port->name) + 1];

		snprintf(name, sizeof(name), "%.*s", (int)sizeof(port->name), port->name);
		json_open(json, NULL, '{');
		json_text(json, "name", name);
		json_bool(json, "link", port->link_up);
		json_number(json, "received", port->received);
		json_number(json, "missed", port->missed);
		json_number(json, "no_buffer", port->no_buffer);
		json_number(json, "errors", port->errors);
		json_number(json, "too_long", port->too_long);
		json_number(json, "sent", port->sent);
		json_number(json, "send_errors", port->send_errors);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void cores_json(const struct segment *segment, struct json *json)
{
	json_open(json, "lcores", '[');
	for (uint32_t i = 0; i < segment_lcores(segment); i++) {
		json_open(json, NULL, '{');
		json_number(json, "ring_slots", segment->ring_slots);
		json_number(json, "ring_waiting", wire_metrics_ring_waiting(segment, i));
		json_number(json, "ring_high_water", segment->counters[i].ring_high_water);
		json_number(json, "overflow_waiting", segment->counters[i].overflow_waiting);
		json_number(json, "overflow_high_water", segment->counters[i].overflow_high_water);
		for (int c = 0; c < WIRE_COUNTER_COUNT; c++)
			json_number(json, wire_counter_name((enum wire_counter)c),
				    segment->counters[i].value[c]);
		json_close(json, '}');
	}
	json_close(json, ']');
}

void wire_view_write(const struct segment *segment, bool as_json, FILE *out)
{
	struct json json = {.out = out};

	if (!as_json) {
		ports_text(segment, out);
		cores_text(segment, out);
		counters_text(segment, out);
		return;
	}
	json_open(&json, NULL, '{');
	ports_json(segment, &json);
	cores_json(segment, &json);
	json_open(&json, "rejected", '{');
	for (unsigned int i = SIP_REJECT_NONE + 1; i < SIP_REJECT_COUNT; i++)
		json_number(&json, sip_reject_name((enum sip_reject)i),
			    wire_metrics_rejects(segment, i));
	json_close(&json, '}');
	// Parts in a million, because JSON here has whole numbers and times only.
	json_number(&json, "blind_ppm", (uint64_t)(wire_metrics_blind(segment) * 1e6));
	json_close(&json, '}');
	fputc('\n', out);
}
