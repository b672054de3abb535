// SPDX-License-Identifier: Apache-2.0
// Lost BYEs that the silence of media shows, a situation a row: who is on the phone, when, and why
// not any more; what the store keeps of it, and what people are shown.
#include "presence/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/clock.h"
#include "config/metric.h"
#include "link/call_event.h"
#include "presence/net/timer_wheel.h"
#include "scenario.h"

#define UP                               \
	"1 INVITE a> media=a6000\n"      \
	"3 200 INVITE a>b media=b7000\n" \
	"3.1 ACK a>b\n"
#define UP_TOLD                     \
	"3 alice busy answered 1\n" \
	"3 bob busy answered 1\n"
#define DOWN_TOLD(at, cause) at " alice clear " cause " 0\n" at " bob clear " cause " 0\n"
#define SILENT(at)           DOWN_TOLD(at, "media-silence")

static const struct scenario scenarios[] = {
	{"silence after media ends the call", "media",
	 UP "5 rtp b7000\n40.25 rtp b7000\n500 pass\n", UP_TOLD SILENT("100.25")},
	{"one direction is enough", "media",
	 UP "5 rtp a6000\n40 rtp b7000\n90 rtp a6000\n500 pass\n", UP_TOLD SILENT("150")},
	{"never seen: not missed", "media", UP "5 rtp c7000\n5 rtp b7001\n500 pass\n", UP_TOLD},
	{"seen late, then missed", "media", UP "200 rtp b7000\n500 pass\n", UP_TOLD SILENT("260")},
	{"early media are not those of the call", "media",
	 "1 INVITE a> media=a6000\n2 rtp a6000\n3 200 INVITE a>b media=b7000\n3.1 ACK a>b\n"
	 "500 pass\n",
	 UP_TOLD},
	{"without a table nothing is followed", NULL, UP "500 pass\n", UP_TOLD},
	{"turned off", "media silence-off", UP "5 rtp b7000\n500 pass\n", UP_TOLD},
	{"a BYE that is not lost", "media", UP "5 rtp b7000\n9 BYE a>b\n9.1 200 BYE a>b\n99 pass\n",
	 UP_TOLD DOWN_TOLD("9.1", "bye")},
	{"RTP after the end brings nothing back", "media",
	 UP "5 rtp b7000\n500 rtp b7000\n501 rtp a6000\n900 pass\n", UP_TOLD SILENT("65")},
	{"a call that talks is not too old", "media", UP "7190 rtp b7000\n9000 pass\n",
	 UP_TOLD SILENT("7250")},

	{"hold is no silence", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000!\n9.1 200 INVITE a>b cseq=2 "
	    "media=b7000!\n9.2 ACK a>b cseq=2\n900 pass\n",
	 UP_TOLD},
	{"hold is silence if it is said to be", "media hold-too",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000!\n9.1 200 INVITE a>b cseq=2 "
	    "media=b7000!\n900 pass\n",
	 UP_TOLD SILENT("69.1")},
	{"hold as in RFC 2543: only the offer says so", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=!\n9.1 200 INVITE a>b cseq=2 media=b7000\n"
	    "900 pass\n",
	 UP_TOLD},
	{"hold that only the offer says, and nothing moves", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000!\n9.1 200 INVITE a>b cseq=2 "
	    "media=b7000\n900 pass\n",
	 UP_TOLD},
	{"hold by UPDATE", "media",
	 UP "5 rtp b7000\n9 UPDATE a>b cseq=2 media=a6000!\n9.1 200 UPDATE a>b cseq=2 "
	    "media=b7000!\n900 pass\n",
	 UP_TOLD},
	{"hold that is refused", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000!\n9.1 488 INVITE a>b cseq=2\n900 pass\n",
	 UP_TOLD SILENT("65")},
	{"resumed and silent", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000!\n9.1 200 INVITE a>b cseq=2 "
	    "media=b7000!\n300 INVITE b>a cseq=1 media=b7000\n300.5 200 INVITE b>a cseq=1 "
	    "media=a6000\n900 pass\n",
	 UP_TOLD SILENT("360.5")},
	{"resumed and talking", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000!\n9.1 200 INVITE a>b cseq=2 "
	    "media=b7000!\n300 INVITE a>b cseq=3 media=a6000\n300.5 200 INVITE a>b cseq=3 "
	    "media=b7000\n310 rtp a6000\n900 pass\n",
	 UP_TOLD SILENT("370")},

	{"a re-INVITE moves the media of its answerer", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000\n9.1 200 INVITE a>b cseq=2 media=b7100\n"
	    "9.2 ACK a>b cseq=2\n40 rtp b7000\n50 rtp b7100\n900 pass\n",
	 UP_TOLD SILENT("110")},
	{"and of its offerer", "media",
	 UP "9 INVITE b>a cseq=1 media=b7100\n9.1 200 INVITE b>a cseq=1 media=a6000\n"
	    "40 rtp b7000\n50 rtp b7100\n900 pass\n",
	 UP_TOLD SILENT("110")},
	{"moved to where they don't pass by: not missed", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=d6000\n9.1 200 INVITE a>b cseq=2 media=e7100\n"
	    "900 pass\n",
	 UP_TOLD},
	{"a session refresh moves nothing", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2 media=a6000\n9.1 200 INVITE a>b cseq=2 media=b7000\n"
	    "900 pass\n",
	 UP_TOLD SILENT("69.1")},
	{"the offer is in the 2xx, the answer in the ACK", "media",
	 "1 INVITE a>\n3 200 INVITE a>b media=b7000\n3.1 ACK a>b media=a6000\n5 rtp a6000\n"
	 "500 pass\n",
	 UP_TOLD SILENT("65")},
	{"an ACK that is repeated and one that is old", "media",
	 UP "5 rtp b7000\n9 INVITE a>b cseq=2\n9.1 200 INVITE a>b cseq=2 media=b7100\n"
	    "9.2 ACK a>b cseq=2 media=a6100\n9.3 ACK a>b cseq=2 media=a6100\n"
	    "10 ACK a>b cseq=1 media=a6200\n20 rtp a6100\n30 rtp a6200\n500 pass\n",
	 UP_TOLD SILENT("80")},
	{"the answer is in a reliable provisional response", "media",
	 "1 INVITE a> media=a6000\n2 183 INVITE a>b media=b7000\n2.1 183 INVITE a>b media=b7000\n"
	 "2.2 PRACK a>b\n2.3 200 PRACK a>b\n3 200 INVITE a>b\n3.1 ACK a>b\n5 rtp b7000\n500 pass\n",
	 UP_TOLD SILENT("65")},
	{"the offer is in a reliable provisional response", "media",
	 "1 INVITE a>\n2 183 INVITE a>b media=b7000\n2.2 PRACK a>b media=a6000\n2.3 200 PRACK a>b\n"
	 "3 200 INVITE a>b\n3.1 ACK a>b\n5 rtp a6000\n500 pass\n",
	 UP_TOLD SILENT("65")},
	{"preconditions: an UPDATE before the answer", "media",
	 "1 INVITE a> media=a6000!\n2 183 INVITE a>b media=b7000!\n2.2 PRACK a>b\n2.3 200 PRACK "
	 "a>b\n2.4 UPDATE a>b cseq=3 media=a6100\n2.5 200 UPDATE a>b cseq=3 media=b7100\n"
	 "3 200 INVITE a>b\n3.1 ACK a>b\n4 rtp b7000\n5 rtp b7100\n6 rtp a6100\n500 pass\n",
	 UP_TOLD SILENT("66")},
	{"another fork's early media are not this one's", "media",
	 "1 INVITE a> media=a6000\n2 183 INVITE a>c media=c7000\n2.1 183 INVITE a>b media=b7000\n"
	 "3 200 INVITE a>b\n3.1 ACK a>b\n5 rtp b7000\n50 rtp c7000\n500 pass\n",
	 UP_TOLD SILENT("65")},
	{"nor is what the caller told that fork", "media",
	 "1 INVITE a> media=a6000\n2 183 INVITE a>b media=b7000\n2.1 183 INVITE a>c media=c7000\n"
	 "2.4 UPDATE a>c cseq=3 media=a6100\n2.5 200 UPDATE a>c cseq=3 media=c7100\n"
	 "3 200 INVITE a>b\n3.1 ACK a>b\n5 rtp a6100\n500 pass\n",
	 UP_TOLD},
	{"ringing counts, and then it is answered", "media early",
	 "1 INVITE a> media=a6000\n2 183 INVITE a>b media=b7000\n3 200 INVITE a>b\n3.1 ACK a>b\n"
	 "5 rtp b7000\n500 pass\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" SILENT("65")},
	{"an INVITE slower than its answer", "media",
	 "3 200 INVITE a>b media=b7000\n3.02 INVITE a> media=a6000\n3.1 ACK a>b\n5 rtp a6000\n"
	 "500 pass\n",
	 "3.02 alice busy answered 1\n3.02 bob busy answered 1\n" SILENT("65")},
	{"a re-INVITE slower than its answer", "media",
	 UP "5 rtp b7000\n9 200 INVITE a>b cseq=2 media=b7000\n9.02 INVITE a>b cseq=2 media=!\n"
	    "500 pass\n",
	 UP_TOLD},
	{"the reliable provisional response slower than the 2xx", "media",
	 "1 INVITE a>\n3 200 INVITE a>b\n3.02 183 INVITE a>b media=b7000\n3.1 ACK a>b\n"
	 "5 rtp b7000\n500 pass\n",
	 UP_TOLD SILENT("65")},
	{"but one of another fork is not this call's", "media",
	 "1 INVITE a>\n3 200 INVITE a>b\n3.02 183 INVITE a>c media=c7000\n3.1 ACK a>b\n"
	 "5 rtp c7000\n500 pass\n",
	 UP_TOLD},
	{"nor is one to a re-INVITE that is refused", "media",
	 "1 INVITE a>\n3 200 INVITE a>b\n3.1 ACK a>b\n9 INVITE a>b cseq=2\n"
	 "9.1 183 INVITE a>b cseq=2 media=b7000\n9.2 488 INVITE a>b cseq=2\n10 rtp b7000\n"
	 "500 pass\n",
	 UP_TOLD},
	{"an ACK with the answer faster than the 2xx with the offer", "media",
	 "1 INVITE a>\n3 ACK a>b media=a6000\n3 200 INVITE a>b media=b7000\n5 rtp a6000\n"
	 "500 pass\n",
	 UP_TOLD SILENT("65")},
	{"the same in a call", "media",
	 UP "9 INVITE a>b cseq=2\n9.1 ACK a>b cseq=2 media=a6100\n9.11 200 INVITE a>b cseq=2 "
	    "media=b7100!\n10 rtp a6100\n900 pass\n",
	 UP_TOLD},
	{"a call that was up before", "media",
	 "1 INVITE a>b cseq=7 media=a6000\n1.1 200 INVITE a>b cseq=7 media=b7000\n1.2 ACK a>b "
	 "cseq=7\n5 rtp a6000\n"
	 "500 pass\n",
	 "1.1 alice busy learned 1\n1.1 bob busy learned 1\n" SILENT("65")},

	{"a wire that doesn't look hears no silence", "media",
	 UP "5 rtp b7000\n20 blind\n500 sees\n520 rtp b7000\n900 pass\n", UP_TOLD SILENT("580")},
	{"what has not come back since is missed", "media",
	 UP "5 rtp b7000\n20 blind\n500 sees\n"
	    "900 pass\n",
	 UP_TOLD SILENT("560")},
	{"media that nobody ever saw stay unmissed", "media", UP "20 blind\n500 sees\n900 pass\n",
	 UP_TOLD},

	{"a later call on the same ports does not keep it", "media",
	 UP "5 rtp b7000\n20 INVITE c> call=2 to=dave media=c6000\n21 200 INVITE c>d call=2 "
	    "media=b7000\n21.1 ACK c>d call=2\n40 rtp b7000\n60 rtp b7000\n100 pass\n",
	 UP_TOLD "21 carol busy answered 1\n21 dave busy answered 1\n" SILENT("65")},
	{"nor does one that has both ends' ports", "media",
	 UP "5 rtp b7000\n20 INVITE a> call=2 media=a6000\n21 200 INVITE a>b call=2 media=b7000\n"
	    "21.1 ACK a>b call=2\n40 rtp b7000\n60 rtp a6000\n110 BYE a>b call=2\n"
	    "110.1 200 BYE a>b call=2\n",
	 UP_TOLD DOWN_TOLD("110.1", "bye")},
	{"what only the older call has still counts for it", "media",
	 UP "5 rtp b7000\n20 INVITE c> call=2 to=dave media=c6000\n21 200 INVITE c>d call=2 "
	    "media=b7000\n21.1 ACK c>d call=2\n40 rtp a6000\n60 rtp b7000\n110 pass\n",
	 UP_TOLD "21 carol busy answered 1\n21 dave busy answered 1\n" SILENT("100")},
	{"the end of the older call takes nothing from the later one", "media",
	 UP "5 rtp b7000\n20 INVITE c> call=2 to=dave media=c6000\n21 200 INVITE c>d call=2 "
	    "media=b7000\n21.1 ACK c>d call=2\n30 rtp b7000\n31 BYE a>b\n31.1 200 BYE a>b\n"
	    "80 rtp b7000\n200 pass\n",
	 UP_TOLD "21 carol busy answered 1\n21 dave busy answered 1\n" DOWN_TOLD(
		 "31.1",
		 "bye") "140 carol clear media-silence 0\n140 dave clear media-silence 0\n"},
	{"two legs whose phones send to each other", "media",
	 "1 INVITE a> call=1 media=a6000\n1.1 INVITE a> call=2 media=a6000\n"
	 "3 200 INVITE a>b call=2 media=b7000\n3.5 200 INVITE a>b call=1 media=b7000\n"
	 "3.6 ACK a>b call=1\n3.6 ACK a>b call=2\n50 rtp b7000\n100 rtp a6000\n200 pass\n",
	 UP_TOLD SILENT("160")},
};

