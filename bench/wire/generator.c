// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/generator.h"

#include "bench/wire/host.h"
#include "bench/wire/traffic.h"
#include "config/clock.h"

#undef NS_PER_S // DPDK has one of its own
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	BURST = 32,
	DESCRIPTORS = 1 << GENERATOR_RING_LOG2,
	CACHE = 256,
	SPARE = 4096, // buffers
	MEMORY_MB = 192,
	PAUSE_US = 100,
	LATE_US = 100, // behind by more: the frames of that time are left out
	WARM_MS = 10,  // so long it is slower, and need not keep the rate
	// Of a hundred frames so many may be left out: the rate counts as kept.
	LEFT_OUT_PERCENT = 1,
	START_STEPS = 100000,
};

struct generator {
	pid_t pid;
	char device[GENERATOR_PORTS][128];
	// Shared with the process.
	bool ready;
	sem_t ordered, done;
	bool stop;
	struct generator_order order;
	struct generator_report report;
};

static struct rte_mbuf **make_buffers(const struct traffic *traffic)
{
	struct rte_mbuf **buffers = calloc(traffic->count, sizeof(*buffers));
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"frames", (unsigned int)traffic->count + SPARE, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);

	if (!buffers || !pool)
		return NULL;
	for (size_t i = 0; i < traffic->count; i++) {
		const struct traffic_frame *frame = &traffic->frame[i];
		buffers[i] = rte_pktmbuf_alloc(pool);
		char *data = buffers[i] ? rte_pktmbuf_append(buffers[i], (uint16_t)frame->len)
					: NULL;
		if (!data)
			return NULL;
		memcpy(data, frame->data, frame->len);
	}
	return buffers;
}

static int open_port(uint16_t port, struct rte_mempool *pool)
{
	const struct rte_eth_conf conf = {0};
	int err = rte_eth_dev_configure(port, 1, 1, &conf);

	if (!err)
		err = rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
	if (!err)
		err = rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL);
	return err ? err : rte_eth_dev_start(port);
}

// A frame stays ours: the driver gives back one more reference than it had.
static uint16_t send_burst(uint16_t port, struct rte_mbuf **buffers, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		rte_mbuf_refcnt_update(buffers[i], 1);
	uint16_t sent = rte_eth_tx_burst(port, 0, buffers, count);
	for (uint16_t i = sent; i < count; i++)
		rte_mbuf_refcnt_update(buffers[i], -1);
	return sent;
}

// Where a traffic is: the next frame to go round, the next to go once, and how many went.
struct place {
	size_t round, once;
	uint64_t sent;
};

static void stamp(struct rte_mbuf *buffer, const struct traffic_frame *frame, uint64_t number)
{
	static const char digit[] = "0123456789abcdef";

	for (int i = 0; i < TRAFFIC_STAMPS && frame->stamp_off[i]; i++) {
		char *at = rte_pktmbuf_mtod_offset(buffer, char *, frame->stamp_off[i]);
		for (int k = 0; k < 8; k++)
			at[k] = digit[number >> (28 - 4 * k) & 15];
	}
}

// The frame that is due, and the place behind it.
static size_t next_frame(const struct traffic *traffic, struct place *place)
{
	size_t round = traffic->round ? traffic->round : traffic->count;
	size_t at = place->round;

	place->sent++;
	if (traffic->apart && place->sent % traffic->apart == 0 &&
	    round + place->once < traffic->count)
		return round + place->once++;
	place->round = at + 1 < round ? at + 1 : 0;
	return at;
}

static uint16_t fill_burst(const struct traffic *traffic, struct rte_mbuf **buffers,
			   struct place *place, struct rte_mbuf **burst, uint64_t left)
{
	uint16_t count = left < BURST ? (uint16_t)left : BURST;

	for (uint16_t i = 0; i < count; i++) {
		size_t at = next_frame(traffic, place);
		burst[i] = buffers[at];
		if (traffic->round)
			stamp(burst[i], &traffic->frame[at], place->sent);
	}
	return count;
}

// While none are sent, the receiver can make up for so many that it was slow to take; never more
// than the ring holds.
static uint64_t left_out(uint64_t behind, double step)
{
	double frames = (double)behind / step;

	return frames < DESCRIPTORS ? (uint64_t)frames : DESCRIPTORS;
}

static void obey(struct generator *generator, const struct traffic *traffic,
		 struct rte_mbuf **buffers)
{
	const struct generator_order order = generator->order;
	struct generator_report report = {0};
	struct rte_mbuf *burst[BURST];
	struct place place = {0};
	uint64_t hz = rte_get_tsc_hz(), start = rte_rdtsc(), due = start;
	uint64_t late = hz / 1000000 * LATE_US, warm = start + hz / 1000 * WARM_MS;
	uint64_t left = order.frames, skipped = 0;
	double step = order.packets_per_s > 0 ? (double)hz / order.packets_per_s : 0;
	uint16_t count = 0, from = 0; // of the burst: filled, and the first that waits

