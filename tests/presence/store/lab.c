// SPDX-License-Identifier: Apache-2.0
// Servers, directories and engines of the store's tests.
#include "lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "presence/net/loop.h"

enum { DIRECTORIES = 32 };

static char directory[DIRECTORIES][64];
static unsigned int directories;

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	return remove(path);
}

pid_t lab_listener(const char *socket_path)
{
	struct sockaddr_un peer = {.sun_family = AF_UNIX};
	struct ucred who = {0};
	socklen_t len = sizeof(who);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(peer.sun_path, sizeof(peer.sun_path), "%s", socket_path);
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		who.pid = 0;
	close(fd);
	return who.pid;
}

// A failed test leaves servers behind: those that listen in our directories are ended by pid.
static void clean_up(void)
{
	static const char *const sockets[] = {"redis.sock", "store/redis.sock"};

	for (unsigned int i = 0; i < directories; i++) {
		for (unsigned int j = 0; j < 2; j++) {
			char path[sizeof(directory[0]) + 24];
			pid_t pid;

			snprintf(path, sizeof(path), "%s/%s", directory[i], sockets[j]);
			pid = lab_listener(path);
			if (pid > 0)
				kill(pid, SIGKILL);
			if (pid > 0)
				waitpid(pid, NULL, 0);
		}
		nftw(directory[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
	}
}

const char *lab_directory(void)
{
	char *path = directory[directories];

	assert_true(directories < DIRECTORIES);
	strcpy(path, "/tmp/offhook-store-XXXXXX");
	assert_non_null(mkdtemp(path));
	if (!directories++)
		atexit(clean_up);
	return path;
}

// Its own words "ready to accept connections" are what is waited for.
static void wait_ready(int fd)
{
	char text[8192];
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)got;
		text[len] = 0;
		if (strcasestr(text, "ready to accept connections"))
			return;
	}
	fail_msg("redis-server did not start: %s", text);
}

void lab_server_start(struct lab_server *server)
{
	int words[2];

	if (!server->dir[0])
		snprintf(server->dir, sizeof(server->dir), "%s", lab_directory());
	snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->dir);
	assert_int_equal(pipe(words), 0);
	server->pid = fork();
	if (!server->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(words[1], 1);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
		       server->socket, "--dir", server->dir, "--appendonly", "yes", "--save", "",
		       "--requirepass", server->password ? server->password : "", NULL);
		_exit(127);
	}
	close(words[1]);
	wait_ready(words[0]);
	close(words[0]);
}