static void each_situation(void **state)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		scenario_run(&scenarios[i]);
}

static struct scenario_world world;

static void play_all(const char *messages)
{
	char line[160];

	for (; *messages != '\0'; messages += strspn(messages, "\n")) {
		size_t len = strcspn(messages, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, messages);
		scenario_play(&world, line, "");
		messages += len;
	}
}

static void view_take(void *ctx, const struct call_view *view)
{
	*(struct call_view *)ctx = *view;
}

static struct call_view view(void)
{
	struct call_view view = {.call_id = NULL};

	calls_each(world.calls, view_take, &view);
	assert_non_null(view.call_id);
	return view;
}

static void people_see_it(void **state)
{
	scenario_open(&world, "media");
	play_all(UP);
	struct call_view now = view();
	assert_true(now.has_media);
	assert_false(now.on_hold);
	assert_int_equal(now.media_ns, 0);
	assert_string_not_equal(now.deadline_why, "media silence");
	play_all("9.5 rtp b7000\n10 pass\n");
	now = view();
	assert_int_equal(now.media_ns - world.zero_ns, 9500 * NS_PER_MS);
	assert_string_equal(now.deadline_why, "media silence");
	assert_int_equal(now.deadline_ns - world.zero_ns, 69500 * NS_PER_MS);
	play_all("20 INVITE a>b cseq=2 media=a6000!\n20 200 INVITE a>b cseq=2 media=b7000!\n");
	now = view();
	assert_true(now.on_hold);
	assert_string_equal(now.deadline_why, "maximum age");
	scenario_close(&world);
}

