// SPDX-License-Identifier: Apache-2.0
// A million different INVITEs and BYEs a second, and real calls that come and go between them:
// through net_memif, poll core, ring and calls. Right is a call whose two parties became busy once,
// by its answer, and free once, by its BYE.
#include "bench/figure.h"
#include "bench/flood/flood_engine.h"
#include "bench/flood/flood_traffic.h"
#include "bench/wire/generator.h"
#include "bench/wire/host.h"
#include "bench/wire/traffic.h"
#include "link/segment.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	RING_SLOTS = 4096,
	STEP_US = 10000,
	START_STEPS = 1000,
	DRAIN_STEPS = 3000,
	QUIET_STEPS = 20
};

struct options {
	double packets_per_s, seconds;
	unsigned int calls;
};

static const char usage_text[] =
	"usage: bench-flood [--json] [--rate PACKETS_PER_S] [--seconds N] [--calls N]\n";

static bool parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'},
		{"rate", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 's'},
		{"calls", required_argument, NULL, 'c'},
		{0},
	};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (option) {
		case 'j': figure_init(true); break;
		case 'r': options->packets_per_s = strtod(optarg, NULL); break;
		case 's': options->seconds = strtod(optarg, NULL); break;
		case 'c': options->calls = (unsigned int)strtoul(optarg, NULL, 10); break;
		default: return false;
		}
	}
	return optind == argc && options->packets_per_s >= 1000 && options->seconds > 0 &&
	       options->calls >= 1 && options->calls <= FLOOD_CALLS_MAX &&
	       options->packets_per_s * options->seconds > options->calls * 10.0;
}

static uint64_t counter(const struct segment *segment, enum wire_counter which)
{
	return __atomic_load_n(&segment->counters[0].value[which], __ATOMIC_RELAXED);
}

static bool await_ready(const struct segment *segment, pid_t engine)
{
	for (int i = 0; i < START_STEPS; i++) {
		if (__atomic_load_n(&segment->wire_ready, __ATOMIC_ACQUIRE))
			return true;
		if (waitpid(engine, NULL, WNOHANG) == engine)
			break;
		usleep(STEP_US);
	}
	fprintf(stderr, "bench-flood: the engine does not start\n");
	return false;
}

// Until nothing has come out of the ring for a while.
static void await_drained(const struct flood_engine *flood)
{
	uint64_t before = 0;

	for (int i = 0, quiet = 0; i < DRAIN_STEPS && quiet < QUIET_STEPS; i++) {
		uint64_t events = __atomic_load_n(&flood->events, __ATOMIC_RELAXED);
		quiet = events == before && __atomic_load_n(&flood->idle, __ATOMIC_RELAXED)
				? quiet + 1
				: 0;
		before = events;
		usleep(STEP_US);
	}
}

// Of two for each call.
static unsigned int right_transitions(const struct flood_engine *flood)
{
	unsigned int right = 0;

	for (unsigned int i = 0; i < flood->calls; i++) {
		bool starts = true, ends = true;
		for (unsigned int party = 2 * i; party < 2 * i + 2; party++) {
			starts &= flood->party[party].starts == 1 && !flood->party[party].wrong;
			ends &= flood->party[party].ends == 1 && !flood->party[party].wrong;
		}
		right += starts + ends;
	}
	return right;
}

static uint64_t print(const struct options *options, const struct flood_engine *flood,
		      const struct segment *segment, const struct generator_report *report)
{
	unsigned int right = right_transitions(flood), wrong = 2 * options->calls - right;

	figure_begin("bench-flood");
	figure_word("case", "flood");
	figure_count("event_ns", flood->event_ns);
	figure_value("packets_per_s", (double)report->sent / report->seconds);
	figure_count("packets", report->sent);
	figure_value("packets_unseen",
		     (double)report->sent - (double)counter(segment, WIRE_RX_FRAMES));
	figure_count("transitions_right", right);
	figure_count("transitions_wrong", wrong + flood->others);
	figure_count("events", flood->events);
	figure_count("overflowed", counter(segment, WIRE_OVERFLOWED));
	figure_count("shed_starts", counter(segment, WIRE_SHED_STARTS));
	figure_count("shed_unknown", counter(segment, WIRE_SHED_UNKNOWN));
	figure_count("shed_ends", counter(segment, WIRE_SHED_ENDS));
	figure_end();
	return wrong + flood->others;
}

static int run(const struct options *options, const struct host *host, uint64_t event_ns)
{
	uint64_t frames = (uint64_t)(options->packets_per_s * options->seconds);
	struct flood_engine *flood = mmap(NULL, sizeof(*flood), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct generator_report report = {0};
	struct traffic traffic;
	int segment_fd, rc = EXIT_FAILURE;

	if (flood == MAP_FAILED || flood_traffic_make(&traffic, options->calls, frames) != 0)
		return EXIT_FAILURE;
	flood->calls = options->calls;
	flood->event_ns = event_ns;
	struct segment *segment = segment_create(1, RING_SLOTS, &segment_fd);
	struct generator *generator = segment ? generator_start(&traffic, host) : NULL;
	if (!generator)
		return EXIT_FAILURE;
	pid_t engine = fork();
	if (engine == 0) {
		host_join();
		_exit(flood_engine_main(flood, segment, generator_device(generator, 0), host));
	}
	if (engine > 0 && await_ready(segment, engine)) {
		generator_begin(generator,
				&(struct generator_order){.packets_per_s = options->packets_per_s,
							  .frames = frames,
							  .patient = true});
		generator_wait(generator, &report);
		await_drained(flood);
		rc = print(options, flood, segment, &report) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (engine > 0) {
		kill(engine, SIGKILL);
		waitpid(engine, NULL, 0);
	}
	generator_end(generator);
	segment_unmap(segment);
	close(segment_fd);
	traffic_fini(&traffic);
	munmap(flood, sizeof(*flood));
	return rc;
}

int main(int argc, char **argv)
{
	// Presence as it is, and one that can't follow by far, so that ring and list are full.
	static const uint64_t event_ns[] = {0, 5000};
	struct options options = {.packets_per_s = 1e6, .seconds = 10, .calls = 1000};
	int rc = EXIT_SUCCESS;
	struct host host;

	if (!parse(&options, argc, argv)) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (host_prepare(&host, true) != 0)
		return EXIT_FAILURE;
	for (int i = 0; i < 2 && rc == EXIT_SUCCESS; i++)
		rc = run(&options, &host, event_ns[i]);
	host_restore(&host);
	return rc;
}
