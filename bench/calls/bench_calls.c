// SPDX-License-Identifier: Apache-2.0
// Calls on the wire, through the engine, to the registrar: how long it takes, how many a second it
// takes, what it costs, and whether it is right. The method is in bench/README.md.
#include "bench/calls/case.h"
#include "bench/figure.h"
#include "bench/scratch.h"
#include "config/log.h"
#include "config/units.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: bench-calls [OPTION ...]\n"
	"  --case LIST      of latency, sustained, cpu, mixed, memory (all)\n"
	"  --json           one object a line\n"
	"  --rate N         calls a second (latency 1000, cpu 5000, mixed 500)\n"
	"  --seconds N      of calls in a repetition (4)\n"
	"  --repetitions N  (3)\n"
	"  --hold TIME      how long calls last: 1s, 1s-3s, exp:1s, log:1s (500ms-1500ms)\n"
	"  --ring TIME      before they are answered (20ms-100ms)\n"
	"  --mix LIST       KIND=SHARE by comma, of answered, repeated, cancelled, busy, forked,\n"
	"                   transfer, attended, lost-bye\n"
	"  --overlap SHARE  of calls whose parties may be on the phone already (0; mixed 0.2)\n"
	"  --persons N      (as many as the calls need)\n"
	"  --calls-up N     calls that are up beside those measured (0)\n"
	"  --memory LIST    calls, and persons, of the case memory (100000)\n"
	"  --limit TIME     p99 that the case sustained must keep (10ms)\n"
	"  --registrar-latency TIME  before it answers (0)\n"
	"  --transport T    of PUBLISH: tcp, udp, tls (tcp)\n"
	"  --store URL      as in the settings (embedded)\n"
	"  --poll P         adaptive, always: of the worker (latency: always, else adaptive)\n"
	"  --cpus W,O       of the worker, and of everything else (0,1)\n"
	"  --seed N         (1)\n";

static const struct {
	const char *name;
	int (*run)(const struct plan *plan);
} cases[] = {
	{"latency", case_latency}, {"sustained", case_sustained}, {"cpu", case_cpu},
	{"mixed", case_mixed},     {"memory", case_memory},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static bool mix_read(struct plan *plan, char *text)
{
	plan->has_mix = true;
	for (char *item = strtok(text, ","); item != NULL; item = strtok(NULL, ",")) {
		char *equals = strchr(item, '='), *end;
		int kind = 0;

		if (equals == NULL)
			return false;
		*equals = '\0';
		while (kind < SCENE_STANDING && strcmp(scenes[kind].name, item) != 0)
			kind++;
		if (kind == SCENE_STANDING)
			return false;
		plan->mix[kind] = strtod(equals + 1, &end);
		if (*end != '\0' || plan->mix[kind] < 0)
			return false;
	}
	return true;
}

static bool cases_read(char *text, bool wanted[CASES])
{
	memset(wanted, 0, CASES * sizeof(wanted[0]));
	for (char *item = strtok(text, ","); item != NULL; item = strtok(NULL, ",")) {
		int i = 0;

		while (i < CASES && strcmp(cases[i].name, item) != 0)
			i++;
		if (i == CASES)
			return false;
		wanted[i] = true;
	}
	return true;
}

static bool number_read(const char *text, uint64_t least, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, 10);
	return end != text && *end == '\0' && *number >= least;
}

static bool memory_read(struct plan *plan, char *text)
{
	plan->memories = 0;
	for (char *item = strtok(text, ","); item != NULL; item = strtok(NULL, ",")) {
		uint64_t *memory = &plan->memory[plan->memories];

		if (plan->memories == PLAN_MEMORIES || !number_read(item, 100, memory) ||
		    *memory >= 9000000)
			return false;
		plan->memories++;
	}
	return plan->memories > 0;
}

