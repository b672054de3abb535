// SPDX-License-Identifier: Apache-2.0
// Members of struct settings by their row: single values, lists of values, and number rules.

#include "config/value.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/file.h"
#include "config/problem.h"
#include "config/rule.h"
#include "config/scalar.h"
#include "config/schema.h"
#include "config/settings.h"

enum { WHY_BYTES = 400 };

static bool is_list(const struct schema_key *key)
{
	return key->items > 0;
}

static void *value_at(const struct schema_key *key, const struct settings *settings)
{
	return (char *)(uintptr_t)settings + key->offset;
}

static void *item_at(const struct schema_key *key, const struct settings *settings, unsigned int i)
{
	return (char *)value_at(key, settings) + i * (key->size / key->items);
}

static unsigned int *count_at(const struct schema_key *key, const struct settings *settings)
{
	return (unsigned int *)((char *)(uintptr_t)settings + key->count_offset);
}

static unsigned int item_count(const struct schema_key *key, const struct settings *settings)
{
	unsigned int i = 0;

	if (key->count_offset)
		return *count_at(key, settings);
	while (i < key->items && *(const int *)item_at(key, settings, i) != 0)
		i++;
	return i;
}

static bool is_repeated(const struct schema_key *key, const struct settings *settings,
			unsigned int count)
{
	size_t size = key->size / key->items;

	if (key->flags & SCHEMA_REPEATS)
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (memcmp(item_at(key, settings, i), item_at(key, settings, count), size) == 0)
			return true;
	return false;
}

static void item_read(const struct schema_key *key, struct file_node *node, struct settings *out,
		      unsigned int i, struct problems *problems)
{
	char why[WHY_BYTES];

	if (key->type == SCHEMA_RULES) {
		rule_read(key, node, item_at(key, out, i), problems);
		return;
	}
	if (node->bad)
		return;
	if (node->kind != FILE_SCALAR)
		node_problem(node, problems, key->path,
			     node->kind == FILE_NOTHING ? "has an empty item"
							: "is a list of single values: no "
							  "brackets inside, no space after a "
							  "colon");
	else if (!scalar_read(key, node->text, item_at(key, out, i), why, sizeof(why)))
		node_problem(node, problems, key->path, "%s", why);
	else if (is_repeated(key, out, i))
		node_problem(node, problems, key->path, "has %s twice", node->text);
}

static void list_read(const struct schema_key *key, struct file_node *node, struct settings *out,
		      struct problems *problems)
{
	bool single = node->kind == FILE_SCALAR && (key->flags & SCHEMA_OR_ONE);
	unsigned int count = 0;

	memset(value_at(key, out), 0, key->size);
	if (single) {
		item_read(key, node, out, count++, problems);
	} else if (node->kind != FILE_LIST) {
		if (node->kind == FILE_SCALAR && key->type != SCHEMA_RULES)
			node_problem(node, problems, key->path, "is a list: write [\"%.128s\"]",
				     node->text);
		else
			node_problem(node, problems, key->path,
				     "is a list%s: write [] for an empty one",
				     key->type == SCHEMA_RULES ? " of rules (- match: ...)" : "");
		return;
	}
	for (struct file_node *item = single ? NULL : node->first; item; item = item->next) {
		if (count == key->items) {
			node_problem(item, problems, key->path, "has more than %u items",
				     key->items);
			node->bad = true;
			break;
		}
		item_read(key, item, out, count++, problems);
		node->bad |= item->bad;
	}
	if (count == 0 && (key->flags & SCHEMA_NOT_EMPTY))
		node_problem(node, problems, key->path, "needs at least one item");
	if (key->count_offset)
		*count_at(key, out) = count;
}

void value_read(const struct schema_key *key, struct file_node *node, struct settings *out,
		struct problems *problems)
{
	char why[WHY_BYTES];

	if (node->bad)
		return;
	if (node->kind == FILE_NOTHING)
		node_problem(node, problems, key->path,
			     "has no value; leave the line out for the default");
	else if (is_list(key))
		list_read(key, node, out, problems);
	else if (node->kind != FILE_SCALAR)
		node_problem(node, problems, key->path, "is one value, not a %s",
			     node->kind == FILE_LIST ? "list: leave the brackets or dash out"
						     : "section");
	else if (!scalar_read(key, node->text, value_at(key, out), why, sizeof(why)))
		node_problem(node, problems, key->path, "%s", why);
}

void value_default(const struct schema_key *key, struct settings *out)
{
	char text[SETTINGS_TEXT], why[WHY_BYTES], *item, *rest = text;
	unsigned int count = 0;

	if (!is_list(key)) {
		scalar_read(key, key->fallback, value_at(key, out), why, sizeof(why));
		return;
	}
	snprintf(text, sizeof(text), "%s", key->fallback);
	while (text[0] && (item = strsep(&rest, ",")))
		scalar_read(key, item, item_at(key, out, count++), why, sizeof(why));
	if (key->count_offset)
		*count_at(key, out) = count;
}

void value_print(const struct schema_key *key, const struct settings *settings, char *out,
		 size_t size)
{
	unsigned int count = is_list(key) ? item_count(key, settings) : 0;
	const struct settings_rule *rule;
	char item[SETTINGS_TEXT];
	size_t len;

	if (!is_list(key)) {
		scalar_text(key, value_at(key, settings), out, size);
		return;
	}
	len = (size_t)snprintf(out, size, "[");
	for (unsigned int i = 0; i < count && len < size; i++) {
		rule = item_at(key, settings, i);
		if (key->type == SCHEMA_RULES) {
			len += (size_t)snprintf(out + len, size - len, "%s%s -> %s", i ? ", " : "",
						rule->match, rule->replace);
			continue;
		}
		scalar_text(key, item_at(key, settings, i), item, sizeof(item));
		len += (size_t)snprintf(out + len, size - len, "%s%s", i ? ", " : "", item);
	}
	if (len < size)
		snprintf(out + len, size - len, "]");
}

bool value_equal(const struct schema_key *key, const struct settings *a, const struct settings *b)
{
	return memcmp(value_at(key, a), value_at(key, b), key->size) == 0;
}

void value_copy(const struct schema_key *key, const struct settings *from, struct settings *to)
{
	memcpy(value_at(key, to), value_at(key, from), key->size);
	if (key->count_offset)
		*count_at(key, to) = *count_at(key, from);
}
