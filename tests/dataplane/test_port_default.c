// SPDX-License-Identifier: Apache-2.0
// Includes the source, and reads tables of routes as the kernel writes them.
#include "dataplane/port_default.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TITLES \
	"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

static void takes_the_best_default_route(void **state)
{
	static const struct {
		const char *name, *routes, *expect;
	} table[] = {
		{"one", TITLES "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
		 "eth0"},
		{"least metric",
		 TITLES "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
			"eth1\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
		 "eth1"},
		{"a network is none",
		 TITLES "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", ""},
		{"half the world is none",
		 TITLES "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n", ""},
		{"down", TITLES "eth0\t00000000\t0102A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n", ""},
		{"titles alone", TITLES, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		FILE *routes = fmemopen((char *)table[i].routes, strlen(table[i].routes), "r");
		char name[IFNAMSIZ];
		int rc = route_interface(routes, name);

		fclose(routes);
		if (strcmp(name, table[i].expect) != 0 || (rc == 0) != (name[0] != '\0'))
			fail_msg("%s: %s, %d", table[i].name, name, rc);
	}
}

static void leaves_named_ports_alone(void **state)
{
	static struct settings settings = {.wire = {.port_count = 1, .port = {"tap:a"}}};
	char error[64] = "";

	(void)state;
	assert_int_equal(port_default(&settings, error, sizeof(error)), 0);
	assert_string_equal(settings.wire.port[0], "tap:a");
	assert_int_equal(settings.wire.port_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_best_default_route),
		cmocka_unit_test(leaves_named_ports_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
