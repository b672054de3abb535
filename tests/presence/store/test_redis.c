// SPDX-License-Identifier: Apache-2.0
// Connection and deadlines around the conversation: a scripted server on a unix socket in the same
// loop, time set by hand. Answers late or never, connections cut after each number of octets,
// nothing listening: what waits is written in the end, once the server is well.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/metric.h"
#include "fake_redis.h"
#include "lab.h"
#include "presence/net/loop.h"
#include "presence/store/intents.h"

static struct fake_redis fake;
static struct lab_engine engine;
static struct loop_watch listener, client = {.fd = -1};
static char socket_path[96];
static unsigned int accepted;
static bool hold;        // answers are late
static size_t cut_after; // octets it says on a connection; 0: no cut

static void client_close(void)
{
	int fd = client.fd;

	if (fd < 0)
		return;
	loop_watch_remove(engine.loop, &client);
	close(fd);
	client.fd = -1;
}

static void say_all(void)
{
	size_t len = fake.out_len;

	if (hold)
		return;
	if (cut_after && len >= cut_after)
		len = cut_after;
	if (len)
		assert_int_equal(send(client.fd, fake.out, len, MSG_NOSIGNAL), len);
	if (cut_after && len == cut_after) {
		client_close();
		return;
	}
	if (cut_after)
		cut_after -= len;
	fake.out_len = 0;
}

static void client_ready(struct loop_watch *watch, uint32_t ready)
{
	static char data[1 << 20];
	ssize_t got = recv(watch->fd, data, sizeof(data), 0);

	if (got <= 0) {
		client_close();
		return;
	}
	fake_redis_feed(&fake, data, (size_t)got);
	say_all();
}

static void listener_ready(struct loop_watch *watch, uint32_t ready)
{
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	client_close();
	accepted++;
	fake_redis_reconnect(&fake);
	assert_int_equal(loop_watch_add(engine.loop, &client, fd, EPOLLIN, client_ready, NULL), 0);
}

static void listen_again(void)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(socket_path);
	strcpy(own.sun_path, socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(loop_watch_add(engine.loop, &listener, fd, EPOLLIN, listener_ready, NULL),
			 0);
}

static void stop_listening(void)
{
	int fd = listener.fd;

	if (fd < 0)
		return;
	loop_watch_remove(engine.loop, &listener);
	close(fd);
	listener.fd = -1;
}

static int setup(void **state)
{
	char url[128];

	if (!socket_path[0])
		snprintf(socket_path, sizeof(socket_path), "%s/redis.sock", lab_directory());
	snprintf(url, sizeof(url), "redis+unix://%s", socket_path);
	clock_set(NS_PER_S);
	fake_redis_init(&fake);
	lab_engine_init(&engine, url);
	listen_again();
	accepted = 0;
	cut_after = 0;
	lab_engine_open(&engine);
	return 0;
}

static int teardown(void **state)
{
	store_free(engine.store, 0);
	engine.store = NULL;
	client_close();
	stop_listening();
	lab_engine_fini(&engine);
	fake_redis_fini(&fake);
	clock_release();
	return 0;
}

// Everything that can happen without time passing; then some time, a millisecond at a time.
static void pass(uint64_t ms)
{
	for (uint64_t i = 0; i <= ms; i++) {
		for (int turn = 0; turn < 20; turn++)
			loop_run_once(engine.loop, 0);
		if (i < ms)
			clock_set(clock_mono_ns() + NS_PER_MS);
	}
}

static void save(unsigned int number)
{
	struct store_call call = lab_call(number);

	store_save_call(engine.store, &call);
}

static void writes_after_two_milliseconds(void **state)
{
	pass(0);
	assert_int_equal(store_state(engine.store), STORE_READY);
	save(1);
	save(2);
	pass(1);
	assert_int_equal(fake.writes, 0);
	pass(1);
	assert_int_equal(fake.writes, 1);
	assert_int_equal(fake.records, 2);
	assert_int_equal(store_backlog(engine.store), 0);
}

