// SPDX-License-Identifier: Apache-2.0
// Limits, memory, records of the store, and what people are shown.
#include "presence/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config/clock.h"
#include "config/metric.h"
#include "link/call_event.h"
#include "presence/net/timer_wheel.h"
#include "presence/store/store.h"
#include "scenario.h"
#include "sip/msg.h"

static struct scenario_world world;

static int open_plain(void **state)
{
	scenario_open(&world, NULL);
	return 0;
}

static int open_store(void **state)
{
	scenario_open(&world, "store");
	return 0;
}

static int open_slow_store(void **state)
{
	scenario_open(&world, "store slow-directory");
	return 0;
}

static int open_media(void **state)
{
	scenario_open(&world, "media");
	return 0;
}

static int close_world(void **state)
{
	scenario_close(&world);
	return 0;
}

static void play(const char *line)
{
	scenario_play(&world, line, "");
}

static size_t calls_up(void)
{
	struct calls_totals totals;

	calls_totals(world.calls, &totals);
	return totals.up;
}

// As a poll core would send it for a call of usual size. text: 62 octets of Call-ID.
static void event_make(struct call_event *event, unsigned int number, uint16_t status)
{
	static const struct {
		enum event_text text;
		const char *format;
	} texts[] = {
		{EVENT_TEXT_CALL_ID, "%08x-5f2c-4a1e-9d3b-7e6f10c2a4b8@sbc01.phones.example.net"},
		{EVENT_TEXT_FROM, "sip:x%u@gw.example"},
		{EVENT_TEXT_TO, "sip:x9%u@gw.example"},
	};

	memset(event, 0, offsetof(struct call_event, bytes));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int len = snprintf(event->bytes + event->text_bytes, 100, texts[i].format, number);
		event->text[texts[i].text] = (struct sip_slice){event->text_bytes, (uint16_t)len};
		event->text_bytes += (uint16_t)len;
	}
	uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	event->call_key = (struct siphash128){{mixed ^ mixed >> 29, mixed}};
	event->from_tag = mixed * 3;
	event->branch = mixed * 5;
	event->cseq = 1;
	event->cseq_method = SIP_INVITE;
	event->method = status > 0 ? SIP_NONE : SIP_INVITE;
	event->status = status;
	if (status > 0) {
		event->flags = EVENT_IS_RESPONSE | EVENT_HAS_TO_TAG;
		event->to_tag = mixed * 7;
	}
	event->mono_ns = clock_mono_ns();
}

// Where its sender wants its media: nobody else's address.
static void media_give(struct call_event *event, unsigned int number)
{
	struct sdp sdp = {
		.count = 1,
		.two_way = 1,
		.address[0] = {4, {0}, (uint16_t)(10000 + number % 50000), {10, event->status > 0}},
	};

	sdp.address[0].octet[3] = (uint8_t)(number / 50000);
	event->media = (struct sip_slice){event->text_bytes, sizeof(sdp)};
	memcpy(event->bytes + event->text_bytes, &sdp, sizeof(sdp));
	event->text_bytes += sizeof(sdp);
}

static void invites_cost_nothing(void **state)
{
	struct calls_totals before, after;
	struct call_event event;

	calls_totals(world.calls, &before);
	for (unsigned int i = 0; i < 1000000; i++) {
		event_make(&event, i, 0);
		calls_apply(world.calls, &event);
	}
	calls_totals(world.calls, &after);
	assert_int_equal(after.bytes, before.bytes);
	assert_int_equal(after.up, 0);
	assert_int_equal(after.attempts, 1000000);
	assert_int_equal(persons_count(world.persons), 0);
	assert_int_equal(timer_wheel_count(world.wheel), 0);
}

static void a_call_is_seen_through_a_flood(void **state)
{
	struct call_event event;

	play("1 INVITE a>");
	play("2 200 INVITE a>b");
	for (unsigned int i = 0; i < 200000; i++) {
		event_make(&event, i, 0);
		calls_apply(world.calls, &event);
	}
	play("3 BYE a>b");
	play("3.1 200 BYE a>b");
	assert_string_equal(world.told, "2 alice busy answered 1\n2 bob busy answered 1\n"
					"3.1 alice clear bye 0\n3.1 bob clear bye 0\n");
}

