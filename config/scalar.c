// SPDX-License-Identifier: Apache-2.0
// Reading: each type of the schema, its range, and the suggestion where a slip is likely.

#include "config/scalar.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/form.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/suggest.h"
#include "config/units.h"

#define DIGITS "0123456789"

static bool range_check(const struct schema_key *key, uint64_t value, char *why, size_t why_size)
{
	char bound[32];

	if (value == 0 && (key->flags & SCHEMA_OR_ZERO))
		return true;
	if (value < key->least) {
		scalar_number_text(key, key->least, bound, sizeof(bound));
		snprintf(why, why_size, "%s: at least %s%s",
			 value == 0 && key->type == SCHEMA_DURATION ? "can't be off"
								    : "is too small",
			 bound,
			 !(key->flags & SCHEMA_OR_ZERO) ? ""
			 : key->type == SCHEMA_DURATION ? ", or off"
							: ", or 0");
		return false;
	}
	if (value > key->most) {
		scalar_number_text(key, key->most, bound, sizeof(bound));
		snprintf(why, why_size, "is too large: at most %s", bound);
		return false;
	}
	if ((key->flags & SCHEMA_POWER_OF_TWO) && (value & (value - 1)) != 0) {
		uint64_t up = UINT64_C(1) << (64 - __builtin_clzll(value));

		snprintf(why, why_size, "must be a power of two: write %llu or %llu",
			 (unsigned long long)(up / 2), (unsigned long long)up);
		return false;
	}
	return true;
}

