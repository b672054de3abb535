// SPDX-License-Identifier: Apache-2.0
// Streams cut at every octet and at random give the same messages; what can't be framed is said,
// and the next message found. Each look is at a copy of exactly the octets there are.
#include "sip/stream.h"

#include "sip_test.h"

enum { STREAM_BYTES = 200000, ELEMENTS = 64 };

// A direction with its unfinished octets, as the data plane has them.
struct reader {
	struct sip_stream stream;
	char pending[STREAM_BYTES];
	size_t pending_len;
	unsigned int count[STREAM_VERDICT_COUNT];
	char messages[STREAM_BYTES]; // one behind the other, each with a | at its end
	size_t messages_len;
	size_t passed; // octets of all verdicts
	bool left;     // none of ours
};

static struct reader reader, whole;

static void reader_init(struct reader *r, bool from_start)
{
	memset(r->count, 0, sizeof(r->count));
	r->pending_len = r->messages_len = r->passed = 0;
	r->left = false;
	stream_init(&r->stream, from_start);
}

static void keep_message(struct reader *r, const char *text, size_t len)
{
	memcpy(r->messages + r->messages_len, text, len);
	r->messages_len += len;
	r->messages[r->messages_len++] = '|';
}

static void read_pending(struct reader *r)
{
	while (r->pending_len > 0 && !r->left) {
		size_t used = 12345;
		char *copy = exact_copy(r->pending, r->pending_len);
		enum stream_verdict verdict = stream_next(&r->stream, copy, r->pending_len, &used);
		free(copy);
		assert_in_range(verdict, STREAM_MORE, STREAM_FOREIGN);
		if (verdict == STREAM_MORE) {
			assert_int_equal(used, 0);
			assert_true(r->pending_len < STREAM_MOST_BYTES);
			return;
		}
		assert_in_range(used, 1, r->pending_len);
		r->count[verdict]++;
		r->passed += used;
		r->left = verdict >= STREAM_TLS;
		if (verdict == STREAM_MESSAGE || verdict == STREAM_NO_LENGTH)
			keep_message(r, r->pending, used);
		r->pending_len -= used;
		memmove(r->pending, r->pending + used, r->pending_len);
	}
}

static void feed(struct reader *r, const char *text, size_t len)
{
	if (r->left)
		return;
	memcpy(r->pending + r->pending_len, text, len);
	r->pending_len += len;
	read_pending(r);
}

static void gap(struct reader *r, uint32_t missing, enum stream_loss expect)
{
	enum stream_loss loss = stream_give_up(&r->stream, r->pending_len, missing);

	assert_int_equal(loss, expect);
	if (loss == STREAM_LOSS_BODY || loss == STREAM_LOSS_REST)
		keep_message(r, r->pending, r->pending_len);
	r->pending_len = 0;
}

static const char *message(const char *length_line, const char *body)
{
	static char text[16][STREAM_BYTES];
	static unsigned int turn;
	char *at = text[turn++ % 16];

	sprintf(at,
		"INVITE sip:b@x SIP/2.0\r\n"
		"Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@x>;tag=a1\r\n"
		"To: <sip:b@x>\r\n"
		"Call-ID: c1\r\n"
		"CSeq: 1 INVITE\r\n"
		"%s\r\n%s",
		length_line, body);
	return at;
}

static const char *plain(void)
{
	return message("Content-Length: 4\r\n", "v=0\n");
}

static size_t join(char *to, const char *const *part, size_t parts)
{
	size_t len = 0;

	for (size_t i = 0; i < parts; i++) {
		memcpy(to + len, part[i], strlen(part[i]));
		len += strlen(part[i]);
	}
	return len;
}

static void assert_same(const struct reader *a, const struct reader *b, size_t at)
{
	if (a->messages_len != b->messages_len ||
	    memcmp(a->messages, b->messages, a->messages_len) != 0)
		fail_msg("cut at %zu: other messages", at);
	assert_int_equal(a->passed, b->passed);
	assert_int_equal(a->pending_len, b->pending_len);
}