static void writes_a_full_batch_at_once(void **state)
{
	pass(0);
	for (unsigned int i = 0; i < 65; i++)
		save(i);
	pass(0);
	assert_int_equal(fake.records, 64);
	pass(2);
	assert_int_equal(fake.records, 65);
	assert_int_equal(fake.writes, 2);
}

// The newer version's time comes while the older one is under way.
static void writes_a_newer_version_after_a_late_answer(void **state)
{
	pass(0);
	hold = true;
	save(1);
	pass(3);
	save(1);
	pass(10);
	assert_int_equal(fake.writes, 1);
	hold = false;
	say_all();
	pass(2);
	assert_int_equal(fake.writes, 2);
	assert_int_equal(store_backlog(engine.store), 0);
}

// An intent joins a record that is under way: to hear that the older version is stored says nothing
// about it.
static void keeps_an_intent_until_it_is_stored(void **state)
{
	struct store_publication record = lab_publication("sip:john@sfb.example", "tag");
	struct intents *left;
	char person[STORE_TEXT];
	uint64_t expires;

	store_free(engine.store, 0);
	strcpy(engine.settings.engine.state_dir, lab_directory());
	lab_engine_open(&engine);
	pass(0);
	hold = true;
	store_save_publication(engine.store, &record, 0, NULL, NULL);
	pass(3);
	assert_true(store_intend(engine.store, &record, NS_PER_S, lab_saved, &engine));
	hold = false;
	say_all();
	hold = true;
	pass(3);
	assert_int_equal(fake.writes, 2);
	hold = false;
	fake.out_len = 0; // and dies
	store_free(engine.store, 0);
	left = intents_open(engine.settings.engine.state_dir, "lab-1");
	assert_non_null(left);
	assert_int_not_equal(intents_take_found(left, person, &expires), INTENT_NONE);
	assert_string_equal(person, record.person);
	intents_close(left);
	lab_engine_open(&engine);
}

static void drops_a_server_that_does_not_answer(void **state)
{
	uint64_t before = metric_value("offhook_store_errors", "kind=\"timeout\"");

	pass(0);
	save(1);
	fake.mute = true;
	pass(1900);
	assert_int_equal(store_state(engine.store), STORE_READY);
	pass(200);
	assert_int_equal(store_state(engine.store), STORE_AWAY);
	assert_string_equal(engine.why, "does not answer");
	assert_int_equal(metric_value("offhook_store_errors", "kind=\"timeout\"") - before, 1);
	fake.mute = false;
	pass(2200); // the next try may have met the silent one, too
	assert_int_equal(store_state(engine.store), STORE_READY);
	assert_int_equal(store_backlog(engine.store), 0);
	assert_int_equal(engine.loaded, 1);
}

static void notices_silence_while_idle(void **state)
{
	pass(0);
	fake.mute = true;
	pass(5100);
	assert_int_equal(store_state(engine.store), STORE_READY);
	pass(2000);
	assert_int_equal(store_state(engine.store), STORE_AWAY);
}

static void stays_connected_while_idle(void **state)
{
	pass(21000);
	assert_int_equal(accepted, 1);
	assert_int_equal(fake.heartbeats, 4);
}

// The claim, the load and the write are cut at each octet of the server's answers.
static void loses_nothing_at_any_cut(void **state)
{
	unsigned int saved = 0;

	for (size_t cut = 1; cut < 400; cut++) {
		struct store_publication record = lab_publication("sip:john@sfb.example", "x");
		unsigned int before = engine.saved_true;

		client_close();
		cut_after = cut;
		save(saved++);
		store_save_publication(engine.store, &record, NS_PER_S * 100, lab_saved, &engine);
		pass(200);
		cut_after = 0;
		for (int i = 0; i < 100 && store_backlog(engine.store); i++)
			pass(100);
		assert_int_equal(store_backlog(engine.store), 0);
		assert_int_equal(engine.saved_true, before + 1);
	}
	assert_true(accepted > 400);
	assert_int_equal(engine.loaded, 1);
	assert_int_equal(engine.saved_false, 0);
	assert_int_equal(engine.reasserts, 0);
}

