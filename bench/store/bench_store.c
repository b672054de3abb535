// SPDX-License-Identifier: Apache-2.0
// Records a second through the store: saved by one thread as fast as it takes them, until all are
// acknowledged; and what that costs the worker's thread.
//   bench-store [--json] [URL [RECORDS]]     (default: embedded in a temporary directory, 400000)
// Every tenth record is a publication, the others are calls; each is dropped again, as calls end.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/store/store.h"

enum { AHEAD = 20000 }; // of the store; more is only memory

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
		fprintf(stderr, "away: %s\n", why);
}

static const struct store_events events = {
	.publication = on_publication,
	.call = on_call,
	.loaded = on_loaded,
	.state = on_state,
};

static double thread_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void save(struct store *store, unsigned int number)
{
	struct store_publication publication = {.wanted = true,
						.expires_wall_ns = 1700000000000000000u};
	struct store_call call = {.call_key = {{number, ~number}},
				  .start_wall_ns = 1700000000000000000u};

	if (number % 10 == 0) {
		snprintf(publication.person, STORE_TEXT, "sip:user%u@sfb.example", number % 100000);
		snprintf(publication.etag, STORE_TEXT, "a.1700000000.1234.%u.0", number);
		store_save_publication(store, &publication, 0, NULL, NULL);
		return;
	}
	snprintf(call.call_id, STORE_TEXT, "%u-8f2e41@192.0.2.17", number);
	snprintf(call.caller, STORE_TEXT, "sip:user%u@sfb.example", number % 100000);
	store_save_call(store, &call);
	store_drop_call(store, (struct siphash128){{number - 9, ~(number - 9)}}, 0, 0);
}

int main(int argc, char **argv)
{
	static struct settings settings;
	static struct secrets secrets;
	char dir[] = "/tmp/bench-store-XXXXXX", command[64];
	bool as_json = argc > 1 && strcmp(argv[1], "--json") == 0;
	char **argument = argv + (as_json ? 2 : 1);
	unsigned int records = argument[0] != NULL && argument[1] != NULL
				       ? (unsigned int)strtoul(argument[1], NULL, 10)
				       : 400000;
	struct loop *loop = loop_new();
	struct store *store;
	uint64_t start_ns, written;
	double cpu, seconds;

	settings_default(&settings);
	if (argument[0] != NULL)
		snprintf(settings.store.url, sizeof(settings.store.url), "%s", argument[0]);
	strcpy(settings.engine.name, "bench");
	if (!loop || !mkdtemp(dir))
		return 1;
	strcpy(settings.engine.state_dir, dir);
	log_init("bench-store", LOG_TO_STDERR, LOG_WARN);
	store = store_new(loop, &settings, &secrets, &events, NULL);
	if (!store)
		return 1;
	while (store_state(store) != STORE_READY)
		loop_run_once(loop, NS_PER_S);
	start_ns = clock_mono_ns();
	cpu = thread_seconds();
	for (unsigned int i = 10; i < records; i++) {
		save(store, i);
		while (i % 64 == 0 && store_backlog(store) > AHEAD)
			loop_run_once(loop, NS_PER_MS);
	}
	while (store_backlog(store))
		loop_run_once(loop, NS_PER_MS);
	seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
	cpu = thread_seconds() - cpu;
	written = metric_value("offhook_store_writes", NULL);
	printf(as_json ? "{\"store\": \"%s\", \"changes\": %u, \"records\": %llu, \"seconds\": "
			 "%.2f, "
			 "\"records_per_s\": %.0f, \"worker_ns_per_record\": %.0f}\n"
		       : "store=%s changes=%u records=%llu seconds=%.2f records_per_s=%.0f "
			 "worker_ns_per_record=%.0f\n",
	       settings.store.url, records, (unsigned long long)written, seconds,
	       (double)written / seconds, cpu * 1e9 / (double)written);
	store_free(store, 10 * NS_PER_S);
	loop_free(loop);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0;
}
