// SPDX-License-Identifier: Apache-2.0
// Real interfaces: two veth pairs, the engine between them over AF_XDP, or beside one over
// AF_PACKET, or at the other end of a TAP. The namespaces have no names, so they go with the
// process, however it ends. Needs root; skipped without.
//
//   [outer: va]--[middle: ma] engine [middle: mb]--[outer: vb]
#include "dataplane/wire.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "link/call_event.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "namespaces.h"
#include "sip/msg.h"

#undef NS_PER_S // DPDK has one of its own
#include <rte_mempool.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SKIPPED = 77, PATIENCE_MS = 10000, SILENCE_MS = 300 };

// libxdp keeps a few octets of each socket.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xsk_umem__create";
}

static const char *message(const char *method, const char *call_id, unsigned int padding)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		 "%s sip:b@x SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
		 "From: <sip:a@x>;tag=a1\r\n"
		 "To: <sip:b@x>%s\r\n"
		 "Call-ID: %s\r\n"
		 "Subject: %0*d\r\n"
		 "CSeq: 1 %s\r\n\r\n",
		 method, strcmp(method, "BYE") ? "" : ";tag=b", call_id, (int)padding, 0, method);
	return text;
}

struct engine {
	struct segment *segment;
	struct wire *wire;
	pthread_t thread;
	int fd, bell;
};

static void *run(void *arg)
{
	return (void *)(intptr_t)wire_run(arg);
}

static void engine_settings(struct settings *settings, enum settings_mode mode, const char *first,
			    const char *second)
{
	settings_default(settings);
	settings->wire.mode = mode;
	settings->wire.hugepages = PAGES_NEVER;
	// Room for all tests of this process, which share one EAL.
	settings->wire.memory_bytes = 512 << 20;
	snprintf(settings->wire.port[settings->wire.port_count++], SETTINGS_TEXT, "%s", first);
	if (second)
		snprintf(settings->wire.port[settings->wire.port_count++], SETTINGS_TEXT, "%s",
			 second);
}

static void engine_start(struct engine *engine, enum settings_mode mode, const char *first,
			 const char *second)
{
	struct settings settings;
	char error[1024] = "";

	engine_settings(&settings, mode, first, second);
	engine->bell = doorbell_create();
	engine->segment = segment_create(1, 4096, &engine->fd);
	engine->wire = wire_open(&settings, engine->segment, engine->bell, error, sizeof(error));
	if (!engine->wire)
		fail_msg("%s", error);
	assert_int_equal(pthread_create(&engine->thread, NULL, run, engine->wire), 0);
}

static void engine_stop(struct engine *engine)
{
	void *result;

	wire_stop(engine->wire);
	pthread_join(engine->thread, &result);
	assert_null(result);
	wire_close(engine->wire);
	segment_unmap(engine->segment);
	close(engine->fd);
	close(engine->bell);
}

static uint64_t count(const struct engine *engine, enum wire_counter counter)
{
	return __atomic_load_n(&engine->segment->counters[0].value[counter], __ATOMIC_RELAXED);
}

static bool next_event(struct engine *engine, struct call_event *event, int patience_ms)
{
	struct event_ring *ring = segment_ring(engine->segment, 0);
	struct pollfd wait = {.fd = engine->bell, .events = POLLIN};
	bool got = event_ring_pop(ring, event);

	while (!got) {
		doorbell_sleep(engine->segment);
		got = event_ring_pop(ring, event);
		if (!got && poll(&wait, 1, patience_ms) != 1)
			break;
		doorbell_awake(engine->segment, engine->bell);
		got = got || event_ring_pop(ring, event);
	}
	doorbell_awake(engine->segment, engine->bell);
	return got;
}

static bool event_of_call(struct engine *engine, const char *call_id)
{
	struct call_event event;

	if (!next_event(engine, &event, PATIENCE_MS))
		return false;
	struct sip_slice text = event.text[EVENT_TEXT_CALL_ID];
	return text.len == strlen(call_id) &&
	       memcmp(event.bytes + text.off, call_id, text.len) == 0;
}

enum { ZOO = 11, ZOO_EVENTS = 3 };