// HSCAN may give a field twice, and the connection may break between two pages.
static void reports_a_record_once(void **state)
{
	fake.scan = "*2\r\n$1\r\n7\r\n*4\r\n$1\r\na\r\n$15\r\n1|0:0:1:01:01:x\r\n"
		    "$7\r\nsip:a@b\r\n$12\r\n1|0:0:1:01:1\r\n";
	pass(10); // reads for ever: the cursor is never 0
	assert_true(fake.commands > 5);
	assert_int_equal(engine.publications, 1);
	assert_int_equal(engine.loaded, 0);
	client_close();
	pass(100);
	assert_true(accepted >= 2);
	fake.scan = NULL;
	pass(10);
	assert_int_equal(store_state(engine.store), STORE_READY);
	assert_int_equal(engine.publications, 1);
	assert_int_equal(engine.calls, 0);
	assert_int_equal(engine.loaded, 1);
}

static void backs_off_from_an_empty_place(void **state)
{
	uint64_t before;

	pass(0);
	stop_listening();
	client_close();
	before = metric_value("offhook_store_errors", "kind=\"lost\"");
	pass(20000);
	// 50, 100, ... 3200, 5000, 5000 ms, each halved at most.
	assert_in_range(metric_value("offhook_store_errors", "kind=\"lost\"") - before, 8, 16);
	save(1);
	listen_again();
	pass(5100);
	assert_int_equal(store_state(engine.store), STORE_READY);
	pass(10);
	assert_int_equal(store_backlog(engine.store), 0);
}

// The state does not flap when the server lets us in but can't write.
static void stays_away_from_a_full_server(void **state)
{
	unsigned int ready;

	pass(0);
	ready = engine.states[STORE_READY];
	fake.write = fake.claim = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
	save(1);
	pass(10000);
	assert_int_equal(engine.states[STORE_AWAY], 1);
	assert_int_equal(engine.states[STORE_READY], ready);
	assert_non_null(strstr(engine.why, "maxmemory"));
	fake.write = fake.claim = NULL;
	pass(5100);
	assert_int_equal(store_state(engine.store), STORE_READY);
	assert_int_equal(store_backlog(engine.store), 0);
}

static void save_again(struct lab_engine *again)
{
	for (unsigned int i = 0; i < 200; i++)
		save(i);
}

// Cut while the estate is written anew: it is written anew again, from the start.
static void begins_again_when_writing_anew_is_cut(void **state)
{
	engine.on_reassert = save_again;
	pass(0);
	fake.claim = "*2\r\n$16\r\n1700000000000000\r\n:0\r\n"; // not remembered
	client_close();
	cut_after = 190; // the log-in is answered, the first write is not
	pass(100);
	cut_after = 0;
	fake.claim = NULL;
	pass(5100);
	assert_int_equal(engine.reasserts, 2);
	assert_int_equal(fake.clears, 2);
	assert_int_equal(store_backlog(engine.store), 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(writes_after_two_milliseconds),
		CASE(writes_a_full_batch_at_once),
		CASE(writes_a_newer_version_after_a_late_answer),
		CASE(keeps_an_intent_until_it_is_stored),
		CASE(drops_a_server_that_does_not_answer),
		CASE(notices_silence_while_idle),
		CASE(stays_connected_while_idle),
		CASE(loses_nothing_at_any_cut),
		CASE(reports_a_record_once),
		CASE(backs_off_from_an_empty_place),
		CASE(stays_away_from_a_full_server),
		CASE(begins_again_when_writing_anew_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
