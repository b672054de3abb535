// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/world.h"

#include "bench/calls/certificate.h"
#include "config/clock.h"
#include "dataplane/eal.h"
#include "dataplane/lcore.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "sip/line_index.h"

#undef NS_PER_S // DPDK has one of its own
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MBUFS = 16383,
	DESCRIPTORS = 1024,
	BURST = 32,
	FILL_DIFFERING = 2000, // persons that presence may be behind, when calls come at will
	FILL_WAITING = 1024,   // events in its ring
	EAL_MEMORY = 256 << 20,
};

static struct rte_mempool *pool;
static uint16_t ring_port;

static void complain(const char *what, int error)
{
	fprintf(stderr, "bench-calls: %s: %s\n", what, strerror(error < 0 ? -error : error));
}

// Once a program.
static int open_ring(void)
{
	struct eal_plan plan = {.memory_bytes = EAL_MEMORY};
	struct rte_eth_conf conf = {0};
	char error[512];
	int rc;

	if (pool != NULL)
		return 0;
	rc = eal_start(&plan, error, sizeof(error));
	if (rc < 0) {
		fprintf(stderr, "bench-calls: %s\n", error);
		return rc;
	}
	rc = rte_eal_hotplug_add("vdev", "net_ring0", "");
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name("net_ring0", &ring_port);
	if (rc == 0)
		pool = rte_pktmbuf_pool_create("bench", MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					       SOCKET_ID_ANY);
	if (rc == 0 && pool == NULL)
		rc = -ENOMEM;
	if (rc == 0)
		rc = rte_eth_dev_configure(ring_port, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(ring_port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(ring_port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(ring_port);
	if (rc != 0)
		complain("net_ring", rc);
	return rc;
}

// "sip:u0000042@bench.example" -> 42
static uint32_t person_of(struct world *world, uint32_t number)
{
	const struct people *people = compositor_people(
		service_compositor(server_service(world->registrar)));
	struct part name;
	char digits[8];

	if (number >= world->person_room) {
		uint32_t room = number * 2 + 1024;

		world->person = reallocarray(world->person, room, sizeof(*world->person));
		if (world->person == NULL)
			abort();
		for (uint32_t i = world->person_room; i < room; i++)
			world->person[i] = UINT32_MAX;
		world->person_room = room;
	}
	if (world->person[number] == UINT32_MAX) {
		name = people_name(people, number);
		if (name.len < 13 || memcmp(name.at, "sip:u", 5) != 0)
			return UINT32_MAX;
		memcpy(digits, name.at + 5, 7);
		digits[7] = '\0';
		world->person[number] = (uint32_t)strtoul(digits, NULL, 10);
	}
	return world->person[number];
}

static void registrar_shows(void *ctx, uint32_t number, bool busy, uint64_t at_ns)
{
	struct world *world = ctx;
	uint32_t person = person_of(world, number);

	if (person < world->options.persons)
		lamps_shown(world->lamps, person, busy, at_ns);
	else
		world->strange++;
}

static void registrar_answered(void *ctx, uint32_t number, uint16_t status, uint64_t at_ns)
{
	struct world *world = ctx;
	uint32_t person = number != PEOPLE_NOBODY ? person_of(world, number) : UINT32_MAX;

	if (person < world->options.persons && status < 300)
		lamps_answered(world->lamps, person, at_ns);
}

static int open_registrar(struct world *world)
{
	struct settings_registrar *settings = &world->options.settings.registrar;
	struct server_options options = {
		.tls_port = -1,
		.service = {.compositor = {.min_expires_s = 60,
					   .max_expires_s = 600,
					   .events = "presence",
					   .epoch = 2545777538u,
					   .changed = registrar_shows,
					   .ctx = world},
			    .latency = world->options.registrar_latency,
			    .complaints_shown = 1,
			    .seed = 1},
		.answered = registrar_answered,
		.ctx = world,
	};

	bool tls = strcmp(world->options.transport, "tls") == 0;
	char certificate[SETTINGS_TEXT + 16], key[SETTINGS_TEXT + 16];

	if (tls) {
		const char *directory = world->options.settings.engine.state_dir;

		snprintf(certificate, sizeof(certificate), "%s/registrar.pem", directory);
		snprintf(key, sizeof(key), "%s/registrar.key", directory);
		if (certificate_write(certificate, key) != 0)
			return -EIO;
		options.tls_port = 0;
		options.certificate = certificate;
		options.key = key;
		settings->tls_verify = false; // nobody has signed it
	}
	world->registrar = server_new(&options);
	if (world->registrar == NULL)
		return -EIO;
	snprintf(settings->target[0], sizeof(settings->target[0]), "sip:127.0.0.1:%d;transport=%s",
		 tls ? server_tls_port(world->registrar) : server_port(world->registrar),
		 world->options.transport);
	settings->target_count = 1;
	return 0;
}

static int open_wire(struct world *world)
{
	char error[512] = "";
	int rc;

	world->lcore = calloc(1, sizeof(*world->lcore));
	if (world->lcore == NULL)
		return -ENOMEM;
	rc = line_index_select(LINE_KERNEL_AUTO);
	if (rc == 0)
		rc = lcore_init(world->lcore, 0, &world->options.settings, world->segment,
				world->doorbell, error, sizeof(error));
	if (rc != 0)
		fprintf(stderr, "bench-calls: %s\n", error);
	world->lcore->queue[0] = (struct lcore_queue){.port = ring_port};
	world->lcore->queue_count = 1;
	return rc;
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		complain("affinity", errno);
}

static bool turn_registrar(struct world *world);

int world_open(struct world *world, const struct world_options *options)
{
	uint32_t slots = (uint32_t)options->settings.wire.ring_slots;
	uint64_t until_ns;
	struct server_totals totals = {0};
	int rc;

	*world = (struct world){.options = *options, .segment_fd = -1, .doorbell = -1};
	world->waits.fd[WAITS_WORKER] = world->waits.fd[WAITS_WORLD] = -1;
	rc = open_registrar(world);
	world->lamps = lamps_new(options->persons);
	world->segment = segment_create(1, slots, &world->segment_fd);
	world->doorbell = doorbell_create();
	if (rc == 0 && (world->lamps == NULL || world->segment == NULL || world->doorbell < 0))
		rc = -ENOMEM;
	if (rc == 0)
		rc = presence_start(&world->presence, &(struct presence_options){
							      .settings = &world->options.settings,
							      .segment = world->segment,
							      .doorbell = world->doorbell,
							      .worker_cpu = options->worker_cpu,
							      .other_cpu = options->world_cpu,
							      .registrar = world->registrar,
						      });
	if (rc == 0)
		rc = open_ring();
	if (rc == 0)
		rc = open_wire(world);
	if (rc != 0) {
		world_close(world, false);
		return rc;
	}
	pin(options->world_cpu);
	waits_open(&world->waits, world->presence.pid);
	// Until it has connected, and its store has had time to load.
	until_ns = clock_mono_ns() + 5000 * NS_PER_MS;
	while (clock_mono_ns() < until_ns && totals.connections_now == 0 &&
	       strcmp(options->transport, "udp") != 0) {
		turn_registrar(world);
		server_totals(world->registrar, &totals);
	}
	world_rest(world, clock_mono_ns() + 1000 * NS_PER_MS);
	presence_find_store(&world->presence);
	return 0;
}

void world_close(struct world *world, bool keep)
{
	if (keep && world->presence.pid > 0)
		world->options.settings.engine.on_stop = STOP_KEEP;
	waits_close(&world->waits);
	presence_stop(&world->presence);
	if (world->lcore != NULL)
		lcore_fini(world->lcore);
	free(world->lcore);
	server_free(world->registrar);
	lamps_free(world->lamps);
	free(world->person);
	if (world->segment != NULL)
		segment_unmap(world->segment);
	if (world->segment_fd >= 0)
		close(world->segment_fd);
	if (world->doorbell >= 0)
		close(world->doorbell);
	*world = (struct world){.segment_fd = -1, .doorbell = -1};
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Frames that are due, a burst of them. True: there were some.
static bool turn_generator(struct generator *generator, uint64_t now_ns)
{
	struct rte_mbuf *packets[BURST];
	uint16_t count = 0, sent = 0;

	while (count < BURST) {
		struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);
		size_t len;

		if (packet == NULL)
			break;
		len = generator_next(generator, now_ns, rte_pktmbuf_mtod(packet, uint8_t *));
		if (len == 0) {
			rte_pktmbuf_free(packet);
			break;
		}
		packet->data_len = (uint16_t)len;
		packet->pkt_len = (uint32_t)len;
		packets[count++] = packet;
	}
	// The poll core takes all of it right after: a ring of 1024 never is full.
	while (sent < count)
		sent += rte_eth_tx_burst(ring_port, 0, packets + sent, (uint16_t)(count - sent));
	return count > 0;
}

static bool turn_registrar(struct world *world)
{
	uint64_t start_ns = thread_cpu_ns();

	if (!server_poll(world->registrar, 0, NULL))
		return false;
	world->cpu.registrar_ns += thread_cpu_ns() - start_ns;
	// Whatever was due before the end of a wait came late because of it, in turns after this,
	// too.
	if (waits_grew(&world->waits))
		world->alone_since_ns = clock_mono_ns();
	lamps_alone(world->lamps, world->alone_since_ns);
	return true;
}

static bool turn_calls(struct world *world, struct generator *generator)
{
	uint64_t now_ns = clock_mono_ns(), start_ns, sent_ns;

	if (generator_due_ns(generator) > now_ns) {
		lcore_round(world->lcore);
		return false;
	}
	start_ns = thread_cpu_ns();
	turn_generator(generator, now_ns);
	sent_ns = thread_cpu_ns();
	lcore_round(world->lcore);
	world->cpu.generator_ns += sent_ns - start_ns;
	world->cpu.wire_ns += thread_cpu_ns() - sent_ns;
	return true;
}

void world_rest(struct world *world, uint64_t until_ns)
{
	while (clock_mono_ns() < until_ns) {
		bool busy = turn_registrar(world);

		lcore_round(world->lcore);
		if (!busy)
			sched_yield();
	}
}

bool world_run(struct world *world, struct generator *generator, uint64_t until_ns)
{
	for (;;) {
		bool busy = turn_calls(world, generator);

		busy |= turn_registrar(world);
		if (busy)
			continue;
		if (generator_due_ns(generator) == UINT64_MAX && lamps_differing(world->lamps) == 0)
			return true;
		if (clock_mono_ns() > until_ns)
			return false;
		sched_yield(); // the store's server is on this CPU
	}
}

bool world_fill(struct world *world, struct generator *generator, uint64_t until_ns)
{
	struct event_ring *ring = segment_ring(world->segment, 0);

	for (;;) {
		bool busy = false;

		if (lamps_differing(world->lamps) < FILL_DIFFERING &&
		    event_ring_count(ring) < FILL_WAITING)
			busy = turn_calls(world, generator);
		busy |= turn_registrar(world);
		if (busy)
			continue;
		if (generator_due_ns(generator) == UINT64_MAX &&
		    lamps_differing(world->lamps) == 0 && event_ring_count(ring) == 0)
			return true;
		if (clock_mono_ns() > until_ns)
			return false;
		sched_yield();
	}
}
