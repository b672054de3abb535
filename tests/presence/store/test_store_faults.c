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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/metric.h"
#include "lab.h"
#include "presence/net/loop.h"
#include "presence/store/intents.h"

static struct lab_server server;
static struct lab_engine engine;

static uint64_t errors(const char *labels)
{
	return metric_value("offhook_store_errors", labels);
}

static void use_server(void)
{
	char url[160];

	snprintf(url, sizeof(url), "redis+unix://%s", server.socket);
	lab_engine_init(&engine, url);
}

static int setup(void **state)
{
	memset(&server, 0, sizeof(server));
	lab_server_start(&server);
	use_server();
	return 0;
}

static int setup_embedded(void **state)
{
	lab_engine_init(&engine, "embedded");
	return 0;
}

static int teardown(void **state)
{
	lab_engine_fini(&engine);
	lab_server_kill(&server, SIGKILL);
	return 0;
}

static void save_calls(unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++) {
		struct store_call call = lab_call(i);

		store_save_call(engine.store, &call);
	}
}

static void open_ready(void)
{
	lab_engine_open(&engine);
	lab_wait(&engine, store_state(engine.store) == STORE_READY);
}

static void read_back(unsigned int expected)
{
	lab_engine_close(&engine);
	memset(engine.times, 0, sizeof(engine.times));
	engine.calls = engine.loaded = 0;
	lab_engine_open(&engine);
	lab_wait(&engine, engine.loaded);
	assert_int_equal(engine.calls, expected);
	for (unsigned int i = 0; i < expected; i++)
		assert_int_equal(engine.times[i], 1);
}

static unsigned int known; // what the owner would save again

static void save_all(struct lab_engine *again)
{
	save_calls(0, known);
}

// Redis may lose the last two seconds of what it has acknowledged; memory has not.
static void survives_a_kill_of_the_server(void **state)
{
	uint64_t before = metric_value("offhook_store_writes", NULL);

	known = 4000;
	engine.on_reassert = save_all;
	open_ready();
	save_calls(0, 3000);
	lab_wait(&engine, metric_value("offhook_store_writes", NULL) - before >= 1000);
	lab_server_kill(&server, SIGKILL);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	save_calls(3000, 4000);
	assert_true(store_backlog(engine.store) >= 1000);
	lab_server_start(&server);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_int_equal(engine.reasserts, 1);
	read_back(4000);
}

static void writes_anew_after_flushall(void **state)
{
	redisContext *witness = lab_server_client(&server);

	known = 300;
	engine.on_reassert = save_all;
	open_ready();
	save_calls(0, 300);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "FLUSHALL");
	save_calls(0, 1);
	lab_wait(&engine, engine.reasserts == 1 && !store_backlog(engine.store));
	assert_int_equal(lab_integer(witness, "HLEN offhook:{lab-1}:call"), 300);
	redisFree(witness);
	read_back(300);
}

static void loads_its_script_again(void **state)
{
	redisContext *witness = lab_server_client(&server);
	uint64_t before = errors("kind=\"noscript\"");

	open_ready();
	save_calls(0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "SCRIPT FLUSH");
	redisFree(witness);
	save_calls(10, 500);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_true(errors("kind=\"noscript\"") > before);
	assert_int_equal(engine.states[STORE_AWAY], 0);
	read_back(500);
}

