// SPDX-License-Identifier: Apache-2.0
// libyaml's events -> tree. The loop keeps the way from the root in an array instead of recursing,
// so depth is a number and not the stack.

#include "config/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/file_syntax.h"
#include "config/problem.h"

enum { PROBLEM_BYTES = 400 };

struct file_builder {
	struct problems *problems;
	struct file_node *open[FILE_DEPTH_MAX + 1]; // from the root to the innermost list or map
	unsigned int depth;
	unsigned int nodes;
	struct file_node *root;
	struct file_node *keyed; // has its key, waits for its value
};

static struct file_node *node_new(const yaml_mark_t *mark, enum file_kind kind)
{
	struct file_node *node = calloc(1, sizeof(*node));

	if (node) {
		node->kind = kind;
		node->line = (unsigned int)mark->line + 1;
		node->column = (unsigned int)mark->column + 1;
	}
	return node;
}

void file_free(struct file_node *node)
{
	while (node) {
		struct file_node *next = node->next;

		// As deep as FILE_DEPTH_MAX at most.
		file_free(node->first);
		free(node->text);
		free(node->key);
		free(node);
		node = next;
	}
}

static void node_append(struct file_node *parent, struct file_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

static bool refuse(struct file_builder *builder, const yaml_mark_t *mark, const char *why)
{
	problem_add(builder->problems, (unsigned int)mark->line + 1, (unsigned int)mark->column + 1,
		    "%s", why);
	return false;
}

// A scalar where a map expects a key.
static bool key_take(struct file_builder *builder, const yaml_event_t *event)
{
	struct file_node *node;

	if (event->type != YAML_SCALAR_EVENT)
		return refuse(builder, &event->start_mark, "a key must be a word");
	node = node_new(&event->start_mark, FILE_NOTHING);
	if (!node)
		return refuse(builder, &event->start_mark, "out of memory");
	node_append(builder->open[builder->depth - 1], node);
	node->key_line = node->line;
	node->key_column = node->column;
	node->key = strdup((const char *)event->data.scalar.value);
	builder->keyed = node;
	return node->key || refuse(builder, &event->start_mark, "out of memory");
}

// The node that a value goes to: the key that waits for it, a new item of a list, or the root.
static struct file_node *value_place(struct file_builder *builder, const yaml_event_t *event)
{
	struct file_node *node = builder->keyed;

	if (node) {
		builder->keyed = NULL;
		node->line = (unsigned int)event->start_mark.line + 1;
		node->column = (unsigned int)event->start_mark.column + 1;
		return node;
	}
	node = node_new(&event->start_mark, FILE_NOTHING);
	if (!node)
		return NULL;
	if (builder->depth)
		node_append(builder->open[builder->depth - 1], node);
	else
		builder->root = node;
	return node;
}

static bool scalar_take(struct file_builder *builder, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct file_node *node = value_place(builder, event);

	if (!node)
		return refuse(builder, &event->start_mark, "out of memory");
	// The three ways of YAML to write nothing.
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (len == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0))
		return true;
	// The tree goes on after this: such a value is a mistake like others.
	for (size_t i = 0; i < len && !node->bad; i++) {
		if ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f)
			continue;
		refuse(builder, &event->start_mark, "a control character or line end in a value");
		node->bad = true;
	}
	node->kind = FILE_SCALAR;
	node->text = strdup(text);
	return node->text || refuse(builder, &event->start_mark, "out of memory");
}

static bool open_take(struct file_builder *builder, const yaml_event_t *event, enum file_kind kind)
{
	struct file_node *node;

	if (builder->depth == FILE_DEPTH_MAX)
		return refuse(builder, &event->start_mark,
			      "nested deeper than any setting: check the indentation and brackets");
	node = value_place(builder, event);
	if (!node)
		return refuse(builder, &event->start_mark, "out of memory");
	node->kind = kind;
	builder->open[builder->depth++] = node;
	return true;
}

static bool is_plain(const yaml_char_t *anchor, const yaml_char_t *tag)
{
	return !anchor && !tag;
}

