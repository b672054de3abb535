// SPDX-License-Identifier: Apache-2.0
// Text built piece by piece in a buffer of fixed size. Whoever writes asks once, at the end,
// whether all of it has fitted.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *at;
	size_t len, size; // len < size, always a NUL behind it
	bool cut;
};

static inline void text_add_n(struct text *text, const char *from, size_t len)
{
	if (text->cut || len >= text->size - text->len) {
		text->cut = true;
		return;
	}
	memcpy(text->at + text->len, from, len);
	text->len += len;
	text->at[text->len] = '\0';
}

static inline void text_add(struct text *text, const char *from)
{
	text_add_n(text, from, strlen(from));
}

static inline void text_add_number(struct text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	text_add_n(text, digits + at, sizeof(digits) - at);
}

__attribute__((format(printf, 2, 3))) static inline void text_print(struct text *text,
								    const char *fmt, ...)
{
	size_t room = text->size - text->len;
	va_list args;
	int len;

	if (text->cut)
		return;
	va_start(args, fmt);
	len = vsnprintf(text->at + text->len, room, fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room) {
		text->at[text->len] = '\0';
		text->cut = true;
		return;
	}
	text->len += (size_t)len;
}