// "10min", "5 s", "2hours": what unit was meant; NULL: no idea.
static const char *unit_meant(const char *tail)
{
	static const struct {
		const char *start, *unit;
	} meant[] = {{"ms", "ms"}, {"mil", "ms"}, {"us", "us"}, {"mic", "us"}, {"mo", NULL},
		     {"s", "s"},   {"m", "m"},    {"h", "h"},   {"d", "d"}};

	tail += strspn(tail, " ");
	for (unsigned int i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
		if (strncasecmp(tail, meant[i].start, strlen(meant[i].start)) == 0)
			return meant[i].unit;
	return NULL;
}

static bool duration_read(const struct schema_key *key, const char *text, uint64_t *ns, char *why,
			  size_t why_size)
{
	int rc = units_duration_ns(text, ns);
	size_t digits = strspn(text, DIGITS);
	// What a bare number most likely is: of the default's order of magnitude.
	const char *unit = strstr(key->fallback, "us")   ? "us"
			   : strstr(key->fallback, "ms") ? "ms"
							 : "s";

	if (rc == 0)
		return range_check(key, *ns, why, why_size);
	if (rc == -ERANGE)
		snprintf(why, why_size, "is too large");
	else if (digits && !text[digits])
		snprintf(why, why_size, "needs a unit: write %s%s", text, unit);
	else if (digits && unit_meant(text + digits))
		snprintf(why, why_size, "`%s` is no duration: write %.*s%s", text, (int)digits,
			 text, unit_meant(text + digits));
	else
		snprintf(why, why_size,
			 "`%s` is no duration: a whole number and us, ms, s, m, h or d, like %s",
			 text, strcmp(key->fallback, "0") == 0 ? "500ms" : key->fallback);
	return false;
}

// "1_000_000", "1,000,000", "1 000 000": the digits alone, if the rest is only that.
static bool without_separators(const char *text, char *out, size_t size)
{
	size_t len = 0;

	if (text[strspn(text, DIGITS "_, '")] || !text[0] || !strchr(DIGITS, text[0]))
		return false;
	for (; *text && len < size - 1; text++)
		if (strchr(DIGITS, *text))
			out[len++] = *text;
	out[len] = '\0';
	return !*text;
}

static bool count_read(const struct schema_key *key, const char *text, uint64_t *value, char *why,
		       size_t why_size)
{
	bool digits = text[0] && !text[strspn(text, DIGITS)];
	int rc = units_size(text, value);
	char plain[32];

	if (rc == -ERANGE) {
		snprintf(why, why_size, "is too large");
		return false;
	}
	if (rc == 0 && (digits || key->type == SCHEMA_SIZE))
		return range_check(key, *value, why, why_size);
	if (rc == 0)
		snprintf(why, why_size, "is a count without a unit: write %llu",
			 (unsigned long long)*value);
	else if (key->type == SCHEMA_SIZE)
		snprintf(why, why_size, "`%s` is no size: digits and k, M or G, like 64M", text);
	else if (text[0] && text[strspn(text, DIGITS)] == '%')
		snprintf(why, why_size, "is in percent already: write %.*s",
			 (int)strspn(text, DIGITS), text);
	else if (without_separators(text, plain, sizeof(plain)))
		snprintf(why, why_size, "`%s` is no whole number: write %s", text, plain);
	else
		snprintf(why, why_size, "`%s` is no whole number", text);
	return false;
}

static bool rate_read(const struct schema_key *key, const char *text, double *rate, char *why,
		      size_t why_size)
{
	int rc = units_rate(text, rate);

	if (rc == -EINVAL && text[0] && !text[strspn(text, DIGITS)])
		snprintf(why, why_size, "needs a unit: write %s/s", text);
	else if (rc == -EINVAL)
		snprintf(why, why_size, "`%s` is no rate: a whole number and /s or /m, like %s",
			 text, key->fallback);
	else if (rc == -ERANGE || *rate > (double)key->most)
		snprintf(why, why_size, "is too large: at most %llu/s",
			 (unsigned long long)key->most);
	else if (*rate <= 0)
		snprintf(why, why_size, "must be above 0");
	else
		return true;
	return false;
}

static bool bool_read(const char *text, bool *value, char *why, size_t why_size)
{
	if (units_bool(text, value) == 0)
		return true;
	if (strcasecmp(text, "1") == 0 || strcasecmp(text, "y") == 0 ||
	    strcasecmp(text, "yes") == 0)
		snprintf(why, why_size, "is yes or no: write yes");
	else if (strcmp(text, "0") == 0 || strcasecmp(text, "n") == 0 ||
		 strcasecmp(text, "no") == 0)
		snprintf(why, why_size, "is yes or no: write no");
	else
		snprintf(why, why_size, "`%s` is neither yes nor no", text);
	return false;
}

static bool word_read(const struct schema_key *key, const char *text, int *value, char *why,
		      size_t why_size)
{
	unsigned int nearest = SUGGEST_FAR;
	const char *best = NULL;
	size_t len;

	for (const struct schema_word *word = key->words; word->word; word++) {
		if (strcmp(text, word->word) == 0) {
			*value = word->value;
			return true;
		}
		if (suggest_is_nearer(text, word->word, &nearest))
			best = word->word;
	}
	len = (size_t)snprintf(why, why_size, "`%.64s` is none of", text);
	for (const struct schema_word *word = key->words; word->word && len < why_size; word++)
		len += (size_t)snprintf(why + len, why_size - len, "%s %s",
					word == key->words ? "" : ",", word->word);
	if (best && len < why_size)
		snprintf(why + len, why_size - len, "; did you mean %s?", best);
	return false;
}

static bool cores_read(const char *text, uint64_t *mask, char *why, size_t why_size)
{
	int rc = units_cores(text, mask);

	if (rc == 0 && __builtin_popcountll(*mask) <= 16)
		return true;
	if (rc == 0)
		snprintf(why, why_size, "are too many: at most 16 cores poll");
	else if (rc == -ERANGE)
		snprintf(why, why_size, "has a core above 63");
	else
		snprintf(why, why_size, "`%s` is no list of cores: auto, or like 1,3-5", text);
	return false;
}

static bool text_read(const struct schema_key *key, const char *text, char *at, char *why,
		      size_t why_size)
{
	if (strlen(text) >= SETTINGS_TEXT) {
		snprintf(why, why_size, "is longer than %d octets", SETTINGS_TEXT - 1);
		return false;
	}
	if (key->form == FORM_ENDPOINT_OR_OFF && (strcmp(text, "off") == 0))
		text = "";
	else if (!text[0] && (key->type == SCHEMA_TEXTS || key->fallback[0])) {
		snprintf(why, why_size, "must not be empty");
		return false;
	} else if (text[0] && !form_check(key->form, text, why, why_size))
		return false;
	// To the end, so that equal settings are equal octets.
	memset(at, 0, SETTINGS_TEXT);
	memcpy(at, text, strlen(text));
	return true;
}

bool scalar_read(const struct schema_key *key, const char *text, void *at, char *why,
		 size_t why_size)
{
	uint64_t number;

	switch (key->type) {
	case SCHEMA_TEXT:
	case SCHEMA_TEXTS: return text_read(key, text, at, why, why_size);
	case SCHEMA_BOOL: return bool_read(text, at, why, why_size);
	case SCHEMA_NUMBERS:
	case SCHEMA_UNSIGNED:
		if (!count_read(key, text, &number, why, why_size))
			return false;
		*(unsigned int *)at = (unsigned int)number;
		return true;
	case SCHEMA_NUMBER:
		if (!count_read(key, text, &number, why, why_size))
			return false;
		*(double *)at = (double)number;
		return true;
	case SCHEMA_COUNT:
	case SCHEMA_SIZE: return count_read(key, text, at, why, why_size);
	case SCHEMA_DURATION: return duration_read(key, text, at, why, why_size);
	case SCHEMA_RATE: return rate_read(key, text, at, why, why_size);
	case SCHEMA_WORD:
	case SCHEMA_WORDS: return word_read(key, text, at, why, why_size);
	case SCHEMA_CORES: return cores_read(text, at, why, why_size);
	case SCHEMA_RULES:
	case SCHEMA_NONE: break;
	}
	return false;
}
