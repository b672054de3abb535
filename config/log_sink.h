// SPDX-License-Identifier: Apache-2.0
// Where finished log lines go. Apart from log.c because <syslog.h> defines LOG_INFO and LOG_DEBUG
// as macros, which would change the meaning of enum log_level.
#pragma once

#include <stdbool.h>

// RFC 5424 6.2.1.
enum log_severity { SEVERITY_ERROR = 3, SEVERITY_WARNING = 4, SEVERITY_INFO = 6, SEVERITY_DEBUG };

// text is what people read; the journal gets area and event as fields besides. All masked already.
struct log_record {
	enum log_severity severity;
	const char *level, *area, *event;
	const char *text;
};

// true when the target can be used.
bool log_sink_syslog_open(const char *program);
bool log_sink_journal_open(const char *program);

void log_sink_stderr(const char *program, const struct log_record *record);
void log_sink_syslog(const struct log_record *record);
// false: the journal does not listen; the line is still the caller's.
bool log_sink_journal(const char *program, const struct log_record *record);