static void fragment(struct packet *packet, const struct packet *whole, unsigned int id,
		     unsigned int off, unsigned int len, bool more)
{
	packet_ethernet(packet, 0x0800);
	packet_ipv4(packet, 0, len, id, off / 8 | (more ? 0x2000 : 0), 17);
	packet_raw(packet, whole->data + off, len);
}

// All that may cross a wire, and three calls among it.
static void build_zoo(struct packet zoo[ZOO], const char *side)
{
	struct packet whole = {0};
	char call_id[64];

	memset(zoo, 0, sizeof(*zoo) * ZOO);
	packet_ethernet(&zoo[0], 0x0806); // ARP
	packet_raw(&zoo[0], "\0\x01\x08\0\x06\x04\0\x01", 8);
	packet_zeros(&zoo[0], 38);
	packet_ethernet(&zoo[1], 0x88b5); // nobody's
	packet_text(&zoo[1], "anything at all, and more than sixty octets of it for once");
	packet_ethernet(&zoo[2], 0x0800); // a full MTU
	packet_ipv4(&zoo[2], 0, 1480, 1, 0, 6);
	packet_zeros(&zoo[2], 1480);
	packet_ethernet(&zoo[3], 0x8100); // tagged, also full
	packet_tag(&zoo[3], 5, 0x0800);
	packet_ipv4(&zoo[3], 0, 1480, 1, 0, 6);
	packet_zeros(&zoo[3], 1480);
	packet_ethernet(&zoo[4], 0x88a8); // tagged twice, with priorities
	packet_tag(&zoo[4], 0xe064, 0x8100);
	packet_tag(&zoo[4], 0xa0c8, 0x86dd);
	packet_ipv6(&zoo[4], 8, 58);
	packet_zeros(&zoo[4], 8);
	packet_ethernet(&zoo[5], 64); // IEEE 802.3, spanning tree
	packet_raw(&zoo[5], "\x42\x42\x03", 3);
	packet_zeros(&zoo[5], 61);
	packet_ethernet(&zoo[6], 0x0800); // broken IP
	packet_raw(&zoo[6], "\x4f\xff\xff\xff\xff\xff", 6);
	packet_zeros(&zoo[6], 40);
	snprintf(call_id, sizeof(call_id), "plain-%s", side);
	packet_datagram(&zoo[7], message("INVITE", call_id, 1));
	snprintf(call_id, sizeof(call_id), "pieces-%s", side);
	const char *text = message("INVITE", call_id, 1600);
	packet_udp(&whole, (unsigned int)strlen(text));
	packet_text(&whole, text);
	fragment(&zoo[8], &whole, (uint8_t)*side, 0, 1480, true);
	fragment(&zoo[9], &whole, (uint8_t)*side, 1480, (unsigned int)whole.len - 1480, false);
	snprintf(call_id, sizeof(call_id), "tagged-%s", side);
	text = message("BYE", call_id, 1);
	unsigned int len = (unsigned int)strlen(text);
	packet_ethernet(&zoo[10], 0x8100);
	packet_tag(&zoo[10], 77, 0x0800);
	packet_ipv4(&zoo[10], 0, 8 + len, 3, 0, 17);
	packet_udp(&zoo[10], len);
	packet_text(&zoo[10], text);
}

static void cross(struct engine *engine, int from, int to, const char *side)
{
	struct packet zoo[ZOO];
	uint8_t data[4096];
	char call_id[64];
	const char *const calls[ZOO_EVENTS] = {"plain", "pieces", "tagged"};

	build_zoo(zoo, side);
	for (size_t i = 0; i < ZOO; i++) {
		send_packet(from, &zoo[i]);
		size_t len = receive(to, data, sizeof(data), PATIENCE_MS);
		if (len != zoo[i].len || memcmp(data, zoo[i].data, len) != 0)
			fail_msg("frame %zu from side %s: %zu octets came, not the %zu sent", i,
				 side, len, zoo[i].len);
	}
	for (size_t i = 0; i < ZOO_EVENTS; i++) {
		snprintf(call_id, sizeof(call_id), "%s-%s", calls[i], side);
		if (!event_of_call(engine, call_id))
			fail_msg("no event of %s", call_id);
	}
}

