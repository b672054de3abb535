// SPDX-License-Identifier: Apache-2.0
// The messages of one call reach the worker from several poll cores: in any order within 50 ms.
// Every order there is must come out the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/clock.h"
#include "presence/person.h"
#include "scenario.h"

enum { MESSAGES_MAX = 7 };

struct orders {
	struct scenario_world world;
	const char *const *message;
	int count;
	int dealt[MESSAGES_MAX];
	unsigned int runs;
	bool ends;
};

static void orders_fail(const struct orders *orders, const char *what)
{
	char order[256] = "";

	for (int i = 0; i < orders->count; i++)
		snprintf(order + strlen(order), sizeof(order) - strlen(order), "%s, ",
			 orders->message[orders->dealt[i]]);
	fail_msg("%s after %s\n%s", what, order, orders->world.told);
}

static unsigned int lines_of(const char *text, const char *word)
{
	unsigned int count = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		count++;
	return count;
}

static void order_run(struct orders *orders)
{
	struct scenario_world *world = &orders->world;
	char call[16], line[80];
	struct calls_totals totals;

	world->zero_ns = clock_mono_ns();
	world->told[0] = '\0';
	world->told_len = 0;
	snprintf(call, sizeof(call), "-%u", orders->runs++);
	for (int i = 0; i < orders->count; i++) {
		snprintf(line, sizeof(line), "%g %s", i * 0.008, orders->message[orders->dealt[i]]);
		scenario_play(world, line, call);
	}
	scenario_pass(world, orders->ends ? 110 : 60000);
	calls_totals(world->calls, &totals);
	if (orders->ends) {
		if (totals.up != 0 || persons_count(world->persons) != 0)
			orders_fail(orders, "still up");
		if (lines_of(world->told, "busy") != lines_of(world->told, "clear"))
			orders_fail(orders, "not cleared");
		return;
	}
	if (totals.up != 1 || lines_of(world->told, "carol busy") != 1 ||
	    lines_of(world->told, "dave busy") != 1 || lines_of(world->told, "\n") != 2)
		orders_fail(orders, "not up as it should");
	scenario_play(world, "60.1 BYE a>b cseq=9", call);
	scenario_play(world, "60.2 200 BYE a>b cseq=9", call);
	assert_int_equal(persons_count(world->persons), 0);
}

static void orders_deal(struct orders *orders, int at, unsigned int used)
{
	if (at == orders->count) {
		order_run(orders);
		return;
	}
	for (int i = 0; i < orders->count; i++) {
		if (used & 1u << i)
			continue;
		orders->dealt[at] = i;
		orders_deal(orders, at + 1, used | 1u << i);
	}
}

static void orders_try(const char *setup, const char *const *message, int count, bool ends)
{
	static struct orders orders;

	memset(&orders, 0, sizeof(orders));
	orders.message = message;
	orders.count = count;
	orders.ends = ends;
	scenario_open(&orders.world, setup);
	orders_deal(&orders, 0, 0);
	scenario_close(&orders.world);
}

// From and To would be somebody else: only the INVITE knows who they are.
static const char *const whole_call[] = {
	"INVITE a> pai=carol ruri=dave", "180 INVITE a>b", "200 INVITE a>b",     "ACK a>b",
	"200 UPDATE a>b cseq=2",         "BYE a>b cseq=3", "200 BYE a>b cseq=3",
};

static void ends_in_any_order(void **state)
{
	orders_try(NULL, whole_call, 7, true);
}

static void ends_in_any_order_if_early_is_busy(void **state)
{
	orders_try("early", whole_call, 7, true);
}

static void comes_up_in_any_order(void **state)
{
	orders_try(NULL, whole_call, 5, false);
}

static void comes_up_in_any_order_if_early_is_busy(void **state)
{
	orders_try("early", whole_call, 5, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_in_any_order),
		cmocka_unit_test(ends_in_any_order_if_early_is_busy),
		cmocka_unit_test(comes_up_in_any_order),
		cmocka_unit_test(comes_up_in_any_order_if_early_is_busy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
