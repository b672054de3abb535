// SPDX-License-Identifier: Apache-2.0
#include "presence/directory/rules.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/log.h"
#include "config/settings.h"

enum {
	RULE_GROUPS = 11, // the whole, the parenthesis around the whole, \1 to \9
	RULE_NUMBER_BYTES = 256,
};

struct rule {
	regex_t regex;
	char first; // what a number must begin with to match; NUL: anything
	char replace[SETTINGS_TEXT];
};

struct rules {
	unsigned int count;
	struct rule rule[SETTINGS_RULES];
};

// Most rules begin with a fixed digit or a plus; looking at that saves nearly all calls of
// regexec(), which takes a microsecond.
static char first_of(const char *match)
{
	char first = *match;

	if (strchr(match, '|') != NULL)
		return '\0';
	if (first == '\\')
		first = *++match;
	else if (!isdigit((unsigned char)first))
		return '\0';
	// What may be there zero times is not fixed.
	if (first == '\0' || isalnum((unsigned char)first) != isdigit((unsigned char)first) ||
	    (match[1] != '\0' && strchr("*?{", match[1]) != NULL))
		return '\0';
	return first;
}

static int rule_compile(struct rule *rule, const struct settings_rule *settings, unsigned int index)
{
	char whole[SETTINGS_TEXT + 4], reason[128];

	snprintf(whole, sizeof(whole), "^(%s)$", settings->match);
	int error = regcomp(&rule->regex, whole, REG_EXTENDED);
	if (error != 0) {
		regerror(error, &rule->regex, reason, sizeof(reason));
		log_error("directory", "number-rule", "rule=%u match=%s reason=%s", index + 1,
			  log_quote(settings->match), log_quote(reason));
		return -EINVAL;
	}
	rule->first = first_of(settings->match);
	memcpy(rule->replace, settings->replace, sizeof(rule->replace));
	return 0;
}

struct rules *rules_new(const struct settings_directory *settings)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (rules == NULL)
		return NULL;
	for (; rules->count < settings->number_rule_count; rules->count++) {
		int error = rule_compile(&rules->rule[rules->count],
					 &settings->number_rule[rules->count], rules->count);
		if (error < 0) {
			rules_free(rules);
			errno = -error;
			return NULL;
		}
	}
	return rules;
}

void rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	for (unsigned int i = 0; i < rules->count; i++)
		regfree(&rules->rule[i].regex);
	free(rules);
}

static int append(char *out, size_t *len, size_t size, const char *text, size_t text_len)
{
	if (*len + text_len >= size)
		return -ENOSPC;
	memcpy(out + *len, text, text_len);
	*len += text_len;
	out[*len] = '\0';
	return 0;
}

static int rule_rewrite(const struct rule *rule, const regmatch_t *group, char *number, size_t size)
{
	char out[RULE_NUMBER_BYTES] = "";
	size_t len = 0;
	size_t room = size < sizeof(out) ? size : sizeof(out);
	int error = 0;

	for (const char *at = rule->replace; *at != '\0' && error == 0; at++) {
		if (at[0] == '\\' && at[1] >= '1' && at[1] <= '9') {
			const regmatch_t *part = &group[1 + *++at - '0'];
			if (part->rm_so >= 0)
				error = append(out, &len, room, number + part->rm_so,
					       (size_t)(part->rm_eo - part->rm_so));
		} else {
			if (at[0] == '\\' && at[1] != '\0')
				at++;
			error = append(out, &len, room, at, 1);
		}
	}
	if (error == 0)
		memcpy(number, out, len + 1);
	return error;
}

int rules_apply(const struct rules *rules, char *number, size_t size)
{
	regmatch_t group[RULE_GROUPS];
	uint64_t used = 0;

	_Static_assert(SETTINGS_RULES <= 64, "a bit for each rule");
	for (unsigned int i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		if (used & UINT64_C(1) << i || (rule->first != '\0' && rule->first != *number) ||
		    regexec(&rule->regex, number, RULE_GROUPS, group, 0) != 0)
			continue;
		int error = rule_rewrite(rule, group, number, size);
		if (error < 0)
			return error;
		used |= UINT64_C(1) << i;
		i = UINT_MAX; // from the start again
	}
	return 0;
}
