// SPDX-License-Identifier: Apache-2.0
// How long the lights are unattended when the presence half dies: so many persons are published by
// a real worker at the bench's registrar, the worker is killed, some of the calls end while nobody
// looks (their BYEs wait in the ring), and a new worker takes over. Measured until it has read the
// store, and until the registrar has had a PUBLISH for each person: a modify with the tag that was
// stored where the call goes on, a removal where it has ended. Both with the embedded store, whose
// redis-server dies too, and with one that lives on; at full speed and at a set pace.
// Anything else at the registrar (an unknown tag, a second initial, one too many left) fails it.
#include "bench/call_message.h"
#include "bench/figure.h"
#include "bench/redis.h"
#include "bench/restart/engine.h"
#include "bench/restart/witness.h"
#include "bench/scratch.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	AHEAD = 20000,       // persons that may wait to be published while the bench fills up
	ENDED_PERMILLE = 50, // calls that end while the engine is down, at most; see ended_most()
	PACED_S = 5,         // a set pace makes a recovery take this long
	PACED_MOST = 150000, // of more, that pace would be above full speed
	PATIENCE_S = 300,
	ROUNDS_MOST = 9,
};

struct bench {
	struct settings settings;
	struct witness witness;
	struct engine engine;
	struct redis_server redis; // pid 0: the embedded one
	const char *store;
	uint64_t calls; // ever made, and the next one's number
	uint64_t first; // calls before it have ended
	double filled_per_s;
};

// Of one restart.
struct recovery {
	double restored_s, first_s, reconciled_s, publish_per_s, most_publish_per_s;
	double resident_mb, bytes_per_publication, store_resident_mb;
};

static double seconds_since(uint64_t start_ns)
{
	return (double)(clock_mono_ns() - start_ns) / 1e9;
}

// The ring holds a quarter more than the BYEs and their answers.
static uint64_t ended_most(uint64_t calls)
{
	uint64_t ended = calls * ENDED_PERMILLE / 1000;

	return ended < 25000 ? ended : 25000;
}

static bool await(struct bench *bench, const volatile uint64_t *value, uint64_t wanted,
		  const char *what)
{
	uint64_t until = clock_mono_ns() + PATIENCE_S * NS_PER_S;

	while (*value < wanted && clock_mono_ns() < until) {
		if (waitpid(bench->engine.pid, NULL, WNOHANG) != 0)
			break;
		usleep(500);
	}
	if (*value >= wanted)
		return true;
	fprintf(stderr, "bench-restart: %s: %" PRIu64 " of %" PRIu64 "\n", what, *value, wanted);
	return false;
}

// New calls until so many are up: everybody on the phone, published, and written down.
static bool fill(struct bench *bench, uint64_t calls)
{
	volatile uint64_t *initial = &bench->witness.counts->initial;
	uint64_t before = *initial, up = bench->calls - bench->first;

	for (uint64_t fresh = 0; fresh < calls - up; fresh++) {
		if (fresh % 64 == 0 && fresh * 2 > AHEAD &&
		    !await(bench, initial, before + fresh * 2 - AHEAD, "published"))
			return false;
		for (int step = 0; step < CALL_MESSAGES_UP; step++)
			engine_call(&bench->engine, bench->calls, step);
		bench->calls++;
	}
	if (!await(bench, initial, before + (calls - up) * 2, "published"))
		return false;
	// Answers and tags of the last ones, too.
	usleep(200000);
	while (bench->engine.signs->backlog > 0)
		usleep(1000);
	return true;
}

static bool begin(struct bench *bench, uint64_t calls)
{
	uint64_t start;

	engine_start(&bench->engine, &bench->settings);
	if (!await(bench, &bench->engine.signs->ready_ns, 1, "the store is not ready"))
		return false;
	start = clock_mono_ns();
	if (!fill(bench, calls))
		return false;
	bench->filled_per_s = (double)calls * 2 / seconds_since(start);
	return true;
}

// Until the registrar has heard of everybody; the most in one second, by tenths of it.
static bool watch(struct bench *bench, uint64_t start, uint64_t before, uint64_t wanted,
		  struct recovery *recovery)
{
	volatile struct witness_counts *counts = bench->witness.counts;
	uint64_t tenth[10] = {0}, last = before, most = 0, turn = 0;
	uint64_t now, heard;