// A body that holds line ends and start lines, keep-alives and STUN between, garbage, a message
// without length: cut in two at every octet, and at random.
static void test_every_cut(void **state)
{
	static char text[STREAM_BYTES];
	const char body[] = "SIP/2.0 200 OK\r\n\r\nINVITE sip:z@x SIP/2.0\r\n\r\n";
	const char *const parts[] = {
		"\r\n\r\n",
		message("Content-Length: 44\r\nContent-Type: message/sipfrag\r\n", body),
		plain(),
		"\r\n",
		message("l:0\r\n", ""),
		"no message\r\nneither is this\r\n",
		message("Content-Length :\r\n  4\r\n", "v=0\n"),
		message("", ""),
		message("Content-Length: 2\r\nX: y\r\n", "ab"),
	};
	size_t len;
	uint64_t seed = test_seed();

	assert_int_equal(strlen(body), 44);
	len = join(text, parts, sizeof(parts) / sizeof(parts[0]));
	memcpy(text + len,
	       "\0\x01\0\x04\x21\x12\xa4\x42"
	       "abcdefghijkl"
	       "wxyz",
	       24);
	len += 24;
	len += (size_t)sprintf(text + len, "%s", message("Content-Length: 0\r\n", ""));
	reader_init(&whole, true);
	feed(&whole, text, len);
	assert_int_equal(whole.count[STREAM_MESSAGE], 6);
	assert_int_equal(whole.count[STREAM_NO_LENGTH], 1);
	assert_int_equal(whole.count[STREAM_GARBAGE], 1);
	assert_int_equal(whole.count[STREAM_KEEPALIVE], 2);
	assert_int_equal(whole.count[STREAM_STUN], 1);
	assert_int_equal(whole.pending_len, 0);
	for (size_t cut = 0; cut <= len; cut++) {
		reader_init(&reader, true);
		if (cut > 0)
			feed(&reader, text, cut);
		if (cut < len)
			feed(&reader, text + cut, len - cut);
		assert_same(&reader, &whole, cut);
		assert_int_equal(reader.count[STREAM_NO_LENGTH], 1);
		assert_int_equal(reader.count[STREAM_GARBAGE], 1);
	}
	for (int round = 0; round < 300; round++) {
		size_t most = 1 + next_random(&seed) % 200;
		reader_init(&reader, true);
		for (size_t at = 0, n; at < len; at += n) {
			n = 1 + next_random(&seed) % most;
			n = n < len - at ? n : len - at;
			feed(&reader, text + at, n);
		}
		assert_same(&reader, &whole, (size_t)round);
	}
}

static const struct {
	const char *name, *line;
	enum stream_verdict expect;
} lengths[] = {
	{"plain", "Content-Length: 4\r\n", STREAM_MESSAGE},
	{"compact", "l: 4\r\n", STREAM_MESSAGE},
	{"compact, large", "L: 4\r\n", STREAM_MESSAGE},
	{"other case", "CONTENT-length:4\r\n", STREAM_MESSAGE},
	{"blank before the colon", "Content-Length \t: 4 \t\r\n", STREAM_MESSAGE},
	{"folded", "Content-Length:\r\n 4\r\n", STREAM_MESSAGE},
	{"leading zeros", "Content-Length: 0000000000000000000004\r\n", STREAM_MESSAGE},
	{"in a folded line of another", "Subject: x\r\n Content-Length: 9\r\nl: 4\r\n",
	 STREAM_MESSAGE},
	{"another name", "X-Content-Length: 9\r\nContent-Lengths: 9\r\nl: 4\r\n", STREAM_MESSAGE},
	{"bare LF", "Content-Length: 4\n", STREAM_MESSAGE},
	{"none", "", STREAM_NO_LENGTH},
	{"empty", "Content-Length:\r\n", STREAM_BAD_LENGTH},
	{"blank", "Content-Length:  \r\n", STREAM_BAD_LENGTH},
	{"negative", "Content-Length: -4\r\n", STREAM_BAD_LENGTH},
	{"plus", "Content-Length: +4\r\n", STREAM_BAD_LENGTH},
	{"hexadecimal", "Content-Length: 0x4\r\n", STREAM_BAD_LENGTH},
	{"two numbers", "Content-Length: 4 4\r\n", STREAM_BAD_LENGTH},
	{"folded number", "Content-Length: 4\r\n 4\r\n", STREAM_BAD_LENGTH},
	{"comma", "Content-Length: 4,4\r\n", STREAM_BAD_LENGTH},
	{"parameter", "Content-Length: 4;x\r\n", STREAM_BAD_LENGTH},
	{"twice", "Content-Length: 4\r\nl: 4\r\n", STREAM_BAD_LENGTH},
	{"twice, different", "Content-Length: 4\r\nContent-Length: 90\r\n", STREAM_BAD_LENGTH},
	{"one too many", "Content-Length: 65536\r\n", STREAM_TOO_LONG},
	{"2^32 + 4", "Content-Length: 4294967300\r\n", STREAM_TOO_LONG}, // CVE-2026-23457
	{"2^64 + 4", "Content-Length: 18446744073709551620\r\n", STREAM_TOO_LONG},
	{"2^31", "Content-Length: 2147483648\r\n", STREAM_TOO_LONG},
	{"forty digits", "Content-Length: 9999999999999999999999999999999999999999\r\n",
	 STREAM_TOO_LONG},
};