static void a_call_is_small(void **state)
{
	enum { CALLS = 100000 };
	struct calls_totals empty, full;
	struct call_event event;

	// The fixed parts (INVITEs, marks, lists of media) are made for a million.
	calls_totals(world.calls, &empty);
	for (unsigned int i = 0; i < CALLS; i++) {
		event_make(&event, i, 0);
		media_give(&event, i);
		calls_apply(world.calls, &event);
		event_make(&event, i, 200);
		media_give(&event, i);
		calls_apply(world.calls, &event);
	}
	assert_int_equal(metric_value("offhook_media_addresses", NULL), 2 * CALLS);
	calls_totals(world.calls, &full);
	assert_int_equal(full.up, CALLS);
	size_t each = (full.bytes - empty.bytes) / CALLS;
	size_t million = empty.bytes + each * 1000000;
	print_message("%zu octets a call, %zu fixed, %zu MB for a million calls\n", each,
		      empty.bytes, million / 1000000);
	assert_true(million < 370000000); // of 400; the media table is the segment's

	// Freed when over; what is kept is used again.
	for (unsigned int i = 0; i < CALLS; i++) {
		event_make(&event, i, 200);
		event.cseq_method = SIP_BYE;
		calls_apply(world.calls, &event);
	}
	assert_int_equal(calls_up(), 0);
	assert_int_equal(metric_value("offhook_media_addresses", NULL), 0);
	assert_int_equal(timer_wheel_count(world.wheel), 0);
}

static void the_limit_holds(void **state)
{
	struct call_event event;
	uint64_t refused = metric_value("offhook_calls_refused", "reason=\"max-calls\"");

	world.settings.calls.max_calls = 1000;
	for (unsigned int i = 0; i < 5000; i++) {
		event_make(&event, i, 200);
		calls_apply(world.calls, &event);
	}
	assert_int_equal(calls_up(), 1000);
	assert_int_equal(metric_value("offhook_calls_refused", "reason=\"max-calls\"") - refused,
			 4000);
}

static void one_call_id_has_few_dialogs(void **state)
{
	struct call_event event;

	event_make(&event, 1, 200);
	for (unsigned int i = 0; i < 5000; i++) {
		event.to_tag = 77 + i;
		calls_apply(world.calls, &event);
	}
	assert_int_equal(calls_up(), 64);
}

static void the_other_process_does_not_set_the_time(void **state)
{
	struct call_event event;

	event_make(&event, 1, 200);
	event.mono_ns = UINT64_MAX - 5;
	calls_apply(world.calls, &event);
	assert_int_equal(calls_up(), 1);
	scenario_pass(&world, 31000);
	assert_int_equal(calls_up(), 1);
	scenario_pass(&world, 32000); // no ACK
	assert_int_equal(calls_up(), 0);
}

static void no_message_is_a_restart_of_the_wire(void **state)
{
	struct call_event event = {.flags = EVENT_WIRE_RESTARTED};
	uint64_t before = metric_value("offhook_calls_wire_restarts", NULL);

	calls_apply(world.calls, &event);
	assert_int_equal(metric_value("offhook_calls_wire_restarts", NULL), before + 1);
}

static void a_call_id_counts_once(void **state)
{
	play("1 INVITE a>");
	play("2 200 INVITE a>b");
	play("2.1 200 INVITE a>c to=bob");
	struct person *alice = person_find(world.persons, "sip:alice@sfb.example");
	struct person *bob = person_find(world.persons, "sip:bob@sfb.example");
	assert_int_equal(alice->calls, 1);
	assert_int_equal(bob->calls, 1);
	play("3 200 BYE a>b"); // the one that was counted
	assert_int_equal(calls_up(), 1);
	assert_int_equal(alice->calls, 1);
	play("4 INVITE c> call=2 to=alice");
	play("5 200 INVITE c>a call=2");
	assert_int_equal(alice->calls, 2);
	play("6 200 BYE c>a call=2");
	assert_int_equal(alice->calls, 1);
	// Both ends the same.
	play("7 INVITE a> call=3 to=alice");
	play("8 200 INVITE a>d call=3");
	assert_int_equal(alice->calls, 2);
	play("9 200 BYE a>d call=3");
	assert_int_equal(alice->calls, 1);
}