	for (;; usleep(200)) {
		now = clock_mono_ns();
		heard = counts->modify + counts->removed + counts->refresh;
		if (heard > before && recovery->first_s == 0)
			recovery->first_s = (double)(now - start) / 1e9;
		while (start + turn * NS_PER_S / 10 < now) {
			uint64_t sum = 0;

			tenth[turn++ % 10] = heard - last;
			last = heard;
			for (int i = 0; i < 10; i++)
				sum += tenth[i];
			most = sum > most ? sum : most;
		}
		if (heard >= before + wanted || now > start + PATIENCE_S * NS_PER_S)
			break;
	}
	recovery->reconciled_s = (double)(now - start) / 1e9;
	recovery->publish_per_s = (double)wanted / (recovery->reconciled_s - recovery->first_s);
	recovery->most_publish_per_s = (double)most;
	if (heard >= before + wanted)
		return true;
	fprintf(stderr, "bench-restart: reconciled: %" PRIu64 " of %" PRIu64 "\n", heard - before,
		wanted);
	return false;
}

static bool verdict(const struct bench *bench, const struct witness_counts *before,
		    uint64_t published, uint64_t ended)
{
	const volatile struct witness_counts *now = bench->witness.counts;

	if (now->initial == before->initial && now->refused == before->refused &&
	    now->removed - before->removed == ended * 2 &&
	    now->modify - before->modify == published - ended * 2 &&
	    now->published == published - ended * 2 && now->busy == now->published &&
	    bench->engine.signs->restored == published)
		return true;
	fprintf(stderr,
		"bench-restart: of %" PRIu64 " publications %" PRIu64 " were read back, %" PRIu64
		" modified, %" PRIu64 " removed, %" PRIu64 " published anew, %" PRIu64
		" refused; %" PRIu64 " are left\n",
		published, bench->engine.signs->restored, now->modify - before->modify,
		now->removed - before->removed, now->initial - before->initial,
		now->refused - before->refused, now->published);
	return false;
}

static bool restart(struct bench *bench, struct recovery *recovery)
{
	uint64_t published = (bench->calls - bench->first) * 2, start;
	uint64_t ended = ended_most(bench->calls - bench->first);
	struct witness_counts before;

	*recovery = (struct recovery){0};
	engine_kill(&bench->engine);
	usleep(100000); // the supervisor's pause, and the embedded server ends
	memcpy(&before, (void *)bench->witness.counts, sizeof(before));
	for (uint64_t call = bench->first; call < bench->first + ended; call++)
		for (int step = CALL_MESSAGES_UP; step < CALL_MESSAGES; step++)
			engine_call(&bench->engine, call, step);
	bench->first += ended;
	start = clock_mono_ns();
	engine_start(&bench->engine, &bench->settings);
	if (!watch(bench, start, before.modify + before.removed + before.refresh, published,
		   recovery))
		return false;
	recovery->restored_s = (double)(bench->engine.signs->ready_ns - start) / 1e9;
	usleep(200000);
	recovery->resident_mb = (double)engine_resident(bench->engine.pid) / 1e6;
	recovery->bytes_per_publication = recovery->resident_mb * 1e6 / (double)published;
	recovery->store_resident_mb =
		(double)(bench->redis.pid > 0 ? engine_resident(bench->redis.pid)
					      : engine_resident_of_children(bench->engine.pid)) /
		1e6;
	while (bench->engine.signs->backlog > 0)
		usleep(1000);
	return verdict(bench, &before, published, ended);
}

