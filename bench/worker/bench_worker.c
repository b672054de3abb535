// SPDX-License-Identifier: Apache-2.0
// What the presence half costs, on one core:
//   ring+calls  events a second through ring, call table and persons, with nobody to publish for
//   memory      a million calls that are up; and busy persons with their publications
//   worker      calls a second through worker, registrar (UDP or TCP, a process of its own) and the
//               embedded store; each call is an initial and a removal for both of its parties
// Every count at the registrar is checked against the calls made: a bench that lost some fails.
#include "bench/random.h"
#include "bench/registrar/server.h"
#include "bench/worker/call_message.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/net/timer_wheel.h"
#include "presence/person.h"
#include "presence/worker.h"

#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef OFFHOOK_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

static struct settings settings;
static bool as_json;

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file != NULL)
		fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

// What the program holds, without what the allocator keeps for later. 0: it can't say.
static uint64_t allocated_bytes(void)
{
	size_t bytes = 0;
#ifdef OFFHOOK_JEMALLOC
	uint64_t epoch = 1;
	size_t len = sizeof(bytes);

	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)); // statistics of now
	mallctl("stats.allocated", &bytes, &len, NULL, 0);
#endif
	return bytes;
}

struct table {
	struct timer_wheel *wheel;
	struct directory *directory;
	struct persons *persons;
	struct calls *calls;
	uint64_t changes;
};

static void count_change(void *ctx, const struct person_change *change)
{
	(void)change;
	((struct table *)ctx)->changes++;
}

static void table_init(struct table *table)
{
	table->wheel = timer_wheel_new(clock_mono_ns());
	table->directory = directory_new(&settings);
	table->persons = persons_new(count_change, table);
	table->calls = calls_new(&(struct calls_options){
		.settings = &settings,
		.wheel = table->wheel,
		.directory = table->directory,
		.persons = table->persons,
	});
}

static void table_fini(struct table *table)
{
	calls_free(table->calls);
	persons_free(table->persons);
	directory_free(table->directory);
	timer_wheel_free(table->wheel);
}

// Calls that are up at a time set the size of the tables that each event meets; the ring never
// holds more than one chunk of them.
struct ring_run {
	struct event_ring *ring;
	struct table table;
	uint64_t calls, events, spent_ns;
};

enum { RING_SLOTS = 4096, CHUNK = 512 };

static void ring_steps(struct ring_run *run, uint64_t first, uint64_t end, int step, int last_step)
{
	struct call_event event;

	for (; step < last_step; step++) {
		uint64_t start;

		for (uint64_t i = first; i < end; i++) {
			call_message(&event, i, step, run->calls);
			event_ring_push(run->ring, &event);
		}
		start = thread_cpu_ns();
		while (event_ring_pop(run->ring, &event)) {
			calls_apply(run->table.calls, &event);
			run->events++;
		}
		run->spent_ns += thread_cpu_ns() - start;
	}
}

static int bench_ring(uint64_t calls, uint64_t up)
{
	struct ring_run run = {.ring = aligned_alloc(64, event_ring_bytes(RING_SLOTS)),
			       .calls = (calls + up - 1) / up * up};

	event_ring_init(run.ring, RING_SLOTS);
	table_init(&run.table);
	for (uint64_t first = 0; first < run.calls; first += up) {
		uint64_t end = first + up;

		for (uint64_t i = first; i < end; i += CHUNK)
			ring_steps(&run, i, i + CHUNK < end ? i + CHUNK : end, 0, CALL_MESSAGES_UP);
		for (uint64_t i = first; i < end; i += CHUNK)
			ring_steps(&run, i, i + CHUNK < end ? i + CHUNK : end, CALL_MESSAGES_UP,
				   CALL_MESSAGES);
	}
	printf(as_json ? "{\"case\": \"ring+calls\", \"calls_up\": %" PRIu64
			 ", \"events\": %" PRIu64
			 ", \"ns_per_event\": %.1f, \"events_per_s\": %.0f}\n"
		       : "ring+calls   %" PRIu64 " calls up, %" PRIu64
			 " events: %.1f ns an event, %.0f events a second\n",
	       up, run.events, (double)run.spent_ns / (double)run.events,
	       (double)run.events * 1e9 / (double)run.spent_ns);
	if (run.table.changes != run.calls * 4) {
		fprintf(stderr, "bench-worker: %" PRIu64 " presence changes of %" PRIu64 " calls\n",
			run.table.changes, run.calls);
		return EXIT_FAILURE;
	}
	table_fini(&run.table);
	free(run.ring);
	return EXIT_SUCCESS;
}

