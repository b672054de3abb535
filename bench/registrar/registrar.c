// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/registrar.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TAG_SLOTS = 1 << 20, // publications at a time; a power of two
	STREAMS = 16,
	STREAM_BYTES = 1 << 18,
	MESSAGE_BYTES = 4096,
};

struct stream {
	int fd;
	size_t len;
	char data[STREAM_BYTES];
};

static struct registrar_counts *shared;
static uint32_t *tag_serial; // by slot: the serial of the tag in force, 0: none
static uint32_t next_serial = 1, next_slot;
static pid_t registrar_pid;

// Value of a header as the engine writes it, or NULL. The engine's own requests are regular.
static const char *header(const char *message, const char *name)
{
	const char *at = strcasestr(message, name);

	return at == NULL ? NULL : at + strlen(name);
}

// "slot-serial" is the tag; it tells what it is of without a look-up by person.
static bool tag_take(const char *tag, uint32_t *slot)
{
	unsigned int serial;

	if (sscanf(tag, " %u-%u", slot, &serial) != 2 || *slot >= TAG_SLOTS ||
	    tag_serial[*slot] != serial)
		return false;
	return true;
}

static size_t line_copy(char *out, const char *message, const char *name, const char *suffix)
{
	const char *value = header(message, name);
	size_t len = value != NULL ? strcspn(value, "\r\n") : 0;

	return (size_t)sprintf(out, "%s%.*s%s\r\n", name + 2, (int)len, value != NULL ? value : "",
			       suffix);
}

static int publish_judge(const char *message, uint32_t *slot, uint32_t *expires)
{
	const char *tag = header(message, "\r\nSIP-If-Match:");
	const char *lifetime = header(message, "\r\nExpires:");
	bool body = strstr(message, "Content-Length: 0") == NULL;

	*expires = lifetime != NULL ? (uint32_t)strtoul(lifetime, NULL, 10) : 600;
	if (tag == NULL) {
		shared->initial++;
		shared->published++;
		while (tag_serial[next_slot % TAG_SLOTS] != 0)
			next_slot++;
		*slot = next_slot++ % TAG_SLOTS;
		return 200;
	}
	if (!tag_take(tag, slot)) {
		shared->unknown_tag++;
		return 412;
	}
	if (*expires == 0) {
		shared->removed++;
		shared->published--;
	} else if (body) {
		shared->modify++;
	} else {
		shared->refresh++;
	}
	return 200;
}

// The answer's length; 0: none is due.
static size_t answer_write(char *out, const char *message)
{
	uint32_t slot = 0, expires = 0;
	size_t len = 0;
	int status;

	if (strncmp(message, "PUBLISH ", 8) != 0) {
		shared->not_publish++;
		return 0;
	}
	status = publish_judge(message, &slot, &expires);
	len += (size_t)sprintf(out, "SIP/2.0 %d %s\r\n", status,
			       status == 200 ? "OK" : "Conditional Request Failed");
	len += line_copy(out + len, message, "\r\nVia:", "");
	len += line_copy(out + len, message, "\r\nFrom:", "");
	len += line_copy(out + len, message, "\r\nTo:", ";tag=bench");
	len += line_copy(out + len, message, "\r\nCall-ID:", "");
	len += line_copy(out + len, message, "\r\nCSeq:", "");
	if (status == 200) {
		tag_serial[slot] = expires == 0 ? 0 : next_serial++;
		len += (size_t)sprintf(out + len, "SIP-ETag: %u-%u\r\nExpires: %u\r\n", slot,
				       tag_serial[slot], expires);
	}
	return len + (size_t)sprintf(out + len, "Content-Length: 0\r\n\r\n");
}

static void serve_datagrams(int fd)
{
	char message[MESSAGE_BYTES], answer[MESSAGE_BYTES];
	struct sockaddr_in from;

	for (int i = 0; i < 64; i++) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, message, sizeof(message) - 1, MSG_DONTWAIT,
				     (struct sockaddr *)&from, &from_len);
		size_t len;

		if (n <= 0)
			return;
		message[n] = '\0';
		len = answer_write(answer, message);
		if (len > 0)
			(void)!sendto(fd, answer, len, 0, (struct sockaddr *)&from, from_len);
	}
}

