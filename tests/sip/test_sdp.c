// SPDX-License-Identifier: Apache-2.0
// Session descriptions of all makers and none: addresses, hold, what gives no address, multipart
// bodies, and each of them cut anywhere.
#include "sip/sdp.h"

#include <arpa/inet.h>
#include <errno.h>

#include "sip/line_index.h"
#include "tests/sip/sip_test.h"

#define HEAD   "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
#define FOUR   "c=IN IP4 192.0.2.1\r\n"
#define TIMES  "t=0 0\r\n"
#define AUDIO  "m=audio 6000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=fmtp:101 0-15\r\n"
#define SIMPLE HEAD FOUR TIMES AUDIO

static const struct {
	const char *name, *body;
	int ret;
	int two_way;
	const char *addresses; // "address/port ..."
} cases[] = {
	{"plain", SIMPLE, 0, 1, "192.0.2.1/6000"},
	{"line feeds alone", "v=0\ns=-\nc=IN IP4 192.0.2.1\nm=audio 6000 RTP/AVP 0\n", 0, 1,
	 "192.0.2.1/6000"},
	{"no line end at the end", HEAD FOUR TIMES "m=audio 6000 RTP/AVP 0", 0, 1,
	 "192.0.2.1/6000"},
	{"an empty line behind", SIMPLE "\r\n", 0, 1, "192.0.2.1/6000"},
	{"the stream's own address wins", HEAD FOUR TIMES AUDIO "c=IN IP4 198.51.100.7\r\n", 0, 1,
	 "198.51.100.7/6000"},
	{"only the stream has one", HEAD TIMES AUDIO "c=IN IP4 198.51.100.7\r\n", 0, 1,
	 "198.51.100.7/6000"},
	{"IPv6", HEAD "c=IN IP6 2001:db8::1\r\n" TIMES AUDIO, 0, 1, "2001:db8::1/6000"},
	{"both, a stream each",
	 HEAD FOUR TIMES AUDIO "m=video 6002 RTP/SAVP 99\r\nc=IN IP6 2001:db8::1\r\n", 0, 1,
	 "192.0.2.1/6000 2001:db8::1/6002"},
	{"multicast", HEAD "c=IN IP4 233.252.0.1/127\r\n" TIMES AUDIO, 0, 1, "233.252.0.1/6000"},
	{"several ports", HEAD FOUR TIMES "m=audio 6000/2 RTP/AVP 0\r\n", 0, 1, "192.0.2.1/6000"},
	{"a refused stream", HEAD FOUR TIMES AUDIO "m=video 0 RTP/AVP 31\r\n", 0, 1,
	 "192.0.2.1/6000"},
	{"all refused", HEAD FOUR TIMES "m=audio 0 RTP/AVP 0\r\n", 0, 0, ""},
	{"no stream", HEAD FOUR TIMES, 0, 0, ""},
	{"fax", HEAD FOUR TIMES "m=image 6000 udptl t38\r\n", 0, 1, "192.0.2.1/6000"},
	{"over TCP", HEAD FOUR TIMES "m=message 2855 TCP/MSRP *\r\n", 0, 0, ""},
	{"a name for an address", HEAD "c=IN IP4 media.example\r\n" TIMES AUDIO, 0, 1, ""},
	{"not of the Internet", HEAD "c=ATM NSAP 47.0\r\n" TIMES AUDIO, 0, 1, ""},
	{"no address at all", HEAD TIMES AUDIO, 0, 1, ""},
	{"half an address", HEAD "c=IN IP4 192.0.2\r\n" TIMES AUDIO, 0, 1, ""},
	{"the other family's", HEAD "c=IN IP4 2001:db8::1\r\n" TIMES AUDIO, 0, 1, ""},
	{"an endless address",
	 HEAD "c=IN IP4 1921921921921921921921921921921921921921921921921921.0.2.1\r\n" TIMES AUDIO,
	 0, 1, ""},

	{"sendonly", SIMPLE "a=sendonly\r\n", 0, 0, "192.0.2.1/6000"},
	{"recvonly", SIMPLE "a=recvonly\r\n", 0, 0, "192.0.2.1/6000"},
	{"inactive", SIMPLE "a=inactive\r\n", 0, 0, "192.0.2.1/6000"},
	{"sendrecv", SIMPLE "a=sendrecv\r\n", 0, 1, "192.0.2.1/6000"},
	{"inactive for all", HEAD FOUR TIMES "a=inactive\r\n" AUDIO, 0, 0, "192.0.2.1/6000"},
	{"for all but this one", HEAD FOUR TIMES "a=inactive\r\n" AUDIO "a=sendrecv\r\n", 0, 1,
	 "192.0.2.1/6000"},
	{"one of two still talks", SIMPLE "a=sendonly\r\nm=video 6002 RTP/AVP 31\r\n", 0, 1,
	 "192.0.2.1/6000 192.0.2.1/6002"},
	{"the other is refused", SIMPLE "a=sendonly\r\nm=video 0 RTP/AVP 31\r\n", 0, 0,
	 "192.0.2.1/6000"},
	{"nearly a direction", SIMPLE "a=sendonlyx\r\na=inactiv\r\n", 0, 1, "192.0.2.1/6000"},
	{"RFC 2543 hold", HEAD "c=IN IP4 0.0.0.0\r\n" TIMES AUDIO, 0, 0, ""},
	{"RFC 2543 hold of the stream", SIMPLE "c=IN IP4 0.0.0.0\r\n", 0, 0, ""},
	{"the IPv6 form", HEAD "c=IN IP6 ::\r\n" TIMES AUDIO, 0, 0, ""},

	{"RTCP where it is expected", SIMPLE "a=rtcp:6001\r\n", 0, 1, "192.0.2.1/6000"},
	{"RTCP with the stream", SIMPLE "a=rtcp-mux\r\na=rtcp:6000\r\n", 0, 1, "192.0.2.1/6000"},
	{"RTCP elsewhere", SIMPLE "a=rtcp:53020\r\n", 0, 1, "192.0.2.1/6000 192.0.2.1/53020"},
	{"RTCP at another address", SIMPLE "a=rtcp:53020 IN IP4 192.0.2.9\r\n", 0, 1,
	 "192.0.2.1/6000 192.0.2.9/53020"},
	{"RTCP nowhere", SIMPLE "a=rtcp:0\r\na=rtcp:x\r\na=rtcp:\r\n", 0, 1, "192.0.2.1/6000"},
	{"RTCP first nowhere, then elsewhere", SIMPLE "a=rtcp:6 IN IP4 x\r\na=rtcp:53020\r\n", 0, 1,
	 "192.0.2.1/6000 192.0.2.1/53020"},
	{"feedback is no port", SIMPLE "a=rtcp-fb:* nack\r\n", 0, 1, "192.0.2.1/6000"},

	{"port 65535", HEAD FOUR TIMES "m=audio 65535 RTP/AVP 0\r\n", 0, 1, "192.0.2.1/65535"},
	{"port 65536", HEAD FOUR TIMES "m=audio 65536 RTP/AVP 0\r\n", 0, 0, ""},
	{"port 4294967297", HEAD FOUR TIMES "m=audio 4294967297 RTP/AVP 0\r\n", 0, 0, ""},
	{"no port", HEAD FOUR TIMES "m=audio\r\n", 0, 0, ""},
	{"a word for a port", HEAD FOUR TIMES "m=audio x RTP/AVP 0\r\n", 0, 0, ""},
	{"a negative port", HEAD FOUR TIMES "m=audio -1 RTP/AVP 0\r\n", 0, 0, ""},
	{"five streams",
	 HEAD FOUR TIMES "m=audio 1 RTP/AVP 0\r\nm=audio 2 RTP/AVP 0\r\nm=audio 3 RTP/AVP 0\r\n"
			 "m=audio 4 RTP/AVP 0\r\nm=audio 5 RTP/AVP 0\r\n",
	 0, 1, "192.0.2.1/1 192.0.2.1/2 192.0.2.1/3 192.0.2.1/4"},

	{"empty", "", -ENOENT, 0, ""},
	{"another version", "v=1\r\n" FOUR AUDIO, -EINVAL, 0, ""},
	{"no version", FOUR AUDIO, -EINVAL, 0, ""},
	{"something else", "<?xml version=\"1.0\"?>", -EINVAL, 0, ""},

	{"multipart",
	 "--b1\r\nContent-Type: application/sdp\r\n\r\n" SIMPLE "\r\n--b1\r\nContent-Type: "
	 "application/isup\r\n\r\n\x01\x02\r\n--b1--\r\n",
	 0, 1, "192.0.2.1/6000"},
	{"the second part",
	 "--b1\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--b1\r\nc: "
	 "application/SDP;charset=utf-8\r\nContent-Disposition: session\r\n\r\n" SIMPLE
	 "\r\n--b1--\r\n",
	 0, 1, "192.0.2.1/6000"},
	{"empty lines in front",
	 "\r\n\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n" SIMPLE "\r\n--b1--\r\n", 0, 1,
	 "192.0.2.1/6000"},
	{"a type in the next line",
	 "--b1\r\nContent-Type:\r\n\tapplication/sdp\r\n\r\n" SIMPLE "\r\n--b1--\r\n", 0, 1,
	 "192.0.2.1/6000"},
	{"parts in a part",
	 "--b1\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--b1\r\nContent-Type: "
	 "multipart/alternative;boundary=b2\r\n\r\n\r\n--b2\r\nContent-Type: "
	 "text/html\r\n\r\nv=0\r\n--b2\r\nContent-Type: application/sdp\r\n\r\n" SIMPLE
	 "\r\n--b2--\r\n--b1--\r\n",
	 0, 1, "192.0.2.1/6000"},
	{"behind parts in a part",
	 "--b1\r\nContent-Type: multipart/alternative;boundary=b2\r\n\r\n--b2\r\nContent-Type: "
	 "text/html\r\n\r\nv=0\r\n--b2--\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n" SIMPLE
	 "\r\n--b1--\r\n",
	 0, 1, "192.0.2.1/6000"},
	{"parts in parts in parts in parts",
	 "--a\r\nc: multipart/x\r\n\r\n--b\r\nc: multipart/x\r\n\r\n--c\r\nc: "
	 "multipart/x\r\n\r\n--d\r\nc: application/sdp\r\n\r\n" SIMPLE,
	 -ENOENT, 0, ""},
	{"no part of the kind", "--b1\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--b1--\r\n",
	 -ENOENT, 0, ""},
	{"a part without an end", "--b1\r\nContent-Type: application/sdp\r\n\r\n" SIMPLE, 0, 1,
	 "192.0.2.1/6000"},
	{"a part that has no more to say", "--b1\r\nContent-Type: application/sdp", -EINVAL, 0, ""},
	{"only the delimiter", "--", -ENOENT, 0, ""},
};

