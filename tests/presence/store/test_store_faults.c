// SPDX-License-Identifier: Apache-2.0
// What happens to a real redis-server happens here: killed, emptied, full, taken by another engine,
// away at start, locked with another password. Nothing that was acknowledged is lost, and what was
// not is written when the store is back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config/clock.h"
#include "config/metric.h"
#include "lab.h"

static struct lab_server server;
static struct lab_engine engine;

static uint64_t errors(const char *labels)
{
	return metric_value("offhook_store_errors", labels);
}

static int setup(void **state)
{
	char url[160];

	memset(&server, 0, sizeof(server));
	lab_server_start(&server);
	snprintf(url, sizeof(url), "redis+unix://%s", server.socket);
	lab_engine_init(&engine, url);
	return 0;
}

static int teardown(void **state)
{
	lab_engine_fini(&engine);
	lab_server_kill(&server, SIGKILL);
	return 0;
}

// Redis may lose the last two seconds of what it has acknowledged; memory has not.
static void survives_a_kill_of_the_server(void **state)
{
	uint64_t before = metric_value("offhook_store_writes", NULL);

	engine.known = 4000;
	engine.on_reassert = lab_save_known;
	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 3000);
	lab_wait(&engine, metric_value("offhook_store_writes", NULL) - before >= 1000);
	lab_server_kill(&server, SIGKILL);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	lab_save_calls(&engine, 3000, 4000);
	assert_true(store_backlog(engine.store) >= 1000);
	lab_server_start(&server);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_int_equal(engine.reasserts, 1);
	lab_read_back(&engine, 4000);
}

static void writes_anew_after_flushall(void **state)
{
	redisContext *witness = lab_server_client(&server);

	engine.known = 300;
	engine.on_reassert = lab_save_known;
	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 300);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "FLUSHALL");
	lab_save_calls(&engine, 0, 1);
	lab_wait(&engine, engine.reasserts == 1 && !store_backlog(engine.store));
	assert_int_equal(lab_integer(witness, "HLEN offhook:{lab-1}:call"), 300);
	redisFree(witness);
	lab_read_back(&engine, 300);
}

static void loads_its_script_again(void **state)
{
	redisContext *witness = lab_server_client(&server);
	uint64_t before = errors("kind=\"noscript\"");

	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "SCRIPT FLUSH");
	redisFree(witness);
	lab_save_calls(&engine, 10, 500);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_true(errors("kind=\"noscript\"") > before);
	assert_int_equal(engine.states[STORE_AWAY], 0);
	lab_read_back(&engine, 500);
}

static void is_fenced_by_a_newer_engine(void **state)
{
	struct store_publication record = lab_publication("sip:john@sfb.example", "tag");
	struct lab_engine other;

	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_engine_init(&other, engine.settings.store.url);
	lab_engine_open(&other);
	lab_wait(&other, other.loaded);
	assert_int_equal(other.calls, 10);
	lab_drop_call(&other, 3);
	lab_wait(&other, !store_backlog(other.store));

	lab_save_calls(&engine, 0, 10); // would bring back call 3
	lab_wait(&engine, store_state(engine.store) == STORE_FENCED);
	assert_int_equal(engine.states[STORE_FENCED], 1);
	assert_non_null(strstr(engine.why, "another engine"));
	store_save_publication(engine.store, &record, NS_PER_S, lab_saved, &engine);
	assert_int_equal(engine.saved_false, 0);
	lab_wait(&engine, engine.saved_false == 1);
	lab_engine_close(&engine); // at once: nothing more is written

	lab_open_again(&other);
	assert_int_equal(other.calls, 9);
	assert_int_equal(other.times[3] + other.publications, 0);
	lab_engine_fini(&other);
}

static void waits_for_a_store_that_comes_later(void **state)
{
	struct store_publication record = lab_publication("sip:john@sfb.example", "");

	lab_server_kill(&server, SIGKILL);
	lab_engine_open(&engine);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	store_save_publication(engine.store, &record, 20 * NS_PER_MS, lab_saved, &engine);
	lab_wait(&engine, engine.saved_false == 1);
	assert_int_equal(store_backlog(engine.store), 1);
	lab_server_start(&server);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_int_equal(engine.loaded, 1);
	assert_int_equal(engine.publications, 0);
	assert_int_equal(engine.saved_true, 0);
}

static void says_that_the_password_is_wrong(void **state)
{
	redisContext *witness = lab_server_client(&server);

	lab_command(witness, "CONFIG SET requirepass right");
	strcpy(engine.secrets.store_password.text, "wrong");
	lab_engine_open(&engine);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	assert_non_null(strstr(engine.why, "password"));
	assert_null(strstr(engine.why, "wrong")); // is not repeated
	lab_command(witness, "CONFIG SET requirepass wrong");
	lab_wait(&engine, store_state(engine.store) == STORE_READY);
	redisFree(witness);
}

static void says_that_a_password_is_wanted(void **state)
{
	redisContext *witness = lab_server_client(&server);

	lab_command(witness, "CONFIG SET requirepass right");
	lab_engine_open(&engine);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	assert_non_null(strstr(engine.why, "password"));
	redisFree(witness);
}

