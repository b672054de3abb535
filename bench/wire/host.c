// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/host.h"

#include "config/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

enum {
	PAGES = 1280, // of 2 MiB: for all programs that run at a time
	TSC_NS = 50000000,
	LINGER_US = 200000,
};

static const char pages_path[] = "/sys/kernel/mm/hugepages/hugepages-2048kB/";

static pid_t keeper;

static long pages_read(const char *name)
{
	char path[96];
	long value = 0;

	snprintf(path, sizeof(path), "%s%s", pages_path, name);
	FILE *file = fopen(path, "r");
	if (file && fscanf(file, "%ld", &value) != 1)
		value = 0;
	if (file)
		fclose(file);
	return value;
}

static void pages_write(long count)
{
	char path[96];

	snprintf(path, sizeof(path), "%snr_hugepages", pages_path);
	FILE *file = fopen(path, "w");
	if (!file)
		return;
	fprintf(file, "%ld\n", count);
	fclose(file);
}

static void remove_dir(const char *dir)
{
	const char *const argv[] = {"rm", "-rf", "--", dir, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

// Others may have reserved some meanwhile. Pages still in use go when their users do.
static void pages_give_back(long reserved)
{
	long left = pages_read("nr_hugepages") - reserved;

	if (reserved > 0)
		pages_write(left > 0 ? left : 0);
}

// A process that outlives ours, however that ends, and cleans up.
static void keep(pid_t parent, const char *dir, long reserved)
{
	sigset_t set;
	int signal = 0;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	while (getppid() == parent && signal != SIGTERM)
		sigwait(&set, &signal);
	// Its children die with it, but not before it.
	usleep(LINGER_US);
	pages_give_back(reserved);
	remove_dir(dir);
	_exit(0);
}

static int pick_cpus(struct host *host)
{
	unsigned int found = 0, cpus[2];
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return -errno;
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			cpus[found++] = cpu;
	if (found < 2) {
		fprintf(stderr, "bench-wire: needs two CPUs\n");
		return -ENODEV;
	}
	host->main_cpu = cpus[0];
	host->poll_cpu = cpus[1];
	return 0;
}

static double measure_tsc(void)
{
#if defined(__x86_64__)
	uint64_t start_ns = clock_mono_ns(), start = __rdtsc(), now_ns;

	do
		now_ns = clock_mono_ns();
	while (now_ns - start_ns < TSC_NS);
	return (double)(__rdtsc() - start) * 1e9 / (double)(now_ns - start_ns);
#else
	return 0;
#endif
}

int host_prepare(struct host *host, bool may_use_hugepages)
{
	long before = pages_read("nr_hugepages"), unused = pages_read("free_hugepages");
	long reserved = 0;
	pid_t parent = getpid();
	int err = pick_cpus(host);

	if (err)
		return err;
	host->tsc_hz = measure_tsc();
	strcpy(host->dir, "/tmp/offhook-wire-XXXXXX");
	if (!mkdtemp(host->dir)) {
		fprintf(stderr, "bench-wire: no folder in /tmp: %s\n", strerror(errno));
		return -errno;
	}
	if (may_use_hugepages && unused < PAGES) {
		pages_write(before + PAGES - unused);
		reserved = pages_read("nr_hugepages") - before;
	}
	host->hugepages = may_use_hugepages && pages_read("free_hugepages") >= PAGES;
	keeper = fork();
	if (keeper == 0)
		keep(parent, host->dir, reserved);
	return 0;
}

uint64_t host_stolen(unsigned int cpu)
{
	char line[512], name[16];
	unsigned long long stolen = 0;
	FILE *file = fopen("/proc/stat", "r");
	int len = snprintf(name, sizeof(name), "cpu%u ", cpu);

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, (size_t)len) == 0 &&
		    sscanf(line + len, "%*u %*u %*u %*u %*u %*u %*u %llu", &stolen) == 1)
			break;
	if (file)
		fclose(file);
	return stolen;
}

void host_join(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	// As far as we may: other programs disturb less. Where sessions have priorities of their
	// own (sched(7), autogroup), that of a process counts within its session only.
	setsid();
	setpriority(PRIO_PROCESS, 0, -20);
	FILE *file = fopen("/proc/self/autogroup", "w");
	if (!file)
		return;
	fputs("-20\n", file);
	fclose(file);
}

void host_restore(struct host *host)
{
	if (keeper > 0 && kill(keeper, SIGTERM) == 0)
		waitpid(keeper, NULL, 0);
	keeper = 0;
	host->hugepages = false;
}
