// SPDX-License-Identifier: Apache-2.0
// libyaml says what it stumbled over; the hint says what operators do wrong most.

#include "config/file_syntax.h"

#include <string.h>
#include <yaml.h>

#include "config/problem.h"

// The octet at a place that libyaml counts in lines and characters; 0 behind the end.
static char octet_at(const char *text, size_t len, const yaml_mark_t *mark)
{
	const char *at = text, *end = text + len;

	for (size_t i = 0; at && i < mark->line; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	for (size_t i = 0; at && at < end && i < mark->column; i++)
		do
			at++;
		while (at < end && (*at & 0xc0) == 0x80);
	return at && at < end ? *at : 0;
}

void file_syntax_problem(const struct yaml_parser_s *parser, const char *text, size_t len,
			 struct problems *problems)
{
	unsigned int line = (unsigned int)parser->problem_mark.line + 1;
	unsigned int column = (unsigned int)parser->problem_mark.column + 1;
	const char *problem = parser->problem ? parser->problem : "not YAML";
	const char *hint = "";
	char octet = octet_at(text, len, &parser->problem_mark);

	if (parser->error == YAML_READER_ERROR) {
		// Has an offset in octets instead of a mark.
		line = column = 1;
		for (size_t i = 0; i < parser->problem_offset && i < len; i++) {
			column++;
			if (text[i] == '\n') {
				line++;
				column = 1;
			}
		}
		hint = "; the file must be plain UTF-8 text";
	} else if (octet == '\t') {
		hint = "; a tab: indent with spaces";
	} else if (octet == '@' || octet == '`' || octet == '%') {
		hint = "; a text that begins with it needs quotes";
	} else if (strstr(problem, "expected ':'")) {
		hint = "; a key is followed by a colon and a space";
	} else if (strstr(problem, "mapping values are not allowed")) {
		hint = "; a colon is missing in the line above, a text with `: ` needs quotes, or "
		       "the indentation is wrong";
	} else if (parser->context && strstr(parser->context, "alias")) {
		hint = "; a text that begins with * needs quotes";
	}
	problem_add(problems, line, column, "%s%s", problem, hint);
}
