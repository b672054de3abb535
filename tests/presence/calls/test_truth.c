// SPDX-License-Identifier: Apache-2.0
// Wrong user-seconds: many random calls of a few persons, each message late by up to 40 ms and
// often seen twice, against what really was. The seed is printed and may be given as the argument.
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
#include "presence/person.h"
#include "scenario.h"

enum {
	CALLS = 2000,
	PERSONS = 1000, // so that most calls make a change
	MESSAGES_MAX = CALLS * 40,
	EDGES_MAX = CALLS * 16,
	LATE_MS = 40,
	SPAN_MS = 3600 * 1000, // in which the calls begin
};

struct message {
	uint64_t ms;
	unsigned int serial; // of the same time: as dealt
	char text[80];
};

struct edge {
	uint64_t ms;
	int person;
	int truth, told; // +1 begins, -1 ends
};

static struct message messages[MESSAGES_MAX];
static struct edge edges[EDGES_MAX];
static unsigned int message_count, edge_count, seed;

static uint64_t some(uint64_t least, uint64_t most)
{
	return least + (uint64_t)rand_r(&seed) % (most - least + 1);
}

// One call, whose lines are written down with what is the same in all of them.
struct writer {
	unsigned int call;
	int caller, callee;
};

static void say(const struct writer *writer, uint64_t ms, const char *what)
{
	unsigned int copies = rand_r(&seed) % 3 == 0 ? 2 : 1;

	for (unsigned int i = 0; i < copies; i++) {
		struct message *message = &messages[message_count++];
		assert_true(message_count < MESSAGES_MAX);
		message->ms = ms + some(0, LATE_MS);
		message->serial = message_count;
		snprintf(message->text, sizeof(message->text), "%s call=%u from=p%d to=p%d", what,
			 writer->call, writer->caller, writer->callee);
	}
}

static void edge_add(uint64_t ms, int person, int truth, int told)
{
	edges[edge_count++] = (struct edge){ms, person, truth, told};
	assert_true(edge_count < EDGES_MAX);
}

static void busy(const struct writer *writer, uint64_t from_ms, uint64_t until_ms)
{
	edge_add(from_ms, writer->caller, 1, 0);
	edge_add(until_ms, writer->caller, -1, 0);
	edge_add(from_ms, writer->callee, 1, 0);
	edge_add(until_ms, writer->callee, -1, 0);
}

// The beginning that they have in common; the time of the 200.
static uint64_t connect(const struct writer *writer, uint64_t ms, const char *session)
{
	char answer[64];

	say(writer, ms, "INVITE a>");
	say(writer, ms + 200, "180 INVITE a>b");
	ms += some(300, 20000);
	snprintf(answer, sizeof(answer), "200 INVITE a>b %s", session);
	say(writer, ms, answer);
	return ms;
}

static void normal(const struct writer *writer, uint64_t ms)
{
	uint64_t up = connect(writer, ms, ""), down = up + some(200, 300000);
	bool by_callee = rand_r(&seed) % 2;

	say(writer, up + 50, "ACK a>b");
	say(writer, down, by_callee ? "BYE b>a" : "BYE a>b");
	say(writer, down + 10, by_callee ? "200 BYE b>a" : "200 BYE a>b");
	busy(writer, up, down + 10);
}

static void held(const struct writer *writer, uint64_t ms)
{
	uint64_t up = connect(writer, ms, ""), down = up + some(8000, 300000);

	say(writer, up + 50, "ACK a>b");
	say(writer, up + 2000, "INVITE a>b cseq=2");
	say(writer, up + 2010, "200 INVITE a>b cseq=2");
	say(writer, up + 3000, "INVITE b>a cseq=1");
	say(writer, up + 3010, "491 INVITE b>a cseq=1");
	say(writer, up + 4000, "200 UPDATE b>a cseq=2");
	say(writer, up + 5000, "INVITE a>b cseq=3");
	say(writer, up + 5010, "488 INVITE a>b cseq=3");
	say(writer, down, "BYE a>b cseq=4");
	say(writer, down + 10, "407 BYE a>b cseq=4");
	say(writer, down + 500, "BYE a>b cseq=5");
	say(writer, down + 510, "200 BYE a>b cseq=5");
	busy(writer, up, down + 510);
}

static void refused(const struct writer *writer, uint64_t ms)
{
	bool cancelled = rand_r(&seed) % 2;

	say(writer, ms, "INVITE a>");
	say(writer, ms + 10, "407 INVITE a>y");
	say(writer, ms + 20, "INVITE a> cseq=2");
	say(writer, ms + 200, "180 INVITE a>b cseq=2");
	if (cancelled)
		say(writer, ms + 3000, "CANCEL a> cseq=2");
	say(writer, ms + 3010, cancelled ? "487 INVITE a>b cseq=2" : "486 INVITE a>b cseq=2");
	say(writer, ms + 3020, "ACK a>b cseq=2");
}

