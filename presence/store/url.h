// SPDX-License-Identifier: Apache-2.0
// Where the store is: the text of settings->store.url, taken apart.
//   memory | embedded | redis://host[:port][/db] | redis+unix:///path[?db=n]
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

enum url_kind { URL_NONE, URL_MEMORY, URL_EMBEDDED, URL_TCP, URL_UNIX };

enum { URL_REDIS_PORT = 6379, URL_DATABASES = 10000 };

struct url {
	enum url_kind kind;
	char host[256]; // IPv6 without brackets
	uint16_t port;
	char path[108]; // as long as sockaddr_un's
	unsigned int database;
};

// 0, or -EINVAL with a sentence in error.
int url_parse(const char *text, struct url *out, char *error, size_t error_size);
