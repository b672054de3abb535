// SPDX-License-Identifier: Apache-2.0
// Captures of both formats and all link types, in packet time; cut ones, broken ones, fragments.
// Needs neither root nor hugepages.
#include "dataplane/replay.h"

#include "capture.h"
#include "config/settings.h"
#include "link/call_event.h"
#include "packet.h"
#include "sip/msg.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static const struct siphash_key key = {{5, 6}};
static const char invite[] = "INVITE sip:b@x SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			     "From: <sip:a@x>;tag=a1\r\n"
			     "To: <sip:b@x>\r\n"
			     "Call-ID: c1\r\n"
			     "CSeq: 1 INVITE\r\n\r\n";
static const char register_[] = "REGISTER sip:x SIP/2.0\r\n"
				"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
				"From: <sip:a@x>;tag=a1\r\n"
				"To: <sip:a@x>\r\n"
				"Call-ID: c2\r\n"
				"CSeq: 1 REGISTER\r\n\r\n";

static struct settings settings;
static struct wire_counters counters;
static struct call_event last;
static unsigned int events;
static uint64_t clock_ns;
static char message[512];

static void on_time(void *ctx, uint64_t packet_ns)
{
	assert_true(packet_ns >= clock_ns);
	clock_ns = packet_ns;
}

static void on_event(void *ctx, const struct call_event *event)
{
	last = *event;
	events++;
}

static int run(const char *path)
{
	memset(&counters, 0, sizeof(counters));
	events = 0;
	clock_ns = 0;
	return replay_run(path, &settings, &key, NULL, on_time, on_event, NULL, &counters, message,
			  sizeof(message));
}

static int run_capture(struct capture *capture)
{
	capture_close(capture);
	int err = run(capture->path);
	unlink(capture->path);
	return err;
}

static void ip_datagram(struct packet *packet, unsigned int version, const char *text)
{
	unsigned int len = (unsigned int)strlen(text);

	if (version == 4)
		packet_ipv4(packet, 0, 8 + len, 1, 0, 17);
	else
		packet_ipv6(packet, 8 + len, 17);
	packet_udp(packet, len);
	packet_text(packet, text);
}

static const struct {
	uint32_t link;
	unsigned int version;
	const char *header;
	size_t header_len;
} links[] = {
	{1, 4, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0", 14},
	{1, 6, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x81\0\0\x05\x86\xdd", 18},
	{113, 4, "\0\x04\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x08\0", 16},
	{113, 6, "\0\x04\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x86\xdd", 16},
	{276, 4, "\x08\0\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0", 20},
	{101, 4, "", 0},
	{101, 6, "", 0},
	{12, 4, "", 0},
	{228, 4, "", 0},
	{229, 6, "", 0},
	{0, 4, "\x02\0\0\0", 4},
	{0, 6, "\0\0\0\x1e", 4},
	{0, 6, "\x18\0\0\0", 4},
	{108, 4, "\0\0\0\x02", 4},
};

static void test_links(void **state)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		for (int ng = 0; ng < 2; ng++) {
			struct capture capture;
			struct packet packet = {0};
			packet_raw(&packet, links[i].header, links[i].header_len);
			ip_datagram(&packet, links[i].version, invite);
			capture_open(&capture, ng, links[i].link);
			capture_write(&capture, 1700000000000123, packet.data, (uint32_t)packet.len,
				      (uint32_t)packet.len);
			// Cut in the link header.
			capture_write(&capture, 1700000000000124, packet.data,
				      links[i].header_len ? 3 : 0, (uint32_t)packet.len);
			int err = run_capture(&capture);
			if (err || events != 1)
				fail_msg("link %u, ng %d: %d %s, %u events", links[i].link, ng, err,
					 message, events);
			assert_string_equal(message, "");
			assert_true(last.mono_ns == 1700000000000123000);
			assert_int_equal(last.method, SIP_INVITE);
			assert_int_equal((last.flags & EVENT_IPV6) != 0, links[i].version == 6);
			assert_int_equal(counters.value[WIRE_RX_FRAMES], 2);
			assert_int_equal(counters.value[WIRE_SIP_PARSED], 1);
			assert_int_equal(counters.value[WIRE_SHORT_FRAME], 1);
		}
	}
}