	while (left > 0 && !__atomic_load_n(&generator->stop, __ATOMIC_RELAXED)) {
		uint64_t now = rte_rdtsc();
		if (step > 0 && now < due)
			continue;
		if (step > 0 && !order.patient && now - due > late) {
			skipped += now < warm ? 0 : left_out(now - due, step);
			due = now;
		}
		if (from == count) {
			count = fill_burst(traffic, buffers, &place, burst, left);
			from = 0;
		}
		uint16_t waits = count - from;
		uint16_t sent = send_burst((uint16_t)order.port, burst + from, waits);
		uint16_t gone = step > 0 && !order.patient ? waits : sent;
		due += (uint64_t)(step * gone);
		report.sent += sent;
		report.refused += gone - sent;
		left -= gone;
		from += gone;
		report.kept_rate = skipped <= order.frames / 100 * LEFT_OUT_PERCENT;
		if (order.strict && (report.refused > 0 || !report.kept_rate))
			break;
	}
	report.seconds = (double)(rte_rdtsc() - start) / (double)hz;
	generator->report = report;
}

static int run(struct generator *generator, const struct traffic *traffic, const struct host *host)
{
	char cores[32], memory[32], vdev[GENERATOR_PORTS][160];
	char *args[16] = {"generator",         "--no-pci",       "--no-telemetry",
			  "--log-level=error", "--iova-mode=va", cores};
	int count = 6;

	snprintf(cores, sizeof(cores), "--lcores=0@%u", host->main_cpu);
	snprintf(memory, sizeof(memory), "%zu", MEMORY_MB + traffic->count / 256);
	if (host->hugepages) {
		args[count++] = "--in-memory";
	} else {
		args[count++] = "--no-huge";
		args[count++] = "--no-shconf";
		args[count++] = "-m";
		args[count++] = memory;
	}
	for (int i = 0; i < GENERATOR_PORTS; i++) {
		snprintf(
			vdev[i], sizeof(vdev[i]),
			"--vdev=net_memif%d,role=server,id=0,socket=%s/memif%d,bsize=2048,rsize=%d",
			i, host->dir, i, GENERATOR_RING_LOG2);
		args[count++] = vdev[i];
	}
	setenv("RUNTIME_DIRECTORY", host->dir, 1);
	if (rte_eal_init(count, args) < 0)
		return EXIT_FAILURE;
	struct rte_mbuf **buffers = make_buffers(traffic);
	for (uint16_t port = 0; buffers && port < GENERATOR_PORTS; port++)
		if (open_port(port, buffers[0]->pool))
			buffers = NULL;
	if (!buffers)
		return EXIT_FAILURE;
	__atomic_store_n(&generator->ready, true, __ATOMIC_RELEASE);
	for (;;) {
		if (sem_wait(&generator->ordered) != 0)
			continue;
		obey(generator, traffic, buffers);
		sem_post(&generator->done);
	}
}

struct generator *generator_start(const struct traffic *traffic, const struct host *host)
{
	struct generator *generator = mmap(NULL, sizeof(*generator), PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (generator == MAP_FAILED)
		return NULL;
	sem_init(&generator->ordered, 1, 0);
	sem_init(&generator->done, 1, 0);
	for (int i = 0; i < GENERATOR_PORTS; i++)
		snprintf(generator->device[i], sizeof(generator->device[i]),
			 "net_memif0,role=client,id=0,socket=%s/memif%d,bsize=2048,rsize=%d",
			 host->dir, i, GENERATOR_RING_LOG2);
	pid_t pid = fork();
	if (pid == 0) {
		host_join();
		_exit(run(generator, traffic, host));
	}
	generator->pid = pid;
	for (int i = 0; i < START_STEPS; i++) {
		if (__atomic_load_n(&generator->ready, __ATOMIC_ACQUIRE))
			return generator;
		if (waitpid(generator->pid, NULL, WNOHANG) == generator->pid)
			break;
		usleep(PAUSE_US);
	}
	fprintf(stderr, "bench-wire: the generator does not start\n");
	generator_end(generator);
	return NULL;
}

const char *generator_device(const struct generator *generator, unsigned int index)
{
	return generator->device[index];
}

void generator_begin(struct generator *generator, const struct generator_order *order)
{
	generator->order = *order;
	__atomic_store_n(&generator->stop, false, __ATOMIC_RELAXED);
	sem_post(&generator->ordered);
}

void generator_stop(struct generator *generator)
{
	__atomic_store_n(&generator->stop, true, __ATOMIC_RELAXED);
}

void generator_wait(struct generator *generator, struct generator_report *report)
{
	struct timespec until;

	*report = (struct generator_report){0};
	while (generator->pid > 0) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		if (sem_clockwait(&generator->done, CLOCK_MONOTONIC, &until) == 0) {
			*report = generator->report;
			return;
		}
		if (waitpid(generator->pid, NULL, WNOHANG) == generator->pid)
			generator->pid = 0;
	}
}

pid_t generator_pid(const struct generator *generator)
{
	return generator->pid;
}

void generator_end(struct generator *generator)
{
	if (generator->pid > 0) {
		kill(generator->pid, SIGKILL);
		waitpid(generator->pid, NULL, 0);
	}
	munmap(generator, sizeof(*generator));
}
