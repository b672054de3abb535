// SPDX-License-Identifier: Apache-2.0
#include "daemon/wire_view.h"

#include "daemon/json.h"
#include "daemon/wire_metrics.h"
#include "link/segment.h"
#include "sip/msg.h"

#include <inttypes.h>
#include <string.h>

// What a counter that stands at 0 would only hide the others behind.
static bool is_shown(const struct segment *segment, int counter)
{
	return wire_metrics_sum(segment, (enum wire_counter)counter) > 0;
}

// "no_buffer" -> "no buffer".
static void heading_text(const char *name, FILE *out)
{
	char text[32];

	snprintf(text, sizeof(text), "%s", name);
	for (char *at = text; (at = strchr(at, '_')) != NULL;)
		*at = ' ';
	fprintf(out, " %12s", text);
}

static void ports_text(const struct segment *segment, FILE *out)
{
	fprintf(out, "%-16s link", "port");
	for (int i = 0; i < WIRE_PORT_FIGURES; i++)
		heading_text(wire_port_figures[i].name, out);
	for (uint32_t port = 0; port < wire_metrics_ports(segment); port++) {
		fprintf(out, "\n%-16.63s %4s", segment->port[port].name,
			segment->port[port].link_up ? "up" : "DOWN");
		for (int i = 0; i < WIRE_PORT_FIGURES; i++)
			fprintf(out, " %12" PRIu64, wire_metrics_port(segment, port, i));
	}
	fputc('\n', out);
}

static void cores_text(const struct segment *segment, FILE *out)
{
	fprintf(out, "\n%-10s %12s %9s %9s %6s %10s %9s %10s %10s\n", "poll core", "events",
		"in ring", "at most", "of", "overflowed", "waiting", "at most", "shed");
	for (uint32_t i = 0; i < segment_lcores(segment); i++) {
		const uint64_t *value = segment->counters[i].value;

		fprintf(out,
			"%-10u %12" PRIu64 " %9" PRIu64 " %9" PRIu64 " %6" PRIu64 " %10" PRIu64
			" %9" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
			i, value[WIRE_EVENTS], wire_metrics_queue(segment, i, WIRE_QUEUE_WAITING),
			wire_metrics_queue(segment, i, WIRE_QUEUE_MOST),
			wire_metrics_queue(segment, i, WIRE_QUEUE_SLOTS), value[WIRE_OVERFLOWED],
			wire_metrics_queue(segment, i, WIRE_QUEUE_LIST),
			wire_metrics_queue(segment, i, WIRE_QUEUE_LIST_MOST),
			value[WIRE_SHED_STARTS] + value[WIRE_SHED_UNKNOWN] + value[WIRE_SHED_ENDS]);
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
	for (uint32_t port = 0; port < wire_metrics_ports(segment); port++) {
		const struct wire_port_counters *counters = &segment->port[port];
		char name[sizeof(counters->name) + 1];

		snprintf(name, sizeof(name), "%.*s", (int)sizeof(counters->name), counters->name);
		json_open(json, NULL, '{');
		json_text(json, "name", name);
		json_bool(json, "link", counters->link_up);
		for (int i = 0; i < WIRE_PORT_FIGURES; i++)
			json_number(json, wire_port_figures[i].name,
				    wire_metrics_port(segment, port, i));
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void cores_json(const struct segment *segment, struct json *json)
{
	json_open(json, "lcores", '[');
	for (uint32_t lcore = 0; lcore < segment_lcores(segment); lcore++) {
		json_open(json, NULL, '{');
		for (int i = 0; i < WIRE_QUEUE_FIGURES; i++)
			json_number(json, wire_queue_figures[i].name,
				    wire_metrics_queue(segment, lcore, i));
		for (int i = 0; i < WIRE_COUNTER_COUNT; i++)
			json_number(json, wire_counter_name((enum wire_counter)i),
				    segment->counters[lcore].value[i]);
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