static void the_store_keeps_it(void **state)
{
	struct store_call record;

	scenario_open(&world, "media store");
	play_all(UP);
	assert_int_equal(world.saved.media_count, 2);
	assert_false(world.saved.media_seen);
	// Each minute it is looked; the first time that media were seen is worth a record.
	unsigned int saves = world.saves;
	play_all("9 rtp b7000\n63 pass\n");
	assert_int_equal(world.saves, saves + 1);
	assert_true(world.saved.media_seen);
	play_all("64 rtp b7000\n120 rtp b7000\n170 pass\n");
	assert_int_equal(world.saves, saves + 1);
	play_all("170 INVITE a>b cseq=2 media=a6000!\n170 200 INVITE a>b cseq=2 media=b7100!\n");
	record = world.saved;
	assert_true(record.on_hold);
	assert_false(record.media_seen);
	assert_int_equal(record.media_count, 2);
	scenario_close(&world);
}

// Media that move no deadline are not written each minute: neither where a session timer ends the
// call sooner, nor where nothing does.
static void talking_is_not_stored(void **state)
{
	static const struct {
		const char *answer;
		uint64_t age_s;
	} calls[] = {
		{"3 200 INVITE a>b se=1800 media=b7000\n", 7200},
		{"3 200 INVITE a>b media=b7000\n", 0},
	};
	char line[32];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		unsigned int saves;

		scenario_open(&world, "media store");
		world.settings.calls.max_call_age_ns = calls[i].age_s * NS_PER_S;
		play_all("1 INVITE a> media=a6000\n");
		play_all(calls[i].answer);
		play_all("3.1 ACK a>b\n5 rtp b7000\n40 rtp b7000\n70 rtp b7000\n");
		assert_true(world.saved.media_seen);
		saves = world.saves;
		for (int at = 100; at < 1000; at += 30) {
			snprintf(line, sizeof(line), "%d rtp b7000\n", at);
			play_all(line);
		}
		assert_int_equal(world.saves, saves);
		assert_non_null(person_find(world.persons, "sip:alice@sfb.example"));
		scenario_close(&world);
	}
}

