// SPDX-License-Identifier: Apache-2.0
// Records a second into the store, against redis-benchmark on the same server over the same socket
// with the same field and value, in turns:
//   throughput  our store saves as fast as it is acknowledged; redis-benchmark does HSET, as many
//   in
//               a pipeline as we have in a batch, over one connection as we have one
//   latency     one record at a time, from the call to the acknowledgement
// Stores: embedded (its own redis-server), and one of the bench's over a unix socket and over TCP.
// The server is asked at the end how many records it has: what is missing fails the bench.
#include "bench/figure.h"
#include "bench/redis.h"
#include "bench/scratch.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/store/record.h"
#include "presence/store/store.h"

#include <getopt.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	AHEAD = 20000,    // of the store; more is only memory
	LATENCIES = 2000, // a round
	ROUNDS_MOST = 99,
	WALL_S = 1700000000,
};

struct subject {
	const char *name;
	enum record_kind kind;
	struct loop *loop;
	struct store *store;
	char peer[160]; // redis-benchmark's options that lead to the same server
	redisContext *witness;
};

static struct settings settings;
static unsigned int records = 200000, rounds = 5;
static const char *const kind_name[] = {
	[RECORD_PUBLICATION] = "publication",
	[RECORD_CALL] = "call",
};

static void on_publication(void *ctx, const struct store_publication *record)
{
}

static void on_call(void *ctx, const struct store_call *record)
{
}

static void on_loaded(void *ctx)
{
}

static void on_state(void *ctx, enum store_state state, const char *why)
{
	if (state == STORE_AWAY)
		fprintf(stderr, "bench-store: away: %s\n", why);
}

static const struct store_events events = {
	.publication = on_publication,
	.call = on_call,
	.loaded = on_loaded,
	.state = on_state,
};

static struct store_publication publication_of(unsigned int number)
{
	struct store_publication record = {.wanted = true, .expires_wall_ns = WALL_S * NS_PER_S};

	// As redis-benchmark writes its random numbers.
	snprintf(record.person, STORE_TEXT, "sip:user%012u@sfb.example", number);
	snprintf(record.display, STORE_TEXT, "First Last %06u", number);
	snprintf(record.etag, STORE_TEXT, "a.%u.1234.%06u.0", WALL_S, number);
	return record;
}

static struct store_call call_of(unsigned int number)
{
	struct store_call record = {
		.call_key = {{number, ~(uint64_t)number}},
		.caller_tag = number,
		.callee_tag = ~(uint64_t)number,
		.start_wall_ns = WALL_S * NS_PER_S,
		.deadline_wall_ns = (WALL_S + 7200) * NS_PER_S,
		.cseq_caller = 1,
	};

	snprintf(record.call_id, STORE_TEXT, "%06u-8f2e41c07b@192.0.2.17", number);
	snprintf(record.caller, STORE_TEXT, "sip:user%012u@sfb.example", number);
	snprintf(record.callee, STORE_TEXT, "sip:peer%012u@sfb.example", number);
	return record;
}

static void save(struct subject *subject, unsigned int number)
{
	struct store_publication publication = publication_of(number);
	struct store_call call = call_of(number);

	if (subject->kind == RECORD_PUBLICATION)
		store_save_publication(subject->store, &publication, 0, NULL, NULL);
	else
		store_save_call(subject->store, &call);
}

static double thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// Records a second, and what each costs the worker's thread.
static double save_rate(struct subject *subject, double *worker_ns)
{
	uint64_t start = clock_mono_ns();
	double cpu = thread_ns();

	for (unsigned int i = 0; i < records; i++) {
		save(subject, i);
		while (i % 64 == 0 && store_backlog(subject->store) > AHEAD)
			loop_run_once(subject->loop, NS_PER_MS);
	}
	while (store_backlog(subject->store) > 0)
		loop_run_once(subject->loop, NS_PER_MS);
	*worker_ns = (thread_ns() - cpu) / records;
	return records * 1e9 / (double)(clock_mono_ns() - start);
}

static void saved(void *ctx, bool stored)
{
	*(uint64_t *)ctx = stored ? clock_mono_ns() : UINT64_MAX;
}

