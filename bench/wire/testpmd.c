// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/testpmd.h"

#include "bench/wire/host.h"
#include "bench/wire/subject.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ARGUMENTS = 32,
	ARGUMENT_BYTES = 512,
	DESCRIPTORS = 1024,        // as the engine's
	BUFFER_BYTES = 2048 + 128, // RTE_MBUF_DEFAULT_BUF_SIZE, as the engine's
	MEMORY_MB = 128,           // besides packet buffers; without hugepages
	ANSWER_BYTES = 16384,      // DPDK's limit of one
};

struct arguments {
	char text[ARGUMENTS][ARGUMENT_BYTES];
	char *value[ARGUMENTS + 1];
	int count;
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *args, const char *format,
						      ...)
{
	va_list list;

	if (args->count == ARGUMENTS)
		abort();
	va_start(list, format);
	vsnprintf(args->text[args->count], ARGUMENT_BYTES, format, list);
	va_end(list);
	args->value[args->count] = args->text[args->count];
	args->count++;
}

static void add_all(struct arguments *args, const struct subject_plan *plan,
		    const struct host *host)
{
	unsigned int buffer = plan->mbuf_bytes ? plan->mbuf_bytes : BUFFER_BYTES;

	add(args, "dpdk-testpmd");
	add(args, "--lcores=0@%u,1@%u", host->main_cpu, host->poll_cpu);
	add(args, "--main-lcore=0");
	add(args, "--iova-mode=va");
	add(args, "--file-prefix=p%d", getpid());
	if (host->hugepages) {
		add(args, "--in-memory");
	} else {
		// One buffer, with its 192 octets of headers, does not cross a page of 4 KiB.
		unsigned int pages = (buffer + 192 + 4095) / 4096;
		add(args, "--no-huge");
		add(args, "--no-shconf");
		add(args, "-m");
		add(args, "%u", MEMORY_MB + plan->mbufs / 256 * pages);
	}
	add(args, "--no-pci");
	add(args, "--vdev=%s", plan->device ? plan->device : plan->port);
	add(args, "--");
	add(args, "--nb-cores=1");
	add(args, "--total-num-mbufs=%u", plan->mbufs);
	add(args, "--mbuf-size=%u", buffer);
	add(args, "--rxd=%d", DESCRIPTORS);
	add(args, "--no-flush-rx");
	add(args, "--disable-link-check");
	add(args, "--forward-mode=rxonly");
	add(args, "--auto-start");
}

static void path_of(const struct host *host, pid_t pid, char *path, size_t size)
{
	snprintf(path, size, "%s/dpdk/p%d/dpdk_telemetry.v2", host->dir, pid);
}

void testpmd_exec(const struct subject_plan *plan, const struct host *host, int input)
{
	static struct arguments args;
	char log[64];

	snprintf(log, sizeof(log), "%s/testpmd.log", host->dir);
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(input, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	setenv("RUNTIME_DIRECTORY", host->dir, 1);
	add_all(&args, plan, host);
	execvp(args.value[0], args.value);
	perror("dpdk-testpmd (package dpdk)");
}

int testpmd_connect(pid_t pid, const struct host *host)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char greeting[1024];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	path_of(host, pid, address.sun_path, sizeof(address.sun_path));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    recv(fd, greeting, sizeof(greeting), 0) > 0) {
		// The socket is there before the port is.
		if (testpmd_packets(fd) != UINT64_MAX)
			return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

uint64_t testpmd_packets(int telemetry)
{
	static const char question[] = "/ethdev/stats,0", key[] = "\"ipackets\":";
	char answer[ANSWER_BYTES];

	if (send(telemetry, question, sizeof(question) - 1, 0) < 0)
		return UINT64_MAX;
	ssize_t len = recv(telemetry, answer, sizeof(answer) - 1, 0);
	if (len <= 0)
		return UINT64_MAX;
	answer[len] = '\0';
	const char *at = strstr(answer, key);
	return at ? strtoull(at + sizeof(key) - 1, NULL, 10) : UINT64_MAX;
}

void testpmd_print_log(const struct host *host)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "%s/testpmd.log", host->dir);
	FILE *log = fopen(path, "r");
	while (log && fgets(line, sizeof(line), log))
		fputs(line, stderr);
	if (log)
		fclose(log);
}
