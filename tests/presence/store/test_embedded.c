// SPDX-License-Identifier: Apache-2.0
// The store that runs a redis-server of its own: killed, left behind by a killed engine, at odd
// places, and not to be had.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "lab.h"
#include "presence/net/loop.h"

static struct lab_server server;
static struct lab_engine engine;

static int setup(void **state)
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

static void embedded_starts_its_server_again(void **state)
{
	char socket[300];
	pid_t pid, other;

	snprintf(socket, sizeof(socket), "%s/store/redis.sock", engine.settings.engine.state_dir);
	engine.known = 2500;
	engine.on_reassert = lab_save_known;
	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 2000);
	lab_wait(&engine, !store_backlog(engine.store));
	pid = lab_listener(socket);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	lab_wait(&engine, store_state(engine.store) == STORE_AWAY);
	lab_save_calls(&engine, 2000, 2500);
	lab_wait(&engine, !store_backlog(engine.store));
	other = lab_listener(socket);
	assert_true(other > 0 && other != pid);
	assert_int_equal(engine.reasserts, 1);
	lab_read_back(&engine, 2500);
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
	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 10);
	lab_wait(&engine, !store_backlog(engine.store));
	assert_int_equal(lab_listener(server.socket), server.pid);
	lab_engine_close(&engine);
	assert_int_equal(lab_listener(server.socket), 0);
	lab_server_kill(&server, SIGKILL); // reaps it
	lab_open_again(&engine);
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
		lab_save_calls(&other, 0, 1000);
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
	lab_save_calls(&engine, 1000, 1100);
	lab_read_back(&engine, 1100);
	lab_engine_close(&engine);
	assert_int_equal(lab_listener(socket), 0);
}

static void embedded_minds_odd_paths(void **state)
{
	char dir[64];

	strcpy(dir, engine.settings.engine.state_dir);
	snprintf(engine.settings.engine.state_dir, SETTINGS_TEXT, "%s/a \"b\" #c\n\xc3\xa4", dir);
	lab_open_ready(&engine);
	lab_save_calls(&engine, 0, 10);
	lab_read_back(&engine, 10);
}

static void embedded_waits_for_its_directory(void **state)
{
	struct lab_engine other;

	lab_open_ready(&engine);
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

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(embedded_starts_its_server_again),
		CASE(embedded_adopts_an_orphan),
		CASE(embedded_survives_a_kill_of_the_engine),
		CASE(embedded_minds_odd_paths),
		CASE(embedded_waits_for_its_directory),
		CASE(embedded_says_that_it_cannot_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
