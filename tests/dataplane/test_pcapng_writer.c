// SPDX-License-Identifier: Apache-2.0
// What is written our own reader reads back, and capinfos too where there is one; never more than
// asked for; whole when there was no room for all. Packets put together anew are walked and
// checked.
#include "dataplane/pcapng_writer.h"

#include "dataplane/capture_file.h"
#include "dataplane/envelope.h"
#include "dataplane/frame.h"
#include "dataplane/octets.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PACKET_BYTES = 70000 };

static char path[] = "/tmp/offhook-test-XXXXXX";
static struct pcapng_writer writer;
static uint8_t data[PACKET_BYTES];

static void begin(uint64_t max_bytes)
{
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	assert_int_equal(pcapng_writer_init(&writer, mkstemp(path), max_bytes), 0);
	assert_int_equal(pcapng_writer_interface(&writer, "af_packet:eth0"), 0);
	assert_int_equal(pcapng_writer_interface(&writer, "offhook"), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31);
}

static int write_one(unsigned int number, uint32_t len)
{
	char comment[300];
	struct pcapng_packet packet = {
		.wall_ns = UINT64_C(1767323045678901234) + number,
		.interface = number % 2,
		.len = len,
		.wire_len = len + number % 3,
		.data = data,
		.comment = number % 4 ? comment : NULL,
	};

	memset(comment, 'c', sizeof(comment));
	comment[number % sizeof(comment)] = '\0';
	return pcapng_writer_packet(&writer, &packet);
}

static uint64_t read_all(void)
{
	char error[200] = "";
	struct capture_packet packet;
	uint64_t count = 0;
	int err, got;
	struct capture_file *file = capture_file_open(path, &err, error, sizeof(error));

	assert_non_null(file);
	while ((got = capture_file_next(file, &packet, error, sizeof(error))) > 0) {
		assert_int_equal(packet.time_ns, UINT64_C(1767323045678901234) + count);
		assert_int_equal(packet.wire_len, packet.len + count % 3);
		assert_memory_equal(packet.data, data, packet.len);
		count++;
	}
	if (got < 0 || error[0])
		fail_msg("%s", error);
	capture_file_close(file);
	return count;
}

static void test_read_back(void **state)
{
	struct stat stat;

	begin(1 << 30);
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(write_one(i, i * 7), 0);
	for (unsigned int i = 1000; i < 1010; i++)
		assert_int_equal(write_one(i, PACKET_BYTES - i), 0);
	assert_int_equal(writer.packets, 1010);
	uint64_t bytes = writer.bytes;
	assert_int_equal(pcapng_writer_close(&writer), 0);
	assert_int_equal(lstat(path, &stat), 0);
	assert_int_equal(stat.st_size, bytes);
	assert_int_equal(read_all(), 1010);
	char command[100];
	snprintf(command, sizeof(command),
		 "! command -v capinfos >/dev/null || capinfos -c %s >/dev/null", path);
	assert_int_equal(system(command), 0);
	unlink(path);
}

// At each limit there may be.
static void test_bounded(void **state)
{
	for (uint64_t max = 1000; max < 1400; max += 3) {
		struct stat stat;
		unsigned int count = 0;

		begin(max);
		while (write_one(count, 60) == 0)
			count++;
		assert_int_equal(write_one(count, 60), -EFBIG);
		assert_int_equal(pcapng_writer_close(&writer), 0);
		assert_int_equal(lstat(path, &stat), 0);
		assert_true((uint64_t)stat.st_size <= max);
		assert_int_equal(read_all(), count);
		assert_true(count > 0);
		unlink(path);
	}
}

// Each time the file may not grow beyond another octet.
static void test_no_room(void **state)
{
	struct rlimit old, limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (rlim_t most = 400; most < 800; most += 7) {
		uint64_t count = 0;

		begin(1 << 30);
		limit = (struct rlimit){most, old.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		int rc = 0;
		for (unsigned int i = 0; rc == 0 && i < 20; i++) {
			rc = write_one(i, 60);
			if (rc == 0)
				rc = pcapng_writer_flush(&writer);
		}
		assert_int_equal(rc, -EFBIG); // of the kernel
		count = writer.packets;
		assert_int_equal(pcapng_writer_close(&writer), 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(read_all(), count);
		unlink(path);
	}
}

static uint16_t sum16(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += be16(at + i);
	if (len % 2)
		sum += (uint32_t)at[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void test_envelope(void **state)
{
	static uint8_t out[ENVELOPE_BYTES + ENVELOPE_PAYLOAD_BYTES];

	for (unsigned int i = 0; i < 4; i++) {
		struct envelope envelope = {.version = i & 1 ? 6 : 4,
					    .stream = i & 2,
					    .source_port = 5060,
					    .target_port = 40000,
					    .source = {10, 1, 2, 3},
					    .target = {10, 1, 2, 4},
					    .sequence = 0xfffffff0,
					    .acknowledged = 77};
		if (i & 1)
			memset(envelope.source + 4, 0xfe, 12);
		for (size_t len = 0; len <= ENVELOPE_PAYLOAD_BYTES;
		     len += len < 200 ? 1 : ENVELOPE_PAYLOAD_BYTES - 200) {
			struct frame frame;
			size_t bytes = envelope_write(&envelope, data, len, out);
			assert_int_equal(frame_walk(out, bytes, &frame),
					 envelope.stream ? FRAME_SEGMENT : FRAME_DATAGRAM);
			assert_false(frame.cut);
			assert_int_equal(frame.version, envelope.version);
			assert_int_equal(frame.payload_len, len);
			assert_memory_equal(out + frame.payload_off, data, len);
			assert_memory_equal(frame.source, envelope.source, 16);
			assert_memory_equal(frame.target, envelope.target, 16);
			assert_int_equal(frame.source_port, 5060);
			assert_int_equal(frame.target_port, 40000);
			assert_int_equal(frame.sequence, envelope.stream ? 0xfffffff0 : 0);
			// RFC 1071: over all with the checksum in it, ones.
			size_t ip = envelope.version == 4 ? 20 : 40,
			       address = envelope.version == 4 ? 4 : 16;
			if (envelope.version == 4)
				assert_int_equal(sum16(out + 14, 20, 0), 0xffff);
			uint32_t pseudo = (envelope.stream ? 6 : 17) + (uint32_t)(bytes - 14 - ip);
			pseudo += sum16(envelope.source, address, 0);
			pseudo += sum16(envelope.target, address, 0);
			assert_int_equal(sum16(out + 14 + ip, bytes - 14 - ip, pseudo), 0xffff);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_envelope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
