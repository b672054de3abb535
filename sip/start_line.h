// SPDX-License-Identifier: Apache-2.0
// Whether octets of a stream begin a SIP message: a guess by their first line, as good as what
// there is of it. Never read outside the octets given.
#pragma once

#include <stddef.h>

enum guess {
	GUESS_NO,
	GUESS_MAYBE, // until there is more
	GUESS_YES,
};

enum guess start_line_guess(const char *line, size_t len);
// Whether they begin with `word`, in any case.
enum guess start_line_guess_word(const char *text, size_t len, const char *word);
// The first line start at or behind `from` that begins a message, or may; len: none. What stands at
// 0 is as good as a line.
size_t start_line_find(const char *buf, size_t len, size_t from);
