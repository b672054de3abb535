// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/cue.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 64 };

struct words {
	char *word[WORDS];
	bool quoted[WORDS];
	unsigned int count, at;
};

// In place. false: a quote that does not end, or too many.
static bool words_split(char *line, struct words *words)
{
	*words = (struct words){.count = 0};
	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line == '\0' || *line == '#')
			return true;
		if (words->count == WORDS)
			return false;
		words->quoted[words->count] = *line == '"';
		if (*line == '"') {
			words->word[words->count++] = ++line;
			line = strchr(line, '"');
			if (line == NULL)
				return false;
		} else {
			words->word[words->count++] = line;
			line += strcspn(line, " \t\r\n");
			if (*line == '\0')
				return true;
		}
		*line++ = '\0';
	}
}

static const char *word_take(struct words *words)
{
	return words->at < words->count ? words->word[words->at++] : NULL;
}

static bool word_is(struct words *words, const char *text)
{
	if (words->at == words->count || words->quoted[words->at] ||
	    strcmp(words->word[words->at], text) != 0)
		return false;
	words->at++;
	return true;
}

static bool text_copy(char *out, size_t size, const char *text)
{
	return text != NULL && (size_t)snprintf(out, size, "%s", text) < size;
}

static bool number_read(const char *text, uint64_t *number, const char **end)
{
	char *stop;

	if (text == NULL || !isdigit((unsigned char)*text))
		return false;
	*number = strtoull(text, &stop, 10);
	*end = stop;
	return true;
}

// N, N- or N-M
static bool range_read(const char *text, struct cue *cue)
{
	const char *end;

	if (!number_read(text, &cue->first, &end) || cue->first == 0)
		return false;
	cue->last = *end == '-' ? UINT64_MAX : cue->first;
	if (*end == '-' && end[1] != '\0')
		return number_read(end + 1, &cue->last, &end) && *end == '\0' &&
		       cue->last >= cue->first;
	return *end == '\0' || end[1] == '\0';
}

static bool kind_read(const char *text, struct cue *cue)
{
	cue->kind = -1;
	if (strcmp(text, "any") == 0)
		return true;
	for (cue->kind = 0; cue->kind < WISH_COUNT; cue->kind++)
		if (strcmp(text, wish_name((enum wish)cue->kind)) == 0)
			return true;
	return false;
}

static const char *condition_read(struct words *words, struct cue *cue)
{
	const char *end;

	if (word_is(words, "method"))
		return text_copy(cue->method, sizeof(cue->method), word_take(words))
			       ? NULL
			       : "method needs a name";
	if (word_is(words, "user"))
		return text_copy(cue->user, sizeof(cue->user), word_take(words))
			       ? NULL
			       : "user needs a pattern";
	if (word_is(words, "nth"))
		return range_read(word_take(words), cue) ? NULL : "nth needs N, N- or N-M";
	if (word_is(words, "every"))
		return number_read(word_take(words), &cue->every, &end) && cue->every > 0 &&
				       *end == '\0'
			       ? NULL
			       : "every needs a number";
	return "expected method, user, nth, every or ->";
}

static bool status_read(struct words *words, struct cue *cue)
{
	const char *text = words->word[words->at], *end;
	uint64_t status;

	if (words->quoted[words->at] || !number_read(text, &status, &end) || *end != '\0' ||
	    status < 200 || status > 699)
		return false;
	cue->status = (uint16_t)status;
	words->at++;
	if (words->at < words->count && words->quoted[words->at])
		text_copy(cue->reason, sizeof(cue->reason), word_take(words));
	return true;
}

static const char *action_read(struct words *words, struct cue *cue)
{
	const char *text, *end;
	uint64_t number;

	if (status_read(words, cue))
		return NULL;
	if (word_is(words, "drop"))
		return cue->drop = true, NULL;
	if (word_is(words, "mute"))
		return cue->mute = true, NULL;
	if (word_is(words, "close"))
		return cue->close = true, NULL;
	if (word_is(words, "header")) {
		if (cue->headers == CUE_HEADERS)
			return "too many headers";
		return text_copy(cue->header[cue->headers++], CUE_TEXT, word_take(words))
			       ? NULL
			       : "header needs a text";
	}
	if (word_is(words, "expires")) {
		if (!number_read(word_take(words), &number, &end) || *end != '\0')
			return "expires needs seconds";
		cue->expires_s = (uint32_t)number;
		return cue->has_expires = true, NULL;
	}
	if (word_is(words, "delay")) {
		text = word_take(words);
		if (text == NULL || spread_parse(text, &cue->delay) != 0)
			return "delay needs a time";
		return cue->has_delay = true, NULL;
	}
	return "expected a status, header, expires, delay, drop, mute or close";
}

static const char *cue_read(struct words *words, struct cue *cue)
{
	const char *wrong = NULL;

	*cue = (struct cue){.first = 1, .last = UINT64_MAX};
	if (!kind_read(word_take(words), cue))
		return "expected any, initial, refresh, modify, remove or other";
	while (wrong == NULL && !word_is(words, "->"))
		wrong = words->at < words->count ? condition_read(words, cue) : "no -> in it";
	if (wrong == NULL && words->at == words->count)
		wrong = "nothing behind ->";
	while (wrong == NULL && words->at < words->count)
		wrong = action_read(words, cue);
	return wrong;
}

int cues_read(struct cues *cues, FILE *file, const char *name, FILE *errors)
{
	char line[1024];
	int number = 0, rc = 0;

	*cues = (struct cues){NULL, 0};
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *wrong = "a quote without an end, or too many words";
		struct words words;
		struct cue *grown;

		number++;
		if (words_split(line, &words)) {
			if (words.count == 0)
				continue;
			grown = reallocarray(cues->cue, cues->count + 1, sizeof(*grown));
			if (grown == NULL)
				return -ENOMEM;
			cues->cue = grown;
			wrong = cue_read(&words, &cues->cue[cues->count++]);
		}
		if (wrong != NULL) {
			fprintf(errors, "%s:%d: %s\n", name, number, wrong);
			rc = -EINVAL;
		}
	}
	return rc;
}

void cues_fini(struct cues *cues)
{
	free(cues->cue);
	*cues = (struct cues){NULL, 0};
}

static bool cue_fits(const struct cue *cue, const struct message *message, enum wish wish)
{
	char user[CUE_TEXT];

	if (cue->kind >= 0 && cue->kind != (int)wish)
		return false;
	if (cue->method[0] != '\0' && !part_is(message->method, cue->method))
		return false;
	if (cue->user[0] == '\0')
		return true;
	if (message->uri.len >= sizeof(user))
		return false;
	memcpy(user, message->uri.at, message->uri.len);
	user[message->uri.len] = '\0';
	return fnmatch(cue->user, user, 0) == 0;
}

static bool cue_is_due(const struct cue *cue)
{
	return cue->fitted >= cue->first && cue->fitted <= cue->last &&
	       (cue->every == 0 || cue->fitted % cue->every == 0);
}

const struct cue *cues_find(struct cues *cues, const struct message *message, enum wish wish)
{
	const struct cue *found = NULL;

	// All count, whoever is first.
	for (size_t i = 0; i < cues->count; i++) {
		struct cue *cue = &cues->cue[i];

		if (!cue_fits(cue, message, wish))
			continue;
		cue->fitted++;
		if (found == NULL && cue_is_due(cue))
			found = cue;
	}
	return found;
}
