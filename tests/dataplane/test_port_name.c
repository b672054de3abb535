// SPDX-License-Identifier: Apache-2.0
// Every form of a port, and what is none.
#include "dataplane/port_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text;
	enum port_kind kind; // PORT_NONE: refused, and `device` is a word of the sentence
	const char *device, *interface, *args;
	bool is_short;
} rows[] = {
	{"0000:03:00.0", PORT_PCI, "0000:03:00.0", "", "", false},
	{"03:00.1", PORT_PCI, "0000:03:00.1", "", "", false},
	{"0000:af:1f.7", PORT_PCI, "0000:af:1f.7", "", "", false},
	{"0000:03:00.8", PORT_NONE, "is no port", NULL, NULL, false},
	{"0000:03:00", PORT_NONE, "is no port", NULL, NULL, false},
	{"af_packet:eth0", PORT_AF_PACKET, "net_af_packet3", "eth0", "", true},
	{"af_xdp:sbc.100", PORT_AF_XDP, "net_af_xdp3", "sbc.100", "", true},
	{"tap:look0", PORT_TAP, "net_tap3", "look0", "", true},
	{"pcap:/tmp/a b.pcap", PORT_PCAP, "net_pcap3", "", "", true},
	{"pcap:", PORT_NONE, "needs the name", NULL, NULL, false},
	{"pcap:a,b", PORT_NONE, "has a comma", NULL, NULL, false},
	{"af_packet:", PORT_NONE, "can't be the name", NULL, NULL, false},
	{"af_packet:0123456789abcdef", PORT_NONE, "can't be the name", NULL, NULL, false},
	{"af_xdp:a/b", PORT_NONE, "can't be the name", NULL, NULL, false},
	{"af_xdp:..", PORT_NONE, "can't be the name", NULL, NULL, false},
	{"af_xdp:a b", PORT_NONE, "can't be the name", NULL, NULL, false},
	{"net_af_packet0,iface=eth1,framesz=4096", PORT_AF_PACKET, "net_af_packet0", "eth1",
	 "iface=eth1,framesz=4096", false},
	{"net_af_xdp7,queue_count=1,iface=eth1", PORT_AF_XDP, "net_af_xdp7", "eth1",
	 "queue_count=1,iface=eth1", false},
	{"net_af_xdp7", PORT_NONE, "needs iface=", NULL, NULL, false},
	{"net_tap0", PORT_TAP, "net_tap0", "", "", false},
	{"net_pcap0,rx_pcap=a,rx_pcap=b", PORT_PCAP, "net_pcap0", "", "rx_pcap=a,rx_pcap=b", false},
	{"net_memif0,id=0", PORT_OTHER, "net_memif0", "", "id=0", false},
	{"eth0", PORT_NONE, "af_packet:IF", NULL, NULL, false},
	{"", PORT_NONE, "is no port", NULL, NULL, false},
};

static void test_forms(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port_name name;
		char error[256] = "";
		int err = port_name_parse(rows[i].text, 3, &name, error, sizeof(error));
		if (rows[i].kind == PORT_NONE) {
			if (err == 0 || !strstr(error, rows[i].device))
				fail_msg("`%s`: %d, %s", rows[i].text, err, error);
			continue;
		}
		if (err)
			fail_msg("`%s`: %s", rows[i].text, error);
		assert_int_equal(name.kind, rows[i].kind);
		assert_string_equal(name.device, rows[i].device);
		assert_string_equal(name.interface, rows[i].interface);
		assert_string_equal(name.args, rows[i].args);
		assert_int_equal(name.is_short, rows[i].is_short);
	}
}

static void test_numbers(void **state)
{
	struct port_name name;
	char error[256];

	assert_int_equal(port_name_parse("net_af_packet0,iface=framesz=1,framesz=4096", 0, &name,
					 error, sizeof(error)),
			 0);
	assert_int_equal(port_name_number(&name, "framesz="), 4096);
	assert_int_equal(port_name_number(&name, "blocksz="), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