static void storm(int from, int to, unsigned int frames)
{
	struct packet packet = {0};
	uint8_t data[4096];
	unsigned int sent = 0, got = 0;

	packet_datagram(&packet, message("OPTIONS", "storm", 700));
	while (got < frames) {
		// As much under way as a transmit ring takes; more than a burst.
		while (sent < frames && sent - got < 256) {
			packet.data[1] = (uint8_t)(sent >> 8);
			packet.data[2] = (uint8_t)sent++;
			send_packet(from, &packet);
		}
		if (receive(to, data, sizeof(data), PATIENCE_MS) != packet.len)
			fail_msg("frame %u of %u did not come", got, frames);
		assert_int_equal(data[1] << 8 | data[2], got & 0xffff);
		got++;
	}
}

static bool has_xdp(const char *interface)
{
	char command[128];

	snprintf(command, sizeof(command), "ip -d link show dev %s | grep -q 'prog/xdp'",
		 interface);
	return system(command) == 0;
}

static bool is_promiscuous(const char *interface)
{
	char command[128];

	snprintf(command, sizeof(command), "ip link show dev %s | grep -q PROMISC", interface);
	return system(command) == 0;
}

// Nothing comes to a side that nobody sent: no echo, no frame of the kernel's own. Meanwhile the
// poll core waits on its sockets, 10 ms at a time: naps would be a hundred times as many.
static void assert_silence(struct engine *engine, int side)
{
	uint8_t data[4096];
	uint64_t frames = count(engine, WIRE_RX_FRAMES), sleeps = count(engine, WIRE_SLEEPS);
	uint64_t start = clock_mono_ns();

	assert_int_equal(receive(side, data, sizeof(data), SILENCE_MS), 0);
	frames = count(engine, WIRE_RX_FRAMES) - frames;
	sleeps = count(engine, WIRE_SLEEPS) - sleeps;
	assert_in_range(sleeps, 1, (clock_mono_ns() - start) / (10 * NS_PER_MS) + frames + 10);
}

static void test_inline_af_xdp(void **state)
{
	struct engine engine;

	engine_start(&engine, MODE_INLINE, "af_xdp:ma", "af_xdp:mb");
	print_message("%s\n", wire_summary(engine.wire));
	assert_true(has_xdp("ma"));
	assert_true(is_promiscuous("ma"));
	cross(&engine, side_a, side_b, "a");
	cross(&engine, side_b, side_a, "b");
	storm(side_a, side_b, 20000);
	storm(side_b, side_a, 20000);
	assert_silence(&engine, side_a);
	assert_silence(&engine, side_b);
	assert_int_equal(count(&engine, WIRE_RX_FRAMES), 2 * ZOO + 40000);
	assert_int_equal(count(&engine, WIRE_TX_FRAMES), 2 * ZOO + 40000);
	assert_int_equal(count(&engine, WIRE_TX_DROPPED), 0);
	assert_int_equal(count(&engine, WIRE_REASSEMBLED), 2);
	assert_int_equal(count(&engine, WIRE_SIP_IGNORED), 40000);
	engine_stop(&engine);
	assert_false(has_xdp("ma"));
	assert_false(has_xdp("mb"));
	assert_false(is_promiscuous("ma"));
}

// Datagrams of the kernel, which leaves their checksums to a device that a veth pair has not.
static void test_unfinished_checksums(void **state)
{
	struct engine engine;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5060)};
	const char *text = message("INVITE", "kernel", 1);

	assert_int_equal(setns(outer, CLONE_NEWNET), 0);
	shell("ip addr add 192.0.2.1/24 dev va; "
	      "ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev va nud permanent");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setns(middle, CLONE_NEWNET), 0);
	engine_start(&engine, MODE_INLINE, "af_xdp:ma", "af_xdp:mb");
	inet_pton(AF_INET, "192.0.2.2", &to.sin_addr);
	for (int i = 0; i < 10; i++)
		assert_true(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)) >
			    0);
	for (int i = 0; i < 10; i++)
		assert_true(event_of_call(&engine, "kernel"));
	assert_int_equal(setns(outer, CLONE_NEWNET), 0);
	shell("ethtool -K va tx off > /dev/null");
	assert_int_equal(setns(middle, CLONE_NEWNET), 0);
	assert_int_equal(count(&engine, WIRE_UNFINISHED_CHECKSUM), 10);
	sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to));
	assert_true(event_of_call(&engine, "kernel"));
	assert_int_equal(count(&engine, WIRE_UNFINISHED_CHECKSUM), 10);
	close(fd);
	engine_stop(&engine);
}