static void report(const struct bench *bench, const char *what, uint64_t publications,
		   const struct recovery *recovery, unsigned int rounds)
{
	static const struct {
		const char *key;
		size_t offset;
	} figure[] = {
		{"restored_s", offsetof(struct recovery, restored_s)},
		{"first_publish_s", offsetof(struct recovery, first_s)},
		{"reconciled_s", offsetof(struct recovery, reconciled_s)},
		{"publish_per_s", offsetof(struct recovery, publish_per_s)},
		{"most_publish_per_s", offsetof(struct recovery, most_publish_per_s)},
		{"resident_mb", offsetof(struct recovery, resident_mb)},
		{"bytes_per_publication", offsetof(struct recovery, bytes_per_publication)},
		{"store_resident_mb", offsetof(struct recovery, store_resident_mb)},
	};
	double values[ROUNDS_MOST], filled = bench->filled_per_s;

	figure_begin("restart");
	figure_word("case", what);
	figure_word("store", bench->store);
	figure_count("publications", publications);
	figure_count("set_publish_per_s", (uint64_t)bench->settings.registrar.rate);
	for (size_t i = 0; i < sizeof(figure) / sizeof(figure[0]); i++) {
		for (unsigned int round = 0; round < rounds; round++)
			memcpy(&values[round], (const char *)&recovery[round] + figure[i].offset,
			       sizeof(values[round]));
		figure_of(figure[i].key, values, rounds);
	}
	figure_of("filled_publish_per_s", &filled, 1);
	figure_end();
}

static bool measure(struct bench *bench, const char *what, uint64_t publications, double rate,
		    unsigned int rounds)
{
	struct recovery recovery[ROUNDS_MOST];

	for (unsigned int i = 0; i < rounds; i++) {
		// In place of those that ended, still at the pace of the engine that runs.
		if (!fill(bench, publications / 2))
			return false;
		bench->settings.registrar.rate = rate;
		bench->settings.registrar.burst = rate < 1e6 ? 100 : rate;
		if (!restart(bench, &recovery[i]))
			return false;
	}
	report(bench, what, publications, recovery, rounds);
	return true;
}

static void settings_make(struct bench *bench, const char *dir)
{
	struct settings *settings = &bench->settings;

	settings_default(settings);
	strcpy(settings->engine.name, "bench");
	snprintf(settings->engine.state_dir, SETTINGS_TEXT, "%s", dir);
	snprintf(settings->engine.run_dir, SETTINGS_TEXT, "%s", dir);
	strcpy(settings->directory.map_any, "bench.example");
	settings->calls.max_calls = 2000000;
	settings->store.backlog_records = 4000000;
	// A million take longer to be published than they would live, on a small machine.
	settings->registrar.expires_ns = 3600 * NS_PER_S;
	settings->registrar.rate = settings->registrar.burst = 1e6;
	settings->registrar.target_count = 1;
	snprintf(settings->registrar.target[0], SETTINGS_TEXT, "sip:127.0.0.1:%u;transport=tcp",
		 bench->witness.counts->port);
	if (bench->redis.pid > 0)
		snprintf(settings->store.url, SETTINGS_TEXT, "redis://127.0.0.1:%u",
			 bench->redis.port);
}

static bool bench_run(const char *store, const char *dir, uint64_t publications,
		      unsigned int rounds)
{
	struct bench bench = {.store = store};
	bool good;

	if (strcmp(store, "redis") == 0 && redis_server_start(&bench.redis, dir) < 0)
		return false;
	if (witness_start(&bench.witness) < 0 || engine_init(&bench.engine) < 0)
		return false;
	settings_make(&bench, dir);
	good = begin(&bench, publications / 2) &&
	       measure(&bench, "full speed", publications, 1e6, rounds) &&
	       (publications > PACED_MOST ||
		measure(&bench, "paced", publications, (double)publications / PACED_S, 1));
	if (bench.engine.pid > 0)
		engine_kill(&bench.engine);
	engine_fini(&bench.engine);
	witness_stop(&bench.witness);
	if (bench.redis.pid > 0)
		redis_server_stop(&bench.redis);
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"publications", required_argument, NULL, 'p'},
		{"rounds", required_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	uint64_t publications = 100000;
	unsigned int rounds = 3;
	bool json = false;
	const char *dir;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': json = true; break;
		case 'p': publications = strtoull(optarg, NULL, 10); break;
		case 'n': rounds = (unsigned int)strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	if (optind < argc || rounds < 1 || rounds > ROUNDS_MOST || publications < 100) {
		fprintf(stderr, "usage: bench-restart [--json] [--publications N] [--rounds N]\n");
		return 2;
	}
	figure_init(json);
	log_init("bench-restart", LOG_TO_STDERR, LOG_ERROR);
	dir = scratch_directory();
	return bench_run("embedded", dir, publications, rounds) &&
			       bench_run("redis", dir, publications, rounds)
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
