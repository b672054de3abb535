// SPDX-License-Identifier: Apache-2.0
// One pass with a stack of open elements. No DTD (RFC 3863 has none), no character sets but UTF-8.
#include "bench/registrar/document.h"

#include <string.h>

enum { DEPTH = 32 };

struct reader {
	const char *at, *end;
	struct part open[DEPTH];
	unsigned int depth;
	struct document *document;
	bool had_root;
	const char *text; // of the element that was opened last
};

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == ':' || c == '-' || c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end && is_blank(*reader->at))
		reader->at++;
}

static struct part read_name(struct reader *reader)
{
	struct part name = {reader->at, 0};

	while (reader->at < reader->end && is_name(*reader->at))
		reader->at++;
	name.len = (uint32_t)(reader->at - name.at);
	return name;
}

static struct part local_name(struct part name)
{
	const char *colon = memchr(name.at, ':', name.len);

	if (colon == NULL)
		return name;
	return (struct part){colon + 1, name.len - (uint32_t)(colon + 1 - name.at)};
}

// &name; or &#number;
static bool references_are_good(const char *from, const char *to)
{
	while ((from = memchr(from, '&', (size_t)(to - from))) != NULL) {
		const char *semicolon = memchr(from, ';', (size_t)(to - from));

		if (semicolon == NULL || semicolon - from < 2 || semicolon - from > 10)
			return false;
		for (from++; from < semicolon; from++)
			if (!is_name(*from) && *from != '#')
				return false;
	}
	return true;
}

static bool read_attribute(struct reader *reader, bool of_root)
{
	struct part name = read_name(reader), value;
	const char *close;
	char quote;

	skip_blanks(reader);
	if (name.len == 0 || reader->at == reader->end || *reader->at != '=')
		return false;
	reader->at++;
	skip_blanks(reader);
	if (reader->at == reader->end || (*reader->at != '"' && *reader->at != '\''))
		return false;
	quote = *reader->at++;
	close = memchr(reader->at, quote, (size_t)(reader->end - reader->at));
	if (close == NULL)
		return false;
	value = (struct part){reader->at, (uint32_t)(close - reader->at)};
	reader->at = close + 1;
	if (memchr(value.at, '<', value.len) != NULL || !references_are_good(value.at, close))
		return false;
	if (of_root && part_is(name, "entity"))
		reader->document->entity = value;
	return true;
}

static void element_ends(struct reader *reader, struct part name, const char *text_end)
{
	struct part local = local_name(name), text = {reader->text, 0};

	if (text.at != NULL)
		text.len = (uint32_t)(text_end - text.at);
	if ((part_is(local, "activity") && part_is(text, "on-the-phone")) ||
	    (part_is(local, "state") && part_is(text, "confirmed")))
		reader->document->busy = true;
	if (part_is(local, "on-the-phone"))
		reader->document->busy = true;
	reader->text = NULL;
}

static bool read_start(struct reader *reader)
{
	bool of_root = reader->depth == 0;
	struct part name = read_name(reader);

	if (name.len == 0 || (of_root && reader->had_root) || reader->depth == DEPTH)
		return false;
	if (of_root)
		reader->document->root = local_name(name);
	reader->had_root = true;
	for (;;) {
		const char *before = reader->at;

		skip_blanks(reader);
		if (reader->at == reader->end)
			return false;
		if (*reader->at == '>')
			break;
		if (*reader->at == '/') {
			reader->at++;
			if (reader->at == reader->end || *reader->at != '>')
				return false;
			reader->at++;
			reader->text = NULL;
			element_ends(reader, name, NULL);
			return true;
		}
		if (before == reader->at || !read_attribute(reader, of_root))
			return false;
	}
	reader->open[reader->depth++] = name;
	reader->text = ++reader->at;
	return true;
}

static bool read_end(struct reader *reader, const char *text_end)
{
	struct part name = read_name(reader);

	skip_blanks(reader);
	if (reader->depth == 0 || !part_equal(name, reader->open[reader->depth - 1]) ||
	    reader->at == reader->end || *reader->at != '>')
		return false;
	reader->at++;
	reader->depth--;
	element_ends(reader, name, text_end);
	return true;
}

// <? ... ?> and <!-- ... -->
static bool skip_until(struct reader *reader, const char *mark)
{
	const char *found = memmem(reader->at, (size_t)(reader->end - reader->at), mark,
				   strlen(mark));

	if (found == NULL)
		return false;
	reader->at = found + strlen(mark);
	return true;
}

static bool read_markup(struct reader *reader)
{
	const char *text_end = reader->at++;

	if (reader->at == reader->end)
		return false;
	switch (*reader->at) {
	case '?': return skip_until(reader, "?>");
	case '!':
		return reader->end - reader->at > 2 && memcmp(reader->at, "!--", 3) == 0 &&
		       skip_until(reader, "-->");
	case '/': reader->at++; return read_end(reader, text_end);
	default: return read_start(reader);
	}
}

bool document_read(struct document *document, struct part body)
{
	struct reader reader = {.at = body.at, .end = body.at + body.len, .document = document};

	memset(document, 0, sizeof(*document));
	while (reader.at < reader.end) {
		const char *next = memchr(reader.at, '<', (size_t)(reader.end - reader.at));
		const char *until = next != NULL ? next : reader.end;

		if (!references_are_good(reader.at, until))
			return false;
		if (reader.depth == 0)
			for (; reader.at < until; reader.at++)
				if (!is_blank(*reader.at))
					return false;
		reader.at = until;
		if (next != NULL && !read_markup(&reader))
			return false;
	}
	return reader.had_root && reader.depth == 0;
}
