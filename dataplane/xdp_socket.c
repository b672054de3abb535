// SPDX-License-Identifier: Apache-2.0
#include "dataplane/xdp_socket.h"

#include "config/clock.h"
#include "config/log.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PROBE_BYTES = 4096 };

// A process that is killed has its sockets until its memory is taken down, which takes as long as
// the machine is busy. Two ports must stay below the supervisor's patience with a half that shows
// no life (PULSE_HANG_NS).
#define PATIENCE_NS (4 * NS_PER_S)
#define RETRY_NS    (20 * NS_PER_MS)
#define PAUSE_NS    (100 * NS_PER_MS)

static void pause_for(uint64_t ns)
{
	const struct timespec pause = {.tv_sec = (time_t)(ns / NS_PER_S),
				       .tv_nsec = (long)(ns % NS_PER_S)};

	nanosleep(&pause, NULL);
}

// The least of everything that bind() needs. 0 or -errno.
static int bind_probe(int fd, unsigned int index, unsigned int queue, void *memory)
{
	struct xdp_umem_reg area = {
		.addr = (uintptr_t)memory, .len = PROBE_BYTES, .chunk_size = PROBE_BYTES / 2};
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
				       .sxdp_flags = XDP_COPY,
				       .sxdp_ifindex = index,
				       .sxdp_queue_id = queue};
	static const int rings[] = {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING};
	int entries = 2;

	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &area, sizeof(area)) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)) < 0)
			return -errno;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int probe(unsigned int index, unsigned int queue)
{
	void *memory = mmap(NULL, PROBE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int fd, err;

	if (memory == MAP_FAILED)
		return -errno;
	fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	err = fd < 0 ? -errno : bind_probe(fd, index, queue, memory);
	if (fd >= 0)
		close(fd);
	munmap(memory, PROBE_BYTES);
	return err;
}

static int probe_until(unsigned int index, unsigned int queue, uint64_t deadline_ns)
{
	int err = probe(index, queue);

	while (err == -EBUSY && clock_mono_ns() < deadline_ns) {
		pause_for(RETRY_NS);
		err = probe(index, queue);
	}
	return err;
}

int xdp_socket_wait(unsigned int index, const char *name, unsigned int queues)
{
	uint64_t start = clock_mono_ns(), deadline = start + PATIENCE_NS, closed;
	int err = probe(index, 0);

	if (err == -EBUSY) {
		log_info("port", "xdp-busy", "interface=%s action=wait up_to_s=%llu", name,
			 (unsigned long long)(PATIENCE_NS / NS_PER_S));
		err = probe_until(index, 0, deadline);
	}
	if (err)
		return err;
	// The kernel lets go of a closed socket a little later: of the first probe as we see here,
	// of the last while we wait some times as long.
	closed = clock_mono_ns();
	err = probe_until(index, 0, closed + PATIENCE_NS);
	closed = clock_mono_ns() - closed;
	for (unsigned int queue = 1; err == 0 && queue != queues; queue++) {
		err = probe_until(index, queue, deadline);
		if (err == -EINVAL) { // there are no more
			err = 0;
			break;
		}
	}
	pause_for(4 * closed > PAUSE_NS ? 4 * closed : PAUSE_NS);
	return err;
}
