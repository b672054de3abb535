// SPDX-License-Identifier: Apache-2.0
// Calls through presence without chance: ring, call table, persons, publications, the registrar's
// template, transaction and TCP connection, and the store in memory, in one thread on a clock that
// is set by hand. The registrar is a few lines in the same thread. Under callgrind only what
// turn_counted() does is counted, so that the figure is the same each time (bench/README.md).
#include "bench/call_message.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/secret.h"
#include "config/settings.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "presence/net/loop.h"
#include "presence/registrar/registrar.h"
#include "presence/store/store.h"
#include "presence/worker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CALLS_AT_ONCE = 8,    // 16 persons: what a turn of a busy worker has together
	CALLS_FIRST = 256,    // not counted: tables and buffers grow to their size
	CALLS_COUNTED = 1024, // unless the user wants another number
	STREAM_BYTES = 1 << 18,
	TURNS_MOST = 10000,
};

struct bench {
	struct worker *worker;
	struct segment *segment;
	int listener, stream; // the registrar's
	void (*turn)(struct worker *worker);
	uint64_t now_ns;
	unsigned int tag; // of the last 2xx with one
	unsigned int initial, removed;
	char in[STREAM_BYTES], out[STREAM_BYTES];
	size_t in_len;
};

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

// Value of a header in what the engine has written, with its length.
static const char *header(const char *message, const char *name, size_t *len)
{
	const char *at = strstr(message, name);

	if (at == NULL)
		fail(name);
	at += strlen(name);
	*len = strcspn(at, "\r");
	return at;
}

// The answer to one PUBLISH; its length.
static size_t answer(struct bench *bench, const char *message, char *out, size_t size)
{
	static const char *const copied[] = {
		"\r\nVia: ", "\r\nFrom: ", "\r\nTo: ", "\r\nCall-ID: ", "\r\nCSeq: "};
	size_t len = (size_t)snprintf(out, size, "SIP/2.0 200 OK"), value_len;
	bool removal = strstr(message, "\r\nExpires: 0\r\n") != NULL;

	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		const char *value = header(message, copied[i], &value_len);

		len += (size_t)snprintf(out + len, size - len, "%s%.*s", copied[i], (int)value_len,
					value);
	}
	if (removal)
		bench->removed++;
	else
		bench->initial++;
	return len + (size_t)snprintf(out + len, size - len,
				      "\r\nSIP-ETag: tag-%u\r\nExpires: %s\r\nContent-Length: "
				      "0\r\n\r\n",
				      bench->tag++, removal ? "0" : "600");
}