static void forked(const struct writer *writer, uint64_t ms)
{
	uint64_t up = connect(writer, ms, ""), down = up + some(8000, 300000);
	bool first_loses = rand_r(&seed) % 2;

	say(writer, up + 30, "200 INVITE a>c");
	say(writer, up + 50, "ACK a>b");
	say(writer, up + 60, "ACK a>c");
	say(writer, up + 100, first_loses ? "BYE a>b" : "BYE a>c");
	say(writer, up + 110, first_loses ? "200 BYE a>b" : "200 BYE a>c");
	say(writer, down, first_loses ? "BYE c>a" : "BYE b>a");
	say(writer, down + 10, first_loses ? "200 BYE c>a" : "200 BYE b>a");
	busy(writer, up, down + 10);
}

static void unanswered_bye(const struct writer *writer, uint64_t ms)
{
	uint64_t up = connect(writer, ms, ""), down = up + some(200, 300000);

	say(writer, up + 50, "ACK a>b");
	say(writer, down, "BYE a>b");
	say(writer, down + 500, "BYE a>b");
	say(writer, down + 1500, "BYE a>b");
	busy(writer, up, down + 32000);
}

static void lost_bye(const struct writer *writer, uint64_t ms)
{
	uint64_t up = connect(writer, ms, "se=90");

	say(writer, up + 50, "ACK a>b");
	say(writer, up + 45000, "200 UPDATE b>a se=90");
	say(writer, up + 90000, "200 UPDATE b>a cseq=3 se=90");
	busy(writer, up, up + 90000 + 90000 + 32000);
}

static void no_ack(const struct writer *writer, uint64_t ms)
{
	uint64_t up = connect(writer, ms, "");

	for (uint64_t again = 500; again < 31000; again += 4000)
		say(writer, up + again, "200 INVITE a>b");
	busy(writer, up, up + 32000);
}

static void (*const kinds[])(const struct writer *writer, uint64_t ms) = {
	normal, normal, normal, held, refused, forked, unanswered_bye, lost_bye, no_ack,
};

static int message_order(const void *a, const void *b)
{
	const struct message *left = a, *right = b;

	if (left->ms != right->ms)
		return left->ms < right->ms ? -1 : 1;
	return left->serial < right->serial ? -1 : 1;
}

static int edge_order(const void *a, const void *b)
{
	const struct edge *left = a, *right = b;

	return left->ms < right->ms ? -1 : left->ms > right->ms;
}

// Moves what the persons were told into edges.
static void told_take(struct scenario_world *world)
{
	char word[8];
	double seconds;
	int person, len;

	for (const char *at = world->told;
	     sscanf(at, "%lf p%d %7s %*s %*u\n%n", &seconds, &person, word, &len) == 3; at += len)
		edge_add((uint64_t)(seconds * 1000 + 0.5), person, 0, word[0] == 'b' ? 1 : -1);
	world->told_len = 0;
	world->told[0] = '\0';
}

static double wrong_seconds(void)
{
	int truth[PERSONS] = {0}, told[PERSONS] = {0};
	uint64_t since[PERSONS] = {0}, wrong_ms = 0;

	qsort(edges, edge_count, sizeof(edges[0]), edge_order);
	for (unsigned int i = 0; i < edge_count; i++) {
		const struct edge *edge = &edges[i];
		int person = edge->person;
		if ((truth[person] > 0) != (told[person] > 0))
			wrong_ms += edge->ms - since[person];
		truth[person] += edge->truth;
		told[person] += edge->told;
		since[person] = edge->ms;
		assert_in_range(told[person], 0, 1);
	}
	return (double)wrong_ms / 1000;
}

static void presence_is_the_truth(void **state)
{
	static struct scenario_world world;
	char line[128];
	double busy_seconds = 0;

	print_message("seed %u\n", seed);
	scenario_open(&world, NULL);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct writer writer = {i, (int)some(0, PERSONS - 1), (int)some(0, PERSONS - 1)};
		kinds[rand_r(&seed) % (sizeof(kinds) / sizeof(kinds[0]))](&writer,
									  some(1000, SPAN_MS));
	}
	for (unsigned int i = 0; i < edge_count; i++)
		busy_seconds += edges[i].truth * -(double)edges[i].ms / 1000;
	qsort(messages, message_count, sizeof(messages[0]), message_order);
	unsigned int true_edges = edge_count;
	for (unsigned int i = 0; i < message_count; i++) {
		snprintf(line, sizeof(line), "%.3f %s", (double)messages[i].ms / 1000,
			 messages[i].text);
		scenario_play(&world, line, "");
		told_take(&world);
	}
	scenario_pass(&world, SPAN_MS + 8000000);
	told_take(&world);
	assert_int_equal(persons_count(world.persons), 0);
	double wrong = wrong_seconds();
	print_message("%u messages, %.0f busy user-seconds, %.1f wrong, %u changes told\n",
		      message_count, busy_seconds, wrong, edge_count - true_edges);
	// Each edge may be late by the delay of a message and the wait for an INVITE.
	assert_true(wrong < true_edges * (LATE_MS + 50) / 1000.0);
	scenario_close(&world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(presence_is_the_truth)};

	seed = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : (unsigned int)time(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
