// SPDX-License-Identifier: Apache-2.0
// Edit distance with swaps of neighbours (optimal string alignment), on three rows. Letters are the
// same in capitals.

#include "config/suggest.h"

#include <ctype.h>
#include <string.h>

enum {
	SUGGEST_LETTERS = 64, // longer words are never a slip of a key's name
	PART_LETTERS = 3,
};

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int suggest_distance(const char *a, const char *b)
{
	unsigned int rows[3][SUGGEST_LETTERS + 1];
	unsigned int *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > SUGGEST_LETTERS || b_len > SUGGEST_LETTERS)
		return SUGGEST_FAR;
	for (unsigned int j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= a_len; i++) {
		spare = before;
		before = above;
		above = row;
		row = spare;
		row[0] = i;
		for (unsigned int j = 1; j <= b_len; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[b_len];
}

// "warning" for warn, "rpid" for rpid-4480: one is in the other.
static bool is_part(const char *a, const char *b)
{
	return strlen(a) >= PART_LETTERS && strlen(b) >= PART_LETTERS &&
	       (strcasestr(a, b) || strcasestr(b, a));
}

bool suggest_is_nearer(const char *wrong, const char *right, unsigned int *nearest)
{
	unsigned int distance = suggest_distance(wrong, right);
	// A third of the letters wrong is a slip; more is another word.
	unsigned int limit = (unsigned int)(strlen(right) + 2) / 3;

	if (distance > limit && is_part(wrong, right))
		distance = limit;
	if (distance > limit || distance >= *nearest)
		return false;
	*nearest = distance;
	return true;
}