// One of each, then a good message: which is found whatever the first one was.
static void test_lengths(void **state)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const char *text = message(lengths[i].line, "v=0\n"), *good = plain();
		bool framed = lengths[i].expect == STREAM_MESSAGE;
		reader_init(&reader, true);
		feed(&reader, text, strlen(text));
		feed(&reader, good, strlen(good));
		if (reader.count[lengths[i].expect] != (framed ? 2 : 1) ||
		    reader.count[STREAM_MESSAGE] != (framed ? 2 : 1))
			fail_msg("%s", lengths[i].name);
		assert_memory_equal(reader.messages + reader.messages_len - strlen(good) - 1, good,
				    strlen(good));
		assert_int_equal(reader.pending_len, 0);
	}
}

// Where one lacks the length the others may: with bodies or without, told by their headers.
static void test_no_lengths(void **state)
{
	const char *bare = message("", ""), *body = message("", "v=0\r\no=x\r\n");
	const char *const streams[][4] = {{bare, bare, plain(), bare}, {body, body, plain(), body}};

	for (size_t i = 0; i < 2; i++) {
		reader_init(&reader, true);
		for (size_t n = 0; n < 4; n++)
			feed(&reader, streams[i][n], strlen(streams[i][n]));
		assert_int_equal(reader.count[STREAM_NO_LENGTH], 3);
		assert_int_equal(reader.count[STREAM_MESSAGE], 1);
		assert_int_equal(reader.messages_len, 3 * strlen(bare) + strlen(plain()) + 4);
	}
	// A search begins with none.
	reader_init(&reader, false);
	feed(&reader, bare, strlen(bare));
	feed(&reader, plain(), strlen(plain()));
	assert_int_equal(reader.count[STREAM_NO_LENGTH], 0);
	assert_int_equal(reader.count[STREAM_MESSAGE], 1);
}

// Headers that the line index leaves: a fold by tab, and more octets than it looks at.
static void test_beside_the_index(void **state)
{
	static char line[12000];
	const char *heads[] = {"Content-Length:\r\n\t4\r\n", line};

	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "X: ", 3);
	strcpy(line + sizeof(line) - 22, "\r\nContent-Length: 4\r\n");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const char *text = message(heads[i], "v=0\n");
		reader_init(&reader, true);
		feed(&reader, text, strlen(text));
		feed(&reader, plain(), strlen(plain()));
		assert_int_equal(reader.count[STREAM_MESSAGE], 2);
	}
}

