// SPDX-License-Identifier: Apache-2.0
// The worker as a whole, with a store in memory and a registrar that nobody is at: who takes events
// from the rings when, and when it sleeps.
#include "config/clock.h"
#include "config/log.h"
#include "config/secret.h"
#include "config/settings.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "presence/worker.h"
#include "sip/msg.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
	struct settings settings;
	struct segment *segment;
	int segment_fd, doorbell;
	struct worker *worker;
	pthread_t thread;
};

static int bench_start(void **state)
{
	static const struct secrets no_secrets;
	struct bench *bench = calloc(1, sizeof(*bench));
	char error[256] = "";

	log_init("test_worker", LOG_TO_STDERR, LOG_ERROR);
	settings_default(&bench->settings);
	strcpy(bench->settings.store.url, "memory");
	strcpy(bench->settings.registrar.target[0], "sip:127.0.0.1:1;transport=udp");
	bench->settings.registrar.target_count = 1;
	bench->settings.log.level = LOG_ERROR;
	bench->segment = segment_create(1, 64, &bench->segment_fd);
	bench->doorbell = doorbell_create();
	bench->worker = worker_new(&(struct worker_options){&bench->settings, &no_secrets,
							    bench->segment, bench->doorbell},
				   error, sizeof(error));
	if (!bench->worker)
		fail_msg("%s", error);
	*state = bench;
	return 0;
}

static int bench_stop(void **state)
{
	struct bench *bench = *state;

	worker_free(bench->worker);
	segment_unmap(bench->segment);
	close(bench->segment_fd);
	close(bench->doorbell);
	free(bench);
	return 0;
}

static void bench_push(struct bench *bench)
{
	struct call_event event = {.method = SIP_BYE, .cseq_method = SIP_BYE};

	assert_true(event_ring_push(segment_ring(bench->segment, 0), &event));
	event_ring_publish(segment_ring(bench->segment, 0));
}

static void *bench_run(void *arg)
{
	worker_run(((struct bench *)arg)->worker);
	return NULL;
}

static uint64_t bench_heartbeat(const struct bench *bench)
{
	return __atomic_load_n(&bench->segment->worker_heartbeat, __ATOMIC_RELAXED);
}

static bool bench_sleeps(const struct bench *bench)
{
	return __atomic_load_n(&bench->segment->worker_asleep, __ATOMIC_RELAXED);
}

static void test_a_turn_takes_what_is_there(void **state)
{
	struct bench *bench = *state;
	struct event_ring *ring = segment_ring(bench->segment, 0);

	assert_false(worker_turn(bench->worker));
	bench_push(bench);
	bench_push(bench);
	assert_true(worker_turn(bench->worker));
	assert_int_equal(event_ring_count(ring), 0);
	assert_false(worker_turn(bench->worker));
}

// A sleeping worker's heart beats twice a second.
static void test_polls_without_sleep(void **state)
{
	struct bench *bench = *state;
	uint64_t until;

	bench->settings.engine.poll = POLL_ALWAYS;
	assert_int_equal(worker_reload(bench->worker, &bench->settings, &(struct secrets){0},
				       (char[256]){0}, 256),
			 0);
	pthread_create(&bench->thread, NULL, bench_run, bench);
	until = bench_heartbeat(bench) + 1000;
	while (bench_heartbeat(bench) < until) {
		assert_false(bench_sleeps(bench));
		sched_yield();
	}
	bench_push(bench); // and nobody rings
	while (event_ring_count(segment_ring(bench->segment, 0)) > 0)
		sched_yield();
	worker_stop(bench->worker);
	pthread_join(bench->thread, NULL);
}

static void test_sleeps_when_idle(void **state)
{
	struct bench *bench = *state;

	pthread_create(&bench->thread, NULL, bench_run, bench);
	while (!bench_sleeps(bench))
		sched_yield();
	bench_push(bench);
	doorbell_ring_if_asleep(bench->segment, bench->doorbell);
	while (event_ring_count(segment_ring(bench->segment, 0)) > 0)
		sched_yield();
	worker_stop(bench->worker);
	pthread_join(bench->thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_turn_takes_what_is_there, bench_start,
						bench_stop),
		cmocka_unit_test_setup_teardown(test_polls_without_sleep, bench_start, bench_stop),
		cmocka_unit_test_setup_teardown(test_sleeps_when_idle, bench_start, bench_stop),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
