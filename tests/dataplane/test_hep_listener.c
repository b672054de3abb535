// SPDX-License-Identifier: Apache-2.0
// HEP by UDP and TCP over loopback: the messages of Kamailio's siptrace (corpus/captures/hep.pcap),
// cut and joined as streams do, and what senders get wrong. OFFHOOK_CAPTURES is the folder.
#include "dataplane/hep_listener.h"

#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "link/counters.h"

#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MESSAGES = 12, MESSAGE_BYTES = 4096, PATIENCE_MS = 5000 };

static struct {
	uint8_t data[MESSAGE_BYTES];
	size_t len;
} message[MESSAGES];

static struct stage {
	struct hep_listener *listener;
	struct wire_counters counters;
	struct look look;
	uint16_t port;
	unsigned int events, parsed;
	struct call_event last;
} stage;

static void on_event(void *ctx, const struct call_event *event)
{
	(void)ctx;
	stage.events++;
	stage.last = *event;
}

static uint64_t count(enum wire_counter counter)
{
	return stage.counters.value[counter];
}

static int load(void **state)
{
	char path[512], error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	unsigned int loaded = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/hep.pcap", getenv("OFFHOOK_CAPTURES"));
	pcap_t *capture = pcap_open_offline(path, error);
	assert_non_null(capture);
	while (pcap_next_ex(capture, &header, &data) == 1 && loaded < MESSAGES) {
		struct frame frame;
		if (pcap_datalink(capture) == DLT_LINUX_SLL2)
			frame_walk_from(data, header->caplen, 20, 0x0800, &frame);
		else
			frame_walk(data, header->caplen, &frame);
		if (frame.verdict != FRAME_DATAGRAM)
			continue;
		assert_true(frame.payload_len <= MESSAGE_BYTES);
		memcpy(message[loaded].data, data + frame.payload_off, frame.payload_len);
		message[loaded++].len = frame.payload_len;
	}
	pcap_close(capture);
	assert_int_equal(loaded, MESSAGES);
	return 0;
}

static uint16_t free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

// The port may be taken between its choice and its use.
static int open_stage(void **state)
{
	settings_text endpoint[2];
	char error[256] = "";

	(void)state;
	memset(&stage, 0, sizeof(stage));
	stage.look.counters = &stage.counters;
	stage.look.tell = on_event;
	look_follow(&stage.look, true, true, true);
	for (int i = 0; i < 100 && !stage.listener; i++) {
		stage.port = free_port();
		snprintf(endpoint[0], sizeof(endpoint[0]), "127.0.0.1:%u", stage.port);
		snprintf(endpoint[1], sizeof(endpoint[1]), "[::1]:%u", stage.port);
		stage.listener = hep_listener_new(endpoint, 2, error, sizeof(error));
	}
	if (!stage.listener)
		fail_msg("%s", error);
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	hep_listener_free(stage.listener);
	return 0;
}

static int sender(int family, int type)
{
	struct sockaddr_in four = {.sin_family = AF_INET,
				   .sin_port = htons(stage.port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_port = htons(stage.port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family, type, 0);

	assert_int_equal(family == AF_INET ? connect(fd, (struct sockaddr *)&four, sizeof(four))
					   : connect(fd, (struct sockaddr *)&six, sizeof(six)),
			 0);
	return fd;
}

// Takes what the listener says that there is until counter has the value.
static void await(enum wire_counter counter, uint64_t value)
{
	struct pollfd listener = {.fd = hep_listener_fd(stage.listener), .events = POLLIN};

	while (count(counter) < value && poll(&listener, 1, PATIENCE_MS) == 1)
		hep_listener_poll(stage.listener, &stage.look);
	assert_int_equal(count(counter), value);
}

static void write_all(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, 0), (ssize_t)len);
}

