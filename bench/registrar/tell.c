// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/tell.h"

#include "config/clock.h"

#include <inttypes.h>

static double seconds_of(uint64_t mono_ns)
{
	return (double)(clock_mono_to_wall(mono_ns) / 1000) * 1e-6;
}

// A name is a SIP URI without blanks, but what is quoted in it is the client's choice.
static void tell_name(struct part name, FILE *out)
{
	putc('"', out);
	for (uint32_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

void tell_counts(struct server *server, FILE *out)
{
	struct compositor *compositor = service_compositor(server_service(server));
	const struct compositor_counts *counts = compositor_counts(compositor);
	const struct people *people = compositor_people(compositor);
	uint64_t complaints = 0, wrong_tags = 0, busy_ns = 0, now_ns = clock_mono_ns();
	struct server_totals totals;

	compositor_expire(compositor, now_ns);
	server_totals(server, &totals);
	for (int i = 0; i < COMPLAINT_COUNT; i++) {
		complaints += counts->complaint[i];
		if (complaint_status((enum complaint)i) == 412)
			wrong_tags += counts->complaint[i];
	}
	for (uint32_t i = 0; i < people->count; i++)
		busy_ns += people_busy_ns(people, i, now_ns);
	fprintf(out,
		"{\"initial\": %" PRIu64 ", \"refresh\": %" PRIu64 ", \"modify\": %" PRIu64
		", \"removed\": %" PRIu64 ", \"expired\": %" PRIu64 ", \"refused\": %" PRIu64
		", \"repeats\": %" PRIu64 ", \"unknown_tag\": %" PRIu64
		", \"second_initial\": %" PRIu64 ", \"complaints\": %" PRIu64
		", \"persons_busy\": %" PRIu64 ", \"busy_s\": %.6f, \"connections\": %" PRIu64
		", \"waiting\": %" PRIu64 ", \"requests\": %" PRIu64 ", \"published\": %" PRIu64
		"}\n",
		counts->taken[WISH_INITIAL], counts->taken[WISH_REFRESH],
		counts->taken[WISH_MODIFY], counts->taken[WISH_REMOVE], counts->expired,
		counts->refused, service_repeats(server_service(server)), wrong_tags,
		counts->complaint[COMPLAINT_SECOND_INITIAL], complaints, people->busy,
		(double)busy_ns * 1e-9, totals.connections_now, totals.waiting, counts->requests,
		counts->published);
}

void tell_complaints(struct server *server, FILE *out)
{
	const struct compositor_counts *counts = compositor_counts(
		service_compositor(server_service(server)));
	const char *comma = "";

	putc('{', out);
	for (int i = COMPLAINT_NONE + 1; i < COMPLAINT_COUNT; i++) {
		if (counts->complaint[i] == 0)
			continue;
		fprintf(out, "%s\"%s\": %" PRIu64, comma, complaint_name((enum complaint)i),
			counts->complaint[i]);
		comma = ", ";
	}
	fputs("}\n", out);
}

void tell_persons(struct server *server, FILE *out)
{
	struct compositor *compositor = service_compositor(server_service(server));
	const struct people *people = compositor_people(compositor);
	uint64_t now_ns = clock_mono_ns();

	compositor_expire(compositor, now_ns);
	for (uint32_t i = 0; i < people->count; i++) {
		const struct presentity *person = &people->person[i];

		fputs("{\"person\": ", out);
		tell_name(people_name(people, i), out);
		fprintf(out, ", \"busy\": %s, \"busy_s\": %.6f, \"intervals\": %" PRIu32 "}\n",
			person->lights > 0 ? "true" : "false",
			(double)people_busy_ns(people, i, now_ns) * 1e-9, person->stretches);
	}
	fprintf(out, "{\"persons\": %" PRIu32 "}\n", people->count);
}

void tell_intervals(struct server *server, FILE *out)
{
	struct compositor *compositor = service_compositor(server_service(server));
	const struct people *people = compositor_people(compositor);
	uint64_t now_ns = clock_mono_ns(), count = 0;
	struct busy busy;

	compositor_expire(compositor, now_ns);
	for (size_t i = 0; people_stretch(people, i, now_ns, &busy); i++) {
		if (busy.person == PEOPLE_NOBODY)
			continue;
		count++;
		fputs("{\"person\": ", out);
		tell_name(people_name(people, busy.person), out);
		fprintf(out, ", \"from_s\": %.6f, \"to_s\": %.6f, \"end\": \"%s\"}\n",
			seconds_of(busy.from_ns), seconds_of(busy.to_ns), busy_end_name(busy.end));
	}
	fprintf(out, "{\"intervals\": %" PRIu64 "}\n", count);
}

void tell_intervals_csv(struct server *server, FILE *out)
{
	struct compositor *compositor = service_compositor(server_service(server));
	const struct people *people = compositor_people(compositor);
	uint64_t now_ns = clock_mono_ns();
	struct busy busy;

	compositor_expire(compositor, now_ns);
	fputs("person,from_s,to_s,end\n", out);
	for (size_t i = 0; people_stretch(people, i, now_ns, &busy); i++) {
		if (busy.person == PEOPLE_NOBODY)
			continue;
		tell_name(people_name(people, busy.person), out);
		fprintf(out, ",%.6f,%.6f,%s\n", seconds_of(busy.from_ns), seconds_of(busy.to_ns),
			busy_end_name(busy.end));
	}
}
