// SPDX-License-Identifier: Apache-2.0
#include "daemon/offhookctl/verb.h"

#include "daemon/capture_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// The worker answers between two rounds of its loop; more than this and it hangs.
enum { ASK_TIMEOUT_S = 15 };

static const char *ask_hint(int error)
{
	switch (error) {
	case ENOENT: return "is offhookd running? --socket names another engine's";
	case ECONNREFUSED: return "offhookd is not running";
	case EACCES: return "only root and members of control.group may ask";
	case EAGAIN: return "the engine does not answer; see its log";
	default: return "see the engine's log";
	}
}

static int ask_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = ASK_TIMEOUT_S};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "offhookctl: %s is too long for a socket's name\n", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == -1 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		fprintf(stderr, "offhookctl: %s: %s; %s\n", path, strerror(errno), ask_hint(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

// Who is turned away before asking is told so in text, whatever was asked for.
static bool begins_with(const char *buf, ssize_t len, const char *word)
{
	return (size_t)len >= strlen(word) && memcmp(buf, word, strlen(word)) == 0;
}

// Parts of an answer stood on the wire once: nothing of it shall reach a terminal as a command.
static void control_characters_mask(char *buf, ssize_t len)
{
	for (ssize_t i = 0; i < len; i++)
		if (((unsigned char)buf[i] < ' ' && buf[i] != '\n') || buf[i] == 0x7f)
			buf[i] = '?';
}

// An answer may say that it failed; what is for people goes where errors go.
static int answer_copy(int fd, const char *socket_path)
{
	static const char again[] = CAPTURE_WAIT "\n";
	bool first = true, failed = false;
	FILE *out = stdout;
	char buf[65536];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		if (first && n == sizeof(again) - 1 && memcmp(buf, again, (size_t)n) == 0)
			return VERB_AGAIN;
		if (first && begins_with(buf, n, "error:"))
			out = stderr;
		if (first)
			failed = out == stderr || begins_with(buf, n, "{\"error\":");
		first = false;
		control_characters_mask(buf, n);
		fwrite(buf, 1, (size_t)n, out);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "offhookctl: standard output: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	if (first || (n == -1 && !failed))
		fprintf(stderr, "offhookctl: %s: %s\n", socket_path,
			n == -1 ? ask_hint(errno) : "the engine closed without an answer");
	return n == 0 && !first && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int verb_ask(const char *socket_path, const char *verb, const char *argument, bool json)
{
	char request[1024];
	int fd, rc, len;

	len = snprintf(request, sizeof(request), "%s %s%s\n", verb, argument,
		       json ? " --json" : "");
	if (len < 0 || (size_t)len >= sizeof(request)) {
		fprintf(stderr, "offhookctl: %.40s... is too long\n", argument);
		return 2;
	}
	fd = ask_connect(socket_path);
	if (fd == -1)
		return EXIT_FAILURE;
	// EPIPE: it was refused, and the reason can be read.
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) == len || errno == EPIPE) {
		rc = answer_copy(fd, socket_path);
	} else {
		fprintf(stderr, "offhookctl: %s: %s\n", socket_path, strerror(errno));
		rc = EXIT_FAILURE;
	}
	close(fd);
	return rc;
}