static void says_that_there_is_no_such_database(void **state)
{
	strcat(engine.settings.store.url, "?db=99");
	lab_engine_open(&engine);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	assert_non_null(strstr(engine.why, "DB index"));
}

// What Redis says when it can't write: from the claim of the epoch or from a batch.
static void comes_back_when_the_server_can_write_again(void **state)
{
	static const struct {
		const char *break_it, *mend_it, *labels;
	} cases[] = {
		{"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "kind=\"oom\""},
		{"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0",
		 "kind=\"noreplicas\""},
		{"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "kind=\"readonly\""},
	};
	redisContext *witness = lab_server_client(&server);

	lab_open_ready(&engine);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = errors(cases[i].labels);

		lab_command(witness, cases[i].break_it);
		lab_save_calls(&engine, i * 100, i * 100 + 100);
		lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
		assert_true(errors(cases[i].labels) > before);
		assert_int_equal(store_backlog(engine.store), 100);
		lab_command(witness, cases[i].mend_it);
		lab_wait(&engine, !store_backlog(engine.store));
	}
	redisFree(witness);
	lab_read_back(&engine, 300);
}

static void skips_what_it_cannot_read(void **state)
{
	static const char key[] = "offhook:{lab-1}:call";
	redisContext *witness = lab_server_client(&server);
	uint64_t bad = metric_value("offhook_store_skipped", "cause=\"malformed\"");
	uint64_t newer = metric_value("offhook_store_skipped", "cause=\"newer-format\"");

	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 5);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "HSET %s a b", key);
	lab_command(witness, "HSET %s %b %b", key, "\0\xff", (size_t)2, "", (size_t)0);
	lab_command(witness, "HSET %s x 9|whatever", key);
	lab_command(witness, "HSET offhook:{lab-1}:pub sip:x 1|1:a");
	redisFree(witness);
	lab_read_back(&engine, 5);
	assert_int_equal(metric_value("offhook_store_skipped", "cause=\"malformed\"") - bad, 3);
	assert_int_equal(metric_value("offhook_store_skipped", "cause=\"newer-format\"") - newer,
			 1);
}

static void stays_away_from_keys_of_another_type(void **state)
{
	redisContext *witness = lab_server_client(&server);

	lab_command(witness, "SET offhook:{lab-1}:call text");
	lab_engine_open(&engine);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	assert_non_null(strstr(engine.why, "WRONGTYPE"));
	lab_command(witness, "DEL offhook:{lab-1}:call");
	redisFree(witness);
	lab_wait(&engine, store_state(engine.store) == STORE_READY);
}

static void save_few(struct lab_engine *again)
{
	lab_save_calls(again, 200, 210);
}

// More changes than may wait: what did not fit is not known any more, so all is written anew.
static void writes_anew_after_an_overflow(void **state)
{
	uint64_t before = metric_value("offhook_store_overflows", NULL);

	engine.settings.store.backlog_records = 100;
	engine.on_reassert = save_few;
	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 50);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_server_kill(&server, SIGKILL);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	lab_save_calls(&engine, 50, 150);
	for (unsigned int i = 0; i < 50; i++)
		lab_drop_call(&engine, i); // none of these fits
	assert_int_equal(metric_value("offhook_store_overflows", NULL) - before, 50);
	assert_int_equal(store_backlog(engine.store), 100);
	for (unsigned int i = 50; i < 150; i++)
		lab_drop_call(&engine, i); // these do: the newest version of what waits
	lab_server_start(&server);
	lab_wait(&engine, store_state(engine.store) == STORE_READY && engine.reasserts);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_open_again(&engine);
	for (unsigned int i = 0; i < 300; i++)
		assert_int_equal(engine.times[i], i >= 200 && i < 210);
	assert_int_equal(engine.calls, 10);
}

static void finds_a_name_and_takes_its_next_address(void **state)
{
	redisContext *witness = lab_server_client(&server);
	redisReply *reply;

	// A port nobody had a moment ago.
	for (unsigned int port = 20000; port < 20100; port++) {
		reply = redisCommand(witness, "CONFIG SET port %u", port);
		assert_non_null(reply);
		if (reply->type == REDIS_REPLY_STATUS) {
			snprintf(engine.settings.store.url, SETTINGS_TEXT,
				 "redis://store.example:%u/1", port);
			freeReplyObject(reply);
			break;
		}
		freeReplyObject(reply);
	}
	lab_command(witness, "CONFIG SET bind 127.0.0.1");
	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "SELECT 1");
	assert_int_equal(lab_integer(witness, "HLEN offhook:{lab-1}:call"), 10);
	redisFree(witness);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(survives_a_kill_of_the_server),
		CASE(writes_anew_after_flushall),
		CASE(loads_its_script_again),
		CASE(is_fenced_by_a_newer_engine),
		CASE(waits_for_a_store_that_comes_later),
		CASE(says_that_the_password_is_wrong),
		CASE(says_that_a_password_is_wanted),
		CASE(says_that_there_is_no_such_database),
		CASE(comes_back_when_the_server_can_write_again),
		CASE(skips_what_it_cannot_read),
		CASE(stays_away_from_keys_of_another_type),
		CASE(writes_anew_after_an_overflow),
		CASE(finds_a_name_and_takes_its_next_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
