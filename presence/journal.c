// SPDX-License-Identifier: Apache-2.0
#include "presence/journal.h"

#include "config/clock.h"
#include "sip/siphash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct note {
	uint64_t wall_ns;
	uint64_t
		person; // hash of the address of record; a stranger's note by collision is harmless
	char text[JOURNAL_NOTE_BYTES];
};

struct journal {
	size_t size;
	size_t written; // all ever; the next goes to written % size
	struct note note[];
};

struct journal *journal_new(size_t notes)
{
	struct journal *journal = calloc(1, sizeof(*journal) + notes * sizeof(struct note));

	if (journal != NULL)
		journal->size = notes;
	return journal;
}

void journal_free(struct journal *journal)
{
	free(journal);
}

// No secret key: the operator asks for a person by name, nobody gains by a collision.
static uint64_t person_hash(const char *person)
{
	static const struct siphash_key key;

	return siphash64(&key, person, strlen(person));
}

void journal_note(struct journal *journal, const char *person, const char *fmt, ...)
{
	struct note *note;
	va_list args;

	if (journal == NULL)
		return;
	note = &journal->note[journal->written++ % journal->size];
	note->wall_ns = clock_wall_ns();
	note->person = person_hash(person);
	va_start(args, fmt);
	vsnprintf(note->text, sizeof(note->text), fmt, args);
	va_end(args);
}

void journal_each(const struct journal *journal, const char *person,
		  void (*each)(void *ctx, uint64_t wall_ns, const char *note), void *ctx)
{
	uint64_t hash = person_hash(person);
	size_t first = journal->written > journal->size ? journal->written - journal->size : 0;

	for (size_t i = first; i < journal->written; i++) {
		const struct note *note = &journal->note[i % journal->size];

		if (note->person == hash)
			each(ctx, note->wall_ns, note->text);
	}
}
