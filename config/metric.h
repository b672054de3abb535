// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms of the presence process, written as OpenMetrics text. A metric is
// declared beside the code that owns it and registers itself; labels are bounded words (a target, a
// cause), never a user or a number. One writer (the worker); the reader is the same thread. The
// wire's counters are in link/counters.h, because they cross a process boundary.
#pragma once

#include <stdint.h>
#include <stdio.h>

enum metric_kind { METRIC_NONE, METRIC_IS_COUNTER, METRIC_IS_GAUGE, METRIC_IS_HISTOGRAM };

// Latency buckets: upper bounds in seconds are in metric.c, 10 us to 60 s.
#define METRIC_BUCKETS 22

struct metric_histogram {
	uint64_t bucket[METRIC_BUCKETS + 1]; // the last: above all bounds
	uint64_t count;
	uint64_t sum_ns;
};

struct metric {
	enum metric_kind kind;
	const char *name;   // offhook_<area>_<what>_<unit>; counters without the _total suffix
	const char *labels; // `cause="timeout"` or NULL
	const char *help;
	uint64_t value;
	struct metric_histogram *histogram;
	struct metric *next;
};

void metric_register(struct metric *metric);

// All registered metrics, grouped by name as OpenMetrics wants them; without the closing # EOF, so
// that the caller can append its own.
void metric_write(FILE *out);

// Text as the value of a label or help, without its quotes: `"`, `\` and line ends escaped. For
// those who append samples of their own.
void metric_write_escaped(FILE *out, const char *text);

// Value of a counter or gauge by name and labels (NULL: none); 0 when there is no such metric.
uint64_t metric_value(const char *name, const char *labels);

// NULL: there is no such metric.
const struct metric *metric_find(const char *name, const char *labels);

void metric_observe(struct metric *metric, uint64_t duration_ns);
// Upper bound in ns of the bucket that holds the given share (0..1) of all observations; 0: none;
// UINT64_MAX: above all bounds.
uint64_t metric_quantile_ns(const struct metric *metric, double share);

#define METRIC_DECLARE_(var, kind_, name_, labels_, help_, histogram_)                  \
	static struct metric var = {kind_, name_, labels_, help_, 0, histogram_, NULL}; \
	__attribute__((constructor)) static void var##_register(void)                   \
	{                                                                               \
		metric_register(&var);                                                  \
	}

#define METRIC_COUNTER(var, name_, labels_, help_) \
	METRIC_DECLARE_(var, METRIC_IS_COUNTER, name_, labels_, help_, NULL)
#define METRIC_GAUGE(var, name_, labels_, help_) \
	METRIC_DECLARE_(var, METRIC_IS_GAUGE, name_, labels_, help_, NULL)
#define METRIC_HISTOGRAM(var, name_, labels_, help_)  \
	static struct metric_histogram var##_buckets; \
	METRIC_DECLARE_(var, METRIC_IS_HISTOGRAM, name_, labels_, help_, &var##_buckets)

static inline void metric_add(struct metric *metric, uint64_t n)
{
	metric->value += n;
}

static inline void metric_set(struct metric *metric, uint64_t value)
{
	metric->value = value;
}