// Has this process's descriptors, AF_XDP sockets among them, outlive it, as they do in one that is
// killed on a busy machine until its memory is taken down.
static void dying(int pipe_of_parent[2])
{
	const struct timespec death = {.tv_sec = 1, .tv_nsec = 500000000};
	char octet;

	if (fork() != 0)
		return;
	close(pipe_of_parent[1]);
	while (read(pipe_of_parent[0], &octet, 1) > 0)
		;
	nanosleep(&death, NULL);
	_exit(0);
}

// An engine that was killed leaves its XDP program behind, and its sockets for as long as it takes
// to take it down; the next one starts all the same.
static void test_after_a_kill(void **state)
{
	struct engine engine;
	int ready[2], alive[2];
	char octet;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(alive), 0);
	pid_t child = fork();
	if (child == 0) {
		engine_start(&engine, MODE_INLINE, "af_xdp:ma", "af_xdp:mb");
		dying(alive);
		if (write(ready[1], "!", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]);
	close(alive[0]);
	close(alive[1]);
	assert_int_equal(read(ready[0], &octet, 1), 1);
	close(ready[0]);
	// While it lives, its interface is not taken from it.
	struct settings settings;
	char error[1024] = "";
	engine_settings(&settings, MODE_INLINE, "af_xdp:ma", "af_xdp:mb");
	struct segment *segment = segment_create(1, 16, &engine.fd);
	assert_null(wire_open(&settings, segment, -1, error, sizeof(error)));
	if (!strstr(error, "xdp off"))
		fail_msg("%s", error);
	segment_unmap(segment);
	close(engine.fd);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(has_xdp("ma"));
	engine_start(&engine, MODE_INLINE, "af_xdp:ma", "af_xdp:mb");
	cross(&engine, side_a, side_b, "a");
	engine_stop(&engine);
}

// All is seen, and nothing sent.
static void beside(const char *port)
{
	struct packet zoo[ZOO];
	struct engine engine;
	uint8_t data[4096];

	engine_start(&engine, MODE_TAP, port, NULL);
	print_message("%s\n", wire_summary(engine.wire));
	build_zoo(zoo, "a");
	for (size_t i = 0; i < ZOO; i++)
		send_packet(side_a, &zoo[i]);
	assert_true(event_of_call(&engine, "plain-a"));
	assert_true(event_of_call(&engine, "pieces-a"));
	assert_true(event_of_call(&engine, "tagged-a"));
	assert_int_equal(count(&engine, WIRE_CUT_DATAGRAM), 0);
	assert_silence(&engine, side_a);
	assert_int_equal(receive(side_b, data, sizeof(data), 0), 0);
	assert_int_equal(count(&engine, WIRE_TX_FRAMES), 0);
	engine_stop(&engine);
}

// Fragments are put together by the kernel.
static void test_tap_af_packet(void **state)
{
	beside("af_packet:ma");
}

static void test_tap_af_xdp(void **state)
{
	beside("af_xdp:ma");
}

static bool await_counter(const uint64_t *counter, uint64_t least)
{
	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		if (__atomic_load_n(counter, __ATOMIC_RELAXED) >= least)
			return true;
		usleep(10000);
	}
	return false;
}

// All packet buffers of the port are somewhere else for a while: each frame that does not come is
// one that was missed.
static void test_no_buffers(void **state)
{
	enum { BUFFERS = 1 << 14, FRAMES = 4000 };
	static void *buffers[BUFFERS];
	struct packet zoo[ZOO];
	struct engine engine;
	unsigned int taken = 0;

	engine_start(&engine, MODE_TAP, "af_xdp:ma", NULL);
	struct rte_mempool *pool = rte_mempool_lookup("port-0-0");
	const struct wire_port_counters *port = &engine.segment->port[0];
	while (taken < BUFFERS && rte_mempool_get(pool, &buffers[taken]) == 0)
		taken++;
	build_zoo(zoo, "a");
	// veth holds 256 frames until the kernel comes to them, and loses more unseen.
	for (unsigned int i = 0; i < FRAMES; i++) {
		send_packet(side_a, &zoo[0]);
		if (i % 64 == 63)
			usleep(1000);
	}
	assert_true(await_counter(&port->no_buffer, 1));
	assert_true(await_counter(&port->missed, 1));
	rte_mempool_put_bulk(pool, buffers, taken);
	// Both are read once a second, and what waits in the kernel is on its way.
	for (int i = 0; i < PATIENCE_MS / 10 && port->received + port->missed < FRAMES; i++)
		usleep(10000);
	assert_int_equal(port->received + port->missed, FRAMES);
	engine_stop(&engine);
}