// Where they go to now, though nothing else has changed.
static void the_store_follows_them(void **state)
{
	static const struct {
		const char *name, *messages;
	} moves[] = {
		{"re-INVITE",
		 UP "9 INVITE a>b cseq=2 media=a6000\n9.1 200 INVITE a>b cseq=2 media=b7100\n"},
		{"offer in the 2xx",
		 UP "9 INVITE a>b cseq=2\n9.1 200 INVITE a>b cseq=2 media=b7100\n"
		    "9.2 ACK a>b cseq=2 media=a6000\n"},
		{"reliable 183 behind its 2xx",
		 "1 INVITE a> media=a6000\n3 200 INVITE a>b\n3.1 pass\n"
		 "3.1 183 INVITE a>b media=b7100\n"},
	};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		bool found = false;

		scenario_open(&world, "media store");
		play_all(moves[i].messages);
		play_all("10 pass\n");
		for (int j = 0; j < world.saved.media_count; j++)
			found |= world.saved.media[j].address.port == 7100;
		if (!found || world.saved.media_count != 2)
			fail_msg("%s: %u addresses", moves[i].name, world.saved.media_count);
		scenario_close(&world);
	}
}

// What was on the wire before the start is missed when it is not there any more.
static void a_restart_goes_on(void **state)
{
	struct store_call record = {
		.call_key = {{1, 2}},
		.caller_tag = 3,
		.callee_tag = 4,
		.call_id = "kept",
		.caller = "sip:alice@sfb.example",
		.callee = "sip:bob@sfb.example",
		.media_seen = true,
		.media_count = 1,
		.media = {{true, {.version = 4, .port = 7000, .octet = {10, 0, 0, 'b'}}}},
	};

	for (int talks = 0; talks < 3; talks++) {
		scenario_open(&world, "media store");
		record.start_wall_ns = clock_wall_ns();
		record.deadline_wall_ns = clock_wall_ns() + 7200 * NS_PER_S;
		record.media_seen = talks < 2;
		calls_restore(world.calls, &record);
		play_all(talks == 1 ? "50 rtp b7000\n500 pass\n" : "500 pass\n");
		assert_int_equal(strstr(world.told, "60 alice clear media-silence") != NULL,
				 talks == 0);
		assert_int_equal(strstr(world.told, "110 alice clear media-silence") != NULL,
				 talks == 1);
		assert_int_equal(strstr(world.told, "clear") != NULL, talks < 2);
		scenario_close(&world);
	}
}