// The largest message that is taken, and one octet more.
static void test_largest(void **state)
{
	static char body[STREAM_BYTES];
	size_t headers = strlen(message("Content-Length: 65000\r\n", ""));
	char line[64];

	for (unsigned int over = 0; over < 2; over++) {
		size_t bytes = SIP_MAX_BYTES - headers + over;
		memset(body, 'b', bytes);
		body[bytes] = '\0';
		snprintf(line, sizeof(line), "Content-Length: %zu\r\n", bytes);
		const char *text = message(line, body);
		reader_init(&reader, true);
		for (size_t at = 0; at < strlen(text); at += 1000)
			feed(&reader, text + at,
			     strlen(text) - at < 1000 ? strlen(text) - at : 1000);
		assert_int_equal(reader.count[STREAM_MESSAGE], !over);
		assert_int_equal(reader.count[STREAM_TOO_LONG], over);
		feed(&reader, "\r\n", 2);
		feed(&reader, plain(), strlen(plain()));
		assert_int_equal(reader.count[STREAM_MESSAGE], 2 - over);
	}
}

// Headers without end: given up at the limit, not before, and not octet by octet again and again.
static void test_endless_headers(void **state)
{
	const char start[] = "INVITE sip:b@x SIP/2.0\r\nX: ";

	reader_init(&reader, true);
	feed(&reader, start, strlen(start));
	for (size_t len = strlen(start); len < SIP_MAX_HEADER_BYTES - 1; len++)
		feed(&reader, "y", 1);
	assert_int_equal(reader.passed, 0);
	feed(&reader, "yy", 2);
	assert_int_equal(reader.count[STREAM_TOO_LONG], 1);
	assert_int_equal(reader.pending_len, 0);
	feed(&reader, "\r\n", 2);
	feed(&reader, plain(), strlen(plain()));
	assert_int_equal(reader.count[STREAM_MESSAGE], 1);
	// More lines than there may be.
	reader_init(&reader, true);
	feed(&reader, start, strlen(start));
	for (int i = 0; i < SIP_MAX_LINES; i++)
		feed(&reader, "y\r\nX: ", 6);
	feed(&reader, "\r\n\r\n", 4);
	assert_int_equal(reader.count[STREAM_TOO_LONG], 1);
}

// Met at any octet of a message, the next one is found, and what is told is never half of one.
static void test_from_the_middle(void **state)
{
	static char text[STREAM_BYTES];
	const char body[] = "SIP/2.0 200 OK\r\n";
	const char *const parts[] = {message("Content-Length: 16\r\n", body), plain(),
				     message("Content-Length: 16\r\n", body), plain()};
	size_t len = join(text, parts, 4);

	for (size_t from = 1; from < strlen(parts[0]); from++) {
		reader_init(&reader, false);
		for (size_t at = from; at < len; at++)
			feed(&reader, text + at, 1);
		// The fragment's line could be one of a message until the headers end.
		if (reader.count[STREAM_MESSAGE] != 3)
			fail_msg("from %zu: %u", from, reader.count[STREAM_MESSAGE]);
		assert_int_equal(reader.messages_len,
				 strlen(parts[1]) + strlen(parts[2]) + strlen(parts[3]) + 3);
		assert_int_equal(reader.pending_len, 0);
	}
	reader_init(&reader, false);
	feed(&reader, text, len);
	assert_int_equal(reader.count[STREAM_MESSAGE], 4);
}

