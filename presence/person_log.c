// SPDX-License-Identifier: Apache-2.0
#include "presence/person_log.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/log.h"
#include "presence/net/timer_wheel.h"
#include "presence/person.h"

// The log takes ten of these lines a second (LOG_BURST) and counts the rest.
enum { LINES_WAITING = 32, LINE_TEXT = 256 };

struct person_line {
	bool busy;
	enum person_cause cause;
	unsigned int calls;
	char aor[LINE_TEXT], call_id[LINE_TEXT]; // the log shows no more of them
};

struct person_log {
	struct timer timer; // first member; set while lines wait
	struct timer_wheel *wheel;
	unsigned int count;
	struct person_line line[LINES_WAITING];
};

struct person_log *person_log_new(struct timer_wheel *wheel)
{
	struct person_log *log = calloc(1, sizeof(*log));

	if (log != NULL)
		log->wheel = wheel;
	return log;
}

static void person_log_write(struct person_log *log)
{
	for (unsigned int i = 0; i < log->count; i++) {
		const struct person_line *line = &log->line[i];

		log_info("person", line->busy ? "on-the-phone" : "clear",
			 "person=%s cause=%s call_id=%s calls=%u", log_quote(line->aor),
			 person_cause_name(line->cause), log_quote(line->call_id), line->calls);
	}
	log->count = 0;
}

static void person_log_due(struct timer *timer)
{
	person_log_write((struct person_log *)timer);
}

void person_log_free(struct person_log *log)
{
	if (log == NULL)
		return;
	timer_cancel(log->wheel, &log->timer);
	person_log_write(log);
	free(log);
}

static void text_keep(char out[LINE_TEXT], const char *text)
{
	size_t len = strnlen(text, LINE_TEXT - 1);

	memcpy(out, text, len);
	out[len] = '\0';
}

void person_log_change(struct person_log *log, const struct person_change *change)
{
	struct person_line *line;

	if (!log_wanted(LOG_INFO))
		return;
	if (log->count == LINES_WAITING)
		person_log_write(log);
	line = &log->line[log->count++];
	line->busy = change->busy;
	line->cause = change->cause;
	line->calls = change->person->calls;
	text_keep(line->aor, change->person->aor);
	text_keep(line->call_id, change->call_id);
	if (!timer_is_set(&log->timer))
		timer_set(log->wheel, &log->timer, 0, person_log_due);
}
