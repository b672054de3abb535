// SPDX-License-Identifier: Apache-2.0
// The OpenMetrics page, octet by octet, and quantiles.

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/clock.h"
#include "config/metric.h"

// Declared in another order than they are to be written in.
METRIC_COUNTER(timeouts, "offhook_test_failures", "cause=\"timeout\"",
	       "What \"failed\",\nand \\why");
METRIC_GAUGE(calls, "offhook_test_calls", NULL, "Calls now");
METRIC_COUNTER(plain, "offhook_test_sent", NULL, "Sent");
METRIC_COUNTER(refusals, "offhook_test_failures", "cause=\"refused\"",
	       "What \"failed\",\nand \\why");
METRIC_HISTOGRAM(delay, "offhook_test_delay_seconds", "target=\"a\"", "Delay");
METRIC_HISTOGRAM(empty, "offhook_test_empty_seconds", NULL, "Nothing");

static char *text;

static void page_write(void)
{
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	metric_write(stream);
	fclose(stream);
}

static bool begins(const char *whole, const char *start)
{
	return strncmp(whole, start, strlen(start)) == 0;
}

static void test_page(void **state)
{
	const char *at;

	metric_add(&timeouts, 2);
	metric_add(&timeouts, 1);
	metric_add(&refusals, 7);
	metric_set(&calls, 12);
	page_write();
	at = strstr(text, "# TYPE offhook_test_failures");
	assert_non_null(at);
	assert_true(begins(text, "# TYPE offhook_test_calls gauge\n"
				 "# HELP offhook_test_calls Calls now\n"
				 "offhook_test_calls 12\n"
				 "# TYPE offhook_test_delay_seconds histogram\n"));
	assert_true(begins(at, "# TYPE offhook_test_failures counter\n"
			       "# HELP offhook_test_failures What \\\"failed\\\",\\nand \\\\why\n"
			       "offhook_test_failures_total{cause=\"refused\"} 7\n"
			       "offhook_test_failures_total{cause=\"timeout\"} 3\n"
			       "# TYPE offhook_test_sent counter\n"
			       "# HELP offhook_test_sent Sent\n"
			       "offhook_test_sent_total 0\n"));
	assert_null(strstr(at + 1, "# TYPE offhook_test_failures"));
	free(text);
	assert_int_equal(metric_value("offhook_test_failures", "cause=\"timeout\""), 3);
	assert_int_equal(metric_value("offhook_test_calls", NULL), 12);
	assert_int_equal(metric_value("offhook_test_calls", "a=\"b\""), 0);
	assert_int_equal(metric_value("offhook_test_nothing", NULL), 0);
}

static void test_histogram(void **state)
{
	metric_observe(&delay, 10 * NS_PER_US);     // in the bucket of its bound
	metric_observe(&delay, 10 * NS_PER_US + 1); // in the next
	metric_observe(&delay, 1500 * NS_PER_MS);
	metric_observe(&delay, 100 * NS_PER_S); // above all
	page_write();
	assert_non_null(strstr(text,
			       "offhook_test_delay_seconds_bucket{target=\"a\",le=\"1e-05\"} 1\n"
			       "offhook_test_delay_seconds_bucket{target=\"a\",le=\"2e-05\"} 2\n"));
	assert_non_null(strstr(text, "le=\"0.5\"} 2\n"));
	assert_non_null(strstr(text, "le=\"1.0\"} 2\n"));
	assert_non_null(strstr(text, "le=\"2.0\"} 3\n"));
	assert_non_null(strstr(text, "le=\"60.0\"} 3\n"));
	assert_non_null(strstr(text,
			       "le=\"+Inf\"} 4\n"
			       "offhook_test_delay_seconds_count{target=\"a\"} 4\n"
			       "offhook_test_delay_seconds_sum{target=\"a\"} 101.500020001\n"));
	assert_non_null(strstr(text, "offhook_test_empty_seconds_bucket{le=\"+Inf\"} 0\n"
				     "offhook_test_empty_seconds_count 0\n"
				     "offhook_test_empty_seconds_sum 0.000000000\n"));
	free(text);
}

static void test_quantile(void **state)
{
	static struct metric_histogram buckets;
	struct metric metric = {METRIC_IS_HISTOGRAM, "q", NULL, "", 0, &buckets, NULL};

	assert_true(metric_quantile_ns(&metric, 0.5) == 0);
	for (unsigned int i = 0; i < 99; i++)
		metric_observe(&metric, 3 * NS_PER_MS);
	metric_observe(&metric, 4 * NS_PER_S);
	assert_true(metric_quantile_ns(&metric, 0) == 5 * NS_PER_MS);
	assert_true(metric_quantile_ns(&metric, 0.5) == 5 * NS_PER_MS);
	assert_true(metric_quantile_ns(&metric, 0.99) == 5 * NS_PER_MS);
	assert_true(metric_quantile_ns(&metric, 0.995) == 5 * NS_PER_S);
	assert_true(metric_quantile_ns(&metric, 1) == 5 * NS_PER_S);
	metric_observe(&metric, 61 * NS_PER_S);
	assert_true(metric_quantile_ns(&metric, 1) == UINT64_MAX);
}

static void test_escape(void **state)
{
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	metric_write_escaped(stream, "a\"b\\c\nd");
	fclose(stream);
	assert_string_equal(text, "a\\\"b\\\\c\\nd");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_quantile),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
