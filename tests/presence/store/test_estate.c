// SPDX-License-Identifier: Apache-2.0
// The conversation with Redis against a scripted server, without sockets: each refusal of each
// step, answers of the wrong type, cut at every octet, and mutated.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "fake_redis.h"
#include "presence/store/backlog.h"
#include "presence/store/estate.h"

static struct fake_redis fake;

struct bench {
	struct estate *estate;
	struct backlog *backlog;
	unsigned int records, loaded, ready, forgotten, stored, returned;
};

static int to_fake(void *ctx, const void *data, size_t len)
{
	fake_redis_feed(&fake, data, len);
	return 0;
}

static void on_record(void *ctx, enum record_kind kind, struct record_text field,
		      struct record_text value)
{
	((struct bench *)ctx)->records++;
}

static void on_loaded(void *ctx)
{
	((struct bench *)ctx)->loaded++;
}

static void on_ready(void *ctx, bool forgotten)
{
	struct bench *bench = ctx;

	bench->ready++;
	bench->forgotten += forgotten;
}

static void on_why(void *ctx, const char *why)
{
	fail_msg("the estate closes nothing by itself: %s", why);
}

static void on_stored(void *ctx, struct backlog_entry *entry, uint64_t version)
{
	((struct bench *)ctx)->stored++;
}

static void on_done(void *ctx, struct batch *batch, bool stored)
{
	struct bench *bench = ctx;

	if (stored) {
		backlog_stored(bench->backlog, batch, on_stored, bench);
		return;
	}
	bench->returned += batch->count;
	backlog_return(bench->backlog, batch);
}

static const struct backend_events events = {on_record, on_loaded, on_ready,
					     on_why,    on_why,    on_done};

static struct bench bench;

static int setup(void **state)
{
	struct estate_options options = {
		.name = "lab", .user = "u", .password = "p", .database = 2};

	log_init("test", LOG_TO_STDERR, LOG_NONE);
	memset(&bench, 0, sizeof(bench));
	clock_set(NS_PER_S);
	fake_redis_init(&fake);
	bench.backlog = backlog_new(10000);
	bench.estate = estate_new(&options, to_fake, NULL, &events, &bench);
	assert_non_null(bench.estate);
	return 0;
}

static int teardown(void **state)
{
	estate_end(bench.estate);
	estate_free(bench.estate);
	backlog_free(bench.backlog);
	fake_redis_fini(&fake);
	clock_release();
	return 0;
}

// Lets the two talk until both are silent, in pieces of `piece` octets.
static int talk(size_t piece)
{
	size_t at = 0;
	int error = 0;

	for (; !error && at < fake.out_len; at += piece) {
		if (piece > fake.out_len - at)
			piece = fake.out_len - at;
		error = estate_feed(bench.estate, fake.out + at, piece);
	}
	fake.out_len = 0;
	return error;
}

static int begin(size_t piece)
{
	fake_redis_reconnect(&fake);
	assert_int_equal(estate_begin(bench.estate), 0);
	return talk(piece);
}

static void put(const char *field, const char *value)
{
	assert_non_null(backlog_put(bench.backlog, RECORD_PUBLICATION,
				    (struct record_text){field, strlen(field)},
				    (struct record_text){value, strlen(value)}, 1));
}

static int write_all(void)
{
	struct batch *batch = backlog_take(bench.backlog, BATCH_RECORDS);
	int error = estate_write(bench.estate, batch);

	if (error)
		backlog_return(bench.backlog, batch);
	return error;
}

static void talks_octet_by_octet(void **state)
{
	for (size_t piece = 1; piece < 40; piece++) {
		unsigned int before = bench.ready;

		assert_int_equal(begin(piece), 0);
		assert_int_equal(bench.ready - before, 1);
		assert_int_equal(bench.loaded, 1); // once in its life
		put("sip:a@b", "1|");
		assert_int_equal(write_all(), 0);
		assert_int_equal(talk(piece), 0);
		estate_end(bench.estate);
	}
	assert_int_equal(bench.stored, 39);
	assert_string_equal(fake.last_epoch, "1700000000000000");
	assert_string_equal(fake.last_field, "sip:a@b");
	assert_int_equal(bench.forgotten, 0);
}

#define ARRAY_OF_64K "*65537\r\n"
#define DEEP         "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"

