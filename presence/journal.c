// SPDX-License-Identifier: Apache-2.0
#include "presence/journal.h"

#include "config/clock.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 11 }; // 32 bits in decimal and a NUL

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

static uint64_t journal_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

// By words of eight octets. No secret: the operator asks for a person by name, nobody gains
// by a collision.
static uint64_t person_hash(const char *person)
{
	size_t len = strlen(person);
	uint64_t hash = len, word;

	for (; len >= sizeof(word); person += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, person, sizeof(word));
		hash = journal_mix(hash, word);
	}
	for (word = 0; len > 0; len--)
		word = word << 8 | (unsigned char)person[len - 1];
	return journal_mix(hash, word);
}

static const char *note_number(unsigned int number, char digits[NUMBER_BYTES])
{
	char *at = digits + NUMBER_BYTES - 1;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	return at;
}

// A dozen notes a call: %s and %u are done here, anything else by printf, which takes longer than
// all the rest. false: there is something else.
static bool note_print(char out[JOURNAL_NOTE_BYTES], const char *fmt, va_list args)
{
	char *at = out, *end = out + JOURNAL_NOTE_BYTES - 1, digits[NUMBER_BYTES];

	for (; *fmt && at < end; fmt++) {
		const char *text;
		size_t len;

		if (*fmt != '%') {
			*at++ = *fmt;
			continue;
		}
		switch (*++fmt) {
		case 's': text = va_arg(args, const char *); break;
		case 'u': text = note_number(va_arg(args, unsigned int), digits); break;
		default: return false;
		}
		len = strnlen(text, (size_t)(end - at));
		memcpy(at, text, len);
		at += len;
	}
	*at = '\0';
	return true;
}

void journal_note(struct journal *journal, const char *person, const char *fmt, ...)
{
	struct note *note;
	va_list args;
	bool usual;

	if (journal == NULL)
		return;
	note = &journal->note[journal->written++ % journal->size];
	note->wall_ns = clock_wall_ns();
	note->person = person_hash(person);
	va_start(args, fmt);
	usual = note_print(note->text, fmt, args);
	va_end(args);
	if (usual)
		return;
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