static void is_fenced_by_a_newer_engine(void **state)
{
	struct store_publication record = lab_publication("sip:john@sfb.example", "tag");
	struct lab_engine other;

	open_ready();
	save_calls(0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_engine_init(&other, engine.settings.store.url);
	lab_engine_open(&other);
	lab_wait(&other, other.loaded);
	assert_int_equal(other.calls, 10);
	lab_drop_call(&other, 3);
	lab_wait(&other, !store_backlog(other.store));

	save_calls(0, 10); // would bring back call 3
	lab_wait(&engine, store_state(engine.store) == STORE_FENCED);
	assert_int_equal(engine.states[STORE_FENCED], 1);
	assert_non_null(strstr(engine.why, "another engine"));
	store_save_publication(engine.store, &record, NS_PER_S, lab_saved, &engine);
	assert_int_equal(engine.saved_false, 0);
	lab_wait(&engine, engine.saved_false == 1);
	lab_engine_close(&engine); // at once: nothing more is written

	lab_engine_close(&other);
	memset(&other.times, 0, sizeof(other.times));
	other.loaded = other.calls = other.publications = 0;
	lab_engine_open(&other);
	lab_wait(&other, other.loaded);
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

static void save_intent(struct lab_engine *again, const char *person, uint64_t expires_wall_ns)
{
	struct store_publication record = lab_publication(person, "");

	record.expires_wall_ns = expires_wall_ns;
	store_save_publication(again->store, &record, 0, NULL, NULL);
}

// A child that is about to publish for so many persons while the store is away, and is killed.
static void intend_and_die(unsigned int persons)
{
	int told[2];
	char done = 0;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		struct lab_engine other;

		lab_engine_init(&other, "memory");
		other.settings = engine.settings;
		lab_engine_open(&other);
		for (unsigned int i = 0; i < persons; i++) {
			char person[64];
			struct store_publication record;

			snprintf(person, sizeof(person), "sip:%u@sfb.example", i);
			record = lab_publication(person, "");
			record.expires_wall_ns += i;
			done |= !store_intend(other.store, &record, NS_PER_S, lab_saved, &other);
		}
		if (write(told[1], &done, 1) == 1)
			pause();
		_exit(1);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &done, 1), 1);
	assert_int_equal(done, 0); // nobody had to wait
	close(told[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

// Between the intent's being written down and the store's word: the next engine is told of each,
// and the file is empty when the store has what came of it.
static void knows_what_a_killed_engine_was_about_to_publish(void **state)
{
	redisContext *witness;

	strcpy(engine.settings.engine.state_dir, lab_directory());
	engine.on_intent = save_intent;
	lab_server_kill(&server, SIGKILL);
	intend_and_die(20);
	intend_and_die(5); // has not seen the store either: what it finds stays where it is
	lab_server_start(&server);
	lab_engine_open(&engine);
	lab_wait(&engine, engine.loaded && !store_backlog(engine.store));
	assert_int_equal(engine.publications, 0);
	assert_int_equal(engine.intents, 25);
	witness = lab_server_client(&server);
	assert_int_equal(lab_integer(witness, "HLEN offhook:{lab-1}:pub"), 20);
	redisFree(witness);

	lab_engine_close(&engine);
	engine.loaded = engine.intents = 0;
	lab_engine_open(&engine);
	lab_wait(&engine, engine.loaded);
	assert_int_equal(engine.intents, 0);
	assert_int_equal(engine.publications, 20);
}

// Nothing is new to the owner, who does not save: the slots are free again.
static void drops_intents_that_say_nothing_new(void **state)
{
	strcpy(engine.settings.engine.state_dir, lab_directory());
	lab_server_kill(&server, SIGKILL);
	intend_and_die(3);
	lab_server_start(&server);
	for (unsigned int expected = 3; expected != 0; expected -= 3) {
		engine.loaded = engine.intents = 0;
		lab_engine_open(&engine);
		lab_wait(&engine, engine.loaded);
		assert_int_equal(engine.intents, expected);
		lab_engine_close(&engine);
	}
	engine.loaded = engine.intents = 0;
	lab_engine_open(&engine);
	lab_wait(&engine, engine.loaded);
	assert_int_equal(engine.intents, 0);
}

// Where all slots are in use, and where there is no file, the store is waited for as ever.
static void waits_when_an_intent_can_not_be_written(void **state)
{
	struct store_publication record = lab_publication("sip:one.more@sfb.example", "");
	struct lab_engine other;

	strcpy(engine.settings.engine.state_dir, lab_directory());
	lab_server_kill(&server, SIGKILL);
	intend_and_die(INTENTS_MOST);
	lab_engine_open(&engine);
	assert_false(store_intend(engine.store, &record, 20 * NS_PER_MS, lab_saved, &engine));
	lab_wait(&engine, engine.saved_false == 1);

	// An engine beside it does not get the file.
	lab_engine_init(&other, engine.settings.store.url);
	strcpy(other.settings.engine.state_dir, engine.settings.engine.state_dir);
	lab_engine_open(&other);
	assert_false(store_intend(other.store, &record, 20 * NS_PER_MS, lab_saved, &other));
	lab_wait(&other, other.saved_false == 1);
	lab_server_start(&server);
	lab_wait(&other, !store_backlog(other.store));
	lab_engine_fini(&other);

	lab_wait(&engine, engine.loaded && !store_backlog(engine.store));
	assert_int_equal(engine.intents, INTENTS_MOST);
	assert_true(store_intend(engine.store, &record, NS_PER_S, lab_saved, &engine));
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

	open_ready();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = errors(cases[i].labels);

		lab_command(witness, cases[i].break_it);
		save_calls(i * 100, i * 100 + 100);
		lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
		assert_true(errors(cases[i].labels) > before);
		assert_int_equal(store_backlog(engine.store), 100);
		lab_command(witness, cases[i].mend_it);
		lab_wait(&engine, !store_backlog(engine.store));
	}
	redisFree(witness);
	read_back(300);
}

static void skips_what_it_cannot_read(void **state)
{
	static const char key[] = "offhook:{lab-1}:call";
	redisContext *witness = lab_server_client(&server);
	uint64_t bad = metric_value("offhook_store_skipped", "cause=\"malformed\"");
	uint64_t newer = metric_value("offhook_store_skipped", "cause=\"newer-format\"");

	open_ready();
	save_calls(0, 5);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "HSET %s a b", key);
	lab_command(witness, "HSET %s %b %b", key, "\0\xff", (size_t)2, "", (size_t)0);
	lab_command(witness, "HSET %s x 9|whatever", key);
	lab_command(witness, "HSET offhook:{lab-1}:pub sip:x 1|1:a");
	redisFree(witness);
	read_back(5);
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
	save_calls(200, 210);
}

// More changes than may wait: what did not fit is not known any more, so all is written anew.
static void writes_anew_after_an_overflow(void **state)
{
	uint64_t before = metric_value("offhook_store_overflows", NULL);

	engine.settings.store.backlog_records = 100;
	engine.on_reassert = save_few;
	open_ready();
	save_calls(0, 50);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_server_kill(&server, SIGKILL);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	save_calls(50, 150);
	for (unsigned int i = 0; i < 50; i++)
		lab_drop_call(&engine, i); // none of these fits
	assert_int_equal(metric_value("offhook_store_overflows", NULL) - before, 50);
	assert_int_equal(store_backlog(engine.store), 100);
	for (unsigned int i = 50; i < 150; i++)
		lab_drop_call(&engine, i); // these do: the newest version of what waits
	lab_server_start(&server);
	lab_wait(&engine, store_state(engine.store) == STORE_READY && engine.reasserts);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_engine_close(&engine);
	memset(engine.times, 0, sizeof(engine.times));
	engine.calls = engine.loaded = 0;
	lab_engine_open(&engine);
	lab_wait(&engine, engine.loaded);
	for (unsigned int i = 0; i < 300; i++)
		assert_int_equal(engine.times[i], i >= 200 && i < 210);
	assert_int_equal(engine.calls, 10);
}

static void embedded_starts_its_server_again(void **state)
{
	char socket[300];
	pid_t pid, other;

	snprintf(socket, sizeof(socket), "%s/store/redis.sock", engine.settings.engine.state_dir);
	known = 2500;
	engine.on_reassert = save_all;
	open_ready();
	save_calls(0, 2000);
	lab_wait(&engine, !store_backlog(engine.store));
	pid = lab_listener(socket);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	save_calls(2000, 2500);
	lab_wait(&engine, !store_backlog(engine.store));
	other = lab_listener(socket);
	assert_true(other > 0 && other != pid);
	assert_int_equal(engine.reasserts, 1);
	read_back(2500);
	lab_engine_close(&engine);
	assert_int_equal(lab_listener(socket), 0); // nothing is left behind
	assert_int_equal(access(socket, F_OK), -1);
}

// The server of an engine that was killed, before it has noticed.
static void embedded_adopts_an_orphan(void **state)
{
	memset(&server, 0, sizeof(server));
	snprintf(server.dir, sizeof(server.dir), "%.50s/store", engine.settings.engine.state_dir);
	assert_int_equal(mkdir(server.dir, 0700), 0);
	lab_server_start(&server);
	open_ready();
	save_calls(0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_int_equal(lab_listener(server.socket), server.pid);
	lab_engine_close(&engine);
	assert_int_equal(lab_listener(server.socket), 0);
	lab_server_kill(&server, SIGKILL); // reaps it
	engine.loaded = 0;
	lab_engine_open(&engine);
	lab_wait(&engine, engine.loaded);
	assert_int_equal(engine.calls, 10);
}

// The engine dies without a word, its server with it or a little later: the next one reads all that
// was acknowledged.
static void embedded_survives_a_kill_of_the_engine(void **state)
{
	char socket[300], done = 0;
	int told[2];
	pid_t pid;

	snprintf(socket, sizeof(socket), "%s/store/redis.sock", engine.settings.engine.state_dir);
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		struct lab_engine other;

		lab_engine_init(&other, "memory");
		other.settings = engine.settings;
		lab_engine_open(&other);
		for (unsigned int i = 0; i < 1000; i++) {
			struct store_call call = lab_call(i);

			store_save_call(other.store, &call);
		}
		while (store_state(other.store) != STORE_READY || store_backlog(other.store))
			loop_run_once(other.loop, NS_PER_S);
		if (write(told[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &done, 1), 1);
	close(told[0]);
	assert_true(lab_listener(socket) > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	lab_engine_open(&engine);
	lab_wait(&engine, engine.loaded);
	assert_int_equal(engine.calls, 1000);
	save_calls(1000, 1100);
	read_back(1100);
	lab_engine_close(&engine);
	assert_int_equal(lab_listener(socket), 0);
}

static void embedded_minds_odd_paths(void **state)
{
	char dir[64];

	strcpy(dir, engine.settings.engine.state_dir);
	snprintf(engine.settings.engine.state_dir, SETTINGS_TEXT, "%s/a \"b\" #c\n\xc3\xa4", dir);
	open_ready();
	save_calls(0, 10);
	read_back(10);
}

static void embedded_waits_for_its_directory(void **state)
{
	struct lab_engine other;

	open_ready();
	lab_engine_init(&other, "embedded");
	strcpy(other.settings.engine.state_dir, engine.settings.engine.state_dir);
	lab_engine_open(&other);
	lab_wait(&other, store_state(other.store) == STORE_AWAY);
	assert_non_null(strstr(other.why, "another engine"));
	lab_engine_close(&engine);
	lab_wait(&other, store_state(other.store) == STORE_READY);
	lab_engine_fini(&other);
}

static void embedded_says_that_it_cannot_start(void **state)
{
	strcpy(engine.settings.store.redis_server, "/nonexistent/redis-server");
	lab_engine_open(&engine);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	lab_engine_close(&engine);
	memset(engine.settings.engine.state_dir, 'x', 200);
	assert_null(store_new(engine.loop, &engine.settings, &engine.secrets, NULL, NULL));
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
	open_ready();
	save_calls(0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	lab_command(witness, "SELECT 1");
	assert_int_equal(lab_integer(witness, "HLEN offhook:{lab-1}:call"), 10);
	redisFree(witness);
}

int main(void)
{
#define CASE(test)     cmocka_unit_test_setup_teardown(test, setup, teardown)
#define EMBEDDED(test) cmocka_unit_test_setup_teardown(test, setup_embedded, teardown)
	const struct CMUnitTest tests[] = {
		CASE(survives_a_kill_of_the_server),
		CASE(writes_anew_after_flushall),
		CASE(loads_its_script_again),
		CASE(is_fenced_by_a_newer_engine),
		CASE(waits_for_a_store_that_comes_later),
		CASE(knows_what_a_killed_engine_was_about_to_publish),
		CASE(drops_intents_that_say_nothing_new),
		CASE(waits_when_an_intent_can_not_be_written),
		CASE(says_that_the_password_is_wrong),
		CASE(says_that_a_password_is_wanted),
		CASE(says_that_there_is_no_such_database),
		CASE(comes_back_when_the_server_can_write_again),
		CASE(skips_what_it_cannot_read),
		CASE(stays_away_from_keys_of_another_type),
		CASE(writes_anew_after_an_overflow),
		CASE(finds_a_name_and_takes_its_next_address),
		EMBEDDED(embedded_starts_its_server_again),
		EMBEDDED(embedded_adopts_an_orphan),
		EMBEDDED(embedded_survives_a_kill_of_the_engine),
		EMBEDDED(embedded_minds_odd_paths),
		EMBEDDED(embedded_waits_for_its_directory),
		EMBEDDED(embedded_says_that_it_cannot_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