// Octets missing in the body cost nothing; in the headers the message, and in between what was
// there.
static void test_gaps(void **state)
{
	char body[101];
	const char *text, *good = plain();
	size_t headers, len;

	memset(body, 'b', 100);
	body[100] = '\0';
	text = message("Content-Length: 100\r\n", body);
	len = strlen(text);
	headers = len - 100;
	for (size_t at = headers; at < len; at++) {
		reader_init(&reader, true);
		feed(&reader, text, at);
		gap(&reader, (uint32_t)(len - at - (len - at) / 2), STREAM_LOSS_BODY);
		if ((len - at) / 2 > 0)
			feed(&reader, body, (len - at) / 2);
		feed(&reader, good, strlen(good));
		assert_int_equal(reader.count[STREAM_MESSAGE], 1);
		assert_int_equal(reader.count[STREAM_SKIPPED] + reader.count[STREAM_GARBAGE], 0);
		assert_int_equal(reader.messages_len, at + strlen(good) + 2);
	}
	// Two holes in one body.
	reader_init(&reader, true);
	feed(&reader, text, headers + 10);
	gap(&reader, 10, STREAM_LOSS_BODY);
	feed(&reader, body, 10);
	gap(&reader, 20, STREAM_LOSS_NONE);
	feed(&reader, body, 50);
	feed(&reader, good, strlen(good));
	assert_int_equal(reader.messages_len, headers + 10 + strlen(good) + 2);
	// From the body into the next message.
	reader_init(&reader, true);
	feed(&reader, text, headers + 10);
	gap(&reader, 91, STREAM_LOSS_REST);
	feed(&reader, text + 1, len - 1);
	feed(&reader, good, strlen(good));
	assert_int_equal(reader.messages_len, headers + 10 + strlen(good) + 2);
	// In the headers.
	reader_init(&reader, true);
	feed(&reader, text, 50);
	gap(&reader, 10, STREAM_LOSS_HEADER);
	feed(&reader, text + 60, len - 60);
	feed(&reader, good, strlen(good));
	assert_int_equal(reader.messages_len, strlen(good) + 1);
	// Between two messages, a whole one.
	reader_init(&reader, true);
	feed(&reader, text, len);
	gap(&reader, 500, STREAM_LOSS_NONE);
	feed(&reader, good, strlen(good));
	assert_int_equal(reader.messages_len, len + strlen(good) + 2);
	// No room for the rest of a body.
	reader_init(&reader, true);
	feed(&reader, text, headers + 10);
	gap(&reader, 0, STREAM_LOSS_BODY);
	feed(&reader, body, 90);
	feed(&reader, good, strlen(good));
	assert_int_equal(reader.messages_len, headers + 10 + strlen(good) + 2);
}

static const struct {
	const char *name, *text;
	size_t len;
	enum stream_verdict from_start, from_middle;
} others[] = {
#define ROW(name, text, from_start, from_middle)                      \
	{                                                             \
		name, text, sizeof(text) - 1, from_start, from_middle \
	}
	ROW("tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", STREAM_TLS, STREAM_TLS),
	ROW("tls data", "\x17\x03\x03\x00\x30 0123456789", STREAM_TLS, STREAM_TLS),
	ROW("websocket",
	    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n"
	    "\r\n",
	    STREAM_WEBSOCKET, STREAM_SKIPPED),
	ROW("websocket answer", "HTTP/1.1 101 Switching Protocols\r\nUPGRADE:  WebSocket\r\n\r\n",
	    STREAM_WEBSOCKET, STREAM_SKIPPED),
	ROW("http", "GET /sip:x HTTP/1.1\r\nHost: x\r\n\r\n", STREAM_FOREIGN, STREAM_SKIPPED),
	ROW("http answer", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", STREAM_FOREIGN,
	    STREAM_SKIPPED),
	ROW("rtsp", "OPTIONS rtsp://x/y RTSP/1.0\r\nCSeq: 1\r\n\r\n", STREAM_FOREIGN,
	    STREAM_SKIPPED),
	ROW("msrp", "MSRP a786hjs2 SEND\r\n\r\n", STREAM_FOREIGN, STREAM_SKIPPED),
	ROW("ssh", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", STREAM_FOREIGN, STREAM_SKIPPED),
	ROW("smtp", "220 mail.example ESMTP\r\n", STREAM_FOREIGN, STREAM_SKIPPED),
	ROW("h.323", "\x03\x00\x01\x2d\x08\x02\x10\x41\x05\x04\x03", STREAM_FOREIGN,
	    STREAM_SKIPPED),
	ROW("high", "\x80\x81\x82\x83\x84\x85\x86\x87\x88", STREAM_FOREIGN, STREAM_SKIPPED),
	ROW("zeros", "\0\0\0\0\0\0\0\0\0", STREAM_FOREIGN, STREAM_SKIPPED),
#undef ROW
};

static void test_others(void **state)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		reader_init(&reader, true);
		feed(&reader, others[i].text, others[i].len);
		if (reader.count[others[i].from_start] != 1 || !reader.left)
			fail_msg("%s", others[i].name);
		reader_init(&reader, false);
		feed(&reader, others[i].text, others[i].len);
		if (reader.count[others[i].from_middle] < 1)
			fail_msg("%s, met in its middle", others[i].name);
		// Where there was a message, it is garbage before the next one.
		reader_init(&reader, true);
		feed(&reader, plain(), strlen(plain()));
		feed(&reader, others[i].text, others[i].len);
		feed(&reader, "\r\n", 2);
		feed(&reader, plain(), strlen(plain()));
		if (reader.left || reader.count[STREAM_MESSAGE] != 2 ||
		    reader.count[STREAM_GARBAGE] != 1)
			fail_msg("%s, behind a message", others[i].name);
	}
}

