// SPDX-License-Identifier: Apache-2.0
// The first look at a payload. What is surely not SIP leaves by its first octets; what looks like
// SIP and can't be right goes to the parser, which says and counts why (RFC 3261 7.1, 7.2).
#include "sip/gate.h"

#include <string.h>

enum {
	// How much of a first line is looked at for its end.
	START_LINE_BYTES = 2048,
	// No header that ends a message is longer; candidates and keys of a description may be.
	LAST_LINE_BYTES = 512,
	STUN_HEADER_BYTES = 20, // RFC 8489 5
	STUN_COOKIE_OFF = 4,
	TLS_HEADER_BYTES = 5,   // RFC 8446 5.1
	DTLS_HEADER_BYTES = 13, // RFC 6347 4.1
};

struct gate_policy gate_policy_calls(bool early, bool ack)
{
	struct gate_policy policy = {
		.methods = 1u << SIP_INVITE | 1u << SIP_BYE | 1u << SIP_CANCEL,
		.provisional = early,
		// A BYE that was challenged has ended nothing, and the first line doesn't say
		// whether it was a BYE.
		.challenges = true,
		.descriptions = true,
	};

	if (ack)
		policy.methods |= 1u << SIP_ACK;
	return policy;
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_keepalive(const char *payload, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_line_end(payload[i]) && payload[i] != '\0')
			return false;
	}
	return len > 0;
}

static bool is_stun(const char *payload, size_t len)
{
	static const char cookie[] = {0x21, 0x12, (char)0xa4, 0x42};

	return len >= STUN_HEADER_BYTES && (payload[0] & 0xc0) == 0 &&
	       memcmp(payload + STUN_COOKIE_OFF, cookie, sizeof(cookie)) == 0;
}

// Content types 20 to 23; version 3.x is TLS, 254.255 and 254.253 are DTLS 1.0 and 1.2.
static bool is_tls(const char *payload, size_t len)
{
	if (len < TLS_HEADER_BYTES || payload[0] < 20 || payload[0] > 23)
		return false;
	if (payload[1] == 3)
		return payload[2] <= 4;
	return len >= DTLS_HEADER_BYTES && (unsigned char)payload[1] == 0xfe &&
	       (unsigned char)payload[2] >= 0xfc;
}

// "SIP/", in any case.
static bool has_version_word(const char *text)
{
	return (text[0] | 0x20) == 's' && (text[1] | 0x20) == 'i' && (text[2] | 0x20) == 'p' &&
	       text[3] == '/';
}

// Whether the last line that is not empty can be the last one of a session description, or of a
// multipart body: a message without a body ends with a header line. So nearly all ringing and all
// acknowledging costs one short look at its end, which is enough even in a flood of it.
static bool ends_like_description(const char *text, size_t len)
{
	const char *end = text + len, *line;
	size_t scan;

	while (end > text && is_line_end(end[-1]))
		end--;
	scan = (size_t)(end - text) < LAST_LINE_BYTES ? (size_t)(end - text) : LAST_LINE_BYTES;
	line = memrchr(end - scan, '\n', scan);
	if (line == NULL)
		return scan == LAST_LINE_BYTES;
	if (end - line < 3)
		return false;
	return line[2] == '=' || (line[1] == '-' && line[2] == '-');
}

static enum gate_verdict described_verdict(const struct gate_policy *policy, const char *text,
					   size_t len)
{
	return policy->descriptions && ends_like_description(text, len) ? GATE_PARSE : GATE_IGNORE;
}

static enum gate_verdict response_verdict(const struct gate_policy *policy, const char *line,
					  size_t len)
{
	unsigned int status;

	// Not "SIP/2.0 ddd": the parser will say what is wrong with it.
	if (policy->everything || len < 12 || memcmp(line + 4, "2.0 ", 4) != 0 ||
	    !is_digit(line[8]) || !is_digit(line[9]) || !is_digit(line[10]) || line[11] != ' ')
		return GATE_PARSE;
	status = (unsigned int)((line[8] - '0') * 100 + (line[9] - '0') * 10 + (line[10] - '0'));
	if (status == 100)
		return GATE_IGNORE;
	if (status > 100 && status < 200)
		return policy->provisional ? GATE_PARSE : described_verdict(policy, line, len);
	if (status == 401 || status == 407)
		return policy->challenges ? GATE_PARSE : GATE_IGNORE;
	return GATE_PARSE;
}

