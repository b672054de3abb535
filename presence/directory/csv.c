// SPDX-License-Identifier: Apache-2.0
#include "presence/directory/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// Field at *at, unquoted in place; *at moves behind it, to the comma or the end.
static int quoted_take(char **at, char **field, const char **reason)
{
	char *read = *at + 1, *write = *at + 1;

	*field = write;
	for (;; read++) {
		if (*read == '\0') {
			*reason = "a quote is not closed";
			return -EINVAL;
		}
		if (*read == '"' && *++read != '"')
			break;
		*write++ = *read;
	}
	while (is_blank(*read))
		read++;
	if (*read != ',' && *read != '\0') {
		*reason = "text behind a closing quote";
		return -EINVAL;
	}
	*at = read;
	// Not over the comma, which is still to be read.
	*write = '\0';
	return 0;
}

static int plain_take(char **at, char **field, char **end, const char **reason)
{
	char *stop = *at + strcspn(*at, ",\"");

	if (*stop == '"') {
		*reason = "a quote inside a field that does not begin with one";
		return -EINVAL;
	}
	*field = *at;
	*at = stop;
	while (stop > *field && is_blank(stop[-1]))
		stop--;
	*end = stop;
	return 0;
}

int csv_split(char *line, char **field, size_t max, const char **reason)
{
	size_t count = 0;

	for (char *at = line;; at++) {
		char *end = NULL;
		int error;

		if (count == max) {
			*reason = "too many fields";
			return -EINVAL;
		}
		while (is_blank(*at))
			at++;
		if (*at == '"')
			error = quoted_take(&at, &field[count], reason);
		else
			error = plain_take(&at, &field[count], &end, reason);
		if (error < 0)
			return error;
		count++;
		bool last = *at == '\0';
		if (end != NULL)
			*end = '\0';
		if (last)
			return (int)count;
	}
}
