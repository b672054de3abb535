// SPDX-License-Identifier: Apache-2.0
// The blind ratio: each message that could not be read is in it once, by whatever way it was lost.
#include "daemon/wire_metrics.h"

#include "dataplane/frame.h"
#include "dataplane/tcp_flow.h"
#include "link/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct segment *segment;
static struct wire_counters *counters;
static int fd;

static int setup(void **state)
{
	segment = segment_create(1, 16, &fd);
	counters = &segment->counters[0];
	return segment ? 0 : -1;
}

static int teardown(void **state)
{
	segment_unmap(segment);
	return close(fd);
}

// As look_payload() counts one that it can read.
static void on_message(void *ctx, const struct frame *frame, const char *text, size_t len,
		       uint64_t now_ns)
{
	counters->value[WIRE_SIP_MESSAGES]++;
	counters->value[WIRE_SIP_PARSED]++;
}

// Three messages of one stream that can be read, and one whose length is as told.
static void read_stream(const char *length)
{
	static const struct siphash_key key = {{1, 2}};
	struct tcp_flows *flows = tcp_flows_new(8, 8, &key, counters, on_message, NULL);
	const char *lengths[] = {"Content-Length: 0\r\n", "Content-Length: 0\r\n", length,
				 "Content-Length: 0\r\n"};
	struct frame frame = {.verdict = FRAME_SEGMENT,
			      .version = 4,
			      .source_port = 5060,
			      .target_port = 5070,
			      .sequence = 1000,
			      .tcp_flags = FRAME_TCP_ACK};
	char text[1024];

	assert_non_null(flows);
	for (int i = 0; i < 4; i++) {
		frame.payload_len = (uint32_t)snprintf(text, sizeof(text),
						       "BYE sip:b@x SIP/2.0\r\n"
						       "Via: SIP/2.0/TCP x;branch=z9hG4bK1\r\n"
						       "From: <sip:a@x>;tag=a\r\n"
						       "To: <sip:b@x>;tag=b\r\n"
						       "Call-ID: c\r\nCSeq: 1 BYE\r\n%s\r\n",
						       lengths[i]);
		tcp_flows_segment(flows, &frame, text, 1);
		frame.sequence += frame.payload_len;
	}
	tcp_flows_finish(flows, 1);
	tcp_flows_free(flows);
}

static void test_streams(void **state)
{
	static const struct {
		const char *length;
		double blind;
	} rows[] = {
		{"Content-Length: 0\r\n", 0},
		{"", 0}, // read by its headers
		{"Content-Length: x\r\n", 0.25},
		{"Content-Length: 70000\r\n", 0.25},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(counters, 0, sizeof(*counters));
		read_stream(rows[i].length);
		double blind = wire_metrics_blind(segment);
		if (blind < rows[i].blind || blind > rows[i].blind)
			fail_msg("%s: %f", rows[i].length, blind);
	}
}

// What has no message to be counted with, each the fourth.
static void test_others(void **state)
{
	static const enum wire_counter unseen[] = {WIRE_TCP_LOST, WIRE_HEP_OLD, WIRE_HEP_COMPRESSED,
						   WIRE_HEP_LOST};

	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		memset(counters, 0, sizeof(*counters));
		counters->value[WIRE_SIP_MESSAGES] = 3;
		counters->value[unseen[i]] = 1;
		assert_int_equal(wire_metrics_blind(segment) * 100, 25);
	}
	memset(counters, 0, sizeof(*counters));
	assert_int_equal(wire_metrics_blind(segment) * 100, 0);
	counters->value[WIRE_SIP_MESSAGES] = 4;
	counters->value[WIRE_SIP_REJECTED] = 1;
	assert_int_equal(wire_metrics_blind(segment) * 100, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
