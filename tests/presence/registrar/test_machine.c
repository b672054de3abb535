// SPDX-License-Identifier: Apache-2.0
// RFC 3261 figure 6, arrow by arrow, as libosip2 goes it; and transactions that take turns on one
// body.
#include "presence/registrar/machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct owner {
	int sends, error;
};

static int on_send(void *ctx)
{
	struct owner *owner = ctx;

	owner->sends++;
	return owner->error;
}

static void arrows(void **state)
{
	static const struct {
		enum machine_state from;
		enum machine_event event;
		unsigned int status;
		enum machine_state to;
		int sends;
	} table[] = {
		{MACHINE_NEW, MACHINE_REQUEST, 0, MACHINE_TRYING, 1},
		{MACHINE_TRYING, MACHINE_RESPONSE, 100, MACHINE_PROCEEDING, 0},
		{MACHINE_TRYING, MACHINE_RESPONSE, 200, MACHINE_COMPLETED, 0},
		{MACHINE_TRYING, MACHINE_RESPONSE, 302, MACHINE_COMPLETED, 0},
		{MACHINE_TRYING, MACHINE_RESPONSE, 412, MACHINE_COMPLETED, 0},
		{MACHINE_TRYING, MACHINE_RESPONSE, 699, MACHINE_COMPLETED, 0},
		{MACHINE_TRYING, MACHINE_TIMER_F, 0, MACHINE_TERMINATED, 0},
		{MACHINE_PROCEEDING, MACHINE_RESPONSE, 199, MACHINE_PROCEEDING, 0},
		{MACHINE_PROCEEDING, MACHINE_RESPONSE, 503, MACHINE_COMPLETED, 0},
		{MACHINE_PROCEEDING, MACHINE_TIMER_F, 0, MACHINE_TERMINATED, 0},
		// What comes after the end changes nothing.
		{MACHINE_COMPLETED, MACHINE_RESPONSE, 200, MACHINE_COMPLETED, 0},
		{MACHINE_COMPLETED, MACHINE_TIMER_E, 0, MACHINE_COMPLETED, 0},
		{MACHINE_TERMINATED, MACHINE_RESPONSE, 200, MACHINE_TERMINATED, 0},
	};
	struct machine *machine = machine_new(on_send);

	(void)state;
	assert_non_null(machine);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct owner owner = {0};

		assert_int_equal(machine_run(machine, table[i].from, table[i].event,
					     table[i].status, &owner),
				 table[i].to);
		assert_int_equal(owner.sends, table[i].sends);
	}
	machine_free(machine);
}

static void timer_e_sends_again(void **state)
{
	struct machine *machine = machine_new(on_send);
	struct owner owner = {0};

	(void)state;
	assert_int_equal(machine_run(machine, MACHINE_TRYING, MACHINE_TIMER_E, 0, &owner),
			 MACHINE_TRYING);
	assert_int_equal(machine_run(machine, MACHINE_PROCEEDING, MACHINE_TIMER_E, 0, &owner),
			 MACHINE_PROCEEDING);
	assert_int_equal(owner.sends, 2);
	machine_free(machine);
}

static void a_send_that_fails_ends_it(void **state)
{
	struct machine *machine = machine_new(on_send);
	struct owner owner = {.error = -ENOTCONN};

	(void)state;
	assert_int_equal(machine_run(machine, MACHINE_NEW, MACHINE_REQUEST, 0, &owner),
			 MACHINE_TERMINATED);
	assert_int_equal(machine_run(machine, MACHINE_TRYING, MACHINE_TIMER_E, 0, &owner),
			 MACHINE_TERMINATED);
	machine_free(machine);
}

// A thousand at a time, each a step further in turn: nobody's state is another's.
static void many_take_turns(void **state)
{
	enum { MANY = 1000 };
	struct machine *machine = machine_new(on_send);
	static enum machine_state states[MANY];
	struct owner owner = {0};

	(void)state;
	for (int i = 0; i < MANY; i++)
		states[i] = machine_run(machine, MACHINE_NEW, MACHINE_REQUEST, 0, &owner);
	for (int i = 0; i < MANY; i += 3)
		states[i] = machine_run(machine, states[i], MACHINE_RESPONSE, 100, &owner);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(states[i], i % 3 ? MACHINE_TRYING : MACHINE_PROCEEDING);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(machine_run(machine, states[i], MACHINE_RESPONSE, 200, &owner),
				 MACHINE_COMPLETED);
	assert_int_equal(owner.sends, MANY);
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrows),
		cmocka_unit_test(timer_e_sends_again),
		cmocka_unit_test(a_send_that_fails_ends_it),
		cmocka_unit_test(many_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
