// SPDX-License-Identifier: Apache-2.0
// The wire half put together: names -> checks -> EAL -> ports -> poll cores, and back.
#include "dataplane/wire.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "dataplane/capture.h"
#include "dataplane/cores.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/hep_listener.h"
#include "dataplane/lcore.h"
#include "dataplane/port.h"
#include "dataplane/refuse.h"
#include "link/segment.h"
#include "sip/line_index.h"

#include <rte_launch.h>
#include <rte_lcore.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STATISTICS_NS NS_PER_S

enum {
	SPARE_MEMORY =
		128 << 20, // EAL, drivers, rings, and what padding costs; untouched it is free
};

struct wire {
	struct settings settings;
	struct segment *segment;
	cpu_set_t allowed; // CPUs of the calling thread, before it was pinned
	struct cores cores;
	unsigned int ports;
	struct port port[SETTINGS_PORTS];
	struct lcore lcore[SEGMENT_LCORES];
	struct capture *capture;
	bool stop, warned_of_checksums;
	int wake; // eventfd: wire_stop() to wire_run()
	char summary[1024];
};

static int check_shape(const struct settings_wire *wire, char *error, size_t size)
{
	if (wire->port_count == 0 && wire->hep_listen_count == 0)
		return refuse(-EINVAL, error, size, "wire.ports is empty: name at least one port");
	if (wire->mode == MODE_INLINE && wire->port_count % 2)
		return refuse(-EINVAL, error, size,
			      "wire.mode inline needs ports in pairs, wire.ports has %u",
			      wire->port_count);
	if (wire->queues == 0 || wire->queues > SEGMENT_LCORES)
		return refuse(-EINVAL, error, size, "wire.queues must be 1 to %d", SEGMENT_LCORES);
	for (unsigned int i = 0; i < wire->port_count; i++)
		for (unsigned int k = 0; k < i; k++)
			if (strcmp(wire->port[i], wire->port[k]) == 0)
				return refuse(-EINVAL, error, size, "wire.ports names %s twice",
					      wire->port[i]);
	return 0;
}

unsigned int wire_lcores(const struct settings *settings, char *error, size_t error_size)
{
	struct cores cores;

	if (check_shape(&settings->wire, error, error_size) ||
	    cores_plan(&settings->wire, &cores, error, error_size))
		return 0;
	return cores.count;
}

static int check_ports(struct wire *wire, char *error, size_t size)
{
	const struct settings_wire *settings = &wire->settings.wire;
	char reason[512];

	for (unsigned int i = 0; i < settings->port_count; i++) {
		struct port *port = &wire->port[i];
		int err = port_name_parse(settings->port[i], i, &port->name, reason,
					  sizeof(reason));
		if (!err)
			err = port_check(&port->name, settings, &port->facts, reason,
					 sizeof(reason));
		if (err) {
			refuse(-EINVAL, error, size, "wire.ports %s: %s", settings->port[i],
			       reason);
			return err;
		}
	}
	return 0;
}

static uint64_t memory_needed(const struct wire *wire, bool hugepages)
{
	const struct settings_wire *settings = &wire->settings.wire;
	unsigned int flows = (unsigned int)settings->fragment_flows;
	uint64_t bytes = SPARE_MEMORY + wire->cores.count * defrag_memory(flows, hugepages);

	for (unsigned int i = 0; i < settings->port_count; i++)
		bytes += port_memory(&wire->port[i], settings, hugepages);
	return bytes;
}

static int start_eal(struct wire *wire, char *error, size_t size)
{
	const struct settings_wire *settings = &wire->settings.wire;
	struct eal_plan plan = {
		.cores = &wire->cores,
		.may_use_hugepages = settings->hugepages == PAGES_AUTO,
		.memory_bytes = settings->memory_bytes ? settings->memory_bytes
						       : memory_needed(wire, false),
		.hugepage_bytes = memory_needed(wire, true),
		.extra = settings->eal_arg,
		.extra_count = settings->eal_arg_count,
	};

	if (settings->dpdk_tools) {
		plan.tools_dir = wire->settings.engine.run_dir;
		plan.tools_prefix = wire->settings.engine.name;
	}
	for (unsigned int i = 0; i < settings->port_count; i++)
		if (wire->port[i].name.kind == PORT_PCI)
			plan.pci[plan.pci_count++] = wire->port[i].name.device;
	return eal_start(&plan, error, size);
}

static int open_ports(struct wire *wire, char *error, size_t size)
{
	const struct settings_wire *settings = &wire->settings.wire;
	char reason[512];

	for (; wire->ports < settings->port_count; wire->ports++) {
		int err = port_open(&wire->port[wire->ports], settings, reason, sizeof(reason));
		if (err) {
			port_close(&wire->port[wire->ports]);
			refuse(-EINVAL, error, size, "wire.ports %s: %s",
			       settings->port[wire->ports], reason);
			return err;
		}
	}
	return 0;
}

