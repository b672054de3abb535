// SPDX-License-Identifier: Apache-2.0
// Small hand-written checks, each with the sentence an operator needs. They are stricter than what
// reads the texts later: a mistake is found here, with its line, and not in a failed connection.

#include "config/form.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/form_port.h"
#include "config/suggest.h"
#include "config/units.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

struct form_why {
	char *text;
	size_t size;
};

static bool no(const struct form_why *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool no(const struct form_why *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why->text, why->size, fmt, args);
	va_end(args);
	return false;
}

static bool only_of(const char *text, const char *allowed)
{
	return text[0] && !text[strspn(text, allowed)];
}

// Octets of the host at text: a name, an IPv4 address or an IPv6 address in brackets; 0: none.
static size_t host_span(const char *text)
{
	struct in6_addr address;
	char copy[INET6_ADDRSTRLEN];
	size_t len;

	if (text[0] != '[') {
		len = strspn(text, LETTERS DIGITS "-._");
		return text[0] == '.' || text[0] == '-' ? 0 : len;
	}
	len = strcspn(text, "]");
	if (!text[len] || len > sizeof(copy))
		return 0;
	memcpy(copy, text + 1, len - 1);
	copy[len - 1] = '\0';
	return inet_pton(AF_INET6, copy, &address) == 1 ? len + 1 : 0;
}

// Moves *text over `:port` if there is one; false when it is no port.
static bool port_skip(const char **text)
{
	unsigned long port;
	char *end;

	if (**text != ':')
		return true;
	if (!isdigit((unsigned char)(*text)[1]))
		return false;
	port = strtoul(*text + 1, &end, 10);
	*text = end;
	return port >= 1 && port <= 65535;
}

static bool path_check(const char *text, const struct form_why *why)
{
	if (text[0] == '/')
		return true;
	return no(why, "must be a path from the root: it begins with /");
}

// sip:host[:port][;transport=udp|tcp|tls], sips:host. RFC 3261 19.1.1, without what means nothing
// for a next hop.
static bool target_check(const char *text, const struct form_why *why)
{
	bool secure = strncasecmp(text, "sips:", 5) == 0;
	const char *at;
	size_t len;

	if (!secure && strncasecmp(text, "sip:", 4) != 0) {
		if (strchr(text, '/') || strchr(text, '@') || !host_span(text))
			return no(why, "must be sip:host[:port][;transport=udp|tcp|tls]");
		return no(why, "must begin with sip: or sips:; write sip:%s", text);
	}
	at = text + (secure ? 5 : 4);
	if (strncmp(at, "//", 2) == 0)
		return no(why, "has slashes, which SIP URIs have not: write %.*s%s", secure ? 5 : 4,
			  text, at + 2);
	if (strchr(at, '@'))
		return no(why, "has a user; a target is a host: write %.*s%s", secure ? 5 : 4, text,
			  strrchr(at, '@') + 1);
	len = host_span(at);
	if (!len)
		return no(why, "has no host after %.*s (IPv6 addresses stand in brackets)",
			  secure ? 5 : 4, text);
	at += len;
	if (!port_skip(&at))
		return no(why, "has a port that is not 1 to 65535");
	if (!*at)
		return true;
	if (strncasecmp(at, ";transport=", 11) != 0)
		return no(why, "ends with `%s`; only ;transport=udp, tcp or tls may follow", at);
	at += 11;
	if (strcasecmp(at, "udp") != 0 && strcasecmp(at, "tcp") != 0 && strcasecmp(at, "tls") != 0)
		return no(why, "has transport `%s`; it is udp, tcp or tls", at);
	if (secure && strcasecmp(at, "udp") == 0)
		return no(why, "contradicts itself: sips: is never udp");
	return true;
}

