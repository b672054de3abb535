// SPDX-License-Identifier: Apache-2.0
// Arguments for rte_eal_init(), and the cookie stream that carries DPDK's log lines into ours.
#include "dataplane/eal.h"

#include "config/log.h"
#include "dataplane/cores.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_pdump.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PAGE_BYTES = 4096,
	BUFFER_HEADER_BYTES = 256, // of mempool and mbuf, rounded up
};

enum { ARGUMENTS = 32 + SETTINGS_PORTS * 2 + SETTINGS_EAL_ARGS, ARGUMENT_BYTES = 512 };

static struct {
	bool started, hugepages;
	FILE *log;
	char last_words[256];
} eal;

const char *eal_last_words(void)
{
	return eal.last_words[0] ? eal.last_words : "DPDK says nothing more";
}

bool eal_on_hugepages(void)
{
	return eal.hugepages;
}

static ssize_t log_write(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	uint32_t level = (uint32_t)rte_log_cur_msg_loglevel();
	size_t len = size;

	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len == 0)
		return (ssize_t)size;
	if (level > 0 && level <= RTE_LOG_WARNING)
		snprintf(eal.last_words, sizeof(eal.last_words), "%.*s", (int)len, text);
	// What fails here is said by the caller in its own sentence; DPDK often goes on after what
	// it calls an error.
	if (level > 0 && level <= RTE_LOG_ERR)
		log_warn("dpdk", "says", "text=%s", log_quote_n(text, len));
	else
		log_debug("dpdk", "says", "text=%s", log_quote_n(text, len));
	return (ssize_t)size;
}

static void log_open(void)
{
	static const cookie_io_functions_t functions = {.write = log_write};

	eal.log = fopencookie(NULL, "w", functions);
	if (!eal.log)
		return; // DPDK logs to stderr then
	setvbuf(eal.log, NULL, _IOLBF, 1024);
	rte_openlog_stream(eal.log);
}

static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long long number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

uint64_t eal_free_hugepages(void)
{
	DIR *dir = opendir("/sys/kernel/mm/hugepages");
	uint64_t bytes = 0;

	if (!dir)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		unsigned long long kilobytes;
		char path[320];
		if (sscanf(entry->d_name, "hugepages-%llukB", &kilobytes) != 1)
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/free_hugepages",
			 entry->d_name);
		bytes += read_number(path) * kilobytes * 1024;
	}
	closedir(dir);
	return bytes;
}

