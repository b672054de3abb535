// SPDX-License-Identifier: Apache-2.0
// From log_line() to the target (log_sink.c): rate limit, masking, one line. Two halves may be two
// threads of one process, so counts of a call site are atomic and everything else is on the stack.

#include "config/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/clock.h"
#include "config/log_sink.h"

enum {
	LOG_LINE_BYTES = 2048,
	LOG_QUOTE_BYTES = 255,
	LOG_QUOTES = 8, // in one statement
};

static const struct {
	const char *name;
	enum log_severity severity;
} level_table[LOG_LEVEL_COUNT] = {
	[LOG_NONE] = {"none", SEVERITY_ERROR},   [LOG_ERROR] = {"error", SEVERITY_ERROR},
	[LOG_WARN] = {"warn", SEVERITY_WARNING}, [LOG_INFO] = {"info", SEVERITY_INFO},
	[LOG_DEBUG] = {"debug", SEVERITY_DEBUG},
};

static const char *log_program = "offhook";
static enum log_target log_target = LOG_TO_STDERR;
static enum log_level log_level = LOG_INFO;

void log_init(const char *program, enum log_target target, enum log_level level)
{
	bool opened = true;

	log_program = program;
	log_level_set(level);
	if (target == LOG_TO_SYSLOG)
		opened = log_sink_syslog_open(program);
	if (target == LOG_TO_JOURNAL)
		opened = log_sink_journal_open(program);
	log_target = opened ? target : LOG_TO_STDERR;
	if (!opened)
		log_warn("log", "journal-away",
			 "is=\"the journal does not listen\" now=stderr hint=\"log.target\"");
}

void log_level_set(enum log_level level)
{
	__atomic_store_n(&log_level, level, __ATOMIC_RELAXED);
}

bool log_wanted(enum log_level level)
{
	return level <= __atomic_load_n(&log_level, __ATOMIC_RELAXED);
}

// Whether this site may write now; *held_back is what it kept to itself since its last line. The
// exchange lets one of two racing threads open the new second; a line too many does no harm.
static bool site_admits(struct log_site *site, unsigned int *held_back)
{
	unsigned long now_s = (unsigned long)(clock_mono_ns() / NS_PER_S);
	unsigned long window_s = __atomic_load_n(&site->window_s, __ATOMIC_RELAXED);

	*held_back = 0;
	if (window_s != now_s &&
	    __atomic_compare_exchange_n(&site->window_s, &window_s, now_s, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		__atomic_store_n(&site->lines, 0, __ATOMIC_RELAXED);
	if (__atomic_fetch_add(&site->lines, 1, __ATOMIC_RELAXED) >= LOG_BURST) {
		__atomic_fetch_add(&site->held_back, 1, __ATOMIC_RELAXED);
		return false;
	}
	*held_back = __atomic_exchange_n(&site->held_back, 0, __ATOMIC_RELAXED);
	return true;
}

// Octets of the UTF-8 character at text, 0 when it is none or a C1 control (U+0080..U+009F, which
// some terminals obey). RFC 3629.
static size_t utf8_char_bytes(const unsigned char *text, size_t len)
{
	size_t need = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;

	if (text[0] < 0xc2 || text[0] > 0xf4 || need > len)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if (text[0] == 0xc2 && text[1] < 0xa0)
		return 0;
	return need;
}

// No control character survives, nor what is no UTF-8: a line stays a line whatever was put into
// it.
static void line_mask(char *line, size_t len)
{
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		unsigned char c = (unsigned char)line[i];

		step = 1;
		if (c >= 0x80)
			step = utf8_char_bytes((unsigned char *)line + i, len - i);
		if (c < 0x20 || c == 0x7f || step == 0) {
			line[i] = '?';
			step = 1;
		}
	}
}

void log_line(struct log_site *site, enum log_level level, const char *area, const char *event,
	      const char *fmt, ...)
{
	char text[LOG_LINE_BYTES];
	struct log_record record = {level_table[level].severity, level_table[level].name, area,
				    event, text};
	unsigned int held_back;
	size_t len;
	va_list args;

	if (!site_admits(site, &held_back))
		return;
	len = (size_t)snprintf(text, sizeof(text), "%s", event);
	if (held_back && len < sizeof(text))
		len += (size_t)snprintf(text + len, sizeof(text) - len, " held_back=%u", held_back);
	if (fmt[0] && len + 1 < sizeof(text)) {
		text[len++] = ' ';
		va_start(args, fmt);
		vsnprintf(text + len, sizeof(text) - len, fmt, args);
		va_end(args);
	}
	line_mask(text, strlen(text));
	if (log_target == LOG_TO_SYSLOG)
		log_sink_syslog(&record);
	else if (log_target != LOG_TO_JOURNAL || !log_sink_journal(log_program, &record))
		log_sink_stderr(log_program, &record);
}

const char *log_quote_n(const char *text, size_t len)
{
	// Worst case: each octet as \xNN, two quotes, the end.
	static _Thread_local char buffer[LOG_QUOTES][4 * LOG_QUOTE_BYTES + 3];
	static _Thread_local unsigned int turn;
	char *start = buffer[turn++ % LOG_QUOTES], *out = start;
	size_t step;

	if (!text)
		return "-";
	if (len > LOG_QUOTE_BYTES)
		len = LOG_QUOTE_BYTES;
	*out++ = '"';
	for (size_t i = 0; i < len; i += step) {
		unsigned char c = (unsigned char)text[i];

		step = 1;
		if (c == '"' || c == '\\') {
			*out++ = '\\';
			*out++ = (char)c;
		} else if (c >= 0x20 && c < 0x7f) {
			*out++ = (char)c;
		} else if (c >= 0x80 && utf8_char_bytes((const unsigned char *)text + i, len - i)) {
			step = utf8_char_bytes((const unsigned char *)text + i, len - i);
			memcpy(out, text + i, step);
			out += step;
		} else {
			out += sprintf(out, "\\x%02x", c);
		}
	}
	*out++ = '"';
	*out = '\0';
	return start;
}

const char *log_quote(const char *text)
{
	return log_quote_n(text, text ? strnlen(text, LOG_QUOTE_BYTES) : 0);
}
