// SPDX-License-Identifier: Apache-2.0
// Who is meant by a message: which of its URIs names the caller and which the callee, in the order
// the operator gave, and which calls are nobody's business (emergency numbers, own sources,
// User-Agents that publish for themselves). Texts come from the wire and are not to be trusted to
// be URIs. One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call_event;
struct identity_rules;
struct settings;

struct identity {
	const char *text; // in the event; not terminated
	size_t len;
};

// The settings in a form that is quick to ask. NULL: no memory.
struct identity_rules *identity_rules_new(const struct settings *settings);
void identity_rules_free(struct identity_rules *rules);

// The next identity of the caller (or of the callee) at or after *order, which moves behind it;
// false: there is none left. From a response, and from a request inside a dialog for the callee,
// only From and To are used: P-Asserted-Identity of a response names the answering side, and the
// Request-URI inside a dialog is a Contact.
bool identity_next(const struct identity_rules *rules, const struct call_event *event, bool caller,
		   unsigned int *order, struct identity *out);

enum identity_ignore {
	IGNORE_NOT,
	IGNORE_NUMBER,
	IGNORE_SOURCE,
	IGNORE_USER_AGENT, // only the party that sent the message
	IGNORE_CUT,        // an identity did not fit: who is next in order might be somebody else
	IGNORE_ROLE,       // callers or callees are switched off
	IGNORE_COUNT,
};

// event: the INVITE, or the 2xx when no INVITE was seen. For both parties.
enum identity_ignore identity_ignore_call(const struct identity_rules *rules,
					  const struct call_event *event);
// event: what the party itself sent: the INVITE of the caller, the 2xx of the callee.
bool identity_ignore_agent(const struct identity_rules *rules, const struct call_event *event);
bool identity_ignore_role(const struct identity_rules *rules, bool caller);