// Answers what has come, all at once.
static void registrar_serve(struct bench *bench)
{
	ssize_t got = recv(bench->stream, bench->in + bench->in_len,
			   sizeof(bench->in) - 1 - bench->in_len, MSG_DONTWAIT);
	size_t used = 0, len = 0;

	if (got <= 0)
		return;
	bench->in_len += (size_t)got;
	bench->in[bench->in_len] = '\0';
	for (;;) {
		char *at = bench->in + used, *end = strstr(at, "\r\n\r\n");
		size_t digits, total;

		if (end == NULL)
			break;
		total = (size_t)(end - at) + 4 +
			strtoul(header(at, "\r\nContent-Length: ", &digits), NULL, 10);
		if (total > bench->in_len - used)
			break;
		end[2] = '\0';
		len += answer(bench, at, bench->out + len, sizeof(bench->out) - len);
		used += total;
	}
	memmove(bench->in, bench->in + used, bench->in_len - used);
	bench->in_len -= used;
	if (len > 0 && send(bench->stream, bench->out, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail("send");
}

static void pass(struct bench *bench, uint64_t ns)
{
	clock_set(bench->now_ns += ns);
}

static __attribute__((noinline)) void turn(struct worker *worker)
{
	if (!worker_turn(worker))
		loop_run_once(worker_parts(worker)->loop, 0);
}

// callgrind --toggle-collect=turn_counted
static __attribute__((noinline)) void turn_counted(struct worker *worker)
{
	turn(worker);
}

// What the events just pushed lead to: PUBLISH, answers, batches of the store.
static void settle(struct bench *bench, const unsigned int *count, unsigned int wanted)
{
	const struct worker_parts *parts = worker_parts(bench->worker);
	int turns = 0;

	do {
		if (turns++ == TURNS_MOST)
			fail("the engine does not publish");
		bench->turn(bench->worker);
		registrar_serve(bench);
		pass(bench, NS_PER_MS / 8);
	} while (*count < wanted || registrar_open(parts->registrar) > 0);
	for (; store_backlog(parts->store) > 0; pass(bench, NS_PER_MS))
		bench->turn(bench->worker);
}

static void push(struct bench *bench, uint64_t first, int step)
{
	struct call_event event;

	for (uint64_t i = 0; i < CALLS_AT_ONCE; i++) {
		call_message(&event, first + i, step, UINT64_MAX);
		if (!event_ring_push(segment_ring(bench->segment, 0), &event))
			fail("event_ring_push");
	}
	event_ring_publish(segment_ring(bench->segment, 0));
}

static void run(struct bench *bench, uint64_t first, uint64_t count)
{
	for (uint64_t call = first; call < first + count; call += CALLS_AT_ONCE) {
		push(bench, call, 0);
		push(bench, call, 1);
		settle(bench, &bench->initial, bench->initial + 2 * CALLS_AT_ONCE);
		push(bench, call, 2);
		push(bench, call, 3);
		push(bench, call, 4);
		settle(bench, &bench->removed, bench->removed + 2 * CALLS_AT_ONCE);
	}
}

static void registrar_listen(struct bench *bench, struct settings *settings)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	bench->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(bench->listener, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(bench->listener, (struct sockaddr *)&address, &len) < 0 ||
	    listen(bench->listener, 4) < 0 || fcntl(bench->listener, F_SETFL, O_NONBLOCK) < 0)
		fail("listen");
	snprintf(settings->registrar.target[0], SETTINGS_TEXT, "sip:127.0.0.1:%u;transport=tcp",
		 ntohs(address.sin_port));
	settings->registrar.target_count = 1;
	settings->registrar.connections = 1;
}

static void start(struct bench *bench, int doorbell, int *segment_fd)
{
	static const struct secrets no_secrets;
	static struct settings settings;
	char error[256] = "";

	settings_default(&settings);
	strcpy(settings.directory.map_any, "bench.example");
	strcpy(settings.store.url, "memory");
	settings.registrar.rate = settings.registrar.burst = 1e6;
	registrar_listen(bench, &settings);
	bench->now_ns = clock_mono_ns();
	clock_set(bench->now_ns);
	bench->segment = segment_create(1, 1024, segment_fd);
	bench->worker = worker_new(
		&(struct worker_options){&settings, &no_secrets, bench->segment, doorbell}, error,
		sizeof(error));
	if (bench->worker == NULL) {
		fprintf(stderr, "bench-call: %s\n", error);
		exit(EXIT_FAILURE);
	}
	for (bench->stream = -1; bench->stream < 0;) {
		turn(bench->worker);
		pass(bench, NS_PER_MS);
		bench->stream = accept4(bench->listener, NULL, NULL, SOCK_NONBLOCK);
	}
}

int main(int argc, char **argv)
{
	static struct bench bench;
	uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 10) : CALLS_COUNTED;
	int segment_fd, doorbell = doorbell_create();

	log_init("bench-call", LOG_TO_STDERR, LOG_ERROR);
	start(&bench, doorbell, &segment_fd);
	bench.turn = turn;
	run(&bench, 0, CALLS_FIRST);
	bench.turn = turn_counted;
	run(&bench, CALLS_FIRST, calls);
	printf("calls %" PRIu64 " initial %u removed %u\n", calls, bench.initial, bench.removed);
	worker_free(bench.worker);
	segment_unmap(bench.segment);
	close(bench.stream);
	close(bench.listener);
	close(segment_fd);
	close(doorbell);
	return bench.initial == bench.removed ? EXIT_SUCCESS : EXIT_FAILURE;
}