// The kernel's end of a new interface; what it sends is what the engine sees.
static void test_tap_net_tap(void **state)
{
	struct packet zoo[ZOO];
	struct engine engine;
	uint8_t data[4096];

	engine_start(&engine, MODE_TAP, "tap:look0", NULL);
	print_message("%s\n", wire_summary(engine.wire));
	shell("ip link set dev look0 up");
	int side = packet_socket("look0");
	build_zoo(zoo, "a");
	for (size_t i = 0; i < ZOO; i++)
		send_packet(side, &zoo[i]);
	assert_true(event_of_call(&engine, "plain-a"));
	assert_true(event_of_call(&engine, "pieces-a"));
	assert_true(event_of_call(&engine, "tagged-a"));
	assert_int_equal(count(&engine, WIRE_REASSEMBLED), 1);
	assert_int_equal(receive(side, data, sizeof(data), SILENCE_MS), 0);
	close(side);
	engine_stop(&engine);
	assert_int_equal(if_nametoindex("look0"), 0);
}

// Two new interfaces joined by the engine; no AF_XDP needed.
static void test_inline_net_tap(void **state)
{
	struct engine engine;

	engine_start(&engine, MODE_INLINE, "tap:look0", "tap:look1");
	shell("ip link set dev look0 up; ip link set dev look1 up");
	int first = packet_socket("look0"), second = packet_socket("look1");
	cross(&engine, first, second, "a");
	cross(&engine, second, first, "b");
	storm(first, second, 5000);
	assert_int_equal(count(&engine, WIRE_TX_DROPPED), 0);
	close(first);
	close(second);
	engine_stop(&engine);
}

static const struct {
	const char *before, *after; // shell, around the attempt
	enum settings_mode mode;
	const char *port[2];
	const char *says;
} refused[] = {
	{"ip link set dev ma down", "ip link set dev ma up", MODE_TAP, {"af_packet:ma"}, "is down"},
	{"ip addr add 192.0.2.1/24 dev ma",
	 "ip addr flush dev ma",
	 MODE_INLINE,
	 {"af_xdp:ma", "af_xdp:mb"},
	 "ip addr flush dev ma"},
	{"ip link set dev ma mtu 9000",
	 "ip link set dev ma mtu 1500",
	 MODE_TAP,
	 {"af_xdp:ma"},
	 "ip link set dev ma mtu"},
	{"true", "true", MODE_TAP, {"net_af_packet0,iface=ma,framesz=1024"}, "would cut frames"},
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct settings settings;
		char error[1024] = "";
		int fd;
		shell("%s", refused[i].before);
		engine_settings(&settings, refused[i].mode, refused[i].port[0], refused[i].port[1]);
		struct segment *segment = segment_create(1, 16, &fd);
		assert_null(wire_open(&settings, segment, -1, error, sizeof(error)));
		if (!strstr(error, refused[i].says))
			fail_msg("row %zu says: %s", i, error);
		print_message("%s\n", error);
		shell("%s", refused[i].after);
		segment_unmap(segment);
		close(fd);
	}
}

// net_af_xdp keeps its socket until the process ends, so each test has a process of its own.
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_a_kill),
		cmocka_unit_test(test_inline_af_xdp),
		cmocka_unit_test(test_tap_af_packet),
		cmocka_unit_test(test_tap_af_xdp),
		cmocka_unit_test(test_tap_net_tap),
		cmocka_unit_test(test_inline_net_tap),
		cmocka_unit_test(test_unfinished_checksums),
		cmocka_unit_test(test_no_buffers),
		cmocka_unit_test(test_refused),
	};

	if (geteuid() != 0)
		return SKIPPED;
	log_init("test", LOG_TO_STDERR, LOG_INFO);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, namespaces_setup, NULL);
}