// false: the stream has ended.
static bool serve_stream(struct stream *stream)
{
	static char answers[STREAM_BYTES * 2], message[MESSAGE_BYTES];
	size_t answered = 0, used = 0;
	ssize_t n = recv(stream->fd, stream->data + stream->len,
			 sizeof(stream->data) - 1 - stream->len, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return false;
	if (n < 0)
		return true;
	stream->len += (size_t)n;
	stream->data[stream->len] = '\0';
	while (used < stream->len) {
		const char *start = stream->data + used;
		const char *end = strstr(start, "\r\n\r\n");
		const char *length;
		size_t total;

		if (start[0] == '\r' || start[0] == '\n') { // keep-alive
			used++;
			continue;
		}
		length = end != NULL ? header(start, "\r\nContent-Length:") : NULL;
		if (length == NULL)
			break;
		total = (size_t)(end - start) + 4 + strtoul(length, NULL, 10);
		if (total > stream->len - used || total >= sizeof(message))
			break;
		memcpy(message, start, total);
		message[total] = '\0';
		answered += answer_write(answers + answered, message);
		used += total;
	}
	memmove(stream->data, stream->data + used, stream->len - used);
	stream->len -= used;
	for (size_t sent = 0; sent < answered; sent += (size_t)n) {
		n = send(stream->fd, answers + sent, answered - sent, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static _Noreturn void serve(int udp, int listener)
{
	static struct stream streams[STREAMS];
	struct pollfd fds[2 + STREAMS] = {{udp, POLLIN, 0}, {listener, POLLIN, 0}};
	int on = 1;

	for (int i = 0; i < STREAMS; i++)
		fds[2 + i] = (struct pollfd){-1, POLLIN, 0};
	for (;;) {
		if (poll(fds, 2 + STREAMS, -1) < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		serve_datagrams(udp);
		if ((fds[1].revents & POLLIN) != 0) {
			int i = 0;

			while (i < STREAMS - 1 && fds[2 + i].fd >= 0)
				i++;
			if (fds[2 + i].fd >= 0)
				close(fds[2 + i].fd);
			fds[2 + i].fd = streams[i].fd = accept(listener, NULL, NULL);
			streams[i].len = 0;
			setsockopt(streams[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		}
		for (int i = 0; i < STREAMS; i++) {
			if (fds[2 + i].fd >= 0 && !serve_stream(&streams[i])) {
				close(fds[2 + i].fd);
				fds[2 + i].fd = -1;
			}
		}
	}
}

static int listen_both(uint16_t port, int *udp, int *listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int buffer = 8 << 20, on = 1;

	address.sin_port = htons(port);
	*udp = socket(AF_INET, SOCK_DGRAM, 0);
	*listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(*udp, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (bind(*udp, (struct sockaddr *)&address, len) == -1 ||
	    getsockname(*udp, (struct sockaddr *)&address, &len) == -1 ||
	    bind(*listener, (struct sockaddr *)&address, len) == -1 ||
	    listen(*listener, STREAMS) == -1)
		return -errno;
	return ntohs(address.sin_port);
}

int bench_registrar_start(uint16_t wanted, struct registrar_counts **counts)
{
	int udp, listener, port = listen_both(wanted, &udp, &listener);

	if (port < 0)
		return port;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return -errno;
	registrar_pid = fork();
	if (registrar_pid == -1)
		return -errno;
	if (registrar_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		tag_serial = calloc(TAG_SLOTS, sizeof(*tag_serial));
		if (tag_serial == NULL)
			_exit(EXIT_FAILURE);
		serve(udp, listener);
	}
	close(udp);
	close(listener);
	*counts = shared;
	return port;
}

void bench_registrar_stop(void)
{
	kill(registrar_pid, SIGKILL);
	waitpid(registrar_pid, NULL, 0);
}