static const struct {
	const char *name;
	size_t order; // offset of the order in struct fake_redis
	const char *answer;
	enum store_outcome expect;
	const char *why;
} refusals[] = {
#define AT(member) offsetof(struct fake_redis, member)
	{"password", AT(auth), "-WRONGPASS invalid\r\n", OUTCOME_DENIED, "password"},
	{"old password", AT(auth), "-ERR invalid password\r\n", OUTCOME_OTHER, "invalid password"},
	{"auth type", AT(auth), ":1\r\n", OUTCOME_PROTOCOL, "AUTH"},
	{"auth nil", AT(auth), "$-1\r\n", OUTCOME_PROTOCOL, "AUTH"},
	{"database", AT(select), "-ERR DB index is out of range\r\n", OUTCOME_OTHER, "DB index"},
	{"select type", AT(select), "*0\r\n", OUTCOME_PROTOCOL, "SELECT"},
	{"script short", AT(script), "$3\r\nabc\r\n", OUTCOME_PROTOCOL, "SCRIPT"},
	{"script nil", AT(script), "$-1\r\n", OUTCOME_PROTOCOL, "SCRIPT"},
	{"script denied", AT(script), "-NOPERM no\r\n", OUTCOME_DENIED, "NOPERM"},
	{"claim nil array", AT(claim), "*-1\r\n", OUTCOME_PROTOCOL, "claim"},
	{"claim nil inside", AT(claim), "*2\r\n$-1\r\n:1\r\n", OUTCOME_PROTOCOL, "claim"},
	{"claim no number", AT(claim), "*2\r\n$2\r\n1x\r\n:1\r\n", OUTCOME_PROTOCOL, "claim"},
	{"claim long", AT(claim), "*2\r\n$24\r\n123456789012345678901234\r\n:1\r\n",
	 OUTCOME_PROTOCOL, "claim"},
	{"claim text", AT(claim), "*2\r\n$1\r\n1\r\n$1\r\n1\r\n", OUTCOME_PROTOCOL, "claim"},
	{"fenced", AT(claim), "-FENCED epoch 3 has replaced 2\r\n", OUTCOME_FENCED, "another"},
	{"loading", AT(claim), "-LOADING Redis is loading\r\n", OUTCOME_LOADING, "loading"},
	{"readonly", AT(claim),
	 "-ERR Error running script (call to f_1): @user_script:7: -READONLY You can't\r\n",
	 OUTCOME_READONLY, "replica"},
	{"scan type", AT(scan), "+OK\r\n", OUTCOME_PROTOCOL, "HSCAN"},
	{"scan odd", AT(scan), "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", OUTCOME_PROTOCOL, "HSCAN"},
	{"scan nil", AT(scan), "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$-1\r\n", OUTCOME_PROTOCOL,
	 "HSCAN"},
	{"scan cursor", AT(scan), "*2\r\n$2\r\n-1\r\n*0\r\n", OUTCOME_PROTOCOL, "HSCAN"},
	{"not RESP2", AT(auth), "HTTP/1.1 400 Bad Request\r\n", OUTCOME_PROTOCOL, "not RESP2"},
	{"RESP3", AT(auth), "%1\r\n+a\r\n+b\r\n", OUTCOME_PROTOCOL, ""},
	{"long array", AT(scan), ARRAY_OF_64K, OUTCOME_PROTOCOL, "bounds"},
	{"longer array", AT(scan), "*2147483647\r\n", OUTCOME_PROTOCOL, "bounds"},
	{"deep", AT(scan), DEEP, OUTCOME_PROTOCOL, ""},
};

static void gives_up_on_each_refusal(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const char **order = (void *)((char *)&fake + refusals[i].order), *why;

		*order = refusals[i].answer;
		if (!begin(7))
			fail_msg("%s: was taken", refusals[i].name);
		*order = NULL;
		if (estate_failure(bench.estate, &why) != refusals[i].expect ||
		    !strstr(why, refusals[i].why))
			fail_msg("%s: %s", refusals[i].name, why);
		estate_end(bench.estate);
	}
	assert_int_equal(bench.ready, 0);
	assert_int_equal(begin(7), 0); // and is none the worse for it
	assert_int_equal(bench.ready, 1);
}

static void can_do_without_config(void **state)
{
	static const char *const answers[] = {"-ERR unknown command\r\n", "*0\r\n", "$-1\r\n",
					      "*2\r\n$1\r\na\r\n$11\r\nallkeys-lru\r\n"};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		fake.config = answers[i];
		assert_int_equal(begin(100), 0);
		assert_true(estate_is_ready(bench.estate));
		estate_end(bench.estate);
	}
}