static void random_messages_do_no_harm(void **state)
{
	static const char *const words[] = {"INVITE",     "ACK",        "BYE",        "CANCEL",
					    "200 INVITE", "180 INVITE", "200 BYE",    "401 BYE",
					    "487 INVITE", "481 INVITE", "200 UPDATE", "200 INFO",
					    "500 BYE"};
	enum { WORDS = sizeof(words) / sizeof(words[0]) };
	unsigned int seed = (unsigned int)time(NULL);
	char line[120];

	print_message("seed %u\n", seed);
	world.settings.calls.early_is_busy = true;
	world.settings.calls.clear_delay_ns = NS_PER_S / 100;
	for (unsigned int i = 0; i < 100000; i++) {
		char from = (char)('a' + rand_r(&seed) % 3);
		char to = (char)('a' + rand_r(&seed) % 3);
		bool first = rand_r(&seed) % 4 == 0;
		snprintf(line, sizeof(line), "%.3f %s %c>%c call=%d cseq=%d%s", i * 0.005,
			 words[rand_r(&seed) % WORDS], from, first ? ' ' : to, rand_r(&seed) % 3,
			 rand_r(&seed) % 5, rand_r(&seed) % 9 == 0 ? " replaces=1:a:b" : "");
		world.told_len = 0;
		play(line);
	}
	// Nobody stays on the phone for ever.
	world.told_len = 0;
	scenario_pass(&world, 500000 + 8000000);
	assert_int_equal(calls_up(), 0);
	assert_int_equal(persons_count(world.persons), 0);
	assert_int_equal(timer_wheel_count(world.wheel), 0);
}

static void the_store_hears_of_starts_and_ends(void **state)
{
	play("1 INVITE a>");
	play("2 200 INVITE a>b se=600");
	assert_int_equal(world.saves, 0); // first comes what is to be sent
	timer_wheel_advance(world.wheel, clock_mono_ns());
	assert_int_equal(world.saves, 1);
	play("2.1 ACK a>b");
	play("60 BYE a>b");
	assert_int_equal(world.saves, 1);
	assert_int_equal(world.drops, 0);
	play("60.1 200 BYE a>b");
	assert_int_equal(world.drops, 1);
	// Nobody's call is nobody's record.
	play("70 INVITE a> call=2 from=x1 to=x2");
	play("72 200 INVITE a>b call=2");
	play("73 200 BYE a>b call=2");
	assert_int_equal(world.saves, 1);
	assert_int_equal(world.drops, 1);
}

// Behind the event before, in the same turn.
static void apply(const char *line)
{
	struct call_event event;

	scenario_event(&event, line, "");
	calls_apply(world.calls, &event);
}

static void who_ends_at_once_is_not_stored(void **state)
{
	play("1 INVITE a>");
	apply("200 INVITE a>b");
	apply("200 BYE a>b cseq=2");
	timer_wheel_advance(world.wheel, clock_mono_ns());
	assert_int_equal(world.saves, 0);
	assert_int_equal(world.drops, 0);
}

static void many_calls_of_a_turn_are_stored(void **state)
{
	enum { CALLS = 200 };
	char line[64];

	play("1 pass");
	for (int i = 0; i < CALLS; i++) {
		snprintf(line, sizeof(line), "INVITE a> call=turn-%d", i);
		apply(line);
		snprintf(line, sizeof(line), "200 INVITE a>b call=turn-%d", i);
		apply(line);
	}
	timer_wheel_advance(world.wheel, clock_mono_ns());
	assert_int_equal(world.saves, CALLS);
}

static void a_storm_of_refreshes_is_not_stored(void **state)
{
	char line[64];

	play("1 INVITE a>");
	play("2 200 INVITE a>b se=600");
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "%d 200 UPDATE a>b se=600 cseq=%d", 3 + i, 2 + i);
		play(line);
	}
	assert_int_equal(world.saves, 1 + 100 / 30);
}

static void record_make(struct store_call *record, uint64_t start_s, uint64_t deadline_s)
{
	*record = (struct store_call){
		.call_key = {{11, 12}},
		.caller_tag = 13,
		.callee_tag = 14,
		.call_id = "restored@call",
		.caller = "sip:alice@sfb.example",
		.callee = "sip:bob@sfb.example",
		.start_wall_ns = clock_wall_ns() - start_s * NS_PER_S,
		.deadline_wall_ns = deadline_s == 0
					    ? 0
					    : clock_wall_ns() + (deadline_s - 1000) * NS_PER_S,
		.cseq_caller = 1,
	};
}