// sip = parsed + rejected: nothing is left to the gate alone.
static void test_counts(void **state)
{
	struct capture capture;
	struct packet packet = {0};
	const char *payloads[] = {invite,
				  register_,
				  "INVITE sip:b@x SIP/2.0\r\nbroken\r\n\r\n",
				  "SIP/2.0 100 Trying\r\n\r\n",
				  "\r\n\r\n",
				  "just text"};

	capture_open(&capture, false, 1);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		packet.len = 0;
		packet_datagram(&packet, payloads[i]);
		// The clock of the capture steps back once.
		capture_write(&capture, 1700000000000000 - (i == 3), packet.data,
			      (uint32_t)packet.len, (uint32_t)packet.len);
	}
	assert_int_equal(run_capture(&capture), 0);
	assert_int_equal(counters.value[WIRE_RX_FRAMES], 6);
	assert_int_equal(counters.value[WIRE_SIP_MESSAGES], 4);
	assert_int_equal(counters.value[WIRE_SIP_PARSED], 2);
	assert_int_equal(counters.value[WIRE_SIP_REJECTED], 2);
	assert_int_equal(counters.value[WIRE_KEEPALIVE], 1);
	assert_int_equal(counters.value[WIRE_NOT_SIP], 1);
	assert_int_equal(events, 1);
}

// A snap length that cuts the body: the headers are used.
static void test_snapped(void **state)
{
	char text[2048];
	struct capture capture;
	struct packet packet = {0};
	size_t len = strlen(invite);

	memcpy(text, invite, len);
	memset(text + len, 'v', 500);
	text[len + 500] = '\0';
	packet_datagram(&packet, text);
	capture_open(&capture, false, 1);
	capture_write(&capture, 1700000000000000, packet.data, (uint32_t)(42 + len + 10),
		      (uint32_t)packet.len);
	assert_int_equal(run_capture(&capture), 0);
	assert_int_equal(counters.value[WIRE_CUT_DATAGRAM], 1);
	assert_int_equal(events, 1);
}

static void test_fragments(void **state)
{
	struct packet whole = {0}, packet;
	struct capture capture;
	unsigned int len = (unsigned int)strlen(invite);

	packet_udp(&whole, len);
	packet_text(&whole, invite);
	capture_open(&capture, true, 1);
	for (unsigned int off = 0; off < whole.len; off += 64) {
		unsigned int part = whole.len - off < 64 ? (unsigned int)whole.len - off : 64;
		packet.len = 0;
		packet_ethernet(&packet, 0x0800);
		packet_ipv4(&packet, 0, part, 5, off / 8 | (off + part < whole.len ? 0x2000 : 0),
			    17);
		packet_raw(&packet, whole.data + off, part);
		packet_zeros(&packet, 8);
		capture_write(&capture, 1700000000000000 + off, packet.data, (uint32_t)packet.len,
			      (uint32_t)packet.len);
	}
	// A first piece whose rest never comes, until a packet three seconds later.
	packet.len = 0;
	packet_ethernet(&packet, 0x0800);
	packet_ipv4(&packet, 0, 64, 6, 0x2000, 17);
	packet_zeros(&packet, 64);
	capture_write(&capture, 1700000001000000, packet.data, (uint32_t)packet.len,
		      (uint32_t)packet.len);
	packet.len = 0;
	packet_datagram(&packet, "later");
	capture_write(&capture, 1700000004000000, packet.data, (uint32_t)packet.len,
		      (uint32_t)packet.len);
	assert_int_equal(run_capture(&capture), 0);
	assert_int_equal(events, 1);
	assert_int_equal(counters.value[WIRE_REASSEMBLED], 1);
	assert_int_equal(counters.value[WIRE_FRAGMENT_TIMEOUT], 1);
}