static bool starts_with_sip_scheme(const char *uri, size_t len)
{
	static const char *const schemes[] = {"sip:", "sips:", "tel:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct sip_slice head = {.off = 0, .len = (uint16_t)strlen(schemes[i])};

		if (len > head.len && slice_equal_nocase(uri, head, schemes[i]))
			return true;
	}
	return false;
}

// Whether the line ends with a version: "... SIP/2.0", with blanks behind it or not.
static bool ends_with_version(const char *line, const char *end)
{
	const char *at = end;

	while (at > line && (is_line_end(at[-1]) || at[-1] == ' '))
		at--;
	while (at > line && (is_digit(at[-1]) || at[-1] == '.'))
		at--;
	return at < end && at - line > 5 && has_version_word(at - 4) && at[-5] == ' ';
}

// A method that nobody registered, or a damaged line: a word, then a SIP address or, at the end of
// the line, the version.
static bool looks_like_request(const char *line, size_t len)
{
	size_t word = 0, scan = len < START_LINE_BYTES ? len : START_LINE_BYTES;
	const char *end;

	while (word < scan && line[word] > 0x20 && line[word] < 0x7f)
		word++;
	if (word == 0 || word == scan || line[word] != ' ')
		return false;
	if (starts_with_sip_scheme(line + word + 1, len - word - 1))
		return true;
	end = memchr(line, '\n', scan);
	return end != NULL && ends_with_version(line + word, end);
}

// SSDP has NOTIFY, RTSP has OPTIONS, and INFO may begin any line of a log.
static bool method_is_of_sip_alone(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_ACK || method == SIP_BYE ||
	       method == SIP_CANCEL;
}

static enum gate_verdict request_verdict(const struct gate_policy *policy, const char *line,
					 size_t len)
{
	const char *space = memchr(line, ' ', len < 10 ? len : 10);
	enum sip_method method = SIP_OTHER_METHOD;

	if (space != NULL)
		method = sip_method_find(line, (size_t)(space - line));
	if (!method_is_of_sip_alone(method) && !looks_like_request(line, len))
		return GATE_NOT_SIP;
	if (policy->everything || (policy->methods & 1u << method) != 0)
		return GATE_PARSE;
	if (method == SIP_ACK || method == SIP_PRACK || method == SIP_UPDATE)
		return described_verdict(policy, line, len);
	return GATE_IGNORE;
}

enum gate_verdict gate_classify(const struct gate_policy *policy, const char *payload, size_t len)
{
	const char *end = payload + len;
	char first;

	if (len == 0)
		return GATE_NOT_SIP;
	first = payload[0];
	// RTP, RTCP and whatever else has its top bit set.
	if (first < 0)
		return GATE_NOT_SIP;
	if (first <= 0x20) {
		if (is_keepalive(payload, len))
			return GATE_KEEPALIVE;
		if (is_stun(payload, len))
			return GATE_STUN;
		if (is_tls(payload, len))
			return GATE_TLS;
		// Empty lines may come before a message (RFC 3261 7.5).
		while (payload < end && is_line_end(*payload))
			payload++;
		len = (size_t)(end - payload);
		if (*payload <= 0x20)
			return GATE_NOT_SIP;
	}
	if (len >= 4 && has_version_word(payload))
		return response_verdict(policy, payload, len);
	return request_verdict(policy, payload, len);
}

const char *gate_verdict_name(enum gate_verdict verdict)
{
	static const char *const names[GATE_VERDICT_COUNT] = {
		[GATE_NONE] = "none",   [GATE_NOT_SIP] = "not-sip", [GATE_KEEPALIVE] = "keepalive",
		[GATE_STUN] = "stun",   [GATE_TLS] = "tls",         [GATE_IGNORE] = "ignore",
		[GATE_PARSE] = "parse",
	};

	return (unsigned int)verdict < GATE_VERDICT_COUNT ? names[verdict] : "unknown";
}