static int bench_memory(uint64_t calls)
{
	struct table table = {0};
	struct call_event event;
	struct calls_totals totals;
	uint64_t resident, allocated;

	// Two persons for all calls, so that nothing else counts.
	table_init(&table);
	resident = resident_bytes();
	allocated = allocated_bytes();
	for (uint64_t i = 0; i < calls; i++)
		for (int step = 0; step < CALL_MESSAGES_UP; step++) {
			call_message(&event, i, step, 1);
			calls_apply(table.calls, &event);
		}
	calls_totals(table.calls, &totals);
	resident = resident_bytes() - resident;
	allocated = allocated_bytes() - allocated;
	printf(as_json ? "{\"case\": \"calls\", \"calls_up\": %" PRIu64
			 ", \"resident_bytes_per_call\": %.1f, \"allocated_bytes_per_call\": %.1f"
			 ", \"accounted_bytes_per_call\": %.1f}\n"
		       : "calls        %" PRIu64 " calls up: %.1f bytes resident for each, %.1f "
			 "allocated, %.1f accounted\n",
	       totals.up, (double)resident / (double)calls, (double)allocated / (double)calls,
	       (double)totals.bytes / (double)calls);
	table_fini(&table);
	return totals.up == calls ? EXIT_SUCCESS : EXIT_FAILURE;
}

// The registrar in a process of its own, which says in shared memory what it counted.
struct registrar_counts {
	uint16_t port;
	uint64_t initial, removed, unknown_tag, published;
	uint64_t in_flight_ns; // of all requests, from being taken to their answer
};

static pid_t registrar_pid;
static struct spread registrar_latency; // none, if not told

static _Noreturn void registrar_run(struct registrar_counts *shared)
{
	struct server_options options = {
		.tls_port = -1,
		.service = {.compositor = {.max_expires_s = 600, .events = "presence"},
			    .latency = registrar_latency}};
	struct server *server = server_new(&options);
	struct server_totals totals = {0};
	uint64_t then = clock_mono_ns();

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (server == NULL)
		_exit(EXIT_FAILURE);
	__atomic_store_n(&shared->port, server_port(server), __ATOMIC_RELEASE);
	for (;;) {
		const struct compositor_counts *counts = compositor_counts(
			service_compositor(server_service(server)));

		server_poll(server, -1, NULL);
		shared->in_flight_ns += totals.waiting * (clock_mono_ns() - then);
		then = clock_mono_ns();
		server_totals(server, &totals);
		shared->initial = counts->taken[WISH_INITIAL];
		shared->removed = counts->taken[WISH_REMOVE];
		shared->published = counts->published;
		shared->unknown_tag = counts->complaint[COMPLAINT_UNKNOWN_TAG] +
				      counts->complaint[COMPLAINT_STALE_TAG];
	}
}

