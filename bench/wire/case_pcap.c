// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/case.h"

#include <stdio.h>

enum { SPARE_BUFFERS = 8192 };

int case_write_capture(const struct bench *bench, const struct traffic *traffic, char *port,
		       size_t port_size)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/wire-%s.pcap", bench->dir, traffic->name);
	snprintf(port, port_size, "net_pcap0,rx_pcap=%s,infinite_rx=1", path);
	return traffic_write_pcap(traffic, path);
}

int case_pcap(const struct bench *bench, const struct traffic *traffic)
{
	char port[512];
	// The driver keeps a buffer for each frame of the file, for good.
	const struct subject_plan plan = {.port = port,
					  .mbufs = (unsigned int)traffic->count + SPARE_BUFFERS};
	struct pair pair;
	int err = case_write_capture(bench, traffic, port, sizeof(port));

	if (err)
		return err;
	err = pair_start(&pair, &plan, &plan, NULL, &bench->host);
	if (!err && bench->before) {
		struct subject_plan before = plan;
		before.program = bench->before;
		err = subject_start(&pair.before, SUBJECT_ENGINE, &before, &bench->host);
		if (!err)
			err = case_await_packets(&pair.before);
	}
	if (!err)
		err = pair_compare(&pair, bench, traffic, NULL, "pcap");
	int end_err = pair_end(&pair, traffic);
	return err ? err : end_err;
}