void lab_server_kill(struct lab_server *server, int signal)
{
	if (!server->pid)
		return;
	kill(server->pid, signal);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

struct redisContext *lab_client(const char *socket_path, const char *password)
{
	redisContext *client = redisConnectUnix(socket_path);

	assert_non_null(client);
	assert_int_equal(client->err, 0);
	if (password)
		lab_command(client, "AUTH %s", password);
	return client;
}

struct redisContext *lab_server_client(const struct lab_server *server)
{
	return lab_client(server->socket, server->password);
}

long long lab_integer(struct redisContext *client, const char *command, ...)
{
	va_list args;
	redisReply *reply;
	long long number;

	va_start(args, command);
	reply = redisvCommand(client, command, args);
	va_end(args);
	assert_non_null(reply);
	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	number = reply->integer;
	freeReplyObject(reply);
	return number;
}

void lab_command(struct redisContext *client, const char *command, ...)
{
	va_list args;
	redisReply *reply;

	va_start(args, command);
	reply = redisvCommand(client, command, args);
	va_end(args);
	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", command, reply->str);
	freeReplyObject(reply);
}

static void on_publication(void *ctx, const struct store_publication *record)
{
	struct lab_engine *engine = ctx;

	engine->publications++;
	engine->last_publication = *record;
}

static void on_call(void *ctx, const struct store_call *record)
{
	struct lab_engine *engine = ctx;

	engine->calls++;
	engine->last_call = *record;
	if (record->start_wall_ns < LAB_RECORDS)
		engine->times[record->start_wall_ns]++;
}

static void on_loaded(void *ctx)
{
	struct lab_engine *engine = ctx;

	engine->loaded++;
}

static void on_state(void *ctx, enum store_state state, const char *why)
{
	struct lab_engine *engine = ctx;

	engine->states[state]++;
	snprintf(engine->why, sizeof(engine->why), "%s", why);
}

static void on_reassert(void *ctx)
{
	struct lab_engine *engine = ctx;

	engine->reasserts++;
	if (engine->on_reassert)
		engine->on_reassert(engine);
}

static void on_intent(void *ctx, const char *person, uint64_t expires_wall_ns)
{
	struct lab_engine *engine = ctx;

	engine->intents++;
	assert_int_equal(engine->loaded, 0); // first all that was left, then loaded()
	if (engine->on_intent)
		engine->on_intent(engine, person, expires_wall_ns);
}

static const struct store_events events = {
	.publication = on_publication,
	.call = on_call,
	.loaded = on_loaded,
	.intent = on_intent,
	.state = on_state,
	.reassert = on_reassert,
};

void lab_engine_init(struct lab_engine *engine, const char *url)
{
	static bool log_is_quiet;

	if (!log_is_quiet)
		log_init("test", LOG_TO_STDERR, getenv("LAB_LOG") ? LOG_DEBUG : LOG_NONE);
	log_is_quiet = true;
	memset(engine, 0, sizeof(*engine));
	engine->loop = loop_new();
	assert_non_null(engine->loop);
	snprintf(engine->settings.store.url, SETTINGS_TEXT, "%s", url);
	strcpy(engine->settings.engine.name, "lab-1");
	if (!strcmp(url, "embedded"))
		snprintf(engine->settings.engine.state_dir, SETTINGS_TEXT, "%s", lab_directory());
	strcpy(engine->settings.store.redis_server, "redis-server");
	engine->settings.store.connect_timeout_ns = 2 * NS_PER_S;
	engine->settings.store.reply_timeout_ns = 2 * NS_PER_S;
	engine->settings.store.batch_delay_ns = 2 * NS_PER_MS;
	engine->settings.store.batch_records = 64;
	engine->settings.store.backlog_records = 100000;
}

void lab_engine_open(struct lab_engine *engine)
{
	engine->store = store_new(engine->loop, &engine->settings, &engine->secrets, &events,
				  engine);
	assert_non_null(engine->store);
}

void lab_open_ready(struct lab_engine *engine)
{
	lab_engine_open(engine);
	lab_wait(engine, store_state(engine->store) == STORE_READY);
}

void lab_engine_close(struct lab_engine *engine)
{
	store_free(engine->store, 5 * NS_PER_S);
	engine->store = NULL;
}

void lab_open_again(struct lab_engine *engine)
{
	if (engine->store)
		lab_engine_close(engine);
	memset(engine->times, 0, sizeof(engine->times));
	engine->publications = engine->calls = engine->intents = engine->loaded = 0;
	lab_engine_open(engine);
	lab_wait(engine, engine->loaded);
}

void lab_read_back(struct lab_engine *engine, unsigned int calls)
{
	lab_open_again(engine);
	assert_int_equal(engine->calls, calls);
	for (unsigned int i = 0; i < calls; i++)
		assert_int_equal(engine->times[i], 1);
}

void lab_engine_fini(struct lab_engine *engine)
{
	if (engine->store)
		lab_engine_close(engine);
	loop_free(engine->loop);
}

uint64_t lab_deadline(void)
{
	return clock_mono_ns() + 10 * NS_PER_S;
}

void lab_turn(struct loop *loop, uint64_t until_ns, const char *what)
{
	if (clock_mono_ns() > until_ns)
		fail_msg("waited in vain for: %s", what);
	loop_run_once(loop, 100 * NS_PER_MS);
}

void lab_saved(void *ctx, bool stored)
{
	struct lab_engine *engine = ctx;

	if (stored)
		engine->saved_true++;
	else
		engine->saved_false++;
}

struct store_publication lab_publication(const char *person, const char *etag)
{
	struct store_publication record = {.expires_wall_ns = 1700000000000000000u, .wanted = true};

	snprintf(record.person, STORE_TEXT, "%s", person);
	snprintf(record.display, STORE_TEXT, "John \"|:\\\r\n Doe");
	snprintf(record.etag, STORE_TEXT, "%s", etag);
	return record;
}

struct store_call lab_call(unsigned int number)
{
	struct store_call record = {
		.call_key = {{number * UINT64_C(0x9e3779b97f4a7c15), number}},
		.caller_tag = number,
		.callee_tag = ~(uint64_t)number,
		.start_wall_ns = number,
		.deadline_wall_ns = UINT64_MAX,
		.cseq_caller = UINT32_MAX,
		.cseq_callee = number,
	};

	snprintf(record.call_id, STORE_TEXT, "%u@example", number);
	snprintf(record.caller, STORE_TEXT, "sip:user%u@sfb.example", number);
	return record;
}

void lab_save_calls(struct lab_engine *engine, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++) {
		struct store_call call = lab_call(i);

		store_save_call(engine->store, &call);
	}
}

void lab_save_known(struct lab_engine *engine)
{
	lab_save_calls(engine, 0, engine->known);
}

void lab_drop_call(struct lab_engine *engine, unsigned int number)
{
	struct store_call call = lab_call(number);

	store_drop_call(engine->store, call.call_key, call.caller_tag, call.callee_tag);
}
