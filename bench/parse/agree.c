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

// Messages that a parser takes for none, and that it reads otherwise than ours.
struct dissent {
	size_t none, other;
};

static bool is_ours(const struct parser *parser)
{
	return parser->parse == fast_parse || parser->parse == reference_parse;
}

// Compares with the first parser of the table, which is ours unless the user left it out.
static bool is_alike(const struct sample *sample, struct dissent dissent[PARSERS], bool *is_fault)
{
	static char first[FIELDS_BYTES], other[FIELDS_BYTES];
	bool is_first = true, alike = true;

	*is_fault = false;
	for (int i = 0; i < PARSERS; i++) {
		char *found = is_first ? first : other;

		if (!parsers[i].is_parser || !parser_takes_part(&parsers[i]))
			continue;
		find(&parsers[i], sample, found);
		if (!is_first && strcmp(first, other) != 0) {
			alike = false;
			*is_fault = *is_fault || is_ours(&parsers[i]);
			dissent[i].other += found[0] != '\0';
		}
		dissent[i].none += found[0] == '\0';
		alike = alike && found[0] != '\0';
		is_first = false;
	}
	return alike;
}

static void tell_dissent(const struct dissent dissent[PARSERS])
{
	for (int i = 0; i < PARSERS; i++) {
		if (dissent[i].none + dissent[i].other > 0)
			fprintf(stderr,
				"bench-parse: %s takes %zu for no message and reads %zu "
				"otherwise\n",
				parsers[i].name, dissent[i].none, dissent[i].other);
	}
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

struct agreement agree_check(struct corpus *corpus, bool leave_out)
{
	bool *marks = calloc(corpus->set.count, sizeof(*marks));
	struct dissent dissent[PARSERS] = {0};
	struct agreement agreement = {0};

	if (marks == NULL)
		exit(1);
	for (size_t i = 0; i < corpus->set.count; i++) {
		const struct sample *sample = &corpus->set.samples[i];
		const char *origin = corpus->origin[i];
		bool is_fault;

		marks[i] = !is_alike(sample, dissent, &is_fault);
		agreement.faults += is_fault;
		if (marks[i] && agreement.different++ < SHOWN)
			show(sample, origin != NULL ? origin : "made up");
	}
	tell_dissent(dissent);
	if (leave_out)
		corpus_leave_out(corpus, marks);
	free(marks);
	return agreement;
}
