// SPDX-License-Identifier: Apache-2.0
// Numbers to ignore are compared as users, without the visual separators of telephone numbers, so
// that `1-1-2` is `112`; sources by prefix; User-Agents by shell pattern.
#include "presence/identity.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include "config/settings.h"
#include "config/units.h"
#include "link/call_event.h"
#include "sip/uri.h"

struct identity_prefix {
	uint8_t address[16];
	unsigned int bits;
	bool ipv6;
};

struct identity_rules {
	bool callers, callees;
	enum identity_source caller[IDENTITY_SOURCE_COUNT];
	enum identity_source callee[IDENTITY_SOURCE_COUNT];
	unsigned int numbers, prefixes, agents;
	settings_text number[SETTINGS_LIST];
	bool number_starts[256]; // with that octet, or with one that tells nothing
	struct identity_prefix prefix[SETTINGS_LIST];
	settings_text agent[SETTINGS_LIST];
};

static void prefix_add(struct identity_rules *rules, const char *text)
{
	struct identity_prefix *prefix = &rules->prefix[rules->prefixes];
	struct sockaddr_storage address;

	// The settings were checked when they were loaded.
	if (units_prefix(text, &address, &prefix->bits) < 0)
		return;
	prefix->ipv6 = address.ss_family == AF_INET6;
	if (prefix->ipv6)
		memcpy(prefix->address, &((struct sockaddr_in6 *)&address)->sin6_addr, 16);
	else
		memcpy(prefix->address, &((struct sockaddr_in *)&address)->sin_addr, 4);
	rules->prefixes++;
}

struct identity_rules *identity_rules_new(const struct settings *settings)
{
	const struct settings_calls *calls = &settings->calls;
	struct identity_rules *rules = calloc(1, sizeof(*rules));

	if (rules == NULL)
		return NULL;
	rules->callers = calls->callers;
	rules->callees = calls->callees;
	memcpy(rules->caller, calls->caller_identity, sizeof(rules->caller));
	memcpy(rules->callee, calls->callee_identity, sizeof(rules->callee));
	rules->numbers = calls->ignore_number_count;
	memcpy(rules->number, calls->ignore_number, sizeof(rules->number));
	for (const char *c = "%-.()"; *c; c++)
		rules->number_starts[(unsigned char)*c] = true;
	for (unsigned int i = 0; i < rules->numbers; i++)
		rules->number_starts[(unsigned char)rules->number[i][0]] = true;
	rules->agents = calls->ignore_user_agent_count;
	memcpy(rules->agent, calls->ignore_user_agent, sizeof(rules->agent));
	for (unsigned int i = 0; i < calls->ignore_source_count; i++)
		prefix_add(rules, calls->ignore_source[i]);
	return rules;
}

void identity_rules_free(struct identity_rules *rules)
{
	free(rules);
}

static bool text_get(const struct call_event *event, enum event_text which, struct identity *out)
{
	struct sip_slice slice = event->text[which];

	// The other process wrote these numbers.
	if (slice.len == 0 || (uint32_t)slice.off + slice.len > event->text_bytes ||
	    event->text_bytes > EVENT_TEXT_BYTES)
		return false;
	*out = (struct identity){event->bytes + slice.off, slice.len};
	return true;
}

// Two slots of the order for each source, because there may be two P-Asserted-Identity.
static const enum event_text source_text[IDENTITY_SOURCE_COUNT][2] = {
	[IDENTITY_NONE] = {EVENT_TEXT_COUNT, EVENT_TEXT_COUNT},
	[IDENTITY_P_ASSERTED_IDENTITY] = {EVENT_TEXT_ASSERTED, EVENT_TEXT_ASSERTED_2},
	[IDENTITY_REMOTE_PARTY_ID] = {EVENT_TEXT_REMOTE_PARTY, EVENT_TEXT_COUNT},
	[IDENTITY_FROM] = {EVENT_TEXT_FROM, EVENT_TEXT_COUNT},
	[IDENTITY_REQUEST_URI] = {EVENT_TEXT_REQUEST_URI, EVENT_TEXT_COUNT},
	[IDENTITY_P_CALLED_PARTY_ID] = {EVENT_TEXT_CALLED_PARTY, EVENT_TEXT_COUNT},
	[IDENTITY_TO] = {EVENT_TEXT_TO, EVENT_TEXT_COUNT},
};