static int registrar_start(struct registrar_counts **counts)
{
	*counts = mmap(NULL, sizeof(**counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (*counts == MAP_FAILED)
		return -1;
	registrar_pid = fork();
	if (registrar_pid == 0)
		registrar_run(*counts);
	for (int i = 0; i < 5000 && __atomic_load_n(&(*counts)->port, __ATOMIC_ACQUIRE) == 0; i++)
		usleep(1000);
	return (*counts)->port > 0 ? (*counts)->port : -1;
}

static void registrar_stop(void)
{
	kill(registrar_pid, SIGKILL);
	waitpid(registrar_pid, NULL, 0);
}

struct worker_run {
	struct worker *worker;
	uint64_t cpu_ns;
};

static void *worker_main(void *arg)
{
	struct worker_run *run = arg;
	uint64_t start = thread_cpu_ns();

	worker_run(run->worker);
	run->cpu_ns = thread_cpu_ns() - start;
	return NULL;
}

// A worker in a thread of its own, with the embedded store and the bench's registrar.
struct engine {
	char dir[32];
	struct registrar_counts *counts;
	struct segment *segment;
	int segment_fd, doorbell;
	struct worker_run run;
	pthread_t thread;
};

static int engine_start(struct engine *engine, const char *transport)
{
	static const struct secrets no_secrets;
	int port = registrar_start(&engine->counts);
	char error[512] = "";

	strcpy(engine->dir, "/tmp/offhook-bench-XXXXXX");
	if (port < 0 || mkdtemp(engine->dir) == NULL)
		return -1;
	snprintf(settings.registrar.target[0], SETTINGS_TEXT, "sip:127.0.0.1:%d;transport=%s", port,
		 transport);
	settings.registrar.target_count = 1;
	settings.registrar.rate = 1e6;
	settings.registrar.burst = 1e6;
	strcpy(settings.engine.state_dir, engine->dir);
	strcpy(settings.engine.run_dir, engine->dir);
	engine->segment = segment_create(1, 4096, &engine->segment_fd);
	engine->doorbell = doorbell_create();
	engine->run.worker = worker_new(
		&(struct worker_options){&settings, &no_secrets, engine->segment, engine->doorbell},
		error, sizeof(error));
	if (engine->run.worker == NULL) {
		fprintf(stderr, "bench-worker: %s\n", error);
		return -1;
	}
	pthread_create(&engine->thread, NULL, worker_main, &engine->run);
	sleep(1); // the embedded store starts
	return 0;
}

static void engine_stop(struct engine *engine)
{
	char command[64];

	worker_stop(engine->run.worker);
	pthread_join(engine->thread, NULL);
	worker_free(engine->run.worker);
	registrar_stop();
	segment_unmap(engine->segment);
	close(engine->segment_fd);
	close(engine->doorbell);
	snprintf(command, sizeof(command), "rm -rf %s", engine->dir);
	if (system(command) != 0)
		fprintf(stderr, "bench-worker: %s is left\n", engine->dir);
}

static void engine_call(struct engine *engine, uint64_t number, int first, int end,
			uint64_t persons)
{
	struct call_event event;

	for (int step = first; step < end; step++) {
		call_message(&event, number, step, persons);
		while (!event_ring_push(segment_ring(engine->segment, 0), &event))
			usleep(100);
		doorbell_ring_if_asleep(engine->segment, engine->doorbell);
	}
}

// Until the registrar has counted so many, for ten seconds at most beside what it takes for
// answers.
static void engine_await(const uint64_t *counted, uint64_t wanted)
{
	uint64_t wait_ms = 10000 + 2 * registrar_latency.a_ns / NS_PER_MS;

	for (uint64_t i = 0; i < wait_ms && *(const volatile uint64_t *)counted < wanted; i++)
		usleep(1000);
}

// From the message in the ring to its PUBLISH handed to the connection.
static double quantile_us(double share)
{
	return (double)metric_quantile_ns(metric_find("offhook_event_to_publish_seconds", NULL),
					  share) /
	       (double)NS_PER_US;
}

// Calls come at `rate` a second and last a second each.
static int bench_engine(uint64_t calls, double rate, const char *transport)
{
	struct engine engine = {0};
	uint64_t start, wall, hold = (uint64_t)rate;
	struct registrar_counts counts;

	if (engine_start(&engine, transport) < 0)
		return EXIT_FAILURE;
	start = clock_mono_ns();
	for (uint64_t i = 0; i < calls + hold; i++) {
		uint64_t due = start + (uint64_t)((double)i * 1e9 / rate);

		while (clock_mono_ns() < due)
			usleep(200);
		if (i < calls)
			engine_call(&engine, i, 0, CALL_MESSAGES_UP, calls);
		if (i >= hold)
			engine_call(&engine, i - hold, CALL_MESSAGES_UP, CALL_MESSAGES, calls);
	}
	engine_await(&engine.counts->removed, calls * 2);
	// The second that the last call lasts is no work.
	wall = clock_mono_ns() - start - NS_PER_S;
	counts = *engine.counts;
	engine_stop(&engine);
	printf(as_json ? "{\"case\": \"worker\", \"transport\": \"%s\", \"offered_calls_per_s\": "
			 "%.0f"
			 ", \"calls\": %" PRIu64 ", \"in_flight\": %.1f"
			 ", \"done_calls_per_s\": %.0f, \"cpu_us_per_call\": %.1f"
			 ", \"one_core_calls_per_s\": %.0f, \"to_publish_us_p50\": %.0f"
			 ", \"to_publish_us_p99\": %.0f, \"initial\": %" PRIu64
			 ", \"removals\": %" PRIu64 ", \"left_over\": %" PRIu64 "}\n"
		       : "worker       %s, %.0f calls a second offered (%" PRIu64
			 "), %.1f transactions in flight: %.0f done, %.1f us CPU a call, one core "
			 "would do %.0f a second; "
			 "event to PUBLISH p50 under %.0f us, p99 under %.0f us; "
			 "%" PRIu64 " initial, %" PRIu64 " removals, %" PRIu64 " left over\n",
	       transport, rate, calls, (double)counts.in_flight_ns / (double)wall,
	       (double)calls * 1e9 / (double)wall, (double)engine.run.cpu_ns / (double)calls / 1e3,
	       (double)calls * 1e9 / (double)engine.run.cpu_ns, quantile_us(0.5), quantile_us(0.99),
	       counts.initial, counts.removed, counts.published);
	if (counts.initial == calls * 2 && counts.removed == calls * 2 && counts.published == 0 &&
	    counts.unknown_tag == 0)
		return EXIT_SUCCESS;
	fprintf(stderr,
		"bench-worker: %" PRIu64 " calls gave %" PRIu64 " initial and %" PRIu64
		" removed publications, %" PRIu64 " left, %" PRIu64 " unknown tags\n",
		calls, counts.initial, counts.removed, counts.published, counts.unknown_tag);
	return EXIT_FAILURE;
}

// What a busy person with its publication holds in memory: all that the worker grew by, less the
// calls, when each call has two persons of its own and every publication has its tag.
static int bench_persons(uint64_t calls, const char *transport)
{
	struct engine engine = {0};
	struct calls_totals empty, totals;
	uint64_t before, grown;
	bool good;

	if (engine_start(&engine, transport) < 0)
		return EXIT_FAILURE;
	calls_totals(worker_parts(engine.run.worker)->calls, &empty);
	before = allocated_bytes();
	for (uint64_t i = 0; i < calls; i++)
		engine_call(&engine, i, 0, CALL_MESSAGES_UP, calls);
	engine_await(&engine.counts->initial, calls * 2);
	grown = allocated_bytes() - before;
	good = engine.counts->initial == calls * 2;
	calls_totals(worker_parts(engine.run.worker)->calls, &totals);
	printf(as_json ? "{\"case\": \"persons\", \"persons_busy\": %" PRIu64
			 ", \"allocated_bytes_per_person\": %.1f}\n"
		       : "persons      %" PRIu64
			 " busy with a publication: %.1f bytes allocated for each\n",
	       2 * calls,
	       ((double)grown - (double)(totals.bytes - empty.bytes)) / (2.0 * (double)calls));
	settings.engine.on_stop = STOP_KEEP;
	engine_stop(&engine);
	settings.engine.on_stop = STOP_REMOVE;
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool wanted(const char *only, const char *name)
{
	return only == NULL || strcmp(only, name) == 0;
}

static bool is_case(const char *name)
{
	return wanted(name, "ring") || wanted(name, "calls") || wanted(name, "persons") ||
	       wanted(name, "worker");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"calls", required_argument, NULL, 'c'},
		{"rate", required_argument, NULL, 'r'},
		{"transport", required_argument, NULL, 't'},
		{"memory", required_argument, NULL, 'm'},
		{"poll", no_argument, NULL, 'p'},
		{"only", required_argument, NULL, 'o'},
		{"up", required_argument, NULL, 'u'},
		{"latency", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	uint64_t calls = 30000, memory = 1000000, up = CHUNK;
	const char *transport = "tcp", *only = NULL;
	double rate = 5000;
	int rc;

	settings_default(&settings);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': as_json = true; break;
		case 'c': calls = strtoull(optarg, NULL, 10); break;
		case 'r': rate = strtod(optarg, NULL); break;
		case 't': transport = optarg; break;
		case 'm': memory = strtoull(optarg, NULL, 10); break;
		case 'p': settings.engine.poll = POLL_ALWAYS; break;
		case 'o': only = optarg; break;
		case 'u': up = strtoull(optarg, NULL, 10); break;
		case 'l':
			if (spread_parse(optarg, &registrar_latency) == 0)
				break;
			fprintf(stderr, "bench-worker: --latency 20ms, 5ms-50ms or exp:20ms\n");
			return 2;
		default: return 2;
		}
	}
	log_init("bench-worker", LOG_TO_STDERR, LOG_ERROR);
	strcpy(settings.directory.map_any, "bench.example");
	if (settings.calls.max_calls < memory)
		settings.calls.max_calls = memory;
	if (settings.calls.max_calls < up)
		settings.calls.max_calls = up;
	if (up == 0 || (only != NULL && !is_case(only))) {
		fprintf(stderr,
			"bench-worker: --only ring, calls, persons or worker; --up 1 or more\n");
		return 2;
	}
	rc = wanted(only, "ring") ? bench_ring(500000, up) : EXIT_SUCCESS;
	if (rc == EXIT_SUCCESS && wanted(only, "calls"))
		rc = bench_memory(memory);
	// Before the next one floods it, for the latency's sake.
	if (rc == EXIT_SUCCESS && wanted(only, "worker"))
		rc = bench_engine(calls, rate, transport);
	if (rc == EXIT_SUCCESS && wanted(only, "persons"))
		rc = bench_persons(calls, transport);
	return rc;
}
