// SPDX-License-Identifier: Apache-2.0
// The whole wire half without privileges: a capture goes in through net_pcap, is forwarded into
// another file, and comes out as events in the shared segment.
#include "dataplane/wire.h"

#include "capture.h"
#include "config/settings.h"
#include "link/call_event.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "packet.h"
#include "sip/msg.h"

#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { CALLS = 300, LONG_CALL = 7, PATIENCE_MS = 20000 };

static const char *message(bool is_bye, unsigned int number)
{
	static char text[4096];
	// One is longer than a packet buffer and comes in two.
	int padding = number == LONG_CALL ? 2500 : 1;

	snprintf(text, sizeof(text),
		 "%s sip:b@x SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK%u\r\n"
		 "From: <sip:a@x>;tag=a%u\r\n"
		 "To: <sip:b@x>%s\r\n"
		 "Call-ID: call-%u\r\n"
		 "Subject: %0*d\r\n"
		 "CSeq: 1 %s\r\n\r\n",
		 is_bye ? "BYE" : "INVITE", number, number, is_bye ? ";tag=b" : "", number, padding,
		 0, is_bye ? "BYE" : "INVITE");
	return text;
}

static void write_input(struct capture *capture)
{
	struct packet packet;

	capture_open(capture, false, 1);
	for (unsigned int i = 0; i < CALLS * 2; i++) {
		packet.len = 0;
		packet_datagram(&packet, message(i >= CALLS, i % CALLS));
		capture_write(capture, i, packet.data, (uint32_t)packet.len, (uint32_t)packet.len);
		packet.len = 0; // and something that is no business of ours
		packet_ethernet(&packet, 0x0806);
		packet_zeros(&packet, 46);
		capture_write(capture, i, packet.data, (uint32_t)packet.len, (uint32_t)packet.len);
	}
	capture_close(capture);
}

static void *run(void *arg)
{
	return (void *)(intptr_t)wire_run(arg);
}

// Pops as presence would: asleep until the doorbell rings.
static bool pop_from(struct segment *segment, unsigned int lcore, int bell,
		     struct call_event *event)
{
	struct event_ring *ring = segment_ring(segment, lcore);
	struct pollfd wait = {.fd = bell, .events = POLLIN};

	if (event_ring_pop(ring, event))
		return true;
	doorbell_sleep(segment);
	bool got = event_ring_pop(ring, event);
	while (!got && poll(&wait, 1, PATIENCE_MS) == 1) {
		doorbell_awake(segment, bell);
		doorbell_sleep(segment);
		got = event_ring_pop(ring, event);
	}
	doorbell_awake(segment, bell);
	return got;
}

static bool pop(struct segment *segment, int bell, struct call_event *event)
{
	return pop_from(segment, 0, bell, event);
}

static void compare(const char *in_path, const char *out_path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(in_path, error), *out = pcap_open_offline(out_path, error);
	struct pcap_pkthdr *in_head, *out_head;
	const u_char *in_data, *out_data;

	assert_non_null(in);
	assert_non_null(out);
	while (pcap_next_ex(in, &in_head, &in_data) == 1) {
		assert_int_equal(pcap_next_ex(out, &out_head, &out_data), 1);
		assert_int_equal(in_head->len, out_head->len);
		assert_memory_equal(in_data, out_data, in_head->len);
	}
	assert_int_equal(pcap_next_ex(out, &out_head, &out_data), PCAP_ERROR_BREAK);
	pcap_close(in);
	pcap_close(out);
}

static void base_settings(struct settings *settings)
{
	settings_default(settings);
	settings->wire.mode = MODE_INLINE;
	settings->wire.hugepages = PAGES_NEVER;
	settings->wire.mbufs = 4095;
	settings->wire.fragment_flows = 64;
	settings->wire.queues = 1;
}

