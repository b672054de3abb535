// SPDX-License-Identifier: Apache-2.0
// The main thread's part with poll cores as threads: each frame that they give is in the file, in
// any number of captures one after the other; requests that come at any time; a wire that left one
// behind.
#include "dataplane/capture.h"

#include "config/clock.h"
#include "config/settings.h"
#include "dataplane/capture_file.h"
#include "dataplane/frame.h"
#include "dataplane/probe.h"
#include "link/segment.h"
#include "packet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

enum { CORES = 3, ROUNDS = 30, FRAMES = 500 };

static struct settings settings;
static struct segment *segment;
static struct capture *capture;

static const char bye[] = "BYE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			  "From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>;tag=b\r\nCall-ID: 1@x\r\n"
			  "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n";

static int prepare(void **state)
{
	int fd;

	settings_default(&settings);
	strcpy(settings.engine.state_dir, "/tmp/offhook-test-XXXXXX");
	assert_non_null(mkdtemp(settings.engine.state_dir));
	settings.wire.port_count = 1;
	strcpy(settings.wire.port[0], "af_packet:eth0");
	segment = segment_create(CORES, 64, &fd);
	assert_non_null(segment);
	close(fd);
	capture = capture_new(&settings, segment);
	assert_non_null(capture);
	return 0;
}

static int clean_up(void **state)
{
	char command[SETTINGS_TEXT + 16];

	capture_free(capture);
	segment_unmap(segment);
	snprintf(command, sizeof(command), "rm -rf %s", settings.engine.state_dir);
	return system(command);
}

static struct capture_status status(void)
{
	struct capture_status status;

	capture_box_status(&segment->capture, &status);
	return status;
}

static void ask(enum capture_kind kind, const char *text, uint64_t wall_ns)
{
	struct capture_request request = {
		.kind = kind, .wall_ns = wall_ns, .max_bytes = 64 << 20, .max_ns = 1000 * NS_PER_S};

	snprintf(request.text, sizeof(request.text) - 1, "%s", text);
	assert_int_equal(capture_box_ask(&segment->capture, &request), 0);
}

static void all_follow(void)
{
	for (unsigned int i = 0; i < CORES; i++)
		probe_follow(capture_probe(capture, i));
}

static uint64_t packets_in(uint64_t wall_ns)
{
	char path[SETTINGS_TEXT + 64], name[CAPTURE_NAME_BYTES], error[200] = "";
	struct capture_packet packet;
	uint64_t count = 0;
	int err;

	capture_file_name(wall_ns, name);
	snprintf(path, sizeof(path), "%s/captures/%s", settings.engine.state_dir, name);
	struct capture_file *file = capture_file_open(path, &err, error, sizeof(error));
	if (!file)
		fail_msg("%s", error);
	while (capture_file_next(file, &packet, error, sizeof(error)) > 0)
		count++;
	assert_string_equal(error, "");
	capture_file_close(file);
	return count;
}

struct core {
	struct probe *probe;
	bool stop;
	uint64_t given;  // while it looked
	uint64_t rounds; // done
};