// DPDK lets no buffer cross a page, in case a device wants to reach it: on pages of 4 KiB that is
// one buffer a page, mostly.
uint64_t eal_buffer_bytes(uint32_t data_room, bool hugepages)
{
	uint64_t bytes = data_room + BUFFER_HEADER_BYTES;

	if (hugepages)
		return bytes;
	return bytes <= PAGE_BYTES / 2 ? PAGE_BYTES / (PAGE_BYTES / bytes)
				       : (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

struct arguments {
	int count;
	char *value[ARGUMENTS + 1];
	char text[ARGUMENTS][ARGUMENT_BYTES];
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *args, const char *fmt, ...)
{
	va_list list;

	if (args->count == ARGUMENTS)
		return;
	va_start(list, fmt);
	vsnprintf(args->text[args->count], ARGUMENT_BYTES, fmt, list);
	va_end(list);
	args->value[args->count] = args->text[args->count];
	args->count++;
}

// Our numbers for lcores are DPDK's: 0 is the main thread, poll core i is i + 1.
static void add_cores(struct arguments *args, const struct cores *cores)
{
	char map[256];
	int len;

	add(args, "--lcores");
	if (!cores) {
		add(args, "0@%d", sched_getcpu() < 0 ? 0 : sched_getcpu());
		return;
	}
	len = snprintf(map, sizeof(map), "0@%u", cores->main_cpu);
	for (unsigned int i = 0; i < cores->count; i++)
		len += snprintf(map + len, sizeof(map) - (size_t)len, ",%u@%u", i + 1,
				cores->cpu[i]);
	add(args, "%s", map);
	add(args, "--main-lcore");
	add(args, "0");
}

static void build(const struct eal_plan *plan, struct arguments *args)
{
	add(args, "offhook");
	add_cores(args, plan->cores);
	add(args, "--iova-mode=va");
	add(args, "--log-level=warning");
	if (plan->tools_dir)
		add(args, "--file-prefix=%s", plan->tools_prefix);
	else
		add(args, "--no-telemetry");
	// Neither a hugetlbfs mount nor shared files: DPDK 22.11 takes --in-memory for hugepages
	// only.
	if (eal.hugepages && plan->tools_dir) {
		// All of it now: what tools ask for later, the engine's account can't take.
		add(args, "-m");
		add(args, "%llu", (unsigned long long)(plan->hugepage_bytes >> 20));
	} else if (eal.hugepages) {
		add(args, "--in-memory");
	} else {
		add(args, "--no-huge");
		add(args, "--no-shconf");
		add(args, "-m");
		add(args, "%llu", (unsigned long long)(plan->memory_bytes >> 20) + 1);
	}
	if (plan->pci_count == 0)
		add(args, "--no-pci");
	for (unsigned int i = 0; i < plan->pci_count; i++) {
		add(args, "-a");
		add(args, "%s", plan->pci[i]);
	}
	for (unsigned int i = 0; i < plan->extra_count; i++)
		add(args, "%s", plan->extra[i]);
}

// DPDK's own threads inherit the affinity the process has now: keep them off the poll cores.
static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

// DPDK makes directories at a place that only its first user may enter (/tmp/dpdk, when he is not
// root). If no tools may attach it has no use for them, and gets one of its own for as long as it
// starts.
struct run_dir {
	char path[64]; // to be removed; empty: none
	char *before;  // of RUNTIME_DIRECTORY, which systemd may have set
};

static void run_dir_enter(struct run_dir *dir, const struct eal_plan *plan)
{
	const char *before = getenv("RUNTIME_DIRECTORY");

	dir->before = before ? strdup(before) : NULL;
	dir->path[0] = '\0';
	if (plan->tools_dir) {
		setenv("RUNTIME_DIRECTORY", plan->tools_dir, 1);
		return;
	}
	snprintf(dir->path, sizeof(dir->path), "/tmp/offhook-XXXXXX");
	if (mkdtemp(dir->path))
		setenv("RUNTIME_DIRECTORY", dir->path, 1);
	else
		dir->path[0] = '\0';
}

static void run_dir_leave(struct run_dir *dir)
{
	static const char *const below[] = {"/dpdk/rte", "/dpdk", ""};
	char path[96];

	for (size_t i = 0; dir->path[0] && i < sizeof(below) / sizeof(below[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir->path, below[i]);
		rmdir(path);
	}
	if (dir->before)
		setenv("RUNTIME_DIRECTORY", dir->before, 1);
	else
		unsetenv("RUNTIME_DIRECTORY");
	free(dir->before);
}

static const char *start_advice(void)
{
	// In a bare chroot DPDK only says that no core is available.
	if (access("/sys/devices/system/cpu", F_OK) < 0)
		return "it reads what processors there are from /sys: mount it";
	return eal.hugepages ? "try wire.hugepages: never"
			     : "check wire.memory, wire.eal_args and free memory";
}

int eal_start(const struct eal_plan *plan, char *error, size_t error_size)
{
	struct run_dir dir;
	cpu_set_t before;

	if (eal.started)
		return 0;
	struct arguments *args = calloc(1, sizeof(*args));
	if (!args) {
		snprintf(error, error_size, "no memory");
		return -ENOMEM;
	}
	eal.hugepages = plan->may_use_hugepages && eal_free_hugepages() >= plan->hugepage_bytes;
	bool kept = !plan->cores && sched_getaffinity(0, sizeof(before), &before) == 0;
	if (plan->cores)
		pin(plan->cores->main_cpu);
	log_open();
	build(plan, args);
	run_dir_enter(&dir, plan);
	int used = rte_eal_init(args->count, args->value);
	run_dir_leave(&dir);
	if (kept)
		sched_setaffinity(0, sizeof(before), &before);
	free(args);
	if (used < 0) {
		snprintf(error, error_size, "DPDK did not start (%s): %s; %s",
			 rte_strerror(rte_errno), eal_last_words(), start_advice());
		return -EIO;
	}
	eal.started = true;
	if (plan->tools_dir && eal.hugepages && rte_pdump_init() < 0)
		log_warn("dpdk", "no-capture", "reason=%s", log_quote(eal_last_words()));
	return 0;
}