static const char with_length[] = "INVITE sip:b@x SIP/2.0\r\n"
				  "Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\n"
				  "From: <sip:a@x>;tag=a1\r\n"
				  "To: <sip:b@x>\r\n"
				  "Call-ID: c1\r\n"
				  "CSeq: 1 INVITE\r\n"
				  "Content-Length: 5\r\n\r\nv=0\r\n";

// One IP packet whole or, if pieces is not 0, in fragments of that many octets.
static void write_ip(struct capture *capture, unsigned int version, unsigned int proto,
		     const struct packet *payload, unsigned int pieces, unsigned int id)
{
	unsigned int len = (unsigned int)payload->len, step = pieces ? pieces : len;

	for (unsigned int off = 0; off < len; off += step) {
		unsigned int part = len - off < step ? len - off : step;
		bool more = off + part < len;
		struct packet packet = {0};
		packet_ethernet(&packet, version == 4 ? 0x0800 : 0x86dd);
		if (version == 4) {
			packet_ipv4(&packet, 0, part, id, off / 8 | (more ? 0x2000 : 0), proto);
		} else if (pieces) {
			packet_ipv6(&packet, 8 + part, 44);
			packet_fragment_header(&packet, proto, off, more, id);
		} else {
			packet_ipv6(&packet, part, proto);
		}
		packet_raw(&packet, payload->data + off, part);
		capture_write(capture, 1700000000000000, packet.data, (uint32_t)packet.len,
			      (uint32_t)packet.len);
	}
}

// The same message in a datagram and in three segments is the same event; also when each segment
// comes in fragments.
static void test_tcp(void **state)
{
	unsigned int len = (unsigned int)strlen(with_length), part = (len + 2) / 3;
	struct call_event datagram;

	for (unsigned int version = 4; version <= 6; version += 2) {
		struct packet payload = {0};
		struct capture capture;
		capture_open(&capture, false, 1);
		packet_udp(&payload, len);
		packet_text(&payload, with_length);
		write_ip(&capture, version, 17, &payload, 0, 1);
		assert_int_equal(run_capture(&capture), 0);
		assert_int_equal(events, 1);
		datagram = last;
		for (unsigned int pieces = 0; pieces <= 64; pieces += 64) {
			capture_open(&capture, false, 1);
			for (unsigned int off = 0; off < len; off += part) {
				unsigned int bytes = len - off < part ? len - off : part;
				payload.len = 0;
				packet_tcp(&payload, 4294967200u + off, 0, 0x10, 12);
				packet_raw(&payload, with_length + off, bytes);
				write_ip(&capture, version, 6, &payload, pieces, 7 + off);
			}
			assert_int_equal(run_capture(&capture), 0);
			assert_int_equal(events, 1);
			assert_memory_equal(&last, &datagram, call_event_bytes(&last));
			assert_int_equal(counters.value[WIRE_SIP_MESSAGES], 1);
			assert_int_equal(counters.value[WIRE_TCP_SEGMENTS], 3);
			assert_int_equal(counters.value[WIRE_REASSEMBLED], pieces ? 3 : 0);
		}
	}
}

// A hole before it holds a message back: it is told when patience ends, not with the next packet.
static void test_tcp_hole(void **state)
{
	struct packet payload = {0}, later = {0};
	struct capture capture;

	capture_open(&capture, false, 1);
	packet_tcp(&payload, 1, 0, 0x10, 0);
	packet_text(&payload, "\r\n");
	write_ip(&capture, 4, 6, &payload, 0, 1);
	payload.len = 0;
	packet_tcp(&payload, 1000, 0, 0x10, 0);
	packet_text(&payload, with_length);
	write_ip(&capture, 4, 6, &payload, 0, 2);
	packet_datagram(&later, "later");
	capture_write(&capture, 1700000020000000, later.data, (uint32_t)later.len,
		      (uint32_t)later.len);
	assert_int_equal(run_capture(&capture), 0);
	assert_int_equal(events, 1);
	assert_true(last.mono_ns == UINT64_C(1700000001000000000));
	assert_int_equal(counters.value[WIRE_TCP_GAPS], 1);
}

