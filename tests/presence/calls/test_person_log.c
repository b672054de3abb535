// SPDX-License-Identifier: Apache-2.0
// A line waits for the next advance of the wheel, and is not lost: neither when many wait nor at
// the end.
#include "presence/person_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/clock.h"
#include "config/log.h"
#include "presence/net/timer_wheel.h"
#include "presence/person.h"

static int log_pipe[2];
static struct timer_wheel *wheel;
static struct person_log *person_log;

static int begin(void **state)
{
	static uint64_t now_ns = NS_PER_S;

	(void)state;
	clock_set(now_ns += 2 * NS_PER_S); // the log holds back what comes too often
	wheel = timer_wheel_new(now_ns);
	person_log = person_log_new(wheel);
	return pipe(log_pipe) < 0 || wheel == NULL || person_log == NULL;
}

static int end(void **state)
{
	(void)state;
	timer_wheel_free(wheel);
	close(log_pipe[0]);
	close(log_pipe[1]);
	return 0;
}

static void person_changes(const char *aor, bool busy, unsigned int calls)
{
	struct person person = {.aor = aor, .calls = calls};

	person_log_change(person_log, &(struct person_change){
					      .person = &person,
					      .busy = busy,
					      .cause = busy ? CAUSE_ANSWERED : CAUSE_BYE,
					      .call_id = "c1@gw",
				      });
}

enum deed { NOTHING, ADVANCE, FREE, MANY };

// What the log says while this is done.
static const char *said(enum deed deed)
{
	static char text[16384];
	int kept = dup(STDERR_FILENO);
	ssize_t len;

	dup2(log_pipe[1], STDERR_FILENO);
	for (int i = 0; deed == MANY && i < 100; i++)
		person_changes("sip:many@sfb.example", true, 1);
	if (deed == ADVANCE)
		timer_wheel_advance(wheel, clock_mono_ns());
	if (deed == FREE)
		person_log_free(person_log);
	dprintf(STDERR_FILENO, "\n");
	dup2(kept, STDERR_FILENO);
	close(kept);
	len = read(log_pipe[0], text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void a_line_comes_with_the_next_advance(void **state)
{
	const char *text;

	(void)state;
	person_changes("sip:alice@sfb.example", true, 1);
	person_changes("sip:bob@sfb.example", false, 0);
	assert_string_equal(said(NOTHING), "\n");
	text = said(ADVANCE);
	assert_non_null(strstr(text, "person on-the-phone person=\"sip:alice@sfb.example\" "
				     "cause=answered call_id=\"c1@gw\" calls=1\n"));
	assert_non_null(strstr(text, "person clear person=\"sip:bob@sfb.example\" "
				     "cause=bye call_id=\"c1@gw\" calls=0\n"));
	assert_string_equal(said(ADVANCE), "\n");
	assert_string_equal(said(FREE), "\n");
}

static void what_waits_is_said_at_the_end(void **state)
{
	(void)state;
	person_changes("sip:alice@sfb.example", true, 1);
	assert_non_null(strstr(said(FREE), "on-the-phone"));
	assert_int_equal(timer_wheel_count(wheel), 0);
}

static void many_do_not_wait(void **state)
{
	(void)state;
	assert_non_null(strstr(said(MANY), "many@sfb.example"));
	said(FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_comes_with_the_next_advance, begin, end),
		cmocka_unit_test_setup_teardown(what_waits_is_said_at_the_end, begin, end),
		cmocka_unit_test_setup_teardown(many_do_not_wait, begin, end),
	};

	log_init("test", LOG_TO_STDERR, LOG_INFO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
