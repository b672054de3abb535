// SPDX-License-Identifier: Apache-2.0
// Life of the private redis-server: lock, adopt or start, listen to its words, start again.
#include "presence/store/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/store/backoff.h"
#include "presence/store/child.h"
#include "presence/store/server_conf.h"

METRIC_COUNTER(starts, "offhook_store_server_starts", NULL, "Starts of the embedded redis-server");

enum {
	LINE_BYTES = 512,
	SOCKET_BYTES = 108, // sockaddr_un
	// redis-server writes its append-only file at SIGTERM: more than this, and it is stuck.
	STOP_MS = 2000,
	// A server that says nothing we understand is tried all the same.
	WORDS_MS = 2000,
};

struct embedded {
	struct timer retry; // first member; starts it, or ends the wait for its words
	struct loop *loop;
	embedded_up_fn *up;
	embedded_down_fn *down;
	void *ctx;
	char program[SETTINGS_TEXT], dir[SETTINGS_TEXT];
	char socket[SOCKET_BYTES];
	int lock;             // of the directory; -1: another engine has it
	int pid_fd, words_fd; // -1: none
	bool is_child;        // else an orphan of an earlier engine
	struct loop_watch gone, words;
	struct backoff backoff;
	char line[LINE_BYTES]; // its last words
	size_t line_len;
};

static void start(struct timer *timer);

static void start_later(struct embedded *embedded, const char *why)
{
	embedded->down(embedded->ctx, why);
	timer_set(loop_wheel(embedded->loop), &embedded->retry,
		  clock_mono_ns() + backoff_next_ns(&embedded->backoff), start);
}

static void forget_process(struct embedded *embedded)
{
	if (embedded->pid_fd >= 0) {
		loop_watch_remove(embedded->loop, &embedded->gone);
		close(embedded->pid_fd);
	}
	if (embedded->words_fd >= 0) {
		loop_watch_remove(embedded->loop, &embedded->words);
		close(embedded->words_fd);
	}
	embedded->pid_fd = -1;
	embedded->words_fd = -1;
}

static void reap(struct embedded *embedded)
{
	siginfo_t info;

	if (embedded->is_child)
		waitid(P_PIDFD, (id_t)embedded->pid_fd, &info, WEXITED);
}

static void read_words(struct embedded *embedded);

static void process_gone(struct loop_watch *watch, uint32_t events)
{
	struct embedded *embedded = watch->owner;

	if (embedded->words_fd >= 0)
		read_words(embedded);
	reap(embedded);
	forget_process(embedded);
	log_warn("store", "server-gone", "dir=%s said=%s", log_quote(embedded->dir),
		 log_quote(embedded->line));
	start_later(embedded, "the embedded redis-server has ended");
}

// "12345:M 20 Nov 2026 14:00:00.000 * Ready to accept connections"; all versions say so, and only
// when their files are read.
static void heard(struct embedded *embedded)
{
	log_debug("store", "server-says", "line=%s", log_quote(embedded->line));
	if (!strcasestr(embedded->line, "ready to accept connections"))
		return;
	timer_cancel(loop_wheel(embedded->loop), &embedded->retry);
	backoff_reset(&embedded->backoff);
	embedded->up(embedded->ctx);
}

