// SPDX-License-Identifier: Apache-2.0
// The fast parser, its line index, the lines of a session description and the hashes of a message's
// values, once for each instruction set; each is a library of its own with its own machine flags.
// Private to sip/.
#pragma once

#include "sip/line_index.h"
#include "sip/msg.h"
#include "sip/octets.h"
#include "sip/sdp_walk.h"
#include "sip/siphash.h"
#include "sip/uri.h"

struct kernel {
	int (*line_index)(const char *buf, size_t len, struct line_index *index);
	enum sip_reject (*msg_parse)(const char *buf, size_t len, struct sip_msg *msg);
	bool (*usual_uri)(const char *text, uint32_t len, struct sip_uri *uri);
	uint32_t (*sdp_walk)(const char *text, uint32_t len, uint32_t *from, uint32_t *line);
};

// Registers of four words.
#define KERNEL_WIDE(name)                                                                          \
	void siphash_four_##name(const struct siphash_key *key, const struct siphash_text text[4], \
				 struct siphash128 *wide, uint64_t narrow[3])

KERNEL_WIDE(avx2);
KERNEL_WIDE(avx512);

extern const struct kernel kernel_scalar, kernel_sse42, kernel_avx2, kernel_avx512;

// Set before any poll core runs (line_index.c). A pointer and no switch: that was 15 instructions a
// message.
extern SIP_PRIVATE const struct kernel *kernel_selected;

// What a kernel leaves (msg.c).
enum sip_reject msg_parse_unusual(const char *buf, size_t len, struct sip_msg *msg);

// For kernel_NAME.c.
#define KERNEL_DEFINE(name)                                                                       \
	static int line_index_##name(const char *buf, size_t len, struct line_index *index)       \
	{                                                                                         \
		return line_walk(buf, len, index);                                                \
	}                                                                                         \
	static enum sip_reject msg_parse_##name(const char *buf, size_t len, struct sip_msg *msg) \
	{                                                                                         \
		return usual_parse(buf, len, msg) ? SIP_REJECT_NONE                               \
						  : msg_parse_unusual(buf, len, msg);             \
	}                                                                                         \
	static bool usual_uri_##name(const char *text, uint32_t len, struct sip_uri *uri)         \
	{                                                                                         \
		return usual_uri_parse(text, len, uri);                                           \
	}                                                                                         \
	static uint32_t sdp_walk_##name(const char *text, uint32_t len, uint32_t *from,           \
					uint32_t *line)                                           \
	{                                                                                         \
		return sdp_walk(text, len, from, line);                                           \
	}                                                                                         \
	const struct kernel kernel_##name = {                                                     \
		.line_index = line_index_##name,                                                  \
		.msg_parse = msg_parse_##name,                                                    \
		.usual_uri = usual_uri_##name,                                                    \
		.sdp_walk = sdp_walk_##name,                                                      \
	}
#define KERNEL_DEFINE_WIDE(name)                               \
	KERNEL_WIDE(name)                                      \
	{                                                      \
		siphash_side_by_side(key, text, wide, narrow); \
	}                                                      \
	_Static_assert(sizeof(#name) > 1, "ends with a semicolon")