static bool event_is_plain(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT: return false;
	case YAML_SCALAR_EVENT: return is_plain(event->data.scalar.anchor, event->data.scalar.tag);
	case YAML_SEQUENCE_START_EVENT:
		return is_plain(event->data.sequence_start.anchor, event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return is_plain(event->data.mapping_start.anchor, event->data.mapping_start.tag);
	default: return true;
	}
}

// false: a problem after which the rest would not be understood.
static bool event_take(struct file_builder *builder, const yaml_event_t *event)
{
	const struct file_node *inner = builder->depth ? builder->open[builder->depth - 1] : NULL;
	bool wants_key = inner && inner->kind == FILE_MAP && !builder->keyed;

	if (!event_is_plain(event))
		return refuse(
			builder, &event->start_mark,
			"anchors (&), aliases (*) and tags (!) are not for settings: write the "
			"value out, in quotes if it begins with that character");
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return !builder->root ||
		       refuse(builder, &event->start_mark, "a second document: settings are one");
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: builder->depth--; return true;
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT: break;
	default: return true;
	}
	if (++builder->nodes > FILE_NODES_MAX)
		return refuse(builder, &event->start_mark,
			      "more values than settings can have; large tables have files of "
			      "their own, see directory.file");
	if (wants_key)
		return key_take(builder, event);
	if (event->type == YAML_SCALAR_EVENT)
		return scalar_take(builder, event);
	return open_take(builder, event,
			 event->type == YAML_MAPPING_START_EVENT ? FILE_MAP : FILE_LIST);
}

struct file_node *file_parse(const char *text, size_t len, struct problems *problems)
{
	static const yaml_mark_t start;
	struct file_builder builder = {.problems = problems};
	yaml_parser_t parser;
	yaml_event_t event;
	bool good = true, done = false;

	if (!yaml_parser_initialize(&parser)) {
		problem_add(problems, 1, 1, "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (good && !done) {
		if (!yaml_parser_parse(&parser, &event)) {
			file_syntax_problem(&parser, text, len, problems);
			good = false;
			break;
		}
		good = event_take(&builder, &event);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (good && (!builder.root || builder.root->kind == FILE_NOTHING)) {
		file_free(builder.root);
		return node_new(&start, FILE_MAP);
	}
	if (good && builder.root->kind != FILE_MAP) {
		problem_add(problems, builder.root->line, builder.root->column,
			    "settings are sections (engine:, wire: ...) with keys below; see "
			    "offhook.yaml.sample");
		good = false;
	}
	if (good)
		return builder.root;
	file_free(builder.root);
	return NULL;
}

struct file_node *file_read(const char *path, struct problems *problems, int *error)
{
	struct file_node *root = NULL;
	char *text = malloc(FILE_BYTES_MAX + 1);
	FILE *file = fopen(path, "re");
	size_t len;

	*error = 0;
	if (!text || !file) {
		*error = -errno;
		goto out;
	}
	len = fread(text, 1, FILE_BYTES_MAX + 1, file);
	if (ferror(file)) {
		*error = -errno;
		goto out;
	}
	if (len > FILE_BYTES_MAX)
		problem_add(problems, 1, 1, "larger than 1 MiB: no settings file");
	else
		root = file_parse(text, len, problems);
out:
	if (file)
		fclose(file);
	free(text);
	return root;
}

void node_problem(struct file_node *node, struct problems *problems, const char *key,
		  const char *fmt, ...)
{
	char text[PROBLEM_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	problem_add(problems, node->line, node->column, "%s %s", key, text);
	node->bad = true;
}

struct file_node *file_find(struct file_node *root, const char *path)
{
	struct file_node *node = root;

	while (node && *path) {
		size_t len = strcspn(path, ".");

		node = node->kind == FILE_MAP ? node->first : NULL;
		while (node && (strncmp(node->key, path, len) != 0 || node->key[len]))
			node = node->next;
		path += len + (path[len] == '.');
	}
	return node;
}