// A poll core: housekeeping now and then, frames in between.
static void *poll_core(void *arg)
{
	struct core *core = arg;
	struct packet packet = {0};
	struct frame frame;

	packet_datagram(&packet, bye);
	while (!__atomic_load_n(&core->stop, __ATOMIC_RELAXED)) {
		bool looks = probe_follow(core->probe);
		for (int i = 0; i < 7 && looks && core->given < FRAMES; i++) {
			probe_begin(core->probe, 0, packet.data, packet.len, clock_mono_ns());
			frame_walk(packet.data, packet.len, &frame);
			probe_ignored(core->probe, &frame,
				      (const char *)packet.data + frame.payload_off,
				      frame.payload_len, 0);
			probe_end(core->probe);
			core->given++;
		}
		__atomic_store_n(&core->rounds, core->given, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void turn_until_answered(void)
{
	while (capture_box_waits(&segment->capture))
		capture_turn(capture);
}

static void test_many_cores(void **state)
{
	struct core core[CORES] = {{0}};
	pthread_t thread[CORES];

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint64_t given = 0, wall_ns = round * NS_PER_S;
		for (unsigned int i = 0; i < CORES; i++) {
			core[i] = (struct core){.probe = capture_probe(capture, i)};
			assert_int_equal(pthread_create(&thread[i], NULL, poll_core, &core[i]), 0);
		}
		ask(CAPTURE_CALL, "1@x", wall_ns);
		turn_until_answered();
		assert_int_equal(status().state, CAPTURE_RUNNING);
		// Half of the rounds end with rings that are being filled.
		for (unsigned int i = 0; i < CORES; i++)
			while (round % 2 &&
			       __atomic_load_n(&core[i].rounds, __ATOMIC_ACQUIRE) < FRAMES)
				capture_turn(capture);
		ask(CAPTURE_NONE, "", 0);
		turn_until_answered();
		for (unsigned int i = 0; i < CORES; i++) {
			__atomic_store_n(&core[i].stop, true, __ATOMIC_RELAXED);
			assert_int_equal(pthread_join(thread[i], NULL), 0);
			given += core[i].given;
		}
		assert_int_equal(status().state, CAPTURE_ENDED);
		assert_int_equal(status().end, CAPTURE_END_STOPPED);
		assert_true(status().frames + status().lost == given);
		assert_true(packets_in(wall_ns) == status().frames);
		if (round % 2)
			assert_int_equal(given, CORES * FRAMES);
	}
}

static void test_no_directory(void **state)
{
	strcat(settings.engine.state_dir, "/none");
	ask(CAPTURE_REJECTED, "", 1);
	turn_until_answered();
	*strrchr(settings.engine.state_dir, '/') = '\0';
	assert_int_equal(status().state, CAPTURE_ENDED);
	assert_int_equal(status().end, CAPTURE_END_OPEN);
	assert_int_equal(status().error, ENOENT);
	// The next one may work.
	ask(CAPTURE_REJECTED, "", 2);
	capture_turn(capture);
	all_follow();
	turn_until_answered();
	assert_int_equal(status().state, CAPTURE_RUNNING);
	// The file of the same time is not written over.
	capture_finish(capture);
	ask(CAPTURE_REJECTED, "", 2);
	turn_until_answered();
	assert_int_equal(status().error, EEXIST);
}

static void test_time_is_over(void **state)
{
	clock_set(1000 * NS_PER_S);
	ask(CAPTURE_USER, "a", 5);
	capture_turn(capture);
	all_follow();
	turn_until_answered();
	clock_set(1999 * NS_PER_S);
	capture_turn(capture);
	all_follow();
	assert_int_equal(status().state, CAPTURE_RUNNING);
	clock_set(2000 * NS_PER_S);
	capture_turn(capture);
	capture_turn(capture);
	assert_int_equal(status().state, CAPTURE_RUNNING); // poll cores look still
	all_follow();
	capture_turn(capture);
	assert_int_equal(status().state, CAPTURE_ENDED);
	assert_int_equal(status().end, CAPTURE_END_TIME);
	clock_release();
	// A stop that comes too late changes nothing.
	ask(CAPTURE_NONE, "", 0);
	turn_until_answered();
	assert_int_equal(status().end, CAPTURE_END_TIME);
}

// What a wire that was killed left, the next one finds: a capture that ran, and a request.
static void test_left_behind(void **state)
{
	ask(CAPTURE_USER, "a", 7);
	capture_turn(capture);
	all_follow();
	turn_until_answered();
	ask(CAPTURE_NONE, "", 0);
	capture_free(capture);
	capture = capture_new(&settings, segment);
	assert_int_equal(status().state, CAPTURE_ENDED);
	assert_int_equal(status().end, CAPTURE_END_WIRE);
	turn_until_answered();
	assert_int_equal(status().end, CAPTURE_END_WIRE);
	assert_int_equal(packets_in(7), 0);
}

static void test_nonsense(void **state)
{
	ask(CAPTURE_KIND_COUNT, "", 9);
	turn_until_answered();
	assert_int_equal(status().state, CAPTURE_NEVER);
	assert_int_equal(capture_turn(capture), 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean_up)
	const struct CMUnitTest tests[] = {
		TEST(test_many_cores),  TEST(test_no_directory), TEST(test_time_is_over),
		TEST(test_left_behind), TEST(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
