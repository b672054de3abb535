// SPDX-License-Identifier: Apache-2.0
// The look that lets RTP go by: what it takes, and that the long way would have let the same frame
// go as no SIP, counting nothing else, whatever is changed in it.
#include "dataplane/rtp.h"

#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "link/counters.h"
#include "packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAYLOAD = 172, ROUNDS = 300000, CHANGES = 3 };

static const struct tunnel_port ports = {
	.count = 2, .port = {4789, 9060}, .kind = {TUNNEL_VXLAN, TUNNEL_HEP}};
static struct wire_counters counters;

static void make_rtp(struct packet *packet)
{
	packet->len = 0;
	packet_ethernet(packet, 0x0800);
	packet_ipv4(packet, 0, 8 + PAYLOAD, 1, 0, 17);
	packet_udp(packet, PAYLOAD);
	packet_zeros(packet, PAYLOAD);
	packet->data[RTP_PAYLOAD_OFF] = 0x80;
}

// In a buffer of exactly its size.
static bool is_plain(const struct packet *packet)
{
	uint8_t *exact = malloc(packet->len ? packet->len : 1);

	memcpy(exact, packet->data, packet->len);
	bool plain = rtp_is_plain(exact, packet->len, &ports);
	free(exact);
	return plain;
}

static void on_event(void *ctx, const struct call_event *event)
{
	fail_msg("RTP made an event");
}

// The long way.
static bool leaves_as_no_sip(const struct packet *packet)
{
	struct look look = {.ports = ports, .counters = &counters, .tell = on_event};
	uint64_t others = 0;
	struct frame frame;

	memset(&counters, 0, sizeof(counters));
	look_follow(&look, true, true, true);
	frame_walk(packet->data, packet->len, &frame);
	look_frame(&look, &frame, packet->data, 1);
	for (int i = 0; i < WIRE_COUNTER_COUNT; i++)
		others += i == WIRE_NOT_SIP ? 0 : counters.value[i];
	return counters.value[WIRE_NOT_SIP] == 1 && others == 0;
}

static void test_what_it_takes(void **state)
{
	static const struct {
		const char *name;
		size_t off;
		uint8_t value;
		bool plain;
	} cases[] = {
		{"as it is", 0, 2, true},
		{"RTCP", RTP_PAYLOAD_OFF + 1, 200, true},
		{"type is not IP", 12, 0x86, false},
		{"version 6", 14, 0x65, false},
		{"IP options", 14, 0x46, false},
		{"do not fragment", 20, 0x40, true},
		{"more fragments", 20, 0x20, false},
		{"a later fragment", 21, 1, false},
		{"TCP", 23, 6, false},
		{"a VXLAN port", 36, 4789 >> 8, false},
		{"IP longer than the frame", 17, 20 + 8 + PAYLOAD + 1, false},
		{"IP shorter than UDP says", 17, 20 + 8 + PAYLOAD - 1, false},
		{"UDP longer than IP says", 39, 8 + PAYLOAD + 1, false},
		{"UDP shorter than IP says", 39, 8 + PAYLOAD - 1, true},
		{"text", RTP_PAYLOAD_OFF, 'I', false},
		{"STUN", RTP_PAYLOAD_OFF, 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet packet;
		make_rtp(&packet);
		if (cases[i].off == 36)
			packet.data[37] = 4789 & 255;
		packet.data[cases[i].off] = cases[i].value;
		if (is_plain(&packet) != cases[i].plain)
			fail_msg("%s", cases[i].name);
	}
}

static void test_short_frames(void **state)
{
	struct packet packet;

	make_rtp(&packet);
	for (packet.len = 0; packet.len < 14 + 20 + 8 + PAYLOAD; packet.len++)
		assert_false(is_plain(&packet));
	assert_true(is_plain(&packet));
}

// Ethernet pads short frames.
static void test_padding(void **state)
{
	struct packet packet = {0};

	packet_ethernet(&packet, 0x0800);
	packet_ipv4(&packet, 0, 8 + 2, 1, 0, 17);
	packet_udp(&packet, 2);
	packet_raw(&packet, "\x80\0\0\0\0\0\0\0", 8);
	assert_true(is_plain(&packet));
	assert_true(leaves_as_no_sip(&packet));
}

static void test_agrees_with_the_long_way(void **state)
{
	unsigned int seed = 20261120, plain = 0;

	print_message("seed %u\n", seed);
	for (int round = 0; round < ROUNDS; round++) {
		struct packet packet;
		make_rtp(&packet);
		for (int i = 0; i < CHANGES; i++) {
			size_t at = (size_t)rand_r(&seed) % (RTP_PAYLOAD_OFF + 2);
			packet.data[at] = (uint8_t)rand_r(&seed);
		}
		if (round % 8 == 0)
			packet.len -= (size_t)rand_r(&seed) % 8;
		if (!is_plain(&packet))
			continue;
		plain++;
		if (!leaves_as_no_sip(&packet))
			fail_msg("round %d: the long way counts something else", round);
	}
	assert_true(plain > ROUNDS / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_takes),
		cmocka_unit_test(test_short_frames),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_agrees_with_the_long_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