static void test_inline(void **state)
{
	struct settings settings;
	struct capture input, empty;
	struct call_event event;
	char output[80], error[1024] = "";
	pthread_t thread;
	int fd, bell = doorbell_create();

	write_input(&input);
	capture_open(&empty, false, 1);
	capture_close(&empty);
	snprintf(output, sizeof(output), "%s.out", input.path);
	base_settings(&settings);
	settings.wire.port_count = 2;
	snprintf(settings.wire.port[0], SETTINGS_TEXT, "net_pcap0,rx_pcap=%s,tx_pcap=%s.back",
		 input.path, input.path);
	snprintf(settings.wire.port[1], SETTINGS_TEXT, "net_pcap1,rx_pcap=%s,tx_pcap=%s",
		 empty.path, output);
	assert_int_equal(wire_lcores(&settings, error, sizeof(error)), 1);
	// A small ring, so that the overflow list has work.
	struct segment *segment = segment_create(1, 16, &fd);
	assert_non_null(segment);
	struct wire *wire = wire_open(&settings, segment, bell, error, sizeof(error));
	if (!wire)
		fail_msg("%s", error);
	print_message("%s\n", wire_summary(wire));
	assert_non_null(strstr(wire_summary(wire), "ordinary memory"));
	assert_int_equal(pthread_create(&thread, NULL, run, wire), 0);
	for (unsigned int i = 0; i < CALLS * 2; i++) {
		char call_id[32];
		snprintf(call_id, sizeof(call_id), "call-%u", i % CALLS);
		assert_true(pop(segment, bell, &event));
		assert_int_equal(event.method, i < CALLS ? SIP_INVITE : SIP_BYE);
		struct sip_slice text = event.text[EVENT_TEXT_CALL_ID];
		assert_int_equal(text.len, strlen(call_id));
		assert_memory_equal(event.bytes + text.off, call_id, text.len);
		assert_true(event.mono_ns > 0);
	}
	wire_stop(wire);
	void *result;
	pthread_join(thread, &result);
	assert_null(result);
	uint64_t *value = segment->counters[0].value;
	assert_int_equal(value[WIRE_RX_FRAMES], CALLS * 4);
	assert_int_equal(value[WIRE_TX_FRAMES], CALLS * 4);
	assert_int_equal(value[WIRE_TX_DROPPED], 0);
	assert_int_equal(value[WIRE_NOT_IP], CALLS * 2);
	assert_int_equal(value[WIRE_EVENTS], CALLS * 2);
	assert_int_equal(value[WIRE_SHED_STARTS] + value[WIRE_SHED_ENDS], 0);
	assert_true(segment->counters[0].heartbeat > 0);
	assert_int_equal(segment->ports, 2);
	assert_int_equal(segment->port[0].received, CALLS * 4);
	assert_int_equal(segment->port[1].sent, CALLS * 4);
	assert_int_equal(segment->wire_ready, 0);
	wire_close(wire);
	compare(input.path, output);
	unlink(input.path);
	unlink(empty.path);
	unlink(output);
	strcat(input.path, ".back");
	unlink(input.path);
	segment_unmap(segment);
	close(fd);
	close(bell);
}

// Two ports of two queues, each queue of both to a core of its own, as far as there are two CPUs.
// The first wire of the process: DPDK starts with the cores this one needs.
static void test_two_ports_of_two_queues(void **state)
{
	struct settings settings;
	struct capture input[2];
	struct call_event event;
	char error[1024] = "";
	pthread_t thread;
	cpu_set_t allowed;
	int fd, bell = doorbell_create();

	base_settings(&settings);
	settings.wire.mode = MODE_TAP;
	settings.wire.queues = 2;
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (unsigned int i = 0, taken = 0; i < 64 && taken < 2; i++)
		if (CPU_ISSET(i, &allowed)) {
			settings.wire.cores |= 1ull << i;
			taken++;
		}
	for (int i = 0; i < 2; i++)
		write_input(&input[i]);
	settings.wire.port_count = 2;
	for (unsigned int i = 0; i < settings.wire.port_count; i++)
		snprintf(settings.wire.port[i], SETTINGS_TEXT, "net_pcap%u,rx_pcap=%s,rx_pcap=%s",
			 i, input[0].path, input[1].path);
	unsigned int lcores = wire_lcores(&settings, error, sizeof(error));
	assert_int_equal(lcores, CPU_COUNT(&allowed) > 1 ? 2 : 1);
	struct segment *segment = segment_create(lcores, 2048, &fd);
	struct wire *wire = wire_open(&settings, segment, bell, error, sizeof(error));
	if (!wire)
		fail_msg("%s", error);
	print_message("%s\n", wire_summary(wire));
	assert_int_equal(pthread_create(&thread, NULL, run, wire), 0);
	for (unsigned int i = 0; i < CALLS * 8; i++) {
		unsigned int lcore = i % lcores;
		assert_true(pop_from(segment, lcore, bell, &event));
		assert_int_equal(event.lcore, lcore);
	}
	wire_stop(wire);
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < lcores; i++)
		assert_int_equal(segment->counters[i].value[WIRE_EVENTS], CALLS * 8 / lcores);
	wire_close(wire);
	for (int i = 0; i < 2; i++)
		unlink(input[i].path);
	segment_unmap(segment);
	close(fd);
	close(bell);
}

