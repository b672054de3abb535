// SPDX-License-Identifier: Apache-2.0
// Contradictions, each told at the key that is easiest to change. A check is left out when one of
// its keys has a problem of its own: that one comes first.

#include "config/settings_check.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/file.h"
#include "config/problem.h"
#include "config/settings.h"
#include "config/units.h"

struct check {
	const struct settings *settings;
	struct file_node *root;
	struct problems *problems;
};

static bool is_good(const struct check *check, const char *path)
{
	const struct file_node *node = file_find(check->root, path);

	return !node || !node->bad;
}

// At the key's value; at its section when it is not there, or at the beginning of the file.
static void __attribute__((format(printf, 3, 4)))
contradiction(const struct check *check, const char *path, const char *fmt, ...)
{
	struct file_node *node = file_find(check->root, path);
	char text[400], section[64];
	unsigned int line = 1, column = 1;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (node) {
		line = node->line;
		column = node->column;
	} else {
		snprintf(section, sizeof(section), "%.*s", (int)strcspn(path, "."), path);
		node = file_find(check->root, section);
		line = node ? node->key_line : 1;
		column = node ? node->key_column : 1;
	}
	problem_add(check->problems, line, column, "%s %s", path, text);
}

// A tap without ports looks at the interface of the default route (dataplane/port_default.h).
static void ports_check(const struct check *check)
{
	const struct settings_wire *wire = &check->settings->wire;

	if (!is_good(check, "wire.ports") || !is_good(check, "wire.mode"))
		return;
	if (wire->mode != MODE_INLINE)
		return;
	if (wire->port_count == 0)
		contradiction(
			check, "wire.ports",
			"is empty, and mode inline needs pairs: ports: [af_xdp:eth1, af_xdp:eth2]");
	else if (wire->port_count % 2 != 0)
		contradiction(check, "wire.ports",
			      "has %u port%s; mode inline joins them in pairs: an even number",
			      wire->port_count, wire->port_count == 1 ? "" : "s");
}

static void durations_check(const struct check *check)
{
	const struct settings_registrar *registrar = &check->settings->registrar;
	const struct {
		const char *small, *large;
		uint64_t small_ns, large_ns;
	} orders[] = {
		{"registrar.refresh_lead", "half of registrar.expires", registrar->refresh_lead_ns,
		 registrar->expires_ns / 2},
		{"registrar.retry", "registrar.retry_max", registrar->retry_ns,
		 registrar->retry_max_ns},
		{"registrar.t1", "registrar.t2", registrar->t1_ns, registrar->t2_ns},
	};
	char small[32], large[32];

	for (unsigned int i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const char *large_key = strstr(orders[i].large, "registrar.");

		if (orders[i].small_ns <= orders[i].large_ns || !is_good(check, orders[i].small) ||
		    !is_good(check, large_key))
			continue;
		units_duration_text(orders[i].small_ns, small, sizeof(small));
		units_duration_text(orders[i].large_ns, large, sizeof(large));
		// Told at the one that is in the file.
		if (file_find(check->root, orders[i].small))
			contradiction(check, orders[i].small, "is above %s: at most %s",
				      orders[i].large, large);
		else
			contradiction(check, large_key, "is too small for %s, which is %s",
				      orders[i].small, small);
	}
}

static bool has_port(const unsigned int *ports, unsigned int count, unsigned int port)
{
	for (unsigned int i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

// A port carries one thing.
static void udp_ports_check(const struct check *check)
{
	const struct settings_wire *wire = &check->settings->wire;
	const struct {
		const char *key;
		const unsigned int *port;
		unsigned int count;
	} lists[] = {
		{"wire.vxlan_ports", wire->vxlan_port, wire->vxlan_port_count},
		{"wire.geneve_ports", wire->geneve_port, wire->geneve_port_count},
		{"wire.hep_ports", wire->hep_port, wire->hep_port_count},
	};

	for (unsigned int i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (unsigned int j = 0; j < i; j++) {
			// Told at one that is in the file.
			bool later = file_find(check->root, lists[i].key);
			unsigned int at = later ? i : j, other = later ? j : i;
			if (!is_good(check, lists[i].key) || !is_good(check, lists[j].key))
				continue;
			for (unsigned int k = 0; k < lists[at].count; k++)
				if (has_port(lists[other].port, lists[other].count,
					     lists[at].port[k]))
					contradiction(check, lists[at].key,
						      "has %u, which is in %s", lists[at].port[k],
						      lists[other].key);
		}
	}
}

static void steering_check(const struct check *check)
{
	const struct settings_wire *wire = &check->settings->wire;

	if (is_good(check, "wire.steer_ports") && is_good(check, "wire.queues") &&
	    wire->steer_port_count > 0 && wire->queues < 2)
		contradiction(check, "wire.steer_ports",
			      "needs a queue for the rest: set wire.queues to 2 or more");
}

// One key has no use, or no meaning, without the other.
static void companions_check(const struct check *check)
{
	const struct settings *s = check->settings;
	const struct {
		const char *key, *needed;
		const char *value, *needed_value;
	} companions[] = {
		{"registrar.tls.key", "registrar.tls.certificate", s->registrar.tls_key,
		 s->registrar.tls_certificate},
		{"registrar.tls.certificate", "registrar.tls.key", s->registrar.tls_certificate,
		 s->registrar.tls_key},
		{"registrar.auth.user", "registrar.auth.password", s->registrar.auth_user,
		 s->registrar.auth_password},
		{"store.user", "store.password", s->store.user, s->store.password},
	};

	for (unsigned int i = 0; i < sizeof(companions) / sizeof(companions[0]); i++)
		if (companions[i].value[0] && !companions[i].needed_value[0] &&
		    is_good(check, companions[i].key) && is_good(check, companions[i].needed))
			contradiction(check, companions[i].key, "needs %s besides it",
				      companions[i].needed);
}

void settings_check(const struct settings *settings, struct file_node *root, bool need_registrar,
		    struct problems *problems)
{
	const struct check check = {settings, root, problems};

	// What publishes nothing is a replay, which has no ports either.
	ports_check(&check);
	if (need_registrar && settings->registrar.target_count == 0 &&
	    is_good(&check, "registrar.target"))
		contradiction(&check, "registrar.target",
			      "is required: target: \"sip:pool.example:5061;transport=tls\"");
	steering_check(&check);
	udp_ports_check(&check);
	durations_check(&check);
	companions_check(&check);
}