static bool store_check(const char *text, const struct form_why *why)
{
	static const char forms[] =
		"must be embedded, memory, redis://host[:port][/db] or redis+unix:///path[?db=n]";
	const char *at;
	size_t len;

	if (strcmp(text, "embedded") == 0 || strcmp(text, "memory") == 0)
		return true;
	// Before anything is quoted: there may be a password.
	if (strchr(text, '@'))
		return no(why, "holds an account; put it into store.user and store.password");
	if (strncmp(text, "redis+unix://", 13) == 0) {
		at = text + 13;
		if (*at != '/')
			return no(why, "needs a path from the root: redis+unix:///run/redis.sock");
		at += strcspn(at, "?");
		return !*at || (strncmp(at, "?db=", 4) == 0 && only_of(at + 4, DIGITS)) ||
		       no(why, "may only have ?db=n after the path");
	}
	if (strncmp(text, "redis://", 8) != 0) {
		unsigned int nearest = SUGGEST_FAR;
		const char *word = suggest_is_nearer(text, "embedded", &nearest) ? "embedded"
										 : NULL;

		word = suggest_is_nearer(text, "memory", &nearest) ? "memory" : word;
		return no(why, "%s%s%s%s", forms, word ? "; did you mean " : "", word ? word : "",
			  word ? "?" : "");
	}
	at = text + 8;
	len = host_span(at);
	at += len;
	if (!len || !port_skip(&at))
		return no(why,
			  "has no host, or a port that is not 1 to 65535: redis://host:6379/0");
	return !*at || (*at == '/' && (!at[1] || only_of(at + 1, DIGITS))) ||
	       no(why, "may only have a number of a database after the host: redis://host:6379/0");
}

static bool prefix_check(const char *text, const struct form_why *why)
{
	struct sockaddr_storage address;
	unsigned int bits;

	if (units_prefix(text, &address, &bits) == 0)
		return true;
	return no(why, "`%s` is no prefix of addresses, like 10.0.0.0/8 or 2001:db8::/32", text);
}

static bool endpoint_check(const char *text, const struct form_why *why)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (units_endpoint(text, &address, &len) == 0)
		return true;
	if (only_of(text, DIGITS))
		return no(why, "needs an address: write \"127.0.0.1:%s\"", text);
	if (!strchr(text, ':') && host_span(text) == strlen(text))
		return no(why, "needs an address and a port, like \"127.0.0.1:9464\"");
	return no(why, "must be address:port, like \"127.0.0.1:9464\" or \"[::1]:9464\"; a name "
		       "won't do");
}

// What config/secret.h reads. The text may be the password: it is not repeated.
static bool secret_check(const char *text, const struct form_why *why)
{
	if (strncmp(text, "file:", 5) == 0)
		return text[5] == '/' || no(why, "needs a path from the root: file:/path");
	if (strncmp(text, "cred:", 5) == 0)
		return (text[5] && !strchr(text, '/')) ||
		       no(why, "needs the name of a credential: cred:name");
	if (strncmp(text, "env:", 4) == 0)
		return only_of(text + 4, LETTERS DIGITS "_") ||
		       no(why, "needs the name of a variable: env:NAME");
	return no(why, "must be a reference, never the secret itself: put it into a file that only "
		       "its owner can read (chmod 0400) and write file:/path; or cred:name, "
		       "env:NAME");
}

bool form_check(enum schema_form form, const char *text, char *why_text, size_t why_size)
{
	const struct form_why why = {why_text, why_size};

	switch (form) {
	case FORM_ANY:
	case FORM_FILE: return true;
	case FORM_NAME:
		if (strlen(text) > 64)
			return no(&why, "is longer than 64 characters");
		return only_of(text, LETTERS DIGITS "-_") ||
		       no(&why, "may have letters, digits, - and _ only");
	case FORM_ACCOUNT:
		return (only_of(text, LETTERS DIGITS "-_.") && text[0] != '-') ||
		       no(&why, "`%s` is no name of an account", text);
	case FORM_PATH: return path_check(text, &why);
	case FORM_PROGRAM: return !strchr(text, '/') || path_check(text, &why);
	case FORM_PORT: return form_port_check(text, why_text, why_size);
	case FORM_USER:
		return (text[0] && !strpbrk(text, " \t")) ||
		       no(&why, "must be a user or number, without spaces");
	case FORM_PREFIX: return prefix_check(text, &why);
	case FORM_DOMAIN:
		return (text[0] != '[' && host_span(text) && !text[host_span(text)]) ||
		       no(&why, "`%s` is no name of a host or domain", text);
	case FORM_TARGET: return target_check(text, &why);
	case FORM_ENDPOINT_OR_OFF:
	case FORM_ENDPOINT: return endpoint_check(text, &why);
	case FORM_TOKEN:
		return only_of(text, LETTERS DIGITS "-.!%*_+`'~") ||
		       no(&why, "`%s` has characters that a token can't have", text);
	case FORM_STORE: return store_check(text, &why);
	case FORM_SECRET: return secret_check(text, &why);
	}
	return false;
}
