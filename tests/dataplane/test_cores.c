// SPDX-License-Identifier: Apache-2.0
// Who polls and who does the rest, on machines with one CPU and more. Rows that need more CPUs than
// there are here are left out, and said.
#include "dataplane/cores.h"

#include "config/settings.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

// CPUs by their rank among those this process may run on.
static const struct {
	unsigned int allowed;
	unsigned int list[3], listed; // none: auto
	unsigned int queues;
	unsigned int main, polls[3], count; // count 0: refused with `says`
	bool shared;
	const char *says;
} rows[] = {
	{1, {0}, 0, 1, 0, {0}, 1, true, NULL},
	{1, {0}, 0, 4, 0, {0}, 1, true, NULL},
	{1, {0}, 1, 1, 0, {0}, 1, true, NULL},
	{2, {0}, 0, 1, 0, {1}, 1, false, NULL},
	{2, {0}, 0, 4, 0, {1}, 1, false, NULL},
	{2, {0}, 1, 1, 1, {0}, 1, false, NULL},
	{2, {0, 1}, 2, 2, 0, {0, 1}, 2, true, NULL},
	{2, {0, 1}, 2, 1, 0, {0}, 0, false, "wire.queues"},
	{4, {0}, 0, 3, 0, {1, 2, 3}, 3, false, NULL},
	{4, {0}, 0, 2, 0, {1, 2}, 2, false, NULL},
	{4, {2, 3}, 2, 2, 0, {2, 3}, 2, false, NULL},
};

static void test_rows(void **state)
{
	unsigned int cpu[CPU_SETSIZE], cpus = 0;
	cpu_set_t all;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	for (unsigned int i = 0; i < 64; i++)
		if (CPU_ISSET(i, &all))
			cpu[cpus++] = i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].allowed > cpus) {
			print_message("row %zu left out: it needs %u CPUs\n", i, rows[i].allowed);
			continue;
		}
		struct settings_wire wire = {.queues = rows[i].queues};
		struct cores cores;
		char error[256] = "";
		cpu_set_t some;
		CPU_ZERO(&some);
		for (unsigned int k = 0; k < rows[i].allowed; k++)
			CPU_SET(cpu[k], &some);
		for (unsigned int k = 0; k < rows[i].listed; k++)
			wire.cores |= 1ull << cpu[rows[i].list[k]];
		assert_int_equal(sched_setaffinity(0, sizeof(some), &some), 0);
		int err = cores_plan(&wire, &cores, error, sizeof(error));
		sched_setaffinity(0, sizeof(all), &all);
		if (rows[i].count == 0) {
			assert_int_not_equal(err, 0);
			assert_non_null(strstr(error, rows[i].says));
			continue;
		}
		if (err || cores.count != rows[i].count || cores.shared != rows[i].shared ||
		    cores.main_cpu != cpu[rows[i].main])
			fail_msg("row %zu: %s, %u cores, main %u", i, error, cores.count,
				 cores.main_cpu);
		for (unsigned int k = 0; k < cores.count; k++)
			assert_int_equal(cores.cpu[k], cpu[rows[i].polls[k]]);
	}
}

static void test_missing(void **state)
{
	struct settings_wire wire = {.queues = 1, .cores = 1ull << 63};
	struct cores cores;
	char error[256] = "";

	assert_int_not_equal(cores_plan(&wire, &cores, error, sizeof(error)), 0);
	assert_non_null(strstr(error, "CPU 63"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
