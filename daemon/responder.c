// SPDX-License-Identifier: Apache-2.0
#include "daemon/responder.h"

#include "config/clock.h"
#include "presence/net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// To ask in, and to read the answer in; then a client is cut off, however slowly it goes on.
#define RESPONDER_PATIENCE_NS (10 * NS_PER_S)

struct client {
	struct client *next;
	struct responder *responder;
	struct loop_watch watch;
	struct timer timer;
	char request[RESPONDER_REQUEST_BYTES];
	size_t request_len;
	char *answer;
	size_t answer_len, answer_sent;
};

struct responder {
	struct responder_options options;
	struct loop_watch watch;
	struct client *clients;
	unsigned int client_count;
};

static void client_free(struct client *client)
{
	struct responder *responder = client->responder;
	struct client **link = &responder->clients;
	int fd = client->watch.fd;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	responder->client_count--;
	timer_cancel(loop_wheel(responder->options.loop), &client->timer);
	loop_watch_remove(responder->options.loop, &client->watch);
	close(fd);
	free(client->answer);
	free(client);
}

static void client_late(struct timer *timer)
{
	client_free((struct client *)((char *)timer - offsetof(struct client, timer)));
}

static void client_patience(struct client *client)
{
	timer_set(loop_wheel(client->responder->options.loop), &client->timer,
		  clock_mono_ns() + RESPONDER_PATIENCE_NS, client_late);
}

static void client_send(struct client *client)
{
	while (client->answer_sent < client->answer_len) {
		ssize_t n = send(client->watch.fd, client->answer + client->answer_sent,
				 client->answer_len - client->answer_sent, MSG_NOSIGNAL);

		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			loop_watch_change(client->responder->options.loop, &client->watch,
					  EPOLLOUT);
			return;
		}
		if (n == -1)
			break;
		client->answer_sent += (size_t)n;
	}
	client_free(client);
}

static void client_answer(struct client *client)
{
	const struct responder_options *options = &client->responder->options;
	FILE *out = open_memstream(&client->answer, &client->answer_len);

	if (out == NULL) {
		client_free(client);
		return;
	}
	options->answer(options->ctx, client->request, out);
	if (fclose(out) != 0) {
		client_free(client);
		return;
	}
	client_patience(client);
	client_send(client);
}

// Best effort: it may be gone, or not read.
static void refuse(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void client_refuse(struct client *client)
{
	refuse(client->watch.fd, client->responder->options.too_long);
	client_free(client);
}

static void client_ready(struct loop_watch *watch, uint32_t events)
{
	struct client *client = watch->owner;
	ssize_t n;

	(void)events;
	if (client->answer != NULL) {
		client_send(client);
		return;
	}
	n = recv(watch->fd, client->request + client->request_len,
		 sizeof(client->request) - 1 - client->request_len, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_free(client);
		return;
	}
	client->request_len += (size_t)n;
	client->request[client->request_len] = '\0';
	if (strstr(client->request, client->responder->options.end) != NULL)
		client_answer(client);
	else if (client->request_len == sizeof(client->request) - 1)
		client_refuse(client);
}

static void responder_accept(struct loop_watch *watch, uint32_t events)
{
	struct responder *responder = watch->owner;
	const struct responder_options *options = &responder->options;
	struct client *client = NULL;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd == -1)
		return; // gone again; a listening socket has no other way to fail here
	if (options->allowed == NULL || options->allowed(options->ctx, fd)) {
		if (responder->client_count < RESPONDER_CLIENTS)
			client = calloc(1, sizeof(*client));
		else
			refuse(fd, options->busy);
	}
	if (client == NULL ||
	    loop_watch_add(options->loop, &client->watch, fd, EPOLLIN, client_ready, client) < 0) {
		free(client);
		close(fd);
		return;
	}
	client->responder = responder;
	client->next = responder->clients;
	responder->clients = client;
	responder->client_count++;
	client_patience(client);
}

struct responder *responder_new(const struct responder_options *options)
{
	struct responder *responder = calloc(1, sizeof(*responder));

	if (responder == NULL)
		return NULL;
	responder->options = *options;
	if (loop_watch_add(options->loop, &responder->watch, options->listen_fd, EPOLLIN,
			   responder_accept, responder) < 0) {
		free(responder);
		return NULL;
	}
	return responder;
}

void responder_free(struct responder *responder)
{
	if (responder == NULL)
		return;
	while (responder->clients != NULL)
		client_free(responder->clients);
	loop_watch_remove(responder->options.loop, &responder->watch);
	free(responder);
}
