// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/agree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/parse/corpus.h"
#include "bench/parse/parsers.h"

enum { SHOWN = 3 };

static void find(const struct parser *parser, const struct sample *sample, char out[FIELDS_BYTES])
{
	struct fields fields;

	parser_select(parser);
	if (parser->parse(sample->text, sample->len, &fields))
		fields_write(&fields, out);
	else
		out[0] = '\0';
	parser->release();
}

static bool is_alike(const struct sample *sample)
{
	static char first[FIELDS_BYTES], other[FIELDS_BYTES];
	bool is_first = true;

	for (int i = 0; i < PARSERS; i++) {
		if (!parsers[i].is_parser || !parser_takes_part(&parsers[i]))
			continue;
		find(&parsers[i], sample, is_first ? first : other);
		if (first[0] == '\0' || (!is_first && strcmp(first, other) != 0))
			return false;
		is_first = false;
	}
	return true;
}

// What each finds, once for those that find the same.
static void show(const struct sample *sample, const char *origin)
{
	static char found[PARSERS][FIELDS_BYTES];
	bool told[PARSERS] = {false};

	fprintf(stderr, "bench-parse: %s: read differently, or by none:\n%.*s\n", origin,
		(int)sample->len, sample->text);
	for (int i = 0; i < PARSERS; i++) {
		told[i] = !parsers[i].is_parser || !parser_takes_part(&parsers[i]);
		if (!told[i])
			find(&parsers[i], sample, found[i]);
	}
	for (int i = 0; i < PARSERS; i++) {
		if (told[i])
			continue;
		fprintf(stderr, "--");
		for (int k = i; k < PARSERS; k++) {
			if (told[k] || strcmp(found[i], found[k]) != 0)
				continue;
			fprintf(stderr, " %s", parsers[k].name);
			told[k] = true;
		}
		fprintf(stderr, ":\n%s", found[i][0] != '\0' ? found[i] : "no message\n");
	}
}

size_t agree_check(struct corpus *corpus, bool leave_out)
{
	bool *marks = calloc(corpus->set.count, sizeof(*marks));
	size_t different = 0;

	if (marks == NULL)
		exit(1);
	for (size_t i = 0; i < corpus->set.count; i++) {
		const struct sample *sample = &corpus->set.samples[i];
		const char *origin = corpus->origin[i];

		marks[i] = !is_alike(sample);
		if (marks[i] && different++ < SHOWN)
			show(sample, origin != NULL ? origin : "made up");
	}
	if (leave_out)
		corpus_leave_out(corpus, marks);
	free(marks);
	return different;
}
