// SPDX-License-Identifier: Apache-2.0
// What a port tells of itself: the statistics of a device in software, whose names differ by
// driver.
#include "dataplane/port.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NAMES = 4 };

static struct device {
	const char *name[NAMES];
	int count;     // as first told
	int count_now; // when they are read
	unsigned int reads;
} device;

int __wrap_rte_eth_xstats_get_names(uint16_t id, struct rte_eth_xstat_name *names,
				    unsigned int size);
int __wrap_rte_eth_xstats_get_by_id(uint16_t id, const uint64_t *ids, uint64_t *values,
				    unsigned int size);
int __wrap_rte_eth_stats_get(uint16_t id, struct rte_eth_stats *stats);
int __wrap_rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link);

int __wrap_rte_eth_xstats_get_names(uint16_t id, struct rte_eth_xstat_name *names,
				    unsigned int size)
{
	if (!names)
		return device.count;
	for (unsigned int i = 0; i < size; i++)
		snprintf(names[i].name, sizeof(names[i].name), "%s", device.name[i]);
	return device.count_now;
}

int __wrap_rte_eth_xstats_get_by_id(uint16_t id, const uint64_t *ids, uint64_t *values,
				    unsigned int size)
{
	assert_int_equal(size, 1);
	values[0] = 100 + ids[0];
	device.reads++;
	return 1;
}

int __wrap_rte_eth_stats_get(uint16_t id, struct rte_eth_stats *stats)
{
	*stats = (struct rte_eth_stats){.ipackets = 1,
					.opackets = 2,
					.imissed = 3,
					.ierrors = 4,
					.oerrors = 5,
					.rx_nombuf = 6};
	return 0;
}

int __wrap_rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link)
{
	*link = (struct rte_eth_link){.link_status = RTE_ETH_LINK_UP};
	return 0;
}

static void test_too_long(void **state)
{
	static const struct {
		struct device device;
		uint64_t too_long; // 0: nobody counts them
	} rows[] = {
		{{{"rx_good_packets", "rx_oversize_errors", "tx_errors"}, 3, 3, 0}, 101},
		{{{"tx_oversize_errors", "rx_good_packets", "rx_mac_oversize_packets"}, 3, 3, 0},
		 102},
		{{{"rx_oversize_errors", "rx_oversize_packets"}, 2, 2, 0}, 100}, // once is enough
		{{{"tx_oversize_errors", "rx_errors"}, 2, 2, 0}, 0},
		{{{"rx_oversize_errors"}, 1, 2, 0}, 0}, // there are others by now
		{{{"rx_oversize_errors"}, 1, -EIO, 0}, 0},
		{{{NULL}, 0, 0, 0}, 0},
		{{{NULL}, -ENOTSUP, 0, 0}, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_port_counters counters = {0};
		struct port port = {.counts_too_long = true};
		device = rows[i].device;
		find_too_long(&port);
		assert_int_equal(port.counts_too_long, rows[i].too_long != 0);
		port_statistics(&port, &counters);
		assert_int_equal(counters.too_long, rows[i].too_long);
		assert_int_equal(device.reads, rows[i].too_long != 0);
	}
}

static void test_statistics(void **state)
{
	struct wire_port_counters counters = {0};
	struct port port = {.name = {.device = "0000:01:00.0"}};

	port_statistics(&port, &counters);
	assert_string_equal(counters.name, "0000:01:00.0");
	assert_int_equal(counters.received, 1);
	assert_int_equal(counters.sent, 2);
	assert_int_equal(counters.missed, 3);
	assert_int_equal(counters.errors, 4);
	assert_int_equal(counters.send_errors, 5);
	assert_int_equal(counters.no_buffer, 6);
	assert_int_equal(counters.too_long, 0);
	assert_int_equal(counters.link_up, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_statistics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
