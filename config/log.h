// SPDX-License-Identifier: Apache-2.0
// Log lines for operators and programs: one event one line,
//   time level area event key=value key="value with space"
// Control characters are masked, so that nothing from the wire or the registrar can forge a line.
// Each call site may write LOG_BURST lines a second; what it held back is said with its next line.
// Not for the poll path: there, errors are counters.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_NONE, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };
enum log_target { LOG_TO_NONE, LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_JOURNAL, LOG_TARGET_COUNT };

#define LOG_BURST 10 // lines a second and call site

struct log_site {
	const char *file;
	int line;
	unsigned long window_s; // second in which `lines` were written
	unsigned int lines;
	unsigned int held_back;
};

// program: shown as the first word after the time ("offhookd-wire"); a string that lives on.
// Falls back to stderr, with a line that says so, when the target can't be opened.
void log_init(const char *program, enum log_target target, enum log_level level);
void log_level_set(enum log_level level);
bool log_wanted(enum log_level level);

// event: a short fixed word such as "publish-refused". fmt: `key=value` pairs; values that come
// from outside go through log_quote().
void log_line(struct log_site *site, enum log_level level, const char *area, const char *event,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));

// text as a quoted, masked value in one of a few rotating thread-local buffers (valid for the same
// statement); at most 255 characters of it. A NULL text is `-`.
const char *log_quote(const char *text);
const char *log_quote_n(const char *text, size_t len);

#define LOG_AT(level, area, event, ...)                                               \
	do {                                                                          \
		static struct log_site log_site_here = {__FILE__, __LINE__, 0, 0, 0}; \
		if (log_wanted(level))                                                \
			log_line(&log_site_here, level, area, event, __VA_ARGS__);    \
	} while (0)

#define log_error(area, event, ...) LOG_AT(LOG_ERROR, area, event, __VA_ARGS__)
#define log_warn(area, event, ...)  LOG_AT(LOG_WARN, area, event, __VA_ARGS__)
#define log_info(area, event, ...)  LOG_AT(LOG_INFO, area, event, __VA_ARGS__)
#define log_debug(area, event, ...) LOG_AT(LOG_DEBUG, area, event, __VA_ARGS__)