// Microseconds of each; false: the store was not there.
static bool save_latency(struct subject *subject, double *us)
{
	for (unsigned int i = 0; i < LATENCIES; i++) {
		struct store_publication record = publication_of(i);
		uint64_t start = clock_mono_ns(), done = 0;

		store_save_publication(subject->store, &record, NS_PER_S, saved, &done);
		while (done == 0)
			loop_run_once(subject->loop, NS_PER_S);
		if (done == UINT64_MAX)
			return false;
		us[i] = (double)(done - start) / 1e3;
	}
	return true;
}

struct peer_figures {
	double per_s, p50_us, p99_us;
};

// One run of redis-benchmark; its last line is
// "command","requests a second","avg ms","min","p50","p95","p99","max".
static bool peer_run(const struct subject *subject, unsigned int pipeline, unsigned int requests,
		     struct peer_figures *out)
{
	char field[RECORD_FIELD_BYTES + 1], value[RECORD_VALUE_BYTES + 1], command[2048];
	char line[2048], last[2048] = "";
	struct store_publication publication = publication_of(0);
	struct store_call call = call_of(0);
	const char *at = last;
	double p50, p99;
	FILE *peer;

	if (subject->kind == RECORD_PUBLICATION) {
		snprintf(field, sizeof(field), "sip:user__rand_int__@sfb.example");
		value[record_publication_value(&publication, value)] = '\0';
	} else { // 66 octets, of which 12 count
		snprintf(field, sizeof(field), "%054u__rand_int__", 0);
		value[record_call_value(&call, value)] = '\0';
	}
	snprintf(command, sizeof(command),
		 "exec redis-benchmark %s -c 1 -P %u -n %u -r %u --csv HSET peer '%s' '%s'",
		 subject->peer, pipeline, requests, records, field, value);
	peer = popen(command, "r");
	if (peer == NULL)
		return false;
	while (fgets(line, sizeof(line), peer) != NULL)
		strcpy(last, line);
	if (pclose(peer) != 0)
		return false;
	for (int comma = 0; comma < 7 && at != NULL; comma++) {
		at = comma == 0 ? strrchr(last, '\0') : at;
		while (at > last && *--at != ',')
			;
	}
	if (sscanf(at, ",\"%lf\",\"%*f\",\"%*f\",\"%lf\",\"%*f\",\"%lf\"", &out->per_s, &p50,
		   &p99) != 3)
		return false;
	out->p50_us = p50 * 1e3;
	out->p99_us = p99 * 1e3;
	return true;
}

static bool witness_agrees(struct subject *subject)
{
	redisReply *reply = redisCommand(subject->witness, "HLEN offhook:{bench}:%s",
					 subject->kind == RECORD_CALL ? "call" : "pub");
	bool agrees = reply != NULL && reply->type == REDIS_REPLY_INTEGER &&
		      reply->integer == records;

	freeReplyObject(reply);
	reply = redisCommand(subject->witness, "FLUSHDB");
	freeReplyObject(reply);
	if (!agrees)
		fprintf(stderr, "bench-store: %s: not all records are in the server\n",
			subject->name);
	return agrees;
}

static void subject_begin(const struct subject *subject, const char *what)
{
	figure_begin("store");
	figure_word("case", what);
	figure_word("store", subject->name);
	figure_word("record", kind_name[subject->kind]);
	figure_count("batch", settings.store.batch_records);
}

static bool throughput(struct subject *subject)
{
	double ours[ROUNDS_MOST], cpu[ROUNDS_MOST], theirs[ROUNDS_MOST], ratio[ROUNDS_MOST];
	struct peer_figures peer;

	for (unsigned int i = 0; i < rounds; i++) {
		ours[i] = save_rate(subject, &cpu[i]);
		if (!peer_run(subject, (unsigned int)settings.store.batch_records, records, &peer))
			return false;
		theirs[i] = peer.per_s;
		ratio[i] = ours[i] / peer.per_s;
	}
	subject_begin(subject, "throughput");
	figure_count("records", records);
	figure_of("ratio_to_redis_benchmark", ratio, rounds);
	figure_of("records_per_s", ours, rounds);
	figure_of("redis_benchmark_records_per_s", theirs, rounds);
	figure_of("worker_ns_per_record", cpu, rounds);
	figure_end();
	return true;
}

