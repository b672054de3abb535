// SPDX-License-Identifier: Apache-2.0
// match: and replace: of a number rule, checked so far that using it can't fail later.

#include "config/rule.h"

#include <regex.h>
#include <stddef.h>
#include <string.h>

#include "config/file.h"
#include "config/problem.h"
#include "config/schema.h"
#include "config/settings.h"

// The text of one half of a rule; NULL: a problem, which is said.
static const char *rule_text(const struct schema_key *key, struct file_node *rule, const char *name,
			     char *at, struct problems *problems)
{
	struct file_node *node = file_find(rule, name);

	if (!node)
		node_problem(rule, problems, key->path, "has a rule without %s:", name);
	else if (node->kind != FILE_SCALAR)
		node_problem(node, problems, key->path, "needs a text after %s:", name);
	else if (strlen(node->text) >= SETTINGS_TEXT)
		node_problem(node, problems, key->path, "has a %s longer than %d octets", name,
			     SETTINGS_TEXT - 1);
	else if (!node->bad)
		return memcpy(at, node->text, strlen(node->text));
	return NULL;
}

// Groups are \1 to \9, and \\ is a backslash; those that the expression has not would be empty.
static void replace_check(const struct schema_key *key, struct file_node *node, size_t groups,
			  struct problems *problems)
{
	for (const char *at = node->text; *at; at++) {
		if (*at != '\\')
			continue;
		at++;
		if (*at == '\\')
			continue;
		if (*at < '1' || *at > '9') {
			node_problem(node, problems, key->path,
				     "has a backslash without a group (\\1 to \\9) behind it");
			return;
		}
		if ((size_t)(*at - '0') > groups) {
			node_problem(node, problems, key->path,
				     "replaces by \\%c, but match has %zu group%s ( )", *at, groups,
				     groups == 1 ? "" : "s");
			return;
		}
	}
}

void rule_read(const struct schema_key *key, struct file_node *node, struct settings_rule *rule,
	       struct problems *problems)
{
	const char *match, *replace;
	regex_t regex;
	char why[128];
	int rc;

	if (node->kind != FILE_MAP) {
		node_problem(node, problems, key->path,
			     "has items of two keys: match: and replace:");
		return;
	}
	for (struct file_node *entry = node->first; entry; entry = entry->next) {
		if (strcmp(entry->key, "match") != 0 && strcmp(entry->key, "replace") != 0)
			problem_add(problems, entry->key_line, entry->key_column,
				    "%s knows match and replace, not `%.64s`", key->path,
				    entry->key);
		else if (entry != file_find(node, entry->key))
			problem_add(problems, entry->key_line, entry->key_column,
				    "%s has a rule with two of %s:", key->path, entry->key);
	}
	match = rule_text(key, node, "match", rule->match, problems);
	replace = rule_text(key, node, "replace", rule->replace, problems);
	if (!match)
		return;
	if (!match[0]) {
		node_problem(file_find(node, "match"), problems, key->path, "has an empty match");
		return;
	}
	rc = regcomp(&regex, match, REG_EXTENDED);
	if (rc) {
		regerror(rc, &regex, why, sizeof(why));
		node_problem(file_find(node, "match"), problems, key->path,
			     "has no regular expression: %s", why);
		return;
	}
	if (replace)
		replace_check(key, file_find(node, "replace"), regex.re_nsub, problems);
	regfree(&regex);
}
