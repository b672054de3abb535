// SPDX-License-Identifier: Apache-2.0
// Writing: the other direction of scalar.c.

#include <stdint.h>
#include <stdio.h>

#include "config/scalar.h"
#include "config/schema.h"
#include "config/units.h"

static void size_text(uint64_t bytes, char *out, size_t size)
{
	static const char *const units[] = {"", "k", "M", "G"};
	unsigned int i = 0;

	for (; i < 3 && bytes && bytes % 1024 == 0; i++)
		bytes /= 1024;
	snprintf(out, size, "%llu%s", (unsigned long long)bytes, units[i]);
}

void scalar_number_text(const struct schema_key *key, uint64_t value, char *out, size_t size)
{
	if (key->type == SCHEMA_DURATION)
		units_duration_text(value, out, size);
	else if (key->type == SCHEMA_SIZE)
		size_text(value, out, size);
	else
		snprintf(out, size, "%llu", (unsigned long long)value);
}

static void cores_text(uint64_t mask, char *out, size_t size)
{
	size_t len = 0;

	if (!mask)
		snprintf(out, size, "auto");
	for (unsigned int core = 0; core < 64 && len < size; core++) {
		unsigned int last = core;

		if (!(mask >> core & 1))
			continue;
		while (last < 63 && mask >> (last + 1) & 1)
			last++;
		len += (size_t)snprintf(out + len, size - len, "%s%u", len ? "," : "", core);
		if (last > core && len < size)
			len += (size_t)snprintf(out + len, size - len, "-%u", last);
		core = last;
	}
}

void scalar_text(const struct schema_key *key, const void *at, char *out, size_t size)
{
	double rate;

	switch (key->type) {
	case SCHEMA_TEXT:
	case SCHEMA_TEXTS:
		snprintf(out, size, "%s",
			 *(const char *)at                   ? (const char *)at
			 : key->form == FORM_ENDPOINT_OR_OFF ? "off"
							     : "-");
		return;
	case SCHEMA_BOOL: snprintf(out, size, "%s", *(const bool *)at ? "yes" : "no"); return;
	case SCHEMA_NUMBERS:
	case SCHEMA_UNSIGNED: snprintf(out, size, "%u", *(const unsigned int *)at); return;
	case SCHEMA_NUMBER: snprintf(out, size, "%.0f", *(const double *)at); return;
	case SCHEMA_COUNT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION: scalar_number_text(key, *(const uint64_t *)at, out, size); return;
	case SCHEMA_RATE:
		rate = *(const double *)at;
		if (rate == (double)(uint64_t)rate)
			snprintf(out, size, "%.0f/s", rate);
		else
			snprintf(out, size, "%.0f/m", rate * 60);
		return;
	case SCHEMA_WORD:
	case SCHEMA_WORDS:
		snprintf(out, size, "?");
		for (const struct schema_word *word = key->words; word->word; word++)
			if (word->value == *(const int *)at)
				snprintf(out, size, "%s", word->word);
		return;
	case SCHEMA_CORES: cores_text(*(const uint64_t *)at, out, size); return;
	case SCHEMA_RULES:
	case SCHEMA_NONE: return;
	}
}