static const char *addresses_of(const struct sdp *sdp)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < sdp->count; i++) {
		char address[INET6_ADDRSTRLEN];
		const struct sdp_address *at = &sdp->address[i];

		inet_ntop(at->version == 6 ? AF_INET6 : AF_INET, at->octet, address,
			  sizeof(address));
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s/%u", i ? " " : "",
					address, at->port);
	}
	return text;
}

static void expect(const char *kernel, size_t row)
{
	size_t len = strlen(cases[row].body);
	char *copy = exact_copy(cases[row].body, len);
	struct sdp sdp;
	int ret = sdp_parse(copy, len, &sdp);

	if (ret != cases[row].ret)
		fail_msg("%s, %s: %d", kernel, cases[row].name, ret);
	if (ret == 0 && (sdp.two_way != cases[row].two_way ||
			 strcmp(addresses_of(&sdp), cases[row].addresses) != 0))
		fail_msg("%s, %s: two_way %d, %s", kernel, cases[row].name, sdp.two_way,
			 addresses_of(&sdp));
	free(copy);
}

// What is left is read as far as it goes, and nothing behind it; octets that nobody filled are 0.
static void expect_of_cut(size_t row, size_t len)
{
	char *copy = exact_copy(cases[row].body, len);
	struct sdp sdp;

	if (sdp_parse(copy, len, &sdp) == 0)
		assert_true(sdp.count <= SDP_ADDRESSES);
	for (int k = 0; k < sdp.count; k++) {
		assert_true(sdp.address[k].port != 0);
		assert_true(sdp.address[k].version == 4 || sdp.address[k].version == 6);
		assert_int_equal(sdp.address[k].reserved[0], 0);
		for (int at = 4; at < 16 && sdp.address[k].version == 4; at++)
			assert_int_equal(sdp.address[k].octet[at], 0);
	}
	free(copy);
}

static void test_table(void **state)
{
	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select((enum line_kernel)kernel) != 0)
			continue;
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			expect(line_kernel_name((enum line_kernel)kernel), i);
	}
}

static void test_cut_anywhere(void **state)
{
	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select((enum line_kernel)kernel) != 0)
			continue;
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			for (size_t len = 0; len < strlen(cases[i].body); len++)
				expect_of_cut(i, len);
	}
}

// The line that puts the call on hold, behind more lines of interest than are found at a time, and
// wherever it falls in a block.
static void test_many_lines(void **state)
{
	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select((enum line_kernel)kernel) != 0)
			continue;
		for (size_t lines = 0; lines < 300; lines++) {
			char body[2048] = SIMPLE;
			struct sdp sdp;
			for (size_t i = 0; i < lines; i++)
				strcat(body, lines & 1 ? "c=\n" : "a=s\n");
			size_t len = strlen(strcat(body, "c=IN IP4 0.0.0.0\n"));
			char *copy = exact_copy(body, len);
			assert_int_equal(sdp_parse(copy, len, &sdp), 0);
			assert_int_equal(sdp.two_way, 0);
			assert_int_equal(sdp.count, 0);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
