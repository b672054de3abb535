// SPDX-License-Identifier: Apache-2.0
// auto leaves the first CPU to everything else and takes one for each queue; a list is taken at its
// word. A queue is polled by one core only, so more cores than queues would stand idle.
#include "dataplane/cores.h"

#include "config/settings.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

static int refuse_missing(unsigned int cpu, char *error, size_t error_size)
{
	snprintf(error, error_size,
		 "wire.cores: CPU %u is not one this process may run on (`nproc`, `taskset -p`); "
		 "name others or say auto",
		 cpu);
	return -EINVAL;
}

static int plan_list(const struct settings_wire *wire, const cpu_set_t *allowed,
		     struct cores *cores, char *error, size_t error_size)
{
	for (unsigned int cpu = 0; cpu < 64; cpu++) {
		if (!(wire->cores >> cpu & 1))
			continue;
		if (!CPU_ISSET(cpu, allowed))
			return refuse_missing(cpu, error, error_size);
		if (cores->count == wire->queues || cores->count == SEGMENT_LCORES) {
			snprintf(error, error_size,
				 "wire.cores names more cores than can poll (%u): each needs a "
				 "queue of its own, set wire.queues to match",
				 cores->count);
			return -EINVAL;
		}
		cores->cpu[cores->count++] = cpu;
	}
	return 0;
}

static bool polls(const struct cores *cores, unsigned int cpu)
{
	for (unsigned int i = 0; i < cores->count; i++)
		if (cores->cpu[i] == cpu)
			return true;
	return false;
}

// The first CPU that does not poll; if all do, the first of them, shared.
static void pick_main(const cpu_set_t *allowed, struct cores *cores)
{
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, allowed) && !polls(cores, cpu)) {
			cores->main_cpu = cpu;
			return;
		}
	}
	cores->main_cpu = cores->cpu[0];
	cores->shared = true;
}

static void plan_auto(unsigned int queues, const cpu_set_t *allowed, struct cores *cores)
{
	unsigned int first = CPU_SETSIZE;

	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, allowed))
			continue;
		if (first == CPU_SETSIZE)
			first = cpu;
		else if (cores->count < queues && cores->count < SEGMENT_LCORES)
			cores->cpu[cores->count++] = cpu;
	}
	if (cores->count == 0)
		cores->cpu[cores->count++] = first;
}

int cores_plan(const struct settings_wire *wire, struct cores *cores, char *error,
	       size_t error_size)
{
	cpu_set_t allowed;

	*cores = (struct cores){0};
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0) {
		snprintf(error, error_size, "this machine has more CPUs than can be told apart");
		return -EINVAL;
	}
	if (wire->cores) {
		int err = plan_list(wire, &allowed, cores, error, error_size);
		if (err)
			return err;
	} else {
		plan_auto(wire->queues, &allowed, cores);
	}
	pick_main(&allowed, cores);
	return 0;
}
