// SPDX-License-Identifier: Apache-2.0
// The settings' way to name a target: a SIP URI without a user (RFC 3261 19.1), of which only
// scheme, host, port and transport count.
#include "presence/net/resolver.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_host(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (strchr(host, ':') != NULL)
		return inet_pton(AF_INET6, host, address) == 1;
	for (const char *c = host; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("-._", *c) == NULL)
			return false;
	return host[0] != '\0' && host[0] != '.' && host[0] != '-';
}

// Copies the host, without brackets, and returns what follows it, or NULL.
static const char *parse_host(const char *text, struct resolver_target *target)
{
	bool bracketed = text[0] == '[';
	size_t len;

	text += bracketed;
	len = strcspn(text, bracketed ? "]" : ":;?");
	if (len >= sizeof(target->host) || (bracketed && text[len] != ']'))
		return NULL;
	memcpy(target->host, text, len);
	target->host[len] = '\0';
	if (!is_host(target->host) || bracketed != (strchr(target->host, ':') != NULL))
		return NULL;
	return text + len + bracketed;
}

static const char *parse_port(const char *text, uint16_t *port)
{
	unsigned int value = 0, digits = 0;

	for (; isdigit((unsigned char)*text) && digits < 6; text++, digits++)
		value = value * 10 + (unsigned int)(*text - '0');
	if (digits == 0 || value == 0 || value > UINT16_MAX)
		return NULL;
	*port = (uint16_t)value;
	return text;
}

static int parse_transport(const char *text, size_t len, enum connection_kind *kind)
{
	static const struct {
		const char *name;
		enum connection_kind kind;
	} table[] = {{"udp", CONNECTION_UDP}, {"tcp", CONNECTION_TCP}, {"tls", CONNECTION_TLS}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (len != strlen(table[i].name) || strncasecmp(text, table[i].name, len) != 0)
			continue;
		*kind = table[i].kind;
		return 0;
	}
	return -EINVAL;
}

int resolver_target_parse(const char *text, struct resolver_target *target)
{
	static const char transport[] = "transport=";

	*target = (struct resolver_target){0};
	target->secure = strncasecmp(text, "sips:", 5) == 0;
	if (!target->secure && strncasecmp(text, "sip:", 4) != 0)
		return -EINVAL;
	text = parse_host(strchr(text, ':') + 1, target);
	if (text != NULL && *text == ':')
		text = parse_port(text + 1, &target->port);
	while (text != NULL && *text == ';') {
		size_t len = strcspn(++text, ";?");

		if (strncasecmp(text, transport, sizeof(transport) - 1) == 0 &&
		    parse_transport(text + sizeof(transport) - 1, len - (sizeof(transport) - 1),
				    &target->kind) != 0)
			return -EINVAL;
		text += len;
	}
	if (text == NULL || *text != '\0')
		return -EINVAL;
	// RFC 3261 26.2.2: sips over tcp is TLS, and never UDP.
	if (target->secure && target->kind == CONNECTION_UDP)
		return -EINVAL;
	if (target->secure && target->kind == CONNECTION_TCP)
		target->kind = CONNECTION_TLS;
	return 0;
}
