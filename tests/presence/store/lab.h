// SPDX-License-Identifier: Apache-2.0
// What the store's tests share: a temporary directory, a private redis-server, and an engine's end
// of the store that remembers what it was told. All of it is cleaned up at exit, however the test
// ended.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/secret.h"
#include "config/settings.h"
#include "presence/store/store.h"

struct redisContext;
struct redisReply;

// A fresh directory, removed at exit. The text lives on.
const char *lab_directory(void);

struct lab_server {
	char dir[64], socket[96];
	const char *password; // NULL: none
	pid_t pid;
};

void lab_server_start(struct lab_server *server); // dir is kept if there is one; until it answers
void lab_server_kill(struct lab_server *server, int signal);
// The independent witness: hiredis' own blocking client.
struct redisContext *lab_server_client(const struct lab_server *server);
struct redisContext *lab_client(const char *socket, const char *password);
// Formats of hiredis: %s, %u, and %b for data and size_t.
long long lab_integer(struct redisContext *client, const char *command, ...);
void lab_command(struct redisContext *client, const char *command, ...);

// The pid of whoever listens on the socket; 0: nobody.
pid_t lab_listener(const char *socket);

enum { LAB_RECORDS = 20000 };

struct lab_engine {
	struct loop *loop;
	struct settings settings;
	struct secrets secrets;
	struct store *store;
	unsigned int publications, calls, intents, loaded, states[4], reasserts;
	char why[256];
	struct store_publication last_publication;
	struct store_call last_call;
	unsigned char times[LAB_RECORDS]; // call number (start_wall_ns) was reported so often
	void (*on_reassert)(struct lab_engine *engine);
	// What the owner makes of an intent of an earlier run.
	void (*on_intent)(struct lab_engine *engine, const char *person, uint64_t expires_wall_ns);
	unsigned int saved_true, saved_false;
	unsigned int known; // calls from 0 on, for lab_save_known()
};

// Settings for tests: short time-outs. url "embedded" gets a directory of its own.
void lab_engine_init(struct lab_engine *engine, const char *url);
void lab_engine_open(struct lab_engine *engine);
void lab_open_ready(struct lab_engine *engine);   // until the store is ready, too
void lab_engine_close(struct lab_engine *engine); // in order: everything is written
// Closes it if need be, forgets what it was told, and opens it until it has been told all.
void lab_open_again(struct lab_engine *engine);
// The same: calls from 0 up to this one are there, each once.
void lab_read_back(struct lab_engine *engine, unsigned int calls);
void lab_engine_fini(struct lab_engine *engine);
// Runs the loop until it holds, fails the test after ten seconds.
#define lab_wait(engine, condition)                                      \
	do {                                                             \
		uint64_t lab_until = lab_deadline();                     \
		while (!(condition))                                     \
			lab_turn((engine)->loop, lab_until, #condition); \
	} while (0)
uint64_t lab_deadline(void);
void lab_turn(struct loop *loop, uint64_t until_ns, const char *what);

void lab_saved(void *engine, bool stored);
struct store_publication lab_publication(const char *person, const char *etag);
struct store_call lab_call(unsigned int number);
void lab_save_calls(struct lab_engine *engine, unsigned int from, unsigned int to); // excluded
void lab_save_known(struct lab_engine *engine);
void lab_drop_call(struct lab_engine *engine, unsigned int number);