// deadline: 1000 is now.
static const struct {
	const char *name;
	uint64_t age_s, deadline_s;
	const char *expect;
} restores[] = {
	{"session timer ahead", 10, 1100,
	 "0 alice busy restored 1\n0 bob busy restored 1\n"
	 "100 alice clear session-timer 0\n100 bob clear session-timer 0\n"},
	{"session timer past", 5000, 900,
	 "0 alice busy restored 1\n0 bob busy restored 1\n"
	 "0 alice clear session-timer 0\n0 bob clear session-timer 0\n"},
	{"maximum age ahead", 7000, 1200,
	 "0 alice busy restored 1\n0 bob busy restored 1\n"
	 "200 alice clear max-age 0\n200 bob clear max-age 0\n"},
	{"maximum age past", 20000, 0,
	 "0 alice busy restored 1\n0 bob busy restored 1\n"
	 "0 alice clear max-age 0\n0 bob clear max-age 0\n"},
	{"a sign of life not long ago", 20000, 1300,
	 "0 alice busy restored 1\n0 bob busy restored 1\n"
	 "300 alice clear max-age 0\n300 bob clear max-age 0\n"},
	{"from the future", UINT64_C(0) - 500, 0,
	 "0 alice busy restored 1\n0 bob busy restored 1\n"
	 "7200 alice clear max-age 0\n7200 bob clear max-age 0\n"},
};

static void calls_come_back(void **state)
{
	for (size_t i = 0; i < sizeof(restores) / sizeof(restores[0]); i++) {
		struct store_call record;

		scenario_open(&world, "store");
		record_make(&record, restores[i].age_s, restores[i].deadline_s);
		calls_restore(world.calls, &record);
		calls_restore(world.calls, &record); // twice is once
		scenario_pass(&world, 1);
		scenario_pass(&world, 8000000);
		if (strcmp(world.told, restores[i].expect) != 0)
			fail_msg("%s:\n%s", restores[i].name, world.told);
		assert_int_equal(world.drops, 1);
		scenario_close(&world);
	}
}

static void a_record_without_room_is_dropped(void **state)
{
	struct store_call record;

	world.settings.calls.max_calls = 0;
	record_make(&record, 10, 1100);
	calls_restore(world.calls, &record);
	assert_int_equal(calls_up(), 0);
	assert_int_equal(world.drops, 1);
}

static void a_restored_call_ends_by_its_bye(void **state)
{
	struct store_call record;
	struct call_event event;

	record_make(&record, 10, 1100);
	calls_restore(world.calls, &record);
	event_make(&event, 1, 0);
	event.call_key = record.call_key;
	event.from_tag = record.callee_tag;
	event.to_tag = record.caller_tag;
	event.flags = EVENT_HAS_TO_TAG;
	event.method = event.cseq_method = SIP_BYE;
	calls_apply(world.calls, &event);
	event.method = SIP_NONE;
	event.status = 200;
	event.flags |= EVENT_IS_RESPONSE;
	calls_apply(world.calls, &event);
	assert_int_equal(persons_count(world.persons), 0);
	assert_int_equal(world.drops, 1);
	// Seen to end before the store was read: not again.
	calls_restore(world.calls, &record);
	assert_int_equal(calls_up(), 0);
	assert_int_equal(world.drops, 2);
}

struct views {
	unsigned int count;
	struct call_view last;
};

static void view_take(void *ctx, const struct call_view *view)
{
	struct views *views = ctx;

	views->count++;
	views->last = *view;
}

static void a_sooner_deadline_is_stored(void **state)
{
	play("1 INVITE a>");
	play("2 200 INVITE a>b se=1800");
	play("2.1 ACK a>b");
	play("3 pass");
	uint64_t deadline_ns = world.saved.deadline_wall_ns;
	play("9 200 UPDATE a>b cseq=2 se=90");
	play("10 pass");
	assert_int_equal(deadline_ns - world.saved.deadline_wall_ns,
			 (1800 - 90 - (9 - 2)) * NS_PER_S);
}

