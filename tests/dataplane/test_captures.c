// SPDX-License-Identifier: Apache-2.0
// The captures of the corpus through replay: that each really is what its name says, that the
// addresses of an event are the inner ones, and that nothing is left over for a reason nobody
// knows. OFFHOOK_CAPTURES is their folder.
#include "dataplane/replay.h"

#include "config/settings.h"
#include "link/call_event.h"
#include "link/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct siphash_key key = {{5, 6}};
static struct settings settings;
static struct wire_counters counters;
static struct call_event first;
static unsigned int events;

static const struct {
	const char *name;
	enum wire_counter counter; // that shows it
	unsigned int least;
	bool ipv6;           // inside
	unsigned int parsed; // SIP messages
} captures[] = {
	{"gre-ethernet", WIRE_GRE, 6, false, 6},
	{"gre-key", WIRE_GRE, 6, false, 6},
	{"gre-ipv4", WIRE_GRE, 6, false, 6},
	{"gre-ipv6-outside", WIRE_GRE, 6, false, 6},
	{"erspan-2", WIRE_ERSPAN, 6, false, 6},
	{"erspan-3", WIRE_ERSPAN, 6, false, 6},
	{"geneve", WIRE_GENEVE, 6, false, 6},
	{"geneve-ipv6-outside", WIRE_GENEVE, 6, false, 6},
	{"mpls", WIRE_MPLS, 6, false, 6},
	{"mpls-ethernet", WIRE_MPLS, 6, false, 6},
	{"vxlan-4789", WIRE_VXLAN, 6, false, 6},
	{"vxlan-8472", WIRE_VXLAN, 6, false, 6},
	{"vxlan-ipv6", WIRE_VXLAN, 6, false, 6},
	{"vxlan-fragments", WIRE_REASSEMBLED, 3, false, 6}, // two outside, one inside
	{"ip-4in4", WIRE_IP_IN_IP, 6, false, 6},
	{"ip-6in4", WIRE_IP_IN_IP, 6, true, 6},
	{"ip-4in6", WIRE_IP_IN_IP, 6, false, 6},
	{"ip-6in6", WIRE_IP_IN_IP, 6, true, 6},
	{"hep", WIRE_HEP, 12, false, 12},
	{"hep-2", WIRE_HEP_OLD, 12, false, 0},
};

static void on_time(void *ctx, uint64_t packet_ns)
{
}

static void on_event(void *ctx, const struct call_event *event)
{
	if (events++ == 0)
		first = *event;
}

static void run(const char *name)
{
	char path[512], message[512];

	snprintf(path, sizeof(path), "%s/%s.pcap", getenv("OFFHOOK_CAPTURES"), name);
	memset(&counters, 0, sizeof(counters));
	events = 0;
	if (replay_run(path, &settings, &key, NULL, on_time, on_event, NULL, &counters, message,
		       sizeof(message)))
		fail_msg("%s", message);
}

static void test_each(void **state)
{
	static const uint8_t four[] = {198, 51, 100, 1};
	static const uint8_t six[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0e, 0, 0,
				      0,    0,    0,    0,    0, 0,    0, 1};

	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		run(captures[i].name);
		uint64_t count = counters.value[captures[i].counter];
		if (count < captures[i].least)
			fail_msg("%s: %s is %u", captures[i].name,
				 wire_counter_name(captures[i].counter), (unsigned int)count);
		assert_int_equal(counters.value[WIRE_SIP_PARSED], captures[i].parsed);
		if (!captures[i].parsed)
			continue;
		assert_int_equal(!!(first.flags & EVENT_IPV6), captures[i].ipv6);
		if (captures[i].ipv6)
			assert_memory_equal(first.source, six, sizeof(six));
		else
			assert_memory_equal(first.source, four, sizeof(four));
		assert_int_equal(first.source_port, 5060);
		assert_int_equal(first.target_port, 5060);
	}
}

// Neighbours, multicast listeners and the like are in some captures, and nothing else.
static void test_nothing_else(void **state)
{
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		run(captures[i].name);
		for (unsigned int counter = WIRE_SHORT_FRAME; counter <= WIRE_TLS; counter++) {
			bool shows = (counter >= WIRE_MPLS && counter <= WIRE_HEP) ||
				     counter == WIRE_FRAGMENTS || counter == WIRE_REASSEMBLED ||
				     counter == captures[i].counter;
			if (!shows && counters.value[counter])
				fail_msg("%s: %s is %u", captures[i].name,
					 wire_counter_name(counter),
					 (unsigned int)counters.value[counter]);
		}
	}
}

// Ports that are not in the settings are ordinary ones.
static void test_other_ports(void **state)
{
	static struct settings before;

	before = settings;
	settings.wire.vxlan_port_count = settings.wire.geneve_port_count = 0;
	settings.wire.hep_port_count = 0;
	run("vxlan-4789");
	assert_int_equal(counters.value[WIRE_VXLAN], 0);
	assert_int_equal(counters.value[WIRE_SIP_PARSED], 0);
	run("geneve");
	assert_int_equal(counters.value[WIRE_SIP_PARSED], 0);
	run("hep");
	assert_int_equal(counters.value[WIRE_HEP], 0);
	assert_int_equal(counters.value[WIRE_NOT_SIP], 12);
	settings = before;
}

static int setup(void **state)
{
	settings_default(&settings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_other_ports),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