static bool latency(struct subject *subject)
{
	static double us[LATENCIES], p50[ROUNDS_MOST], p99[ROUNDS_MOST], ratio[ROUNDS_MOST];
	static double peer_p50[ROUNDS_MOST], peer_p99[ROUNDS_MOST];
	struct peer_figures peer;

	for (unsigned int i = 0; i < rounds; i++) {
		if (!save_latency(subject, us) || !peer_run(subject, 1, LATENCIES, &peer))
			return false;
		p50[i] = figure_quantile(us, LATENCIES, 0.50);
		p99[i] = figure_quantile(us, LATENCIES, 0.99);
		peer_p50[i] = peer.p50_us;
		peer_p99[i] = peer.p99_us;
		ratio[i] = p50[i] / peer.p50_us;
	}
	subject_begin(subject, "latency");
	figure_of("ratio_to_redis_benchmark", ratio, rounds);
	figure_of("latency_us_p50", p50, rounds);
	figure_of("latency_us_p99", p99, rounds);
	figure_of("redis_benchmark_latency_us_p50", peer_p50, rounds);
	figure_of("redis_benchmark_latency_us_p99", peer_p99, rounds);
	figure_end();
	return true;
}

static bool subject_open(struct subject *subject, const char *url)
{
	static const struct secrets none;

	snprintf(settings.store.url, sizeof(settings.store.url), "%s", url);
	subject->loop = loop_new();
	if (subject->loop == NULL)
		return false;
	subject->store = store_new(subject->loop, &settings, &none, &events, NULL);
	while (subject->store != NULL && store_state(subject->store) != STORE_READY)
		loop_run_once(subject->loop, NS_PER_S);
	return subject->store != NULL;
}

// All cases of one store. path: of the unix socket that leads to its server.
static bool subject_run(struct subject *subject, const char *url, const char *path)
{
	bool good = false;

	if (!subject_open(subject, url))
		return false;
	subject->witness = redisConnectUnix(path);
	for (subject->kind = RECORD_PUBLICATION; subject->kind < RECORD_KIND_COUNT;
	     subject->kind++) {
		good = throughput(subject) &&
		       (subject->kind != RECORD_PUBLICATION || latency(subject)) &&
		       witness_agrees(subject);
		if (!good)
			break;
	}
	redisFree(subject->witness);
	store_free(subject->store, NS_PER_S);
	loop_free(subject->loop);
	return good;
}

static bool run_all(const char *scratch)
{
	struct redis_server server;
	char url[sizeof(server.path) + 32], path[sizeof(server.path)];
	struct subject embedded = {.name = "embedded"}, local = {.name = "unix"},
		       tcp = {.name = "tcp"};
	bool good;

	snprintf(settings.engine.state_dir, SETTINGS_TEXT, "%s", scratch);
	snprintf(settings.engine.run_dir, SETTINGS_TEXT, "%s", scratch);
	snprintf(path, sizeof(path), "%s/store/redis.sock", scratch);
	snprintf(embedded.peer, sizeof(embedded.peer), "-s %s", path);
	if (!subject_run(&embedded, "embedded", path) || redis_server_start(&server, scratch) < 0)
		return false;
	snprintf(url, sizeof(url), "redis+unix://%s", server.path);
	snprintf(local.peer, sizeof(local.peer), "-s %s", server.path);
	good = subject_run(&local, url, server.path);
	snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
	snprintf(tcp.peer, sizeof(tcp.peer), "-h 127.0.0.1 -p %u", server.port);
	good = good && subject_run(&tcp, url, server.path);
	redis_server_stop(&server);
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"records", required_argument, NULL, 'r'},
		{"rounds", required_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	bool json = false;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': json = true; break;
		case 'r': records = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'n': rounds = (unsigned int)strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	// Display names and tags have six digits.
	if (optind < argc || rounds < 1 || rounds > ROUNDS_MOST || records < 1 ||
	    records > 1000000) {
		fprintf(stderr, "usage: bench-store [--json] [--records N] [--rounds N]\n");
		return 2;
	}
	figure_init(json);
	log_init("bench-store", LOG_TO_STDERR, LOG_ERROR);
	settings_default(&settings);
	strcpy(settings.engine.name, "bench");
	return run_all(scratch_directory()) ? EXIT_SUCCESS : EXIT_FAILURE;
}
