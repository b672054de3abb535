// SPDX-License-Identifier: Apache-2.0
// Engines that are killed between writing down whom they are about to publish and the store's word
// that it has the record.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "lab.h"
#include "presence/store/intents.h"

static struct lab_server server;
static struct lab_engine engine;

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

	lab_open_again(&engine);
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
	lab_open_again(&engine);
	assert_int_equal(engine.intents, 3);
	lab_open_again(&engine);
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

// Slots that are in use in the file: a sum that is not zero, see test_intents.c.
static unsigned int slots_in_use(void)
{
	enum { HEADER_BYTES = 16, SLOT_BYTES = 272 };
	static char bytes[HEADER_BYTES + INTENTS_MOST * SLOT_BYTES];
	static const char free_sum[8];
	unsigned int used = 0;
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/intents-lab-1", engine.settings.engine.state_dir);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, sizeof(bytes), file), sizeof(bytes));
	fclose(file);
	for (unsigned int i = 0; i < INTENTS_MOST; i++)
		used += memcmp(bytes + HEADER_BYTES + i * SLOT_BYTES, free_sum, 8) != 0;
	return used;
}

// While the store is away, one person goes on and off the phone more often than there are slots,
// and another one finds no room for a record that would free one.
static void uses_one_slot_for_a_record(void **state)
{
	struct store_publication record = lab_publication("sip:john@sfb.example", "");
	struct store_publication other = lab_publication("sip:jane@sfb.example", "");

	strcpy(engine.settings.engine.state_dir, lab_directory());
	engine.settings.store.backlog_records = 1;
	lab_server_kill(&server, SIGKILL);
	lab_engine_open(&engine);
	for (unsigned int i = 0; i <= INTENTS_MOST; i++) {
		assert_true(store_intend(engine.store, &record, NS_PER_S, lab_saved, &engine));
		assert_true(store_intend(engine.store, &other, NS_PER_S, lab_saved, &engine));
	}
	assert_int_equal(slots_in_use(), 1);
	lab_server_start(&server);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_int_equal(slots_in_use(), 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(knows_what_a_killed_engine_was_about_to_publish),
		CASE(drops_intents_that_say_nothing_new),
		CASE(waits_when_an_intent_can_not_be_written),
		CASE(uses_one_slot_for_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
