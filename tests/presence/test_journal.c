// SPDX-License-Identifier: Apache-2.0
#include "presence/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char seen[256];

static void collect(void *ctx, uint64_t wall_ns, const char *note)
{
	(void)ctx;
	assert_true(wall_ns > 0);
	strcat(seen, note);
	strcat(seen, ";");
}

static const char *notes_of(const struct journal *journal, const char *person)
{
	seen[0] = '\0';
	journal_each(journal, person, collect, NULL);
	return seen;
}

static void keeps_the_latest_of_each_person(void **state)
{
	struct journal *journal = journal_new(4);

	(void)state;
	assert_string_equal(notes_of(journal, "sip:a@x"), "");
	journal_note(journal, "sip:a@x", "%d", 1);
	journal_note(journal, "sip:b@x", "%d", 2);
	journal_note(journal, "sip:a@x", "%d", 3);
	assert_string_equal(notes_of(journal, "sip:a@x"), "1;3;");
	assert_string_equal(notes_of(journal, "sip:b@x"), "2;");
	journal_note(journal, "sip:b@x", "%d", 4);
	journal_note(journal, "sip:b@x", "%d", 5); // overwrites 1
	assert_string_equal(notes_of(journal, "sip:a@x"), "3;");
	assert_string_equal(notes_of(journal, "sip:b@x"), "2;4;5;");
	journal_free(journal);
	journal_note(NULL, "sip:a@x", "nobody listens");
}

// What is done without printf is what printf would do.
static void prints_like_printf(void **state)
{
	struct journal *journal = journal_new(1);
	char longer[300], expected[JOURNAL_NOTE_BYTES + 1];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	journal_note(journal, "sip:a@x", "%s: %s, call %s", "on the phone", "", "\"1@x\"");
	assert_string_equal(notes_of(journal, "sip:a@x"), "on the phone: , call \"1@x\";");
	journal_note(journal, "sip:a@x", "%u, %u s", 0u, 4294967295u);
	assert_string_equal(notes_of(journal, "sip:a@x"), "0, 4294967295 s;");
	journal_note(journal, "sip:a@x", "%s %02x %%", "a", 7u);
	assert_string_equal(notes_of(journal, "sip:a@x"), "a 07 %;");
	journal_note(journal, "sip:a@x", "<%s%s>", longer, "behind");
	snprintf(expected, sizeof(expected), "<%.*s;", JOURNAL_NOTE_BYTES - 2, longer);
	assert_string_equal(notes_of(journal, "sip:a@x"), expected);
	journal_free(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_latest_of_each_person),
		cmocka_unit_test(prints_like_printf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
