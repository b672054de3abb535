// SPDX-License-Identifier: Apache-2.0
// Texts of wire.ports taken apart.
#include "dataplane/port_name.h"
#include "dataplane/refuse.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Short form, DPDK's driver, and the argument of it that names a kernel interface.
static const struct {
	const char *word, *driver, *interface_key;
} kinds[PORT_KIND_COUNT] = {
	[PORT_AF_PACKET] = {"af_packet", "net_af_packet", "iface="},
	[PORT_AF_XDP] = {"af_xdp", "net_af_xdp", "iface="},
	[PORT_TAP] = {"tap", "net_tap", "iface="},
	[PORT_PCAP] = {"pcap", "net_pcap", NULL},
};

static bool hex_digits(const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

// [dddd:]bb:dd.f, the domain 0000 when left out.
static bool parse_pci(const char *text, struct port_name *name)
{
	const char *bus = text;

	if (strlen(text) == 12 && hex_digits(text, 4) && text[4] == ':')
		bus = text + 5;
	if (strlen(bus) != 7 || !hex_digits(bus, 2) || bus[2] != ':' || !hex_digits(bus + 3, 2) ||
	    bus[5] != '.' || bus[6] < '0' || bus[6] > '7')
		return false;
	name->kind = PORT_PCI;
	snprintf(name->device, sizeof(name->device), "%s%s", bus == text ? "0000:" : "", text);
	return true;
}

// The kernel's rules (dev_valid_name): 1 to 15 octets, no slash, colon or space, not . or ..
static int parse_interface(const char *text, size_t len, struct port_name *name, char *error,
			   size_t size)
{
	bool bad = len == 0 || len >= IFNAMSIZ || (len <= 2 && strncmp(text, "..", len) == 0);

	for (size_t i = 0; i < len && !bad; i++)
		bad = text[i] == '/' || text[i] == ':' || text[i] == ',' ||
		      isspace((unsigned char)text[i]);
	if (bad)
		return refuse(-EINVAL, error, size,
			      "`%.*s` can't be the name of a network interface", (int)len, text);
	memcpy(name->interface, text, len);
	name->interface[len] = '\0';
	return 0;
}

static int parse_short(enum port_kind kind, const char *rest, unsigned int index,
		       struct port_name *name, char *error, size_t size)
{
	name->kind = kind;
	name->is_short = true;
	snprintf(name->device, sizeof(name->device), "%s%u", kinds[kind].driver, index);
	if (kind != PORT_PCAP)
		return parse_interface(rest, strlen(rest), name, error, size);
	if (rest[0] == '\0')
		return refuse(-EINVAL, error, size, "pcap: needs the name of a capture file");
	if (strlen(rest) >= sizeof(name->file) || strchr(rest, ','))
		return refuse(-EINVAL, error, size,
			      "the name of a capture file is too long or has a comma: `%s`", rest);
	snprintf(name->file, sizeof(name->file), "%s", rest);
	return 0;
}

static const char *argument(const struct port_name *name, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = name->args; at && *at;) {
		if (strncmp(at, key, len) == 0)
			return at + len;
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

static int parse_device(const char *text, struct port_name *name, char *error, size_t size)
{
	size_t len = strcspn(text, ",");

	if (len >= sizeof(name->device))
		return refuse(-EINVAL, error, size, "the device name is too long: `%s`", text);
	memcpy(name->device, text, len);
	name->device[len] = '\0';
	snprintf(name->args, sizeof(name->args), "%s", text[len] ? text + len + 1 : "");
	name->kind = PORT_OTHER;
	for (enum port_kind kind = PORT_NONE; kind < PORT_KIND_COUNT; kind++) {
		if (!kinds[kind].driver ||
		    strncmp(text, kinds[kind].driver, strlen(kinds[kind].driver)) != 0)
			continue;
		name->kind = kind;
		if (!kinds[kind].interface_key)
			return 0;
		const char *interface = argument(name, kinds[kind].interface_key);
		if (interface)
			return parse_interface(interface, strcspn(interface, ","), name, error,
					       size);
		if (kind != PORT_TAP)
			return refuse(-EINVAL, error, size, "`%s` needs iface=IF", text);
	}
	return 0;
}

int port_name_parse(const char *text, unsigned int index, struct port_name *name, char *error,
		    size_t error_size)
{
	memset(name, 0, sizeof(*name));
	if (parse_pci(text, name))
		return 0;
	for (enum port_kind kind = PORT_NONE; kind < PORT_KIND_COUNT; kind++) {
		size_t len = kinds[kind].word ? strlen(kinds[kind].word) : 0;
		if (len && strncmp(text, kinds[kind].word, len) == 0 && text[len] == ':')
			return parse_short(kind, text + len + 1, index, name, error, error_size);
	}
	if (strncmp(text, "net_", 4) == 0 || strncmp(text, "eth_", 4) == 0)
		return parse_device(text, name, error, error_size);
	return refuse(-EINVAL, error, error_size,
		      "`%s` is no port: say a PCI address (0000:03:00.0), a DPDK virtual device "
		      "(net_...), af_packet:IF, af_xdp:IF, tap:IF or pcap:FILE",
		      text);
}

uint64_t port_name_number(const struct port_name *name, const char *key)
{
	const char *value = argument(name, key);

	return value ? strtoull(value, NULL, 10) : 0;
}