// Read by the first poll core, which has nothing else to do in an engine without ports.
static int open_hep(struct wire *wire, char *error, size_t size)
{
	const struct settings_wire *settings = &wire->settings.wire;

	if (settings->hep_listen_count == 0)
		return 0;
	wire->lcore[0].hep = hep_listener_new(settings->hep_listen, settings->hep_listen_count,
					      error, size);
	return wire->lcore[0].hep ? 0 : -EINVAL;
}

// Queue q of all ports goes to one core, so that both directions of a call do, whichever ports they
// come in on.
static void assign_queues(struct wire *wire, unsigned int index)
{
	struct lcore *lcore = &wire->lcore[index];
	bool forwards = wire->settings.wire.mode == MODE_INLINE;

	lcore->stop = &wire->stop;
	lcore->probe = capture_probe(wire->capture, index);
	for (unsigned int i = 0; i < wire->ports; i++) {
		const struct port *port = &wire->port[i];
		lcore->takes_signals |= port->name.kind == PORT_TAP;
		for (uint16_t q = 0; q < port->queues; q++) {
			if (q % wire->cores.count != index)
				continue;
			lcore->queue[lcore->queue_count++] = (struct lcore_queue){
				.port = port->id,
				.queue = q,
				.forwards = forwards,
				.other_port = forwards ? wire->port[i ^ 1].id : 0,
				.index = (uint8_t)i,
			};
		}
	}
}

// A poll core sleeps until a packet comes where all that it polls can wake it.
static void wake_by_packets(struct wire *wire, struct lcore *lcore)
{
	int fd[LCORE_QUEUES + 1];
	unsigned int count = 0;

	for (unsigned int i = 0; i < lcore->queue_count; i++) {
		const struct port *port = &wire->port[lcore->queue[i].index];
		int only = kernel_sockets_only(&port->sockets);
		if (only < 0)
			return;
		fd[count++] = only;
	}
	if (lcore->hep)
		fd[count++] = hep_listener_fd(lcore->hep);
	idle_wake_by(&lcore->idle, fd, count);
}

__attribute__((format(printf, 2, 3))) static void say(struct wire *wire, const char *fmt, ...)
{
	size_t used = strlen(wire->summary);
	va_list list;

	va_start(list, fmt);
	vsnprintf(wire->summary + used, sizeof(wire->summary) - used, fmt, list);
	va_end(list);
}

static void summarize(struct wire *wire)
{
	const struct settings_wire *settings = &wire->settings.wire;

	say(wire, "%s on %s;", settings->mode == MODE_INLINE ? "inline" : "tap",
	    eal_on_hugepages() ? "hugepages" : "ordinary memory (--no-huge)");
	for (unsigned int i = 0; i < wire->ports; i++)
		say(wire, "%s %s (%s)", i ? "," : " ports", settings->port[i],
		    wire->port[i].driver);
	if (wire->ports > 0)
		say(wire, "; %u queue%s each;", settings->queues, settings->queues > 1 ? "s" : "");
	for (unsigned int i = 0; i < settings->hep_listen_count; i++)
		say(wire, " HEP at %s;", settings->hep_listen[i]);
	say(wire, " CPU");
	for (unsigned int i = 0; i < wire->cores.count; i++)
		say(wire, " %u", wire->cores.cpu[i]);
	say(wire, " poll%s, CPU %u does the rest%s", wire->cores.count == 1 ? "s" : "",
	    wire->cores.main_cpu, wire->cores.shared ? " (shared: there is no other)" : "");
	say(wire, "; line index %s", line_kernel_name(line_index_selected()));
}

// net_tap announces packets by real-time signals, to any thread that lets them through: none of the
// main thread's and of DPDK's own, which inherit this mask.
static void block_real_time_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = SIGRTMIN + 1; i <= SIGRTMAX; i++)
		sigaddset(&set, i);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int open_all(struct wire *wire, int doorbell, char *error, size_t size)
{
	int err = check_shape(&wire->settings.wire, error, size);

	if (!err)
		err = cores_plan(&wire->settings.wire, &wire->cores, error, size);
	if (err)
		return err;
	if (wire->cores.count != wire->segment->lcores)
		return refuse(-EINVAL, error, size,
			      "%u poll cores, but the segment was made for %u", wire->cores.count,
			      wire->segment->lcores);
	err = line_index_select((enum line_kernel)wire->settings.wire.line_index);
	if (err)
		return refuse(-EINVAL, error, size, "wire.line_index: this CPU has no %s, say auto",
			      line_kernel_name((enum line_kernel)wire->settings.wire.line_index));
	wire->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wire->wake < 0)
		return refuse(-EINVAL, error, size, "no eventfd: %s", strerror(errno));
	err = check_ports(wire, error, size);
	if (err)
		return err;
	block_real_time_signals();
	err = start_eal(wire, error, size);
	if (!err && wire->cores.count >= rte_lcore_count())
		err = refuse(-EINVAL, error, size,
			     "DPDK runs in this process already, on fewer cores");
	if (!err)
		err = open_ports(wire, error, size);
	if (!err)
		err = open_hep(wire, error, size);
	if (!err) {
		wire->capture = capture_new(&wire->settings, wire->segment);
		if (!wire->capture)
			err = refuse(-ENOMEM, error, size, "no memory for captures");
	}
	for (unsigned int i = 0; i < wire->cores.count && !err; i++) {
		assign_queues(wire, i);
		err = lcore_init(&wire->lcore[i], i, &wire->settings, wire->segment, doorbell,
				 error, size);
		if (!err)
			wake_by_packets(wire, &wire->lcore[i]);
	}
	return err;
}