static bool option_take(struct plan *plan, int option, char *text, bool wanted[CASES])
{
	uint64_t number;
	char *end = text;

	switch (option) {
	case 'c': return cases_read(text, wanted);
	case 'j': return plan->as_json = true;
	case 'r': plan->rate = strtod(text, &end); return plan->rate > 0 && *end == '\0';
	case 's': return number_read(text, 1, &plan->seconds);
	case 'n':
		if (!number_read(text, 1, &number) || number > 32)
			return false;
		plan->repetitions = (unsigned int)number;
		return true;
	case 'h': return spread_parse(text, &plan->hold) == 0;
	case 'R': return spread_parse(text, &plan->ring) == 0;
	case 'm': return mix_read(plan, text);
	case 'o':
		plan->overlap = strtod(text, &end);
		return plan->overlap >= 0 && plan->overlap <= 1 && *end == '\0';
	// Seven digits name a person.
	case 'p': return number_read(text, 8, &plan->persons) && plan->persons < 10000000;
	case 'u': return number_read(text, 0, &plan->calls_up) && plan->calls_up < 4000000;
	case 'M': return memory_read(plan, text);
	case 'l': return units_duration_ns(text, &plan->limit_ns) == 0;
	case 'L': return spread_parse(text, &plan->registrar_latency) == 0;
	case 't':
		plan->transport = text;
		return strcmp(text, "tcp") == 0 || strcmp(text, "udp") == 0 ||
		       strcmp(text, "tls") == 0;
	case 'S': plan->store = text; return true;
	case 'P':
		plan->poll = strcmp(text, "always") == 0 ? POLL_ALWAYS : POLL_ADAPTIVE;
		return plan->poll == POLL_ALWAYS || strcmp(text, "adaptive") == 0;
	case 'C': return sscanf(text, "%d,%d", &plan->worker_cpu, &plan->world_cpu) == 2;
	case 'e': return number_read(text, 0, &plan->seed);
	default: return false;
	}
}

static bool options_read(struct plan *plan, int argc, char **argv, bool wanted[CASES])
{
	static const struct option options[] = {
		{"case", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"rate", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 's'},
		{"repetitions", required_argument, NULL, 'n'},
		{"hold", required_argument, NULL, 'h'},
		{"ring", required_argument, NULL, 'R'},
		{"mix", required_argument, NULL, 'm'},
		{"overlap", required_argument, NULL, 'o'},
		{"persons", required_argument, NULL, 'p'},
		{"calls-up", required_argument, NULL, 'u'},
		{"memory", required_argument, NULL, 'M'},
		{"limit", required_argument, NULL, 'l'},
		{"registrar-latency", required_argument, NULL, 'L'},
		{"transport", required_argument, NULL, 't'},
		{"store", required_argument, NULL, 'S'},
		{"poll", required_argument, NULL, 'P'},
		{"cpus", required_argument, NULL, 'C'},
		{"seed", required_argument, NULL, 'e'},
		{NULL, 0, NULL, 0},
	};

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (!option_take(plan, option, optarg, wanted))
			return false;
	return optind == argc;
}

// On one CPU everything shares it, and figures say little.
static void cpus_choose(struct plan *plan)
{
	cpu_set_t set;
	int found = 0;

	if (plan->worker_cpu >= 0 || sched_getaffinity(0, sizeof(set), &set) != 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		if (found++ == 0)
			plan->worker_cpu = cpu;
		plan->world_cpu = cpu;
	}
}

int main(int argc, char **argv)
{
	bool wanted[CASES];
	struct plan plan = {
		.transport = "tcp",
		.store = "embedded",
		.worker_cpu = -1,
		.world_cpu = -1,
		.seed = 1,
		.seconds = 4,
		.repetitions = 3,
		.memory = {100000},
		.memories = 1,
		.overlap = -1,
		.hold = {SPREAD_UNIFORM, 500000000, 1500000000},
		.ring = {SPREAD_UNIFORM, 20000000, 100000000},
		.limit_ns = 10000000,
	};
	int rc = 0;

	memset(wanted, 1, sizeof(wanted));
	if (!options_read(&plan, argc, argv, wanted)) {
		fputs(usage, stderr);
		return 2;
	}
	cpus_choose(&plan);
	signal(SIGPIPE, SIG_IGN);
	log_init("bench-calls", LOG_TO_STDERR, LOG_ERROR);
	figure_init(plan.as_json);
	plan.directory = scratch_directory();
	for (int i = 0; i < CASES && rc == 0; i++)
		if (wanted[i])
			rc = cases[i].run(&plan);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