// In two pieces anywhere; and headers that go on for ever.
static void test_handshake_in_pieces(void **state)
{
	static char endless[STREAM_BYTES];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		for (size_t cut = 1; cut < others[i].len; cut++) {
			if (others[i].from_start != STREAM_WEBSOCKET)
				continue;
			reader_init(&reader, true);
			feed(&reader, others[i].text, cut);
			feed(&reader, others[i].text + cut, others[i].len - cut);
			if (reader.count[STREAM_WEBSOCKET] != 1)
				fail_msg("%s cut at %zu", others[i].name, cut);
		}
	}
	memset(endless, '\n', sizeof(endless));
	for (size_t at = strlen(strcpy(endless, "GET / HTTP/1.1\r\n")); at < 10000; at += 7)
		memcpy(endless + at, "X: yz\r\n", 7);
	reader_init(&reader, true);
	for (size_t at = 0; at < 10000 && !reader.left; at += 100)
		feed(&reader, endless + at, 100);
	assert_int_equal(reader.count[STREAM_FOREIGN], 1);
}

// A connection met in its middle that shows no message within the bound is left alone; one that
// had a message never.
static void test_search_ends(void **state)
{
	const char line[] = "nothing to see here\r\n";
	size_t fed = 0;

	reader_init(&reader, false);
	while (!reader.left) {
		feed(&reader, line, strlen(line));
		fed += strlen(line);
		assert_true(fed < 2 * STREAM_SEARCH_BYTES);
	}
	assert_true(fed >= STREAM_SEARCH_BYTES);
	assert_int_equal(reader.count[STREAM_FOREIGN], 1);
	reader_init(&reader, true);
	feed(&reader, plain(), strlen(plain()));
	for (fed = 0; fed < 3 * STREAM_SEARCH_BYTES; fed += strlen(line))
		feed(&reader, line, strlen(line));
	feed(&reader, plain(), strlen(plain()));
	assert_int_equal(reader.count[STREAM_MESSAGE], 2);
}

// Octets changed at random: what was before comes out, and every octet is accounted for.
static void test_mutations(void **state)
{
	static char text[STREAM_BYTES];
	uint64_t seed = test_seed();

	for (int round = 0; round < 3000; round++) {
		const char *const parts[] = {plain(), plain(), plain()};
		size_t len = join(text, parts, 3), one = strlen(parts[0]);
		for (unsigned int i = 0; i <= next_random(&seed) % 4; i++)
			text[one + next_random(&seed) % one] = (char)next_random(&seed);
		len += (size_t)sprintf(text + len, "\r\n%s", plain());
		reader_init(&reader, true);
		for (size_t at = 0, n; at < len; at += n) {
			n = 1 + next_random(&seed) % 300;
			n = n < len - at ? n : len - at;
			feed(&reader, text + at, n);
		}
		assert_true(reader.count[STREAM_MESSAGE] >= 1);
		assert_false(reader.left);
		assert_int_equal(reader.passed + reader.pending_len, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),       cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_no_lengths),      cmocka_unit_test(test_beside_the_index),
		cmocka_unit_test(test_largest),         cmocka_unit_test(test_endless_headers),
		cmocka_unit_test(test_from_the_middle), cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_others),          cmocka_unit_test(test_handshake_in_pieces),
		cmocka_unit_test(test_search_ends),     cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
