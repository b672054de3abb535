// SPDX-License-Identifier: Apache-2.0
// What happened lately to each person's presence, for the help desk: one overwriting ring for all,
// so that a flood of changes costs no memory. Written by worker and publications, read by
// `offhookctl explain`. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct journal;

enum { JOURNAL_NOTE_BYTES = 104 };

struct journal *journal_new(size_t notes);
void journal_free(struct journal *journal);
// Cut to JOURNAL_NOTE_BYTES; what comes from outside goes through log_quote(). A NULL journal
// takes nothing (replay, tests).
void journal_note(struct journal *journal, const char *person, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
// All that is left about a person, oldest first.
void journal_each(const struct journal *journal, const char *person,
		  void (*each)(void *ctx, uint64_t wall_ns, const char *note), void *ctx);
