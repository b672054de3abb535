// SPDX-License-Identifier: Apache-2.0
// A port is a PCI address, a virtual device of DPDK, or one of our short forms. Whether it exists
// is for the data plane to find out.

#include "config/form_port.h"

#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "config/suggest.h"

static const char *const short_forms[] = {"af_packet", "af_xdp", "tap", "pcap"};

enum { SHORT_FORMS = sizeof(short_forms) / sizeof(short_forms[0]) };

// x a hexadecimal digit, o an octal one, anything else itself.
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape; shape++, text++) {
		bool fits = *shape == 'x'   ? isxdigit((unsigned char)*text) != 0
			    : *shape == 'o' ? *text >= '0' && *text <= '7'
					    : *text == *shape;

		if (!fits)
			return false;
	}
	return !*text;
}

// What the kernel takes as the name of an interface.
static bool is_interface(const char *name)
{
	return name[0] && strlen(name) < IFNAMSIZ && !strpbrk(name, "/: \t,") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool short_form_check(const char *text, size_t len, char *why, size_t why_size)
{
	unsigned int nearest = SUGGEST_FAR;
	const char *best = NULL, *name = text + len + (text[len] == ':');
	char form[32];
	bool is_file;

	for (unsigned int i = 0; i < SHORT_FORMS; i++) {
		if (strlen(short_forms[i]) != len || strncmp(text, short_forms[i], len) != 0)
			continue;
		is_file = strcmp(short_forms[i], "pcap") == 0;
		if (is_file ? name[0] && !strchr(name, ',') : is_interface(name))
			return true;
		snprintf(why, why_size, "`%s` has no %s after the colon", text,
			 is_file ? "file (a name without commas)" : "name of an interface");
		return false;
	}
	snprintf(form, sizeof(form), "%.*s", (int)(len < 31 ? len : 31), text);
	for (unsigned int i = 0; i < SHORT_FORMS; i++)
		if (suggest_is_nearer(form, short_forms[i], &nearest))
			best = short_forms[i];
	if (best)
		snprintf(why, why_size, "`%s`: did you mean %s:%s?", text, best, name);
	else
		snprintf(why, why_size,
			 "`%s` is no port: a PCI address (0000:03:00.0), a virtual device of DPDK "
			 "(net_...), af_packet:IF, af_xdp:IF, tap:IF or pcap:FILE",
			 text);
	return false;
}

bool form_port_check(const char *text, char *why, size_t why_size)
{
	const char *colon = strchr(text, ':');

	if (has_shape(text, "xxxx:xx:xx.o") || has_shape(text, "xx:xx.o"))
		return true;
	// eth_ is how DPDK before 17 named them; it still takes it.
	if ((strncmp(text, "net_", 4) == 0 || strncmp(text, "eth_", 4) == 0) && text[4])
		return true;
	if (!colon && is_interface(text)) {
		snprintf(why, why_size,
			 "`%s` looks like an interface: write af_packet:%s, or af_xdp:%s where its "
			 "driver can",
			 text, text, text);
		return false;
	}
	return short_form_check(text, colon ? (size_t)(colon - text) : strlen(text), why, why_size);
}
