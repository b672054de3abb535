// SPDX-License-Identifier: Apache-2.0
#include "daemon/offhookctl/keyset.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYSET_FIRST_SIZE = 1024 };

static bool key_free(struct siphash128 key)
{
	return key.word[0] == 0 && key.word[1] == 0;
}

static struct siphash128 *keyset_slot(const struct keyset *set, struct siphash128 key)
{
	size_t i = key.word[0] & (set->size - 1);

	while (!key_free(set->slot[i]) &&
	       (set->slot[i].word[0] != key.word[0] || set->slot[i].word[1] != key.word[1]))
		i = (i + 1) & (set->size - 1);
	return &set->slot[i];
}

static void keyset_grow(struct keyset *set)
{
	struct keyset bigger = {.size = set->size > 0 ? set->size * 2 : KEYSET_FIRST_SIZE,
				.count = set->count};

	bigger.slot = calloc(bigger.size, sizeof(*bigger.slot));
	if (bigger.slot == NULL) {
		fputs("offhookctl: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < set->size; i++)
		if (!key_free(set->slot[i]))
			*keyset_slot(&bigger, set->slot[i]) = set->slot[i];
	free(set->slot);
	*set = bigger;
}

bool keyset_add(struct keyset *set, struct siphash128 key)
{
	struct siphash128 *slot;

	if (set->count * 2 >= set->size)
		keyset_grow(set);
	slot = keyset_slot(set, key);
	if (!key_free(*slot))
		return false;
	*slot = key;
	set->count++;
	return true;
}

void keyset_fini(struct keyset *set)
{
	free(set->slot);
}
