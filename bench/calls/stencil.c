// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/stencil.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 48 };

static const struct {
	const char *name;
	uint8_t width;
} kinds[HOLE_COUNT] = {
	[HOLE_CALL] = {"{call}", 16},
	[HOLE_FROM] = {"{from}", 8},
	[HOLE_TO] = {"{to}", 8},
	[HOLE_REQUEST] = {"{request}", 8},
	[HOLE_FROM_TAG] = {"{from-tag}", 8},
	[HOLE_TO_TAG] = {"{to-tag}", 8},
	[HOLE_BRANCH] = {"{branch}", 16},
	[HOLE_CSEQ] = {"{cseq}", 5},
	[HOLE_OTHER_CALL] = {"{other-call}", 16},
	[HOLE_OTHER_FROM_TAG] = {"{other-from-tag}", 8},
	[HOLE_OTHER_TO_TAG] = {"{other-to-tag}", 8},
	[HOLE_OTHER] = {"{other}", 8},
	[HOLE_MEDIA_NET] = {"{net}", 3},
	[HOLE_MEDIA_HOST] = {"{host}", 3},
	[HOLE_MEDIA_PORT] = {"{port}", 5},
	[HOLE_MEDIA_RTCP] = {"{rtcp}", 5},
};

struct piece {
	uint16_t at, len; // what stands before the hole
	uint8_t hole;     // HOLE_COUNT: the end
};

struct stencil {
	struct piece piece[PIECES];
	unsigned int pieces;
	size_t bytes;
	char text[STENCIL_BYTES];
};

void hole_hex(struct holes *holes, enum hole hole, uint64_t value)
{
	for (int i = kinds[hole].width; i-- > 0; value >>= 4)
		holes->text[hole][i] = "0123456789abcdef"[value & 15];
}

void hole_number(struct holes *holes, enum hole hole, uint32_t value)
{
	for (int i = kinds[hole].width; i-- > 0; value /= 10)
		holes->text[hole][i] = (char)('0' + value % 10);
}

void hole_user(struct holes *holes, enum hole hole, uint32_t person)
{
	hole_number(holes, hole, person);
	holes->text[hole][0] = 'u';
}

static int hole_find(const char *at)
{
	for (int i = 0; i < HOLE_COUNT; i++)
		if (strncmp(at, kinds[i].name, strlen(kinds[i].name)) == 0)
			return i;
	return -1;
}

// Octets that the text will have, from here on.
static size_t text_bytes(const char *at)
{
	size_t bytes = 0;

	while (*at != '\0') {
		int hole = *at == '{' ? hole_find(at) : -1;

		bytes += hole >= 0 ? kinds[hole].width : 1;
		at += hole >= 0 ? strlen(kinds[hole].name) : 1;
	}
	return bytes;
}

static bool stencil_cut(struct stencil *stencil, const char *text)
{
	const char *body = strstr(text, "\r\n\r\n");
	struct piece piece = {0, 0, HOLE_COUNT};
	size_t used = 0;

	while (*text != '\0') {
		int hole = *text == '{' ? hole_find(text) : -1;

		if (used + 8 > sizeof(stencil->text) || stencil->pieces + 1 == PIECES)
			return false;
		if (strncmp(text, "{length}", 8) == 0 && body != NULL) {
			used += (size_t)sprintf(stencil->text + used, "%zu", text_bytes(body + 4));
			text += 8;
		} else if (hole >= 0) {
			piece.len = (uint16_t)(used - piece.at);
			piece.hole = (uint8_t)hole;
			stencil->piece[stencil->pieces++] = piece;
			stencil->bytes += piece.len + kinds[hole].width;
			piece.at = (uint16_t)used;
			text += strlen(kinds[hole].name);
		} else if (*text == '{') {
			return false;
		} else {
			stencil->text[used++] = *text++;
		}
	}
	piece.len = (uint16_t)(used - piece.at);
	piece.hole = HOLE_COUNT;
	stencil->piece[stencil->pieces++] = piece;
	stencil->bytes += piece.len;
	return stencil->bytes <= STENCIL_BYTES;
}

struct stencil *stencil_new(const char *text)
{
	struct stencil *stencil = calloc(1, sizeof(*stencil));

	if (stencil != NULL && !stencil_cut(stencil, text)) {
		free(stencil);
		stencil = NULL;
	}
	return stencil;
}

void stencil_free(struct stencil *stencil)
{
	free(stencil);
}

size_t stencil_bytes(const struct stencil *stencil)
{
	return stencil->bytes;
}

void stencil_fill(const struct stencil *stencil, const struct holes *holes, char *out)
{
	for (unsigned int i = 0; i < stencil->pieces; i++) {
		const struct piece *piece = &stencil->piece[i];

		memcpy(out, stencil->text + piece->at, piece->len);
		out += piece->len;
		if (piece->hole == HOLE_COUNT)
			break;
		memcpy(out, holes->text[piece->hole], kinds[piece->hole].width);
		out += kinds[piece->hole].width;
	}
}
