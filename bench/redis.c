// SPDX-License-Identifier: Apache-2.0
#include "bench/redis.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// One that is free now; redis-server takes no port of its own choice.
static int free_port(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;

	if (bind(fd, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		error = -errno;
	close(fd);
	*port = ntohs(address.sin_port);
	return error;
}

static _Noreturn void become_server(const struct redis_server *server, const char *directory,
				    int words)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", server->port);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(words, STDOUT_FILENO);
	close_range(3, ~0U, 0);
	execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
	       "--unixsocket", server->path, "--unixsocketperm", "700", "--dir", directory,
	       "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--databases", "1",
	       "--maxmemory-policy", "noeviction", NULL);
	_exit(127);
}

// Its own words are what is waited for.
static int await_ready(int words)
{
	char text[8192] = "";
	size_t len = 0;
	ssize_t got;

	while ((got = read(words, text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)got;
		text[len] = '\0';
		if (strcasestr(text, "ready to accept connections") != NULL)
			return 0;
	}
	fprintf(stderr, "bench: redis-server does not start: %s\n", text);
	return -ECHILD;
}

int redis_server_start(struct redis_server *server, const char *directory)
{
	int words[2], error = free_port(&server->port);

	if (error < 0 || pipe(words) < 0)
		return error < 0 ? error : -errno;
	snprintf(server->path, sizeof(server->path), "%s/redis.sock", directory);
	server->pid = fork();
	if (server->pid == 0)
		become_server(server, directory, words[1]);
	close(words[1]);
	error = server->pid < 0 ? -errno : await_ready(words[0]);
	close(words[0]); // it says little from now on, and may lose it
	return error;
}

void redis_server_stop(struct redis_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}
