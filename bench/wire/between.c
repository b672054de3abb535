// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/between.h"

#include "bench/figure.h"
#include "bench/wire/host.h"
#include "config/clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

enum {
	ROUNDS = 101,
	TURNS = 200, // of a round, there and back
};

// A line of its own: whose turn it is.
static _Alignas(64) uint32_t turn;

static cpu_set_t only(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

static void await_turn(uint32_t own)
{
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != own)
		;
}

static void *answer(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < ROUNDS * TURNS; i++) {
		await_turn(2 * i + 1);
		__atomic_store_n(&turn, 2 * i + 2, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void ask(double *ns)
{
	uint32_t i = 0;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = clock_mono_ns();
		for (int k = 0; k < TURNS; k++, i++) {
			__atomic_store_n(&turn, 2 * i + 1, __ATOMIC_RELEASE);
			await_turn(2 * i + 2);
		}
		ns[round] = (double)(clock_mono_ns() - start) / (2 * TURNS);
	}
}

double between_ns(const struct host *host)
{
	cpu_set_t own, main_cpu = only(host->main_cpu), poll_cpu = only(host->poll_cpu);
	double ns[ROUNDS];
	pthread_attr_t attr;
	pthread_t thread;

	if (sched_getaffinity(0, sizeof(own), &own) < 0 || pthread_attr_init(&attr) != 0)
		return 0;
	turn = 0;
	// From the start: the one that asks leaves it no time on the other CPU.
	pthread_attr_setaffinity_np(&attr, sizeof(poll_cpu), &poll_cpu);
	int err = pthread_create(&thread, &attr, answer, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		return 0;
	sched_setaffinity(0, sizeof(main_cpu), &main_cpu);
	ask(ns);
	pthread_join(thread, NULL);
	sched_setaffinity(0, sizeof(own), &own);
	return figure_quantile(ns, ROUNDS, 0.5);
}
