// SPDX-License-Identifier: Apache-2.0
// Numbers with units, from the settings file and the command line. Digits only: no sign, no
// fraction, no space, so that a text has one meaning.

#include "config/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint64_t ns;
} duration_units[] = {
	{"d", UINT64_C(86400000000000)}, {"h", UINT64_C(3600000000000)},
	{"m", UINT64_C(60000000000)},    {"s", UINT64_C(1000000000)},
	{"ms", UINT64_C(1000000)},       {"us", UINT64_C(1000)},
};

enum { DURATION_UNITS = sizeof(duration_units) / sizeof(duration_units[0]) };

// Leading digits; *rest is what follows them.
static int units_digits(const char *text, uint64_t *number, const char **rest)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return -ERANGE;
	if (at == text)
		return -EINVAL;
	*number = value;
	*rest = at;
	return 0;
}

int units_duration_ns(const char *text, uint64_t *ns)
{
	uint64_t number;
	const char *unit;
	int rc;

	if (strcmp(text, "off") == 0 || strcmp(text, "0") == 0) {
		*ns = 0;
		return 0;
	}
	rc = units_digits(text, &number, &unit);
	if (rc)
		return rc;
	for (unsigned int i = 0; i < DURATION_UNITS; i++) {
		if (strcmp(unit, duration_units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(number, duration_units[i].ns, &number))
			return -ERANGE;
		*ns = number;
		return 0;
	}
	return -EINVAL;
}

void units_duration_text(uint64_t ns, char *out, size_t size)
{
	unsigned int i = 0;

	if (ns == 0) {
		snprintf(out, size, "0");
		return;
	}
	while (i < DURATION_UNITS - 1 && ns % duration_units[i].ns != 0)
		i++;
	snprintf(out, size, "%llu%s", (unsigned long long)(ns / duration_units[i].ns),
		 duration_units[i].name);
}

int units_size(const char *text, uint64_t *bytes)
{
	uint64_t number;
	const char *unit;
	unsigned int shift = 0;
	int rc = units_digits(text, &number, &unit);

	if (rc)
		return rc;
	if (*unit) {
		const char *units = "kMG", *found = strchr(units, *unit);

		if (!found || unit[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(found - units + 1);
	}
	if (number > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = number << shift;
	return 0;
}

int units_rate(const char *text, double *per_second)
{
	uint64_t number;
	const char *unit;
	int rc = units_digits(text, &number, &unit);

	if (rc)
		return rc;
	if (strcmp(unit, "/s") == 0)
		*per_second = (double)number;
	else if (strcmp(unit, "/m") == 0)
		*per_second = (double)number / 60;
	else
		return -EINVAL;
	return 0;
}

int units_bool(const char *text, bool *value)
{
	static const char *const words[2][3] = {{"no", "off", "false"}, {"yes", "on", "true"}};

	for (unsigned int i = 0; i < 6; i++) {
		if (strcmp(text, words[i % 2][i / 2]) == 0) {
			*value = i % 2;
			return 0;
		}
	}
	return -EINVAL;
}

int units_cores(const char *text, uint64_t *mask)
{
	uint64_t first, last, result = 0;
	int rc;

	if (strcmp(text, "auto") == 0) {
		*mask = 0;
		return 0;
	}
	for (;;) {
		while (*text == ' ')
			text++;
		rc = units_digits(text, &first, &text);
		if (rc)
			return rc;
		last = first;
		if (*text == '-') {
			rc = units_digits(text + 1, &last, &text);
			if (rc)
				return rc;
		}
		if (first > 63 || last > 63)
			return -ERANGE;
		if (last < first)
			return -EINVAL;
		result |= (UINT64_MAX >> (63 - (last - first))) << first;
		if (!*text)
			break;
		if (*text++ != ',')
			return -EINVAL;
	}
	*mask = result;
	return 0;
}

// text[0..len) as an IPv4 or IPv6 address.
static int units_address(const char *text, size_t len, int family, struct sockaddr_storage *address,
			 socklen_t *address_len)
{
	struct sockaddr_storage result = {.ss_family = (sa_family_t)family};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&result;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&result;
	char copy[INET6_ADDRSTRLEN];

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(family, copy,
		      family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr) != 1)
		return -EINVAL;
	*address = result;
	*address_len = family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	return 0;
}

int units_prefix(const char *text, struct sockaddr_storage *address, unsigned int *bits)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	uint64_t number, most = family == AF_INET6 ? 128 : 32;
	const char *slash = strchr(text, '/'), *rest;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct sockaddr_storage result;
	socklen_t ignored;
	int rc = units_address(text, len, family, &result, &ignored);

	if (rc)
		return rc;
	number = most;
	if (slash) {
		rc = units_digits(slash + 1, &number, &rest);
		if (rc || *rest)
			return rc ? rc : -EINVAL;
		if (number > most)
			return -ERANGE;
	}
	*address = result;
	*bits = (unsigned int)number;
	return 0;
}

int units_endpoint(const char *text, struct sockaddr_storage *address, socklen_t *len)
{
	const char *colon = strrchr(text, ':'), *rest;
	struct sockaddr_storage result;
	socklen_t result_len;
	uint64_t port;
	int rc;

	if (!colon)
		return -EINVAL;
	if (text[0] == '[' && colon > text + 1 && colon[-1] == ']')
		rc = units_address(text + 1, (size_t)(colon - text) - 2, AF_INET6, &result,
				   &result_len);
	else
		rc = units_address(text, (size_t)(colon - text), AF_INET, &result, &result_len);
	if (rc)
		return rc;
	rc = units_digits(colon + 1, &port, &rest);
	if (rc || *rest)
		return rc ? rc : -EINVAL;
	if (port > UINT16_MAX)
		return -ERANGE;
	// The port is at the same place in both families.
	((struct sockaddr_in *)&result)->sin_port = htons((uint16_t)port);
	*address = result;
	*len = result_len;
	return 0;
}
