// SPDX-License-Identifier: Apache-2.0
// Which datagrams mark which address, how often, and what never does.
#include "dataplane/media.h"

#include "config/clock.h"
#include "dataplane/frame.h"
#include "link/counters.h"
#include "link/media_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RTP  "\x80\x08\x12\x34\0\0\0\xa0\xde\xad\xbe\xef voice"
#define RTCP "\x81\xc8\0\x06 a report"

static const struct siphash_key key = {{7, 8}};
static struct wire_counters counters;
static struct media media;

static int open_table(void **state)
{
	memset(&counters, 0, sizeof(counters));
	media = (struct media){.table = media_table_new(), .key = key, .every = true};
	return media.table ? 0 : -1;
}

static int close_table(void **state)
{
	media_table_free(media.table);
	return 0;
}

static uint32_t enter(uint8_t host, uint16_t port)
{
	uint8_t address[16] = {10, 0, 0, host};

	return media_table_add(media.table, media_table_hash(&key, 4, address, port));
}

static struct frame frame_of(uint8_t from, uint16_t source_port, uint8_t to, uint16_t target_port)
{
	return (struct frame){
		.verdict = FRAME_DATAGRAM,
		.version = 4,
		.source = {10, 0, 0, from},
		.target = {10, 0, 0, to},
		.source_port = source_port,
		.target_port = target_port,
	};
}

static void see(struct frame frame, const char *payload, size_t len, uint64_t now_ns)
{
	char *exact = malloc(len ? len : 1);

	memcpy(exact, payload, len);
	media_see(&media, &frame, exact, len, now_ns, &counters);
	free(exact);
}

static const struct {
	const char *name, *payload;
	size_t len;
	uint16_t source_port, target_port;
	bool marks; // 10.0.0.1:6000
} cases[] = {
	{"to it", RTP, 18, 9, 6000, true},
	{"to another port", RTP, 18, 9, 6002, false},
	{"RTCP beside it", RTCP, 12, 9, 6001, true},
	{"RTP beside it", RTP, 18, 9, 6001, false},
	{"RTCP with it", RTCP, 12, 9, 6000, true},
	{"RTCP below it", RTCP, 12, 9, 5999, false},
	{"something of a fax", "\x00\x2a\x01", 3, 9, 6000, true},
	{"one octet", "\x80", 1, 9, 6000, true},
};

static void the_receiver_counts(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t slot = enter(1, 6000);

		media_table_mark(media.table, slot, 0);
		see(frame_of(2, cases[i].source_port, 1, cases[i].target_port), cases[i].payload,
		    cases[i].len, 50 + i);
		if (media_table_seen(media.table, slot) != (cases[i].marks ? 50 + i : 0))
			fail_msg("%s", cases[i].name);
	}
}

static void the_sender_counts_for_a_stranger(void **state)
{
	uint32_t near = enter(1, 6000), far = enter(2, 7000);

	// From 10.0.0.1 to somebody behind a NAT.
	see(frame_of(1, 6000, 9, 40000), RTP, 18, 5);
	assert_true(media_table_seen(media.table, near) == 5);
	see(frame_of(1, 6001, 9, 40001), RTCP, 12, 6);
	assert_true(media_table_seen(media.table, near) == 6);
	// Where the receiver is known the sender says nothing.
	see(frame_of(1, 6000, 2, 7000), RTP, 18, 7);
	assert_true(media_table_seen(media.table, near) == 6);
	assert_true(media_table_seen(media.table, far) == 7);
	assert_int_equal(counters.value[WIRE_MEDIA_FOUND], 3);
}

static void families_differ(void **state)
{
	uint32_t slot = enter(1, 6000);
	struct frame frame = frame_of(2, 9, 1, 6000);

	frame.version = 6;
	see(frame, RTP, 18, 5);
	assert_true(media_table_seen(media.table, slot) == 0);
}

// An empty table costs nothing, nor does none.
static void nothing_to_find(void **state)
{
	struct media_table *table = media.table;

	see(frame_of(2, 9, 1, 6000), RTP, 18, 5);
	media.table = NULL;
	see(frame_of(2, 9, 1, 6000), RTP, 18, 5);
	media_flush(&media, &counters);
	assert_int_equal(counters.value[WIRE_MEDIA_LOOKED_UP], 0);
	media.table = table;
}

// On a poll core: whatever its ports, a stream of 20 ms packets is seen in each second, and of a
// thousand streams no more than their share is looked up.
static void seen_within_a_second(void **state)
{
	enum { STREAMS = 1000, SECONDS = 4 };
	uint32_t slot[STREAMS];
	uint64_t begin_ns = 12345 * NS_PER_S;

	media.every = false;
	for (int i = 0; i < STREAMS; i++)
		slot[i] = enter(1, (uint16_t)(6000 + 10 * i));
	for (uint64_t ms = 0; ms < SECONDS * 1000; ms += 20) {
		uint64_t now_ns = begin_ns + ms * NS_PER_MS;

		for (int i = 0; i < STREAMS; i++) {
			see(frame_of(2, (uint16_t)(20000 + 2 * i), 1, (uint16_t)(6000 + 10 * i)),
			    RTP, 18, now_ns);
			if (ms > 1000)
				assert_true(now_ns - media_table_seen(media.table, slot[i]) <
					    NS_PER_S);
		}
		media_flush(&media, &counters);
	}
	uint64_t packets = STREAMS * SECONDS * 50;
	assert_in_range(counters.value[WIRE_MEDIA_LOOKED_UP], packets / 18, packets / 14);
	assert_int_equal(counters.value[WIRE_MEDIA_FOUND], counters.value[WIRE_MEDIA_LOOKED_UP]);
}

// RTCP is rare and may be all there is.
static void each_report_counts(void **state)
{
	uint32_t slot = enter(1, 6000);

	media.every = false;
	for (uint64_t ms = 1; ms < 1000; ms += 7) {
		see(frame_of(2, 9, 1, 6001), RTCP, 12, ms * NS_PER_MS);
		media_flush(&media, &counters);
		assert_true(media_table_seen(media.table, slot) == ms * NS_PER_MS);
	}
}

// A burst of more than wait.
static void none_is_forgotten(void **state)
{
	uint32_t slot[100];

	media.every = false;
	for (uint16_t i = 0; i < 100; i++)
		slot[i] = enter(1, (uint16_t)(6000 + 2 * i));
	for (uint16_t i = 0; i < 100; i++)
		see(frame_of(2, 9, 1, (uint16_t)(6001 + 2 * i)), RTCP, 12, 99);
	media_flush(&media, &counters);
	for (int i = 0; i < 100; i++)
		assert_true(media_table_seen(media.table, slot[i]) == 99);
	assert_int_equal(media.waiting, 0);
}

// Bursts are looked up together, before too many wait.
static void many_are_looked_up(void **state)
{
	uint32_t slot = enter(1, 6000);

	media.every = false;
	// Two wait of each report: RTP's port is the one below it.
	for (unsigned int i = 0; i < MEDIA_WAITING / 4; i++) {
		assert_true(media_table_seen(media.table, slot) == 0);
		see(frame_of(2, 9, 1, 6001), RTCP, 12, 99);
		media_flush_many(&media, &counters);
	}
	assert_int_equal(media.waiting, 0);
	assert_true(media_table_seen(media.table, slot) == 99);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)
	const struct CMUnitTest tests[] = {
		TEST(the_receiver_counts),  TEST(the_sender_counts_for_a_stranger),
		TEST(families_differ),      TEST(nothing_to_find),
		TEST(seen_within_a_second), TEST(each_report_counts),
		TEST(none_is_forgotten),    TEST(many_are_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
