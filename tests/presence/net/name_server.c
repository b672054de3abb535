// SPDX-License-Identifier: Apache-2.0
// See name_server.h. RFC 1035 4.1, without compression but for the name that was asked for.
#include "name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { HEADER_BYTES = 12, NXDOMAIN = 3 };

static size_t put_u16(unsigned char *out, unsigned int value)
{
	out[0] = (unsigned char)(value >> 8);
	out[1] = (unsigned char)value;
	return 2;
}

static size_t put_name(unsigned char *out, const char *name)
{
	unsigned char *start = out;

	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t len = strcspn(name, ".");

		*out++ = (unsigned char)len;
		memcpy(out, name, len);
		out += len;
		name += len + (name[len] == '.');
	}
	*out++ = 0;
	return (size_t)(out - start);
}

static size_t put_data(unsigned char *out, const struct name_record *record)
{
	unsigned int priority, weight, port;
	char target[256];

	switch (record->type) {
	case 1: return inet_pton(AF_INET, record->data, out) == 1 ? 4 : 0;
	case 28: return inet_pton(AF_INET6, record->data, out) == 1 ? 16 : 0;
	case 33:
		assert_int_equal(
			sscanf(record->data, "%u %u %u %255s", &priority, &weight, &port, target),
			4);
		put_u16(out, priority);
		put_u16(out + 2, weight);
		put_u16(out + 4, port);
		return 6 + put_name(out + 6, target);
	default: return put_name(out, record->data);
	}
}

static size_t put_record(unsigned char *out, const struct name_record *record)
{
	unsigned char *start = out;

	out += put_name(out, record->name);
	out += put_u16(out, record->type);
	out += put_u16(out, 1);
	out += put_u16(out, record->ttl_s >> 16);
	out += put_u16(out, record->ttl_s & 0xffff);
	size_t len = put_data(out + 2, record);

	out += put_u16(out, (unsigned int)len);
	return (size_t)(out - start) + len;
}

// The name as text; returns the octets it takes.
static size_t get_name(const unsigned char *in, char *name)
{
	const unsigned char *start = in;

	while (*in != 0) {
		memcpy(name, in + 1, *in);
		name += *in;
		*name++ = '.';
		in += *in + 1;
	}
	name[-1] = '\0';
	return (size_t)(in - start) + 1;
}

static void answer(struct name_server *server, unsigned char *packet, size_t len,
		   const struct sockaddr_in *to)
{
	unsigned char reply[4096];
	char name[256];
	size_t name_len = get_name(packet + HEADER_BYTES, name);
	size_t at = HEADER_BYTES + name_len + 4;
	unsigned int type = packet[HEADER_BYTES + name_len + 1], count = 0;
	bool exists = false;

	memcpy(reply, packet, at);
	for (const struct name_record *r = server->records; r->name != NULL; r++) {
		if (strcasecmp(r->name, name) != 0)
			continue;
		exists = true;
		if (r->type == 5)
			snprintf(name, sizeof(name), "%s", r->data); // its target is further down
		else if (r->type != type)
			continue;
		at += put_record(reply + at, r);
		count++;
	}
	put_u16(reply + 2, 0x8180 | (unsigned int)(server->code ? server->code
						   : exists     ? 0
								: NXDOMAIN));
	put_u16(reply + 6, server->code ? 0 : count);
	put_u16(reply + 8, 0);
	put_u16(reply + 10, 0);
	if (server->garbage) {
		put_u16(reply + 6, 7);
		memset(reply + HEADER_BYTES + name_len + 4, 0xff, 40);
		at = HEADER_BYTES + name_len + 44;
	}
	sendto(server->watch.fd, reply, at, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void asked(struct loop_watch *watch, uint32_t events)
{
	struct name_server *server = watch->owner;
	unsigned char packet[1024] = {0};
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(watch->fd, packet, sizeof(packet), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);

	if (len < HEADER_BYTES)
		return;
	server->questions++;
	if (!server->silent)
		answer(server, packet, (size_t)len, &from);
}

void name_server_start(struct name_server *server, struct loop *loop,
		       const struct name_record *records)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*server = (struct name_server){.records = records};
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(server->address, sizeof(server->address), "127.0.0.1:%u", ntohs(address.sin_port));
	assert_int_equal(loop_watch_add(loop, &server->watch, fd, EPOLLIN, asked, server), 0);
}

void name_server_stop(struct name_server *server, struct loop *loop)
{
	int fd = server->watch.fd;

	loop_watch_remove(loop, &server->watch);
	close(fd);
}