struct wire *wire_open(const struct settings *settings, struct segment *segment, int doorbell,
		       char *error, size_t error_size)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire) {
		snprintf(error, error_size, "no memory");
		return NULL;
	}
	wire->settings = *settings;
	wire->segment = segment;
	wire->wake = -1;
	CPU_ZERO(&wire->allowed);
	sched_getaffinity(0, sizeof(wire->allowed), &wire->allowed);
	if (open_all(wire, doorbell, error, error_size)) {
		wire_close(wire);
		return NULL;
	}
	summarize(wire);
	return wire;
}

const char *wire_summary(const struct wire *wire)
{
	return wire->summary;
}

static void read_statistics(struct wire *wire)
{
	for (unsigned int i = 0; i < wire->ports; i++) {
		struct wire_port_counters *counters = &wire->segment->port[i];
		bool was_up = counters->link_up;
		port_statistics(&wire->port[i], counters);
		if (was_up != counters->link_up)
			log_info("port", "link", "port=%s up=%s", counters->name,
				 counters->link_up ? "yes" : "no");
	}
	__atomic_store_n(&wire->segment->ports, wire->ports, __ATOMIC_RELEASE);
}

// Forwarded as they are, such datagrams die at the receiver.
static void warn_of_checksums(struct wire *wire)
{
	uint64_t unfinished = 0, events = 0;

	for (unsigned int i = 0; i < wire->cores.count; i++) {
		const uint64_t *value = wire->segment->counters[i].value;
		unfinished += __atomic_load_n(&value[WIRE_UNFINISHED_CHECKSUM], __ATOMIC_RELAXED);
		events += __atomic_load_n(&value[WIRE_EVENTS], __ATOMIC_RELAXED);
	}
	// Some match by chance.
	if (wire->warned_of_checksums || unfinished < 4 || unfinished < events / 16)
		return;
	wire->warned_of_checksums = true;
	log_warn("port", "unfinished-checksums",
		 "datagrams=%llu of=%llu hint=\"receivers will drop them: ethtool -K IF tx off, "
		 "where "
		 "the senders are\"",
		 (unsigned long long)unfinished, (unsigned long long)events);
}

int wire_run(struct wire *wire)
{
	struct pollfd wake = {.fd = wire->wake, .events = POLLIN};
	int err = 0;

	for (unsigned int i = 0; i < wire->cores.count && !err; i++)
		err = rte_eal_remote_launch(lcore_loop, &wire->lcore[i], i + 1);
	if (err)
		wire_stop(wire);
	else
		__atomic_store_n(&wire->segment->wire_ready, 1, __ATOMIC_RELEASE);
	for (uint64_t due_ns = 0; !__atomic_load_n(&wire->stop, __ATOMIC_RELAXED);) {
		uint64_t now_ns = clock_mono_ns();
		if (now_ns >= due_ns) {
			due_ns = now_ns + STATISTICS_NS;
			read_statistics(wire);
			if (wire->settings.wire.mode == MODE_INLINE)
				warn_of_checksums(wire);
		}
		poll(&wake, 1, capture_turn(wire->capture));
	}
	rte_eal_mp_wait_lcore();
	capture_finish(wire->capture);
	read_statistics(wire);
	__atomic_store_n(&wire->segment->wire_ready, 0, __ATOMIC_RELEASE);
	return err;
}

void wire_stop(struct wire *wire)
{
	uint64_t one = 1;

	__atomic_store_n(&wire->stop, true, __ATOMIC_RELAXED);
	if (write(wire->wake, &one, sizeof(one)) < 0)
		return; // it wakes within a second by itself
}

void wire_close(struct wire *wire)
{
	if (!wire)
		return;
	for (unsigned int i = 0; i < wire->cores.count; i++)
		lcore_fini(&wire->lcore[i]);
	capture_free(wire->capture);
	hep_listener_free(wire->lcore[0].hep);
	for (unsigned int i = 0; i < wire->ports; i++)
		port_close(&wire->port[i]);
	if (wire->wake >= 0)
		close(wire->wake);
	if (CPU_COUNT(&wire->allowed))
		sched_setaffinity(0, sizeof(wire->allowed), &wire->allowed);
	free(wire);
}