static void a_reload_turns_it_on(void **state)
{
	struct settings on;

	scenario_open(&world, "media silence-off");
	play_all(UP "490 rtp b7000\n500 pass\n");
	on = world.settings;
	on.calls.media_silence_ns = 30 * NS_PER_S;
	calls_settings(world.calls, &on);
	play_all("600 pass\n");
	assert_non_null(strstr(world.told, "520 alice clear media-silence"));
	scenario_close(&world);
}

// The other process may write any time into an event: none holds up the end.
static void times_to_come_are_now(void **state)
{
	struct call_event event;

	scenario_open(&world, "media");
	play_all("1 INVITE a>\n3 200 INVITE a>b\n3.02 pass\n");
	scenario_event(&event, "183 INVITE a>b media=b7000", "");
	event.mono_ns += 3600 * NS_PER_S;
	calls_apply(world.calls, &event);
	play_all("3.1 ACK a>b\n5 rtp b7000\n500 pass\n");
	assert_non_null(strstr(world.told, "65 alice clear media-silence"));
	scenario_close(&world);
}

// All addresses go when their calls do, and each end is counted under its cause.
static void nothing_stays(void **state)
{
	uint64_t before = metric_value("offhook_calls_ended", "cause=\"media-silence\"");

	scenario_open(&world, "media");
	for (int i = 0; i < 1000; i++) {
		char call[16], line[64];

		snprintf(call, sizeof(call), "-%d", i);
		scenario_play(&world, "3 INVITE a> media=a6000", call);
		snprintf(line, sizeof(line), "3 200 INVITE a>b media=b%d", 1 + i * 2);
		scenario_play(&world, line, call);
		scenario_play(&world, "3 ACK a>b", call);
	}
	assert_int_equal(metric_value("offhook_media_addresses", NULL), 1001);
	for (int i = 0; i < 1000; i++) {
		char line[64];

		snprintf(line, sizeof(line), "9 rtp b%d", 1 + i * 2);
		scenario_play(&world, line, "");
	}
	scenario_pass(&world, 69000);
	assert_int_equal(metric_value("offhook_calls_ended", "cause=\"media-silence\"") - before,
			 1000);
	assert_int_equal(metric_value("offhook_media_addresses", NULL), 0);
	scenario_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_situation),        cmocka_unit_test(people_see_it),
		cmocka_unit_test(the_store_keeps_it),    cmocka_unit_test(a_restart_goes_on),
		cmocka_unit_test(a_reload_turns_it_on),  cmocka_unit_test(nothing_stays),
		cmocka_unit_test(times_to_come_are_now), cmocka_unit_test(the_store_follows_them),
		cmocka_unit_test(talking_is_not_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