// A capture that ends in the middle of a body: the message counts.
static void test_tcp_at_the_end(void **state)
{
	struct packet payload = {0};
	struct capture capture;

	capture_open(&capture, false, 1);
	packet_tcp(&payload, 1, 0, 0x10, 0);
	packet_raw(&payload, with_length, strlen(with_length) - 3);
	write_ip(&capture, 4, 6, &payload, 0, 1);
	assert_int_equal(run_capture(&capture), 0);
	assert_int_equal(events, 1);
	assert_int_equal(counters.value[WIRE_TCP_CUT_BODY], 1);
}

// A file that ends in its last packet is read up to there, and that is said.
static void test_cut_file(void **state)
{
	for (int ng = 0; ng < 2; ng++) {
		struct capture capture;
		struct packet packet = {0};
		packet_datagram(&packet, invite);
		capture_open(&capture, ng, 1);
		for (int i = 0; i < 2; i++)
			capture_write(&capture, 1700000000000000, packet.data, (uint32_t)packet.len,
				      (uint32_t)packet.len);
		fflush(capture.file);
		assert_int_equal(ftruncate(fileno(capture.file), ftell(capture.file) - 20), 0);
		assert_int_equal(run_capture(&capture), 0);
		assert_int_equal(events, 1);
		if (!strstr(message, "in the middle of a packet"))
			fail_msg("ng %d: %s", ng, message);
	}
}

// A file of several interfaces, of which some are nothing that carries IP.
static void test_other_interfaces(void **state)
{
	static const uint32_t usb[] = {1, 20, 220, 65535, 20};

	for (int known = 0; known < 2; known++) {
		static const uint32_t noise[] = {6, 36, 1, 0, 0, 4, 4, 0x41414141, 36};
		struct capture capture;
		struct packet packet = {0};
		packet_datagram(&packet, invite);
		capture_open(&capture, true, 1);
		fwrite(usb, sizeof(usb), 1, capture.file);
		fwrite(noise, sizeof(noise), 1, capture.file);
		if (known)
			capture_write(&capture, 1700000000000000, packet.data, (uint32_t)packet.len,
				      (uint32_t)packet.len);
		fwrite(noise, sizeof(noise), 1, capture.file);
		assert_int_equal(run_capture(&capture), known ? 0 : -ENOTSUP);
		assert_int_equal(events, known);
		assert_int_equal(counters.value[WIRE_RX_FRAMES], known);
		if (!strstr(message, known ? "passed over: 2" : "are not read"))
			fail_msg("%s", message);
		assert_non_null(strstr(message, "USB_LINUX_MMAPPED"));
	}
}

static void test_refused(void **state)
{
	struct capture capture;

	assert_int_equal(run("/nonexistent/file.pcap"), -ENOENT);
	assert_non_null(strstr(message, "/nonexistent/file.pcap"));
	capture_open(&capture, false, 105); // 802.11
	assert_int_equal(run_capture(&capture), -ENOTSUP);
	assert_non_null(strstr(message, "IEEE802_11"));
	capture_open(&capture, false, 1);
	rewind(capture.file);
	fputs("this is no capture", capture.file);
	assert_int_equal(run_capture(&capture), -EINVAL);
	assert_non_null(strstr(message, "is no capture"));
}

static int setup(void **state)
{
	settings_default(&settings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_snapped),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tcp_at_the_end),
		cmocka_unit_test(test_tcp_hole),
		cmocka_unit_test(test_cut_file),
		cmocka_unit_test(test_other_interfaces),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
