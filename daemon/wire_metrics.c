// SPDX-License-Identifier: Apache-2.0
#include "daemon/wire_metrics.h"

#include "link/event_ring.h"
#include "link/segment.h"
#include "sip/msg.h"

#include <inttypes.h>

const struct wire_figure wire_port_figures[WIRE_PORT_FIGURES] = {
	{"received", "Frames that the port received"},
	{"missed", "Frames lost because nobody took them in time"},
	{"no_buffer", "Times the port found no packet buffer"},
	{"errors", "Frames received with errors"},
	{"too_long", "Of these, frames that were too long, where the driver counts them"},
	{"sent", "Frames that the port sent"},
	{"send_errors", "Frames that the port could not send"},
};

const struct wire_figure wire_queue_figures[WIRE_QUEUE_FIGURES] = {
	[WIRE_QUEUE_SLOTS] = {"ring_slots", "Events that the ring of a poll core holds"},
	[WIRE_QUEUE_WAITING] = {"ring_waiting", "Events in it now"},
	[WIRE_QUEUE_MOST] = {"ring_high_water", "The most there ever were"},
	[WIRE_QUEUE_LIST] = {"overflow_waiting", "Events that wait for room in the ring now"},
	[WIRE_QUEUE_LIST_MOST] = {"overflow_high_water", "The most there ever were"},
};

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

uint32_t wire_metrics_ports(const struct segment *segment)
{
	uint32_t ports = __atomic_load_n(&segment->ports, __ATOMIC_ACQUIRE);

	return ports < SEGMENT_PORTS ? ports : SEGMENT_PORTS;
}

uint64_t wire_metrics_port(const struct segment *segment, uint32_t port, int figure)
{
	const struct wire_port_counters *counters = &segment->port[port];
	const uint64_t *const value[WIRE_PORT_FIGURES] = {
		&counters->received, &counters->missed, &counters->no_buffer,   &counters->errors,
		&counters->too_long, &counters->sent,   &counters->send_errors,
	};

	return load(value[figure]);
}

uint64_t wire_metrics_queue(const struct segment *segment, uint32_t lcore, int figure)
{
	const struct event_ring *ring = segment_ring((struct segment *)segment, lcore);
	const struct wire_counters *counters = &segment->counters[lcore];

	switch (figure) {
	case WIRE_QUEUE_SLOTS: return segment->ring_slots;
	case WIRE_QUEUE_WAITING: return event_ring_count(ring);
	case WIRE_QUEUE_MOST: return load(&counters->ring_high_water);
	case WIRE_QUEUE_LIST: return load(&counters->overflow_waiting);
	case WIRE_QUEUE_LIST_MOST: return load(&counters->overflow_high_water);
	default: return 0;
	}
}

uint64_t wire_metrics_sum(const struct segment *segment, enum wire_counter counter)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < segment_lcores(segment); i++)
		sum += load(&segment->counters[i].value[counter]);
	return sum;
}

uint64_t wire_metrics_rejects(const struct segment *segment, unsigned int reject)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < segment_lcores(segment); i++)
		sum += load(&segment->counters[i].reject[reject]);
	return sum;
}

double wire_metrics_blind(const struct segment *segment)
{
	// Messages that never came as far as to be counted as such: of streams, and in HEP.
	static const enum wire_counter unseen[] = {WIRE_TCP_LOST, WIRE_HEP_OLD, WIRE_HEP_COMPRESSED,
						   WIRE_HEP_LOST};
	uint64_t lost = 0, all;

	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		lost += wire_metrics_sum(segment, unseen[i]);
	all = wire_metrics_sum(segment, WIRE_SIP_MESSAGES) + lost;
	lost += wire_metrics_sum(segment, WIRE_SIP_REJECTED);
	return all > 0 ? (double)lost / (double)all : 0;
}

static void write_lcores(const struct segment *segment, FILE *out)
{
	for (int counter = 0; counter < WIRE_COUNTER_COUNT; counter++) {
		const char *name = wire_counter_name((enum wire_counter)counter);
		char metric[64];
		size_t len = 0;

		for (; name[len] != '\0' && len < sizeof(metric) - 1; len++)
			metric[len] = name[len] == '-' ? '_' : name[len];
		metric[len] = '\0';
		fprintf(out, "# TYPE offhook_wire_%s counter\n# HELP offhook_wire_%s %s\n", metric,
			metric, wire_counter_help((enum wire_counter)counter));
		for (uint32_t i = 0; i < segment_lcores(segment); i++)
			fprintf(out, "offhook_wire_%s_total{lcore=\"%u\"} %" PRIu64 "\n", metric, i,
				load(&segment->counters[i].value[counter]));
	}
}

static void write_rejects(const struct segment *segment, FILE *out)
{
	fputs("# TYPE offhook_wire_reject counter\n"
	      "# HELP offhook_wire_reject SIP messages not parsed, by reason\n",
	      out);
	for (unsigned int reject = SIP_REJECT_NONE + 1; reject < SIP_REJECT_COUNT; reject++)
		fprintf(out, "offhook_wire_reject_total{reason=\"%s\"} %" PRIu64 "\n",
			sip_reject_name((enum sip_reject)reject),
			wire_metrics_rejects(segment, reject));
}

// What waits between wire and presence.
static void write_queues(const struct segment *segment, FILE *out)
{
	for (int i = 0; i < WIRE_QUEUE_FIGURES; i++) {
		const struct wire_figure *figure = &wire_queue_figures[i];

		fprintf(out, "# TYPE offhook_wire_%s gauge\n# HELP offhook_wire_%s %s\n",
			figure->name, figure->name, figure->help);
		for (uint32_t lcore = 0; lcore < segment_lcores(segment); lcore++)
			fprintf(out, "offhook_wire_%s{lcore=\"%u\"} %" PRIu64 "\n", figure->name,
				lcore, wire_metrics_queue(segment, lcore, i));
	}
}

static void write_ports(const struct segment *segment, FILE *out)
{
	for (int i = 0; i < WIRE_PORT_FIGURES; i++) {
		const struct wire_figure *figure = &wire_port_figures[i];

		fprintf(out, "# TYPE offhook_port_%s counter\n# HELP offhook_port_%s %s\n",
			figure->name, figure->name, figure->help);
		for (uint32_t port = 0; port < wire_metrics_ports(segment); port++)
			fprintf(out, "offhook_port_%s_total{port=\"%u\"} %" PRIu64 "\n",
				figure->name, port, wire_metrics_port(segment, port, i));
	}
}

static void write_starts(FILE *out, const char *half, const uint64_t *starts)
{
	fprintf(out,
		"# TYPE offhook_%s_starts counter\n# HELP offhook_%s_starts Starts of the %s "
		"process\n"
		"offhook_%s_starts_total %" PRIu64 "\n",
		half, half, half, half, load(starts));
}

void wire_metrics_write(const struct segment *segment, FILE *out)
{
	write_lcores(segment, out);
	write_rejects(segment, out);
	write_queues(segment, out);
	write_ports(segment, out);
	fprintf(out,
		"# TYPE offhook_wire_up gauge\n# HELP offhook_wire_up Ports are open and polled\n"
		"offhook_wire_up %u\n",
		__atomic_load_n(&segment->wire_ready, __ATOMIC_RELAXED));
	fprintf(out,
		"# TYPE offhook_blind_ratio gauge\n# HELP offhook_blind_ratio Share of what looked "
		"like SIP that could not be read\noffhook_blind_ratio %.9f\n",
		wire_metrics_blind(segment));
	write_starts(out, "wire", &segment->wire_starts);
	write_starts(out, "presence", &segment->presence_starts);
}
