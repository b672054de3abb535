// SPDX-License-Identifier: Apache-2.0
// Two slots: generation n lives in slot n % 2. The writer fills the slot that nobody reads and then
// says so, hence one that dies half-way leaves the old generation whole. A reader that is overtaken
// twice while it copies notices by the generation and tries again at its next housekeeping.

#include "link/wire_settings.h"

#include <string.h>

enum { SETTINGS_WORDS = sizeof(struct wire_settings) / sizeof(uint64_t) };

_Static_assert(sizeof(struct wire_settings) % sizeof(uint64_t) == 0, "copied word by word");

void wire_settings_publish(struct wire_settings_box *box, const struct wire_settings *value)
{
	uint64_t next = __atomic_load_n(&box->generation, __ATOMIC_RELAXED) + 1;
	uint64_t *slot = box->slot[next % 2];
	uint64_t word[SETTINGS_WORDS];

	memcpy(word, value, sizeof(word));
	// Who sees one of these words also sees the generation before it: the pair of the reader's
	// fence.
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (unsigned int i = 0; i < SETTINGS_WORDS; i++)
		__atomic_store_n(&slot[i], word[i], __ATOMIC_RELAXED);
	__atomic_store_n(&box->generation, next, __ATOMIC_RELEASE);
}

bool wire_settings_follow(const struct wire_settings_box *box, uint64_t *seen,
			  struct wire_settings *value)
{
	uint64_t generation = __atomic_load_n(&box->generation, __ATOMIC_ACQUIRE);
	const uint64_t *slot = box->slot[generation % 2];
	uint64_t word[SETTINGS_WORDS];

	if (generation == *seen)
		return false;
	for (unsigned int i = 0; i < SETTINGS_WORDS; i++)
		word[i] = __atomic_load_n(&slot[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&box->generation, __ATOMIC_RELAXED) != generation)
		return false;
	memcpy(value, word, sizeof(*value));
	*seen = generation;
	return true;
}
