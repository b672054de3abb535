// SPDX-License-Identifier: Apache-2.0
// Error replies of Redis -> kinds and counters.
#include "presence/store/outcome.h"

#include <string.h>

#include "config/metric.h"

#define ERRORS(var, kind)                                         \
	METRIC_COUNTER(                                           \
		var, "offhook_store_errors", "kind=\"" kind "\"", \
		"What the store answered instead of storing, and how its connections failed")

ERRORS(errors_misconf, "misconf");
ERRORS(errors_noreplicas, "noreplicas");
ERRORS(errors_readonly, "readonly");
ERRORS(errors_loading, "loading");
ERRORS(errors_oom, "oom");
ERRORS(errors_clusterdown, "clusterdown");
ERRORS(errors_noscript, "noscript");
ERRORS(errors_fenced, "fenced");
ERRORS(errors_forgotten, "forgotten");
ERRORS(errors_denied, "denied");
ERRORS(errors_other, "other");
ERRORS(errors_protocol, "protocol");
ERRORS(errors_timeout, "timeout");
ERRORS(errors_lost, "lost");

static const struct {
	const char *name;
	const char *text;
	struct metric *count;
} outcomes[OUTCOME_COUNT] = {
	[OUTCOME_NONE] = {"none", "is well", NULL},
	[OUTCOME_MISCONF] = {"misconf", "can't write to its disk", &errors_misconf},
	[OUTCOME_NOREPLICAS] = {"noreplicas", "has too few replicas", &errors_noreplicas},
	[OUTCOME_READONLY] = {"readonly", "is a read-only replica", &errors_readonly},
	[OUTCOME_LOADING] = {"loading", "is still loading its data", &errors_loading},
	[OUTCOME_OOM] = {"oom", "has reached its maxmemory", &errors_oom},
	[OUTCOME_CLUSTERDOWN] = {"clusterdown", "is a cluster that is down", &errors_clusterdown},
	[OUTCOME_NOSCRIPT] = {"noscript", "does not keep our scripts", &errors_noscript},
	[OUTCOME_FENCED] = {"fenced", "gave the estate to another engine", &errors_fenced},
	[OUTCOME_FORGOTTEN] = {"forgotten", "has lost the estate", &errors_forgotten},
	[OUTCOME_DENIED] = {"denied", "refuses user, password or command", &errors_denied},
	[OUTCOME_OTHER] = {"other", "answered with an error", &errors_other},
	[OUTCOME_PROTOCOL] = {"protocol", "does not talk like Redis", &errors_protocol},
	[OUTCOME_TIMEOUT] = {"timeout", "does not answer", &errors_timeout},
	[OUTCOME_LOST] = {"lost", "can't be reached", &errors_lost},
};

static const struct {
	const char *code;
	enum store_outcome outcome;
} codes[] = {
	{"MISCONF", OUTCOME_MISCONF},         {"NOREPLICAS", OUTCOME_NOREPLICAS},
	{"READONLY", OUTCOME_READONLY},       {"LOADING", OUTCOME_LOADING},
	{"MASTERDOWN", OUTCOME_LOADING},      {"OOM", OUTCOME_OOM},
	{"CLUSTERDOWN", OUTCOME_CLUSTERDOWN}, {"NOSCRIPT", OUTCOME_NOSCRIPT},
	{"FENCED", OUTCOME_FENCED},           {"FORGOTTEN", OUTCOME_FORGOTTEN},
	{"NOAUTH", OUTCOME_DENIED},           {"WRONGPASS", OUTCOME_DENIED},
	{"NOPERM", OUTCOME_DENIED},
};

const char *outcome_name(enum store_outcome outcome)
{
	return outcomes[outcome].name;
}

const char *outcome_text(enum store_outcome outcome)
{
	return outcomes[outcome].text;
}

void outcome_count(enum store_outcome outcome)
{
	if (outcomes[outcome].count)
		metric_add(outcomes[outcome].count, 1);
}

static enum store_outcome code_at(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		size_t code_len = strlen(codes[i].code);

		if (len >= code_len && !memcmp(text, codes[i].code, code_len) &&
		    (len == code_len || text[code_len] == ' '))
			return codes[i].outcome;
	}
	return OUTCOME_OTHER;
}

enum store_outcome outcome_of_error(const char *text, size_t len)
{
	enum store_outcome outcome = code_at(text, len);

	for (size_t i = 0; outcome == OUTCOME_OTHER && i + 1 < len; i++)
		if (text[i] == '-')
			outcome = code_at(text + i + 1, len - i - 1);
	return outcome;
}