static bool source_speaks(const struct call_event *event, bool caller, enum identity_source source)
{
	if (source == IDENTITY_FROM || source == IDENTITY_TO)
		return true;
	if (event->flags & EVENT_IS_RESPONSE)
		return false;
	return caller || !(event->flags & EVENT_HAS_TO_TAG);
}

bool identity_next(const struct identity_rules *rules, const struct call_event *event, bool caller,
		   unsigned int *order, struct identity *out)
{
	const enum identity_source *sources = caller ? rules->caller : rules->callee;

	while (*order < 2 * IDENTITY_SOURCE_COUNT) {
		enum identity_source source = sources[*order / 2];
		enum event_text which = source_text[source][*order % 2];

		++*order;
		if (which != EVENT_TEXT_COUNT && source_speaks(event, caller, source) &&
		    text_get(event, which, out))
			return true;
	}
	return false;
}

static bool number_is_ignored(const struct identity_rules *rules, struct identity identity)
{
	struct sip_uri uri;
	char number[EVENT_URI_BYTES + 1], user[EVENT_URI_BYTES + 1];

	if (sip_uri_parse(identity.text, identity.len, &uri) < 0 || uri.user.len == 0)
		return false;
	const char *text = identity.text + uri.user.off;
	// Most users don't even begin like one: spared the rest.
	if (!rules->number_starts[(unsigned char)text[0]])
		return false;
	if (sip_uri_user_text(text, uri.user.len, true, number, sizeof(number)) < 0 ||
	    sip_uri_user_text(text, uri.user.len, false, user, sizeof(user)) < 0)
		return false;
	for (unsigned int i = 0; i < rules->numbers; i++) {
		if (strcmp(number, rules->number[i]) == 0 || strcmp(user, rules->number[i]) == 0)
			return true;
	}
	return false;
}

static bool source_is_ignored(const struct identity_rules *rules, const struct call_event *event)
{
	// A response goes back to where the request came from.
	const uint8_t *address = event->flags & EVENT_IS_RESPONSE ? event->target : event->source;
	bool ipv6 = event->flags & EVENT_IPV6;

	for (unsigned int i = 0; i < rules->prefixes; i++) {
		const struct identity_prefix *prefix = &rules->prefix[i];
		unsigned int whole = prefix->bits / 8, rest = prefix->bits % 8;
		uint8_t mask = (uint8_t)(0xff00 >> rest);

		if (prefix->ipv6 == ipv6 && memcmp(prefix->address, address, whole) == 0 &&
		    (rest == 0 || ((prefix->address[whole] ^ address[whole]) & mask) == 0))
			return true;
	}
	return false;
}

enum identity_ignore identity_ignore_call(const struct identity_rules *rules,
					  const struct call_event *event)
{
	struct identity identity;

	if (event->flags & EVENT_CUT_TEXT)
		return IGNORE_CUT;
	if (source_is_ignored(rules, event))
		return IGNORE_SOURCE;
	for (int which = EVENT_TEXT_REQUEST_URI;
	     rules->numbers > 0 && which <= EVENT_TEXT_CALLED_PARTY; which++) {
		if (text_get(event, which, &identity) && number_is_ignored(rules, identity))
			return IGNORE_NUMBER;
	}
	return IGNORE_NOT;
}

bool identity_ignore_agent(const struct identity_rules *rules, const struct call_event *event)
{
	struct identity agent;
	char text[EVENT_USER_AGENT_BYTES + 1];

	if (rules->agents == 0 || !text_get(event, EVENT_TEXT_USER_AGENT, &agent) ||
	    agent.len >= sizeof(text))
		return false;
	memcpy(text, agent.text, agent.len);
	text[agent.len] = '\0';
	for (unsigned int i = 0; i < rules->agents; i++) {
		if (fnmatch(rules->agent[i], text, 0) == 0)
			return true;
	}
	return false;
}

bool identity_ignore_role(const struct identity_rules *rules, bool caller)
{
	return caller ? !rules->callers : !rules->callees;
}