static void who_is_found_late_is_stored(void **state)
{
	play("1 INVITE a>");
	play("2 200 INVITE a>b");
	play("3 pass");
	assert_int_equal(world.saves, 0);
	play("4 answers");
	play("5 pass");
	assert_string_equal(world.saved.caller, "sip:alice@sfb.example");
	assert_string_equal(world.saved.callee, "sip:bob@sfb.example");
}

static void people_are_shown_calls(void **state)
{
	struct views views = {0};

	play("1 INVITE a>");
	play("2 200 INVITE a>b se=600");
	calls_each(world.calls, view_take, &views);
	assert_int_equal(views.count, 1);
	assert_string_equal(views.last.call_id, "1@call");
	assert_string_equal(views.last.caller, "sip:alice@sfb.example");
	assert_string_equal(views.last.callee, "sip:bob@sfb.example");
	assert_int_equal(views.last.state, CALL_UP);
	assert_int_equal(views.last.cause, CAUSE_ANSWERED);
	assert_string_equal(views.last.deadline_why, "no ACK");
	play("2.1 ACK a>b");
	calls_each(world.calls, view_take, &views);
	assert_string_equal(views.last.deadline_why, "session timer");
	assert_int_equal(views.last.deadline_ns, world.zero_ns + (2 + 600 + 32) * NS_PER_S);
	play("3 BYE a>b");
	calls_each(world.calls, view_take, &views);
	assert_string_equal(views.last.deadline_why, "BYE unanswered");
	assert_int_equal(views.last.state, CALL_ENDING);

	play("4 INVITE c> call=2 to=alice");
	play("5 200 INVITE c>a call=2");
	views.count = 0;
	calls_of_person(world.calls, person_find(world.persons, "sip:alice@sfb.example"), view_take,
			&views);
	assert_int_equal(views.count, 2);
	calls_of_person(world.calls, person_find(world.persons, "sip:carol@sfb.example"), view_take,
			&views);
	assert_int_equal(views.count, 3);
	assert_string_equal(views.last.call_id, "2@call");
}

// Its parts are a list that is left from anywhere.
static void a_person_in_many_calls(void **state)
{
	static const unsigned int leaving[] = {2, 1, 5, 3};
	char line[64];

	for (unsigned int call = 1; call <= 5; call++) {
		snprintf(line, sizeof(line), "1 INVITE a> call=%u", call);
		play(line);
		snprintf(line, sizeof(line), "2 200 INVITE a>b call=%u", call);
		play(line);
	}
	for (unsigned int i = 0; i < sizeof(leaving) / sizeof(leaving[0]); i++) {
		struct views views = {0};

		snprintf(line, sizeof(line), "3 BYE a>b call=%u", leaving[i]);
		play(line);
		snprintf(line, sizeof(line), "3 200 BYE a>b call=%u", leaving[i]);
		play(line);
		calls_of_person(world.calls, person_find(world.persons, "sip:alice@sfb.example"),
				view_take, &views);
		assert_int_equal(views.count, 4 - i);
		assert_string_equal(views.last.call_id, i == 0  ? "1@call"
							: i < 3 ? "3@call"
								: "4@call");
	}
}

static void the_operator_clears(void **state)
{
	world.settings.calls.clear_delay_ns = 60 * NS_PER_S;
	play("1 INVITE a>");
	play("2 200 INVITE a>b");
	play("3 INVITE c> call=2 to=alice");
	play("4 200 INVITE c>a call=2");
	play("5 BYE a>b");
	play("5.1 200 BYE a>b"); // stays for clear_delay
	world.told_len = 0;
	struct person *alice = person_find(world.persons, "sip:alice@sfb.example");
	assert_int_equal(calls_clear(world.calls, alice), 2);
	assert_string_equal(world.told, "5.1 carol clear operator 0\n"
					"5.1 alice clear operator 0\n5.1 bob clear operator 0\n");
	assert_null(person_find(world.persons, "sip:alice@sfb.example"));
	assert_int_equal(calls_up(), 0);
}