// Another process answers there than the one we wrote to: it may lack the last seconds.
static void distrusts_a_server_that_was_started_again(void **state)
{
	static const struct {
		const char *info;
		unsigned int forgotten;
	} cases[] = {
		{NULL, 0},
		{NULL, 0},
		{"-NOPERM no\r\n", 0},
		{"$-1\r\n", 0},
		{"$10\r\nrun_id:123\r\n", 0},
		{"$47\r\nrun_id:1123456789abcdef0123456789abcdef01234567\r\n", 1},
		{"$47\r\nrun_id:1123456789abcdef0123456789abcdef01234567\r\n", 0},
		{NULL, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int before = bench.forgotten;

		fake.info = cases[i].info;
		assert_int_equal(begin(1000), 0);
		assert_true(estate_is_ready(bench.estate));
		assert_int_equal(bench.forgotten - before, cases[i].forgotten);
		estate_end(bench.estate);
	}
}

static const struct {
	const char *answer;
	enum store_outcome expect;
} write_refusals[] = {
	{"-MISCONF Errors writing to the AOF file\r\n", OUTCOME_MISCONF},
	{"-NOREPLICAS Not enough good replicas to write.\r\n", OUTCOME_NOREPLICAS},
	{"-READONLY You can't write against a read only replica.\r\n", OUTCOME_READONLY},
	{"-LOADING Redis is loading the dataset in memory\r\n", OUTCOME_LOADING},
	{"-OOM command not allowed when used memory > 'maxmemory'.\r\n", OUTCOME_OOM},
	{"-ERR Error running script (call to f_): @user_script:9: -OOM command\r\n", OUTCOME_OOM},
	{"-CLUSTERDOWN The cluster is down\r\n", OUTCOME_CLUSTERDOWN},
	{"-NOSCRIPT No matching script.\r\n", OUTCOME_NOSCRIPT},
	{"-FENCED epoch 3 has replaced 2\r\n", OUTCOME_FENCED},
	{"-NOPERM this user has no permissions\r\n", OUTCOME_DENIED},
	{"-WHATEVER\r\n", OUTCOME_OTHER},
	{"-\r\n", OUTCOME_OTHER},
	{":2\r\n", OUTCOME_PROTOCOL}, // one was sent
	{"+OK\r\n", OUTCOME_PROTOCOL},
	{"$-1\r\n", OUTCOME_PROTOCOL},
	{"*-1\r\n", OUTCOME_PROTOCOL},
};

static void tells_refusals_of_writes_apart(void **state)
{
	for (size_t i = 0; i < sizeof(write_refusals) / sizeof(write_refusals[0]); i++) {
		const char *why;

		assert_int_equal(begin(1000), 0);
		put("sip:a@b", "1|");
		fake.write = write_refusals[i].answer;
		assert_int_equal(write_all(), 0);
		if (!talk(3) || estate_failure(bench.estate, &why) != write_refusals[i].expect)
			fail_msg("%s: %s", write_refusals[i].answer, why);
		fake.write = NULL;
		estate_end(bench.estate);
		assert_int_equal(bench.returned, i + 1);
		assert_int_equal(backlog_queued(bench.backlog), 1);
	}
}

static void mends_noscript_and_forgotten(void **state)
{
	static const char *const answers[] = {"-NOSCRIPT No matching script.\r\n",
					      "-FORGOTTEN epoch 1700000000000000\r\n"};

	assert_int_equal(begin(1000), 0);
	for (unsigned int i = 0; i < 2; i++) {
		put("sip:a@b", "1|");
		assert_int_equal(write_all(), 0);
		assert_int_equal(talk(1000), 0);
		put("sip:a@b", "1|");
		fake.write = answers[i];
		assert_int_equal(write_all(), 0);
		put("sip:c@d", "1|");
		assert_int_equal(write_all(), 0);
		fake.write = NULL;
		fake.claim = "*2\r\n$16\r\n1700000000000000\r\n:0\r\n";
		assert_int_equal(talk(1), 0);
		assert_true(estate_is_ready(bench.estate));
		assert_int_equal(bench.returned, 2 * i + 2);
		assert_int_equal(write_all(), 0);
		assert_int_equal(talk(1), 0);
		assert_int_equal(bench.stored, 3 * i + 3);
	}
	assert_int_equal(bench.forgotten, 2);
	assert_int_equal(fake.scripts, 2);
}

static void returns_what_was_under_way(void **state)
{
	assert_int_equal(begin(1000), 0);
	put("a", "1");
	assert_int_equal(write_all(), 0);
	put("b", "2");
	assert_int_equal(write_all(), 0);
	put("a", "3"); // newer, while the older is under way
	estate_end(bench.estate);
	assert_int_equal(bench.returned, 2);
	assert_int_equal(backlog_queued(bench.backlog), 2);
	assert_int_equal(begin(1000), 0);
	assert_int_equal(write_all(), 0);
	assert_int_equal(talk(1), 0);
	assert_int_equal(bench.stored, 2);
	assert_int_equal(backlog_count(bench.backlog), 0);
}

static void is_full_at_a_quarter_megabyte(void **state)
{
	static char value[60001];
	unsigned int written = 0;

	memset(value, 'x', sizeof(value) - 1);
	assert_int_equal(begin(1000), 0);
	for (char field = 'a'; field < 'z'; field++) {
		put((char[]){field, 0}, value);
		if (write_all())
			break;
		written++;
	}
	assert_int_equal(written, 5);
	assert_true(estate_is_full(bench.estate));
	assert_int_equal(talk(1000), 0);
	assert_false(estate_is_full(bench.estate));
}

static void beats_when_idle(void **state)
{
	assert_int_equal(begin(1000), 0);
	assert_int_equal(estate_oldest_ns(bench.estate), UINT64_MAX);
	clock_set(5 * NS_PER_S);
	assert_int_equal(estate_heartbeat(bench.estate), 0);
	assert_int_equal(estate_heartbeat(bench.estate), 0); // one is enough
	assert_int_equal(estate_oldest_ns(bench.estate), 5 * NS_PER_S);
	assert_int_equal(fake.heartbeats, 1);
	assert_int_equal(talk(1), 0);
	assert_int_equal(estate_oldest_ns(bench.estate), UINT64_MAX);
}

static void refuses_an_answer_nobody_asked_for(void **state)
{
	const char *why;

	assert_int_equal(begin(1000), 0);
	assert_int_not_equal(estate_feed(bench.estate, "+OK\r\n", 5), 0);
	assert_int_equal(estate_failure(bench.estate, &why), OUTCOME_PROTOCOL);
}

static void bounds_an_answer(void **state)
{
	static char chunk[65536];
	const char *why;
	unsigned int chunks = 0;

	fake.mute = true;
	assert_int_equal(begin(1000), 0);
	assert_int_equal(estate_feed(bench.estate, "$536870912\r\n", 12), 0);
	while (chunks < 1000 && !estate_feed(bench.estate, chunk, sizeof(chunk)))
		chunks++;
	assert_true(chunks <= PIPELINE_REPLY_BYTES / sizeof(chunk));
	assert_int_equal(estate_failure(bench.estate, &why), OUTCOME_PROTOCOL);
}

// A log-in with a page of records and a write, recorded and damaged.
static void survives_mutations(void **state)
{
	static const char page[] =
		"*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$2\r\n1|\r\n$0\r\n\r\n$1\r\nx\r\n";
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : 20261120;

	print_message("SEED=%u\n", seed);
	for (unsigned int round = 0; round < 20000; round++) {
		int error;

		fake.scan = page;
		fake_redis_reconnect(&fake);
		error = estate_begin(bench.estate);
		for (unsigned int turn = 0; !error && fake.out_len && turn < 20; turn++) {
			static char said[FAKE_OUT_BYTES];
			size_t len = fake.out_len;

			memcpy(said, fake.out, len);
			fake.out_len = 0;
			if (rand_r(&seed) % 4 == 0)
				said[(size_t)rand_r(&seed) % len] = (char)rand_r(&seed);
			if (rand_r(&seed) % 32 == 0)
				len = (size_t)rand_r(&seed) % len;
			error = estate_feed(bench.estate, said, len);
			if (estate_is_ready(bench.estate) && !fake.out_len) {
				put("sip:a@b", "1|");
				write_all();
			}
		}
		estate_end(bench.estate);
		assert_int_equal(backlog_count(bench.backlog), backlog_queued(bench.backlog));
	}
	assert_true(bench.ready > 0 && bench.stored > 0 && bench.returned > 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(talks_octet_by_octet),
		CASE(gives_up_on_each_refusal),
		CASE(can_do_without_config),
		CASE(distrusts_a_server_that_was_started_again),
		CASE(tells_refusals_of_writes_apart),
		CASE(mends_noscript_and_forgotten),
		CASE(returns_what_was_under_way),
		CASE(is_full_at_a_quarter_megabyte),
		CASE(beats_when_idle),
		CASE(refuses_an_answer_nobody_asked_for),
		CASE(bounds_an_answer),
		CASE(survives_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