// A second wire in the same process, in tap mode, and again after that: the PMD gives all back.
static void test_tap_twice(void **state)
{
	for (int round = 0; round < 2; round++) {
		struct settings settings;
		struct capture input;
		struct call_event event;
		char error[1024] = "";
		pthread_t thread;
		int fd, bell = doorbell_create();
		write_input(&input);
		base_settings(&settings);
		settings.wire.mode = MODE_TAP;
		settings.wire.port_count = 1;
		snprintf(settings.wire.port[0], SETTINGS_TEXT, "pcap:%s", input.path);
		struct segment *segment = segment_create(1, 64, &fd);
		// The second time by settings that came through the segment.
		struct wire_settings live = {.poll_always = 1};
		if (round == 1)
			wire_settings_publish(&segment->settings, &live);
		struct wire *wire = wire_open(&settings, segment, bell, error, sizeof(error));
		if (!wire)
			fail_msg("%s", error);
		assert_int_equal(pthread_create(&thread, NULL, run, wire), 0);
		for (unsigned int i = 0; i < CALLS * 2; i++)
			assert_true(pop(segment, bell, &event));
		wire_stop(wire);
		pthread_join(thread, NULL);
		assert_int_equal(segment->counters[0].value[WIRE_TX_FRAMES], 0);
		assert_int_equal(segment->port[0].sent, 0);
		if (round == 1)
			assert_int_equal(segment->counters[0].value[WIRE_SLEEPS], 0);
		wire_close(wire);
		unlink(input.path);
		segment_unmap(segment);
		close(fd);
		close(bell);
	}
}

static const struct {
	const char *port[3];
	enum settings_mode mode;
	unsigned int queues;
	uint64_t mbufs;
	const char *says;
} refused[] = {
	{{NULL}, MODE_TAP, 1, 4095, "wire.ports is empty"},
	{{"pcap:/dev/null"}, MODE_INLINE, 1, 4095, "pairs"},
	{{"pcap:/dev/null", "pcap:/dev/null"}, MODE_TAP, 1, 4095, "twice"},
	{{"pcap:/dev/null", "pcap:/dev/zero"}, MODE_INLINE, 1, 4095, "can't be inline"},
	{{"pcap:/nonexistent"}, MODE_TAP, 1, 4095, "can't be read"},
	{{"af_packet:nosuchif0"}, MODE_TAP, 1, 4095, "no network interface"},
	{{"eth0"}, MODE_TAP, 1, 4095, "is no port"},
	{{"tap:lo"}, MODE_TAP, 1, 4095, "is there already"},
	{{"af_packet:lo", "af_packet:lo2"}, MODE_INLINE, 1, 4095, "use af_xdp"},
	{{"af_packet:lo"}, MODE_TAP, 2, 4095, "wire.queues to 1"},
	{{"af_xdp:lo"}, MODE_TAP, 1, 16384, "MTU"},
	{{"net_nosuch0"}, MODE_TAP, 1, 4095, "DPDK can't open"},
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct settings settings;
		char error[1024] = "";
		int fd;
		base_settings(&settings);
		settings.wire.mode = refused[i].mode;
		settings.wire.queues = refused[i].queues;
		settings.wire.mbufs = refused[i].mbufs;
		for (size_t k = 0; k < 3 && refused[i].port[k]; k++)
			snprintf(settings.wire.port[settings.wire.port_count++], SETTINGS_TEXT,
				 "%s", refused[i].port[k]);
		struct segment *segment = segment_create(1, 16, &fd);
		struct wire *wire = wire_open(&settings, segment, -1, error, sizeof(error));
		assert_null(wire);
		if (!strstr(error, refused[i].says))
			fail_msg("row %zu says: %s", i, error);
		segment_unmap(segment);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_ports_of_two_queues),
		cmocka_unit_test(test_inline),
		cmocka_unit_test(test_tap_twice),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