static void settings_change_while_calls_are_up(void **state)
{
	struct settings other = world.settings;

	other.calls.max_call_age_ns = 100 * NS_PER_S;
	other.calls.callers = false;
	play("1 INVITE a>");
	play("2 200 INVITE a>b");
	play("3 ACK a>b");
	calls_settings(world.calls, &other);
	play("4 INVITE c> call=2 to=dave");
	play("5 200 INVITE c>d call=2");
	play("5.1 ACK c>d call=2");
	scenario_pass(&world, 300000);
	assert_string_equal(world.told, "2 alice busy answered 1\n2 bob busy answered 1\n"
					"5 dave busy answered 1\n"
					"102 alice clear max-age 0\n102 bob clear max-age 0\n"
					"105 dave clear max-age 0\n");
}

static void attempts_are_counted_once(void **state)
{
	struct calls_totals totals;

	play("1 INVITE a>");
	play("1.5 INVITE a>");        // retransmitted
	play("2 INVITE a> branch=q"); // on the next hop
	play("3 INVITE a> cseq=2");   // with credentials
	play("4 INVITE a> call=2");
	play("5 200 INVITE a>b");
	play("6 200 UPDATE c>d call=3");
	play("7 pass");
	calls_totals(world.calls, &totals);
	assert_int_equal(totals.attempts, 2);
	assert_int_equal(totals.confirmed, 1);
	assert_int_equal(totals.learned, 1);
	assert_int_equal(totals.up, 2);
	// Over before its INVITE was waited for.
	play("8 200 INVITE a>b call=4");
	play("8.01 200 BYE a>b call=4");
	calls_totals(world.calls, &totals);
	assert_int_equal(totals.confirmed, 2);
	assert_int_equal(totals.up, 2);
}

// Time that stands still between two looks hides what only happens while it goes on.
static void deadlines_come_on_the_machines_clock(void **state)
{
	struct call_event event;
	uint64_t until_ns;

	clock_release();
	scenario_close(&world);
	memset(&world, 0, sizeof(world));
	world.settings.calls = (struct settings_calls){
		.max_calls = 10,
		.max_call_age_ns = NS_PER_MS,
		.caller_identity = {IDENTITY_FROM},
		.callee_identity = {IDENTITY_TO},
	};
	world.wheel = timer_wheel_new(clock_mono_ns());
	world.persons = persons_new(NULL, NULL);
	world.calls = calls_new(&(struct calls_options){
		.settings = &world.settings, .wheel = world.wheel, .persons = world.persons});
	event_make(&event, 1, 0);
	calls_apply(world.calls, &event);
	event_make(&event, 1, 200);
	calls_apply(world.calls, &event);
	assert_int_equal(calls_up(), 1);
	until_ns = clock_mono_ns() + 10 * NS_PER_S;
	while (calls_up() > 0 && clock_mono_ns() < until_ns)
		timer_wheel_advance(world.wheel, clock_mono_ns());
	assert_int_equal(calls_up(), 0);
}

#define TEST(function, open) cmocka_unit_test_setup_teardown(function, open, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(invites_cost_nothing, open_plain),
		TEST(a_call_is_seen_through_a_flood, open_plain),
		TEST(a_call_is_small, open_media),
		TEST(the_limit_holds, open_plain),
		TEST(one_call_id_has_few_dialogs, open_plain),
		TEST(the_other_process_does_not_set_the_time, open_plain),
		TEST(no_message_is_a_restart_of_the_wire, open_plain),
		TEST(a_call_id_counts_once, open_plain),
		TEST(random_messages_do_no_harm, open_store),
		TEST(the_store_hears_of_starts_and_ends, open_store),
		TEST(who_ends_at_once_is_not_stored, open_store),
		TEST(many_calls_of_a_turn_are_stored, open_store),
		TEST(a_storm_of_refreshes_is_not_stored, open_store),
		cmocka_unit_test(calls_come_back),
		TEST(a_record_without_room_is_dropped, open_store),
		TEST(a_restored_call_ends_by_its_bye, open_store),
		TEST(a_sooner_deadline_is_stored, open_store),
		TEST(who_is_found_late_is_stored, open_slow_store),
		TEST(people_are_shown_calls, open_plain),
		TEST(a_person_in_many_calls, open_plain),
		TEST(the_operator_clears, open_plain),
		TEST(settings_change_while_calls_are_up, open_plain),
		TEST(attempts_are_counted_once, open_plain),
		TEST(deadlines_come_on_the_machines_clock, open_plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
