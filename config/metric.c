// SPDX-License-Identifier: Apache-2.0
// The registry of metrics and its OpenMetrics 1.0 text. Kept sorted by name, so that a family's
// samples stand together, as the format demands, and a page is the same each time.

#include "config/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "config/clock.h"

// 1-2-5 from 10 us (a memory store) to 60 s (a transaction that timed out is 32 s).
static const uint64_t bound_us[METRIC_BUCKETS] = {
	10,      20,      50,       100,      200,      500,      1000,   2000,
	5000,    10000,   20000,    50000,    100000,   200000,   500000, 1000000,
	2000000, 5000000, 10000000, 20000000, 30000000, 60000000,
};

static const char *const kind_names[] = {
	[METRIC_NONE] = "unknown",
	[METRIC_IS_COUNTER] = "counter",
	[METRIC_IS_GAUGE] = "gauge",
	[METRIC_IS_HISTOGRAM] = "histogram",
};

static struct metric *metric_first;

static int metric_compare(const struct metric *a, const struct metric *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->labels ? a->labels : "", b->labels ? b->labels : "");
}

void metric_register(struct metric *metric)
{
	struct metric **place = &metric_first;

	while (*place && metric_compare(*place, metric) <= 0)
		place = &(*place)->next;
	metric->next = *place;
	*place = metric;
}

void metric_write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void sample_write(FILE *out, const struct metric *metric, const char *suffix, uint64_t value)
{
	fprintf(out, "%s%s", metric->name, suffix);
	if (metric->labels)
		fprintf(out, "{%s}", metric->labels);
	fprintf(out, " %llu\n", (unsigned long long)value);
}

static void histogram_write(FILE *out, const struct metric *metric)
{
	const struct metric_histogram *histogram = metric->histogram;
	const char *labels = metric->labels ? metric->labels : "";
	const char *comma = metric->labels ? "," : "";
	uint64_t sum = 0;
	char bound[32];

	for (unsigned int i = 0; i <= METRIC_BUCKETS; i++) {
		sum += histogram->bucket[i];
		// Bounds are written as floats: 1.0, not 1.
		if (i == METRIC_BUCKETS)
			snprintf(bound, sizeof(bound), "+Inf");
		else
			snprintf(bound, sizeof(bound), bound_us[i] % 1000000 == 0 ? "%.1f" : "%g",
				 (double)bound_us[i] / 1e6);
		fprintf(out, "%s_bucket{%s%sle=\"%s\"} %llu\n", metric->name, labels, comma, bound,
			(unsigned long long)sum);
	}
	sample_write(out, metric, "_count", histogram->count);
	fprintf(out, "%s_sum", metric->name);
	if (metric->labels)
		fprintf(out, "{%s}", metric->labels);
	fprintf(out, " %llu.%09llu\n", (unsigned long long)(histogram->sum_ns / NS_PER_S),
		(unsigned long long)(histogram->sum_ns % NS_PER_S));
}

void metric_write(FILE *out)
{
	const char *family = "";

	for (const struct metric *metric = metric_first; metric; metric = metric->next) {
		if (strcmp(family, metric->name) != 0) {
			family = metric->name;
			fprintf(out, "# TYPE %s %s\n# HELP %s ", family, kind_names[metric->kind],
				family);
			metric_write_escaped(out, metric->help);
			fputc('\n', out);
		}
		if (metric->kind == METRIC_IS_HISTOGRAM)
			histogram_write(out, metric);
		else
			sample_write(out, metric, metric->kind == METRIC_IS_COUNTER ? "_total" : "",
				     metric->value);
	}
}

const struct metric *metric_find(const char *name, const char *labels)
{
	const struct metric key = {.name = name, .labels = labels};

	for (const struct metric *metric = metric_first; metric; metric = metric->next)
		if (metric_compare(metric, &key) == 0)
			return metric;
	return NULL;
}

uint64_t metric_value(const char *name, const char *labels)
{
	const struct metric *metric = metric_find(name, labels);

	return metric ? metric->value : 0;
}

void metric_observe(struct metric *metric, uint64_t duration_ns)
{
	struct metric_histogram *histogram = metric->histogram;
	unsigned int i = 0;

	while (i < METRIC_BUCKETS && duration_ns > bound_us[i] * NS_PER_US)
		i++;
	histogram->bucket[i]++;
	histogram->count++;
	histogram->sum_ns += duration_ns;
}

uint64_t metric_quantile_ns(const struct metric *metric, double share)
{
	const struct metric_histogram *histogram = metric->histogram;
	double rank = share * (double)histogram->count;
	uint64_t sum = 0;

	if (histogram->count == 0)
		return 0;
	for (unsigned int i = 0; i < METRIC_BUCKETS; i++) {
		sum += histogram->bucket[i];
		if (sum > 0 && (double)sum >= rank)
			return bound_us[i] * NS_PER_US;
	}
	return UINT64_MAX;
}