static void expect_all(unsigned int messages)
{
	await(WIRE_HEP, messages);
	assert_int_equal(count(WIRE_SIP_PARSED), messages);
	assert_int_equal(count(WIRE_RX_FRAMES), messages);
	assert_true(stage.events > 0);
	// The addresses are those that Kamailio saw, not ours.
	assert_memory_not_equal(stage.last.source, "\x7f\0\0\1", 4);
}

static void datagrams(void **state)
{
	int family[] = {AF_INET, AF_INET6};

	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = sender(family[i], SOCK_DGRAM);
		for (int k = 0; k < MESSAGES; k++)
			write_all(fd, message[k].data, message[k].len);
		close(fd);
		expect_all(MESSAGES * (unsigned int)(i + 1));
	}
}

static void stream_in_pieces(void **state)
{
	static uint8_t all[MESSAGES * MESSAGE_BYTES];
	size_t len = 0;

	(void)state;
	for (int k = 0; k < MESSAGES; k++) {
		memcpy(all + len, message[k].data, message[k].len);
		len += message[k].len;
	}
	// All in one, in pieces of a few octets, in pieces of somewhat more than a message.
	static const size_t piece[] = {sizeof(all), 7, 1460};
	for (size_t i = 0; i < 3; i++) {
		int fd = sender(i % 2 ? AF_INET6 : AF_INET, SOCK_STREAM);
		for (size_t at = 0; at < len; at += piece[i]) {
			write_all(fd, all + at, len - at < piece[i] ? len - at : piece[i]);
			hep_listener_poll(stage.listener, &stage.look);
		}
		expect_all(MESSAGES * (unsigned int)(i + 1));
		close(fd);
	}
	assert_int_equal(count(WIRE_HEP_STREAM), 0);
}

static void stream_that_is_none(void **state)
{
	static const struct {
		const char *what;
		size_t len;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", 18}, // another protocol
		{"HEP3\0\5", 6},                // shorter than its own head
		{"HEP3\1", 5},                  // ends inside
		{"HEP3\0\x40 0123", 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = sender(AF_INET, SOCK_STREAM);
		write_all(fd, rows[i].what, rows[i].len);
		shutdown(fd, SHUT_WR);
		await(WIRE_HEP_STREAM, i + 1);
		close(fd);
	}
	assert_int_equal(count(WIRE_HEP), 0);
	int fd = sender(AF_INET, SOCK_STREAM);
	write_all(fd, message[0].data, message[0].len);
	await(WIRE_HEP, 1);
	close(fd);
}

static void one_too_many(void **state)
{
	int fd[HEP_CONNECTIONS + 1];
	char octet;

	(void)state;
	for (int i = 0; i < HEP_CONNECTIONS; i++) {
		fd[i] = sender(AF_INET, SOCK_STREAM);
		write_all(fd[i], message[0].data, message[0].len);
		await(WIRE_HEP, (uint64_t)i + 1);
	}
	// The second has been silent for longest now.
	write_all(fd[0], message[0].data, message[0].len);
	await(WIRE_HEP, HEP_CONNECTIONS + 1);
	fd[HEP_CONNECTIONS] = sender(AF_INET, SOCK_STREAM);
	await(WIRE_HEP_EVICTED, 1);
	assert_int_equal(recv(fd[1], &octet, 1, 0), 0);
	write_all(fd[HEP_CONNECTIONS], message[0].data, message[0].len);
	write_all(fd[0], message[0].data, message[0].len);
	await(WIRE_HEP, HEP_CONNECTIONS + 3);
	for (int i = 0; i <= HEP_CONNECTIONS; i++)
		close(fd[i]);
}

static void address_taken(void **state)
{
	settings_text endpoint;
	char error[256] = "";

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", stage.port);
	assert_null(hep_listener_new(&endpoint, 1, error, sizeof(error)));
	char expect[128];
	snprintf(expect, sizeof(expect),
		 "wire.hep_listen 127.0.0.1:%u can't be listened to: Address already in use",
		 stage.port);
	assert_string_equal(error, expect);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(datagrams, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(stream_in_pieces, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(stream_that_is_none, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(one_too_many, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(address_taken, open_stage, close_stage),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
