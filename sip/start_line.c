// SPDX-License-Identifier: Apache-2.0
// RFC 3261 7.1, 7.2 and 25.1.
#include "sip/start_line.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
	METHOD_BYTES = 64,       // longer ones are nobody's
	START_LINE_BYTES = 2048, // as far as a line is followed while it has no end
};

// RFC 3261 25.1
static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static bool ends_with_version(const char *line, const char *end)
{
	while (end > line && (is_line_end(end[-1]) || end[-1] == ' '))
		end--;
	while (end > line && ((end[-1] >= '0' && end[-1] <= '9') || end[-1] == '.'))
		end--;
	return end - line > 5 && strncasecmp(end - 5, " SIP/", 5) == 0;
}

enum guess start_line_guess_word(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word), common = len < word_len ? len : word_len;

	if (strncasecmp(text, word, common) != 0)
		return GUESS_NO;
	return common == word_len ? GUESS_YES : GUESS_MAYBE;
}

static enum guess guess_request(const char *line, size_t len)
{
	static const char *const schemes[] = {"sip:", "sips:", "tel:"};
	size_t word = 0;
	const char *end;

	while (word < len && word < METHOD_BYTES && is_token(line[word]))
		word++;
	if (word == len && word < METHOD_BYTES)
		return GUESS_MAYBE;
	if (word == 0 || word == METHOD_BYTES || line[word] != ' ')
		return GUESS_NO;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (start_line_guess_word(line + word + 1, len - word - 1, schemes[i]) == GUESS_YES)
			return GUESS_YES;
	end = memchr(line, '\n', len < START_LINE_BYTES ? len : START_LINE_BYTES);
	if (end == NULL)
		return len < START_LINE_BYTES ? GUESS_MAYBE : GUESS_NO;
	return ends_with_version(line + word, end) ? GUESS_YES : GUESS_NO;
}

enum guess start_line_guess(const char *line, size_t len)
{
	enum guess response = start_line_guess_word(line, len, "SIP/");

	return response != GUESS_NO ? response : guess_request(line, len);
}

size_t start_line_find(const char *buf, size_t len, size_t from)
{
	while (from < len) {
		const char *lf;

		// What comes first is not known to begin a line; then it is as good as one.
		if ((from == 0 || buf[from - 1] == '\n') &&
		    start_line_guess(buf + from, len - from) != GUESS_NO)
			return from;
		lf = memchr(buf + from, '\n', len - from);
		if (lf == NULL)
			break;
		from = (size_t)(lf - buf) + 1;
	}
	return len;
}
