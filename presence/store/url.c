// SPDX-License-Identifier: Apache-2.0
// Parser of the store's address.
#include "presence/store/url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int bad(char *error, size_t error_size, const char *why)
{
	snprintf(error, error_size, "%s", why);
	return -EINVAL;
}

static bool number(const char *text, size_t len, unsigned int max, unsigned int *out)
{
	unsigned int value = 0;

	if (!len || len > 5 || strspn(text, "0123456789") < len)
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (unsigned int)(text[i] - '0');
	*out = value;
	return value <= max;
}

static int parse_tcp(const char *text, struct url *out, char *error, size_t size)
{
	size_t all = strcspn(text, "/?"), len;
	const char *host = text, *port = NULL, *slash = text + all;
	unsigned int value = URL_REDIS_PORT;

	if (memchr(text, '@', all))
		return bad(error, size,
			   "no user or password in here: use store.user and "
			   "store.password");
	if (*host == '[') {
		host++;
		len = strcspn(host, "]");
		if (host + len >= slash)
			return bad(error, size, "the bracket of the IPv6 address is not closed");
		port = host + len + 1;
	} else {
		len = strcspn(host, ":/?");
		port = host + len;
	}
	if (!len || len >= sizeof(out->host))
		return bad(error, size, "redis:// wants a host: redis://host[:port][/db]");
	memcpy(out->host, host, len);
	out->host[len] = 0;
	if (port != slash &&
	    (*port != ':' || !number(port + 1, (size_t)(slash - port - 1), UINT16_MAX, &value) ||
	     !value))
		return bad(error, size, "the port is not a number from 1 to 65535");
	out->port = (uint16_t)value;
	if (*slash == '?')
		return bad(error, size, "redis:// names its database as redis://host/2");
	if (*slash == '/' && slash[1] &&
	    !number(slash + 1, strlen(slash + 1), URL_DATABASES - 1, &out->database))
		return bad(error, size, "the database is not a number from 0 to 9999");
	return 0;
}

static int parse_unix(const char *path, struct url *out, char *error, size_t size)
{
	size_t len = strcspn(path, "?");

	if (*path != '/' || len < 2)
		return bad(error, size,
			   "redis+unix:// wants an absolute path: "
			   "redis+unix:///run/redis/redis.sock");
	if (len >= sizeof(out->path))
		return bad(error, size, "the path of a unix socket has at most 107 octets");
	memcpy(out->path, path, len);
	out->path[len] = 0;
	if (path[len] &&
	    (strncmp(path + len, "?db=", 4) != 0 ||
	     !number(path + len + 4, strlen(path + len + 4), URL_DATABASES - 1, &out->database)))
		return bad(error, size, "after the path comes nothing or ?db=n, n from 0 to 9999");
	return 0;
}

int url_parse(const char *text, struct url *out, char *error, size_t error_size)
{
	static const char tcp[] = "redis://", local[] = "redis+unix://";

	memset(out, 0, sizeof(*out));
	if (!strcmp(text, "memory"))
		out->kind = URL_MEMORY;
	else if (!strcmp(text, "embedded"))
		out->kind = URL_EMBEDDED;
	else if (!strncmp(text, tcp, strlen(tcp)))
		out->kind = URL_TCP;
	else if (!strncmp(text, local, strlen(local)))
		out->kind = URL_UNIX;
	switch (out->kind) {
	case URL_TCP: return parse_tcp(text + strlen(tcp), out, error, error_size);
	case URL_UNIX: return parse_unix(text + strlen(local), out, error, error_size);
	case URL_MEMORY:
	case URL_EMBEDDED: return 0;
	case URL_NONE: break;
	}
	return bad(error, error_size,
		   "a store is embedded, memory, redis://host[:port][/db] or "
		   "redis+unix:///path[?db=n]");
}