static void read_words(struct embedded *embedded)
{
	char text[LINE_BYTES];
	ssize_t got;

	while ((got = read(embedded->words_fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < got; i++) {
			if (text[i] != '\n') {
				if (embedded->line_len < LINE_BYTES - 1)
					embedded->line[embedded->line_len++] = text[i];
				continue;
			}
			embedded->line[embedded->line_len] = 0;
			if (embedded->line_len)
				heard(embedded);
			embedded->line_len = 0;
		}
	if (got == 0) { // it closed its output; its end is heard by pid_fd
		loop_watch_remove(embedded->loop, &embedded->words);
		close(embedded->words_fd);
		embedded->words_fd = -1;
	}
}

static void words_ready(struct loop_watch *watch, uint32_t events)
{
	read_words(watch->owner);
}

static void no_words(struct timer *timer)
{
	struct embedded *embedded = (struct embedded *)timer;

	embedded->up(embedded->ctx);
}

static int watch_process(struct embedded *embedded)
{
	int error = loop_watch_add(embedded->loop, &embedded->gone, embedded->pid_fd, EPOLLIN,
				   process_gone, embedded);

	if (!error && embedded->words_fd >= 0)
		error = loop_watch_add(embedded->loop, &embedded->words, embedded->words_fd,
				       EPOLLIN, words_ready, embedded);
	return error;
}

// A server of an engine that was killed may still be there, or be about to end. 0: it is ours now;
// -ENOENT: there is none; else there is one that can't be had: two in one directory would spoil it.
static int adopt(struct embedded *embedded)
{
	struct sockaddr_un peer = {.sun_family = AF_UNIX};
	struct ucred who = {0};
	socklen_t len = sizeof(who);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;

	if (fd < 0)
		return -errno;
	strcpy(peer.sun_path, embedded->socket);
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		error = errno == ENOENT || errno == ECONNREFUSED ? -ENOENT : -EBUSY;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		error = -EBUSY;
	close(fd);
	if (error)
		return error;
	embedded->pid_fd = pidfd_open(who.pid, 0);
	if (embedded->pid_fd < 0)
		return -EBUSY;
	embedded->is_child = false;
	snprintf(embedded->line, sizeof(embedded->line), "(adopted, pid %d)", who.pid);
	log_info("store", "server-adopted", "pid=%d dir=%s", who.pid, log_quote(embedded->dir));
	return 0;
}

static int lock_directory(struct embedded *embedded)
{
	char path[SETTINGS_TEXT + 8];

	if (embedded->lock >= 0)
		return 0;
	snprintf(path, sizeof(path), "%s/lock", embedded->dir);
	embedded->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (embedded->lock < 0)
		return -errno;
	if (!flock(embedded->lock, LOCK_EX | LOCK_NB))
		return 0;
	close(embedded->lock);
	embedded->lock = -1;
	return -EBUSY;
}

static int spawn(struct embedded *embedded)
{
	const char *argv[] = {embedded->program, "-", NULL};
	char *text = server_conf(embedded->dir, embedded->socket);
	int error;

	if (!text)
		return -ENOMEM;
	error = child_start(argv, text, &embedded->pid_fd, &embedded->words_fd);
	free(text);
	if (error)
		return error;
	embedded->is_child = true;
	embedded->line[0] = 0;
	embedded->line_len = 0;
	metric_add(&starts, 1);
	return 0;
}

// Nothing is half running: a process that can't be watched is ended.
static int start_process(struct embedded *embedded)
{
	int error = adopt(embedded);

	if (error == -ENOENT)
		error = spawn(embedded);
	if (error)
		return error;
	error = watch_process(embedded);
	if (error) {
		pidfd_send_signal(embedded->pid_fd, SIGKILL, NULL, 0);
		reap(embedded);
		forget_process(embedded);
	}
	return error;
}

static void start(struct timer *timer)
{
	struct embedded *embedded = (struct embedded *)timer;
	int error = lock_directory(embedded);

	if (!error)
		error = start_process(embedded);
	if (error == -EBUSY) {
		start_later(embedded, "another engine works in this state directory");
	} else if (error) {
		log_warn("store", "server-start", "program=%s dir=%s error=%s",
			 log_quote(embedded->program), log_quote(embedded->dir),
			 log_quote(strerror(-error)));
		start_later(embedded, "the embedded redis-server can't be started");
	} else if (!embedded->is_child) {
		embedded->up(embedded->ctx);
	} else {
		timer_set(loop_wheel(embedded->loop), &embedded->retry,
			  clock_mono_ns() + WORDS_MS * NS_PER_MS, no_words);
	}
}

static int make_directories(struct embedded *embedded, const char *state_dir)
{
	if (snprintf(embedded->dir, sizeof(embedded->dir), "%s/store", state_dir) >=
		    (int)sizeof(embedded->dir) ||
	    snprintf(embedded->socket, sizeof(embedded->socket), "%s/redis.sock", embedded->dir) >=
		    (int)sizeof(embedded->socket)) {
		log_error("store", "state-dir",
			  "dir=%s text=\"too long for a unix socket: at most 90 octets\"",
			  log_quote(state_dir));
		return -ENAMETOOLONG;
	}
	if ((mkdir(state_dir, 0700) < 0 && errno != EEXIST) ||
	    (mkdir(embedded->dir, 0700) < 0 && errno != EEXIST)) {
		int error = errno;

		log_error("store", "state-dir", "dir=%s error=%s", log_quote(embedded->dir),
			  log_quote(strerror(error)));
		return -error;
	}
	return 0;
}

struct embedded *embedded_new(struct loop *loop, const struct settings *settings,
			      embedded_up_fn *up, embedded_down_fn *down, void *ctx)
{
	struct embedded *embedded = calloc(1, sizeof(*embedded));
	int error;

	if (!embedded)
		return NULL;
	error = make_directories(embedded, settings->engine.state_dir);
	if (error) {
		free(embedded);
		errno = -error;
		return NULL;
	}
	memcpy(embedded->program, settings->store.redis_server, sizeof(embedded->program));
	embedded->loop = loop;
	embedded->up = up;
	embedded->down = down;
	embedded->ctx = ctx;
	embedded->gone.fd = embedded->words.fd = -1;
	embedded->lock = -1;
	embedded->pid_fd = -1;
	embedded->words_fd = -1;
	timer_set(loop_wheel(loop), &embedded->retry, clock_mono_ns(), start);
	return embedded;
}

static void stop(struct embedded *embedded, uint64_t until_ns)
{
	struct pollfd end = {.fd = embedded->pid_fd, .events = POLLIN};
	uint64_t now_ns = clock_mono_ns();
	uint64_t patience_ms = until_ns > now_ns ? (until_ns - now_ns) / NS_PER_MS : 0;

	if (patience_ms < STOP_MS)
		patience_ms = STOP_MS;
	pidfd_send_signal(embedded->pid_fd, SIGTERM, NULL, 0);
	if (poll(&end, 1, (int)patience_ms) == 1)
		return;
	log_warn("store", "server-killed", "dir=%s text=\"redis-server did not end by itself\"",
		 log_quote(embedded->dir));
	pidfd_send_signal(embedded->pid_fd, SIGKILL, NULL, 0);
	poll(&end, 1, -1);
}

void embedded_free(struct embedded *embedded, uint64_t until_ns)
{
	if (!embedded)
		return;
	timer_cancel(loop_wheel(embedded->loop), &embedded->retry);
	if (embedded->pid_fd >= 0) {
		stop(embedded, until_ns);
		reap(embedded);
	}
	forget_process(embedded);
	if (embedded->lock >= 0)
		close(embedded->lock);
	free(embedded);
}

const char *embedded_socket(const struct embedded *embedded)
{
	return embedded->socket;
}
