// SPDX-License-Identifier: Apache-2.0
#include "presence/invites.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/metric.h"
#include "link/call_event.h"

static void event_make(struct call_event *event, uint64_t call, uint32_t cseq, uint64_t branch)
{
	memset(event, 0, sizeof(*event));
	event->call_key = (struct siphash128){{call, call}};
	event->from_tag = 1;
	event->cseq = cseq;
	event->branch = branch;
}

static void the_nearest_is_found(void **state)
{
	struct invites *invites = invites_new(1 << 16);
	struct call_event event;
	static const struct {
		const char *name;
		struct invites_query query;
		uint64_t branch; // 0: none
	} asked[] = {
		{"branch", {{{7, 7}}, 1, 1, 11, .match = INVITES_BRANCH}, 11},
		{"branch of another CSeq", {{{7, 7}}, 1, 2, 11, .match = INVITES_BRANCH}, 0},
		{"newest of a CSeq", {{{7, 7}}, 1, 1, 99, .match = INVITES_CSEQ}, 12},
		{"newest of a call", {{{7, 7}}, 1, 9, 99, .match = INVITES_CALL}, 13},
		{"in the dialog", {{{7, 7}}, 1, 3, 99, true, .match = INVITES_CSEQ}, 14},
		{"a response", {{{7, 7}}, 1, 1, 0, .response = true, .match = INVITES_CSEQ}, 15},
		{"another From tag", {{{7, 7}}, 2, 1, 11, .match = INVITES_CALL}, 0},
		{"another call", {{{8, 8}}, 1, 1, 11, .match = INVITES_CALL}, 0},
		// Of the same chain of the index.
		{"another call, alike", {{{9, 7 + 65536}}, 1, 1, 11, .match = INVITES_CALL}, 0},
	};

	event_make(&event, 7, 1, 11);
	invites_add(invites, &event);
	event_make(&event, 7, 1, 12);
	invites_add(invites, &event);
	event_make(&event, 7, 2, 13);
	invites_add(invites, &event);
	event_make(&event, 7, 3, 14);
	event.flags = EVENT_HAS_TO_TAG;
	invites_add(invites, &event);
	event_make(&event, 7, 1, 15);
	event.flags = EVENT_HAS_TO_TAG | EVENT_IS_RESPONSE;
	invites_add(invites, &event);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const struct call_event *found = invites_find(invites, &asked[i].query);
		uint64_t branch = found != NULL ? found->branch : 0;
		if (branch != asked[i].branch)
			fail_msg("%s: %lu", asked[i].name, (unsigned long)branch);
	}
	invites_free(invites);
}

// Every record is whole or gone, whatever the sizes and wherever the arena ends.
static void the_oldest_are_overwritten(void **state)
{
	enum { INVITES = 5000 };
	static uint16_t length[INVITES];
	struct invites *invites = invites_new(20000);
	struct call_event event;
	unsigned int seed = 42, lost = 0;
	uint64_t before = metric_value("offhook_calls_invites_overwritten", NULL);

	for (uint32_t i = 0; i < INVITES; i++) {
		event_make(&event, i + 1, i, i);
		length[i] = (uint16_t)(rand_r(&seed) % (EVENT_TEXT_BYTES + 1));
		event.text_bytes = length[i];
		memset(event.bytes, (char)i, event.text_bytes);
		invites_add(invites, &event);
		bool gone = false;
		for (uint32_t back = 0; back <= i && back < 100; back++) {
			uint32_t number = i - back;
			struct invites_query query = {{{number + 1, number + 1}},
						      1,
						      number,
						      number,
						      .match = INVITES_BRANCH};
			const struct call_event *found = invites_find(invites, &query);
			if (found == NULL) {
				gone = true;
				continue;
			}
			assert_false(gone); // no hole in the middle
			assert_int_equal(found->text_bytes, length[number]);
			for (int at = 0; at < found->text_bytes; at++)
				assert_int_equal(found->bytes[at], (char)number);
		}
		lost += gone;
	}
	assert_true(lost > INVITES / 2);
	assert_true(metric_value("offhook_calls_invites_overwritten", NULL) - before >
		    INVITES - 20000 / 200);
	invites_free(invites);
}

static void a_long_chain_is_not_walked(void **state)
{
	struct invites *invites = invites_new(1 << 20);
	struct call_event event;
	struct invites_query query = {{{7, 7}}, 1, 0, 0, .match = INVITES_CSEQ};

	for (uint32_t i = 0; i < 1000; i++) {
		event_make(&event, 7, i, i);
		invites_add(invites, &event);
	}
	query.cseq = 999 - 63;
	assert_non_null(invites_find(invites, &query));
	query.cseq = 999 - 64;
	assert_null(invites_find(invites, &query));
	invites_free(invites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_is_found),
		cmocka_unit_test(the_oldest_are_overwritten),
		cmocka_unit_test(a_long_chain_is_not_walked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
