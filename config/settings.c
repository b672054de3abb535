// SPDX-License-Identifier: Apache-2.0
// Loads, prints, compares and applies settings, all by the table of schema.c.

#include "config/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/file.h"
#include "config/problem.h"
#include "config/schema.h"
#include "config/settings_check.h"
#include "config/value.h"

enum {
	PATH_BYTES = 128,
	NAME_BYTES = 64,  // FORM_NAME
	PRINT_WIDTH = 48, // of a column; longer texts stand out
};

struct settings_origin {
	char *path;
	unsigned int line[]; // by row of the schema
};

// The host's name as far as it can name an estate.
static void name_default(struct settings *out)
{
	char host[NAME_BYTES + 1] = "";

	if (gethostname(host, NAME_BYTES) || !host[0])
		strcpy(host, "offhook");
	for (char *at = host; *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
			    *at))
			*at = '-';
	memcpy(out->engine.name, host, sizeof(host));
}

void settings_default(struct settings *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < schema_key_count; i++)
		value_default(&schema_keys[i], out);
	name_default(out);
}

static void unknown_key(const char *section, const struct file_node *entry,
			struct problems *problems)
{
	size_t len;
	const struct schema_key *meant = schema_nearest(section, entry->key, &len);

	if (strchr(entry->key, '.')) {
		problem_add(problems, entry->key_line, entry->key_column,
			    "%.64s is not written with dots: each section on a line of its own, "
			    "what is in it below, indented",
			    entry->key);
		return;
	}
	problem_add(problems, entry->key_line, entry->key_column,
		    meant ? "%s%s%.64s is no setting; did you mean %.*s?"
			  : "%s%s%.64s is no setting",
		    section, section[0] ? "." : "", entry->key, meant ? (int)len : 0,
		    meant ? meant->path : "");
}

static bool is_repeated(const struct file_node *section, const struct file_node *entry,
			struct problems *problems)
{
	for (const struct file_node *other = section->first; other != entry; other = other->next) {
		if (strcmp(other->key, entry->key) != 0)
			continue;
		problem_add(problems, entry->key_line, entry->key_column,
			    "%.64s is here twice, first in line %u", entry->key, other->key_line);
		return true;
	}
	return false;
}

// As deep as the schema's sections.
static void section_read(const char *path, struct file_node *section, struct settings *out,
			 struct settings_origin *origin, struct problems *problems)
{
	char entry_path[PATH_BYTES];

	for (struct file_node *entry = section->first; entry; entry = entry->next) {
		const struct schema_key *key;

		if (is_repeated(section, entry, problems))
			continue;
		snprintf(entry_path, sizeof(entry_path), "%s%s%s", path, path[0] ? "." : "",
			 entry->key);
		key = strchr(entry->key, '.') ? NULL : schema_find(entry_path);
		if (key) {
			value_read(key, entry, out, problems);
			origin->line[key - schema_keys] = entry->key_line;
		} else if (!schema_is_section(entry_path) || strchr(entry->key, '.')) {
			unknown_key(path, entry, problems);
		} else if (entry->kind == FILE_MAP) {
			section_read(entry_path, entry, out, origin, problems);
		} else if (entry->kind != FILE_NOTHING) {
			problem_add(problems, entry->line, entry->column,
				    "%s is a section: its keys stand below it, indented%s",
				    entry_path,
				    entry->kind == FILE_SCALAR && strchr(entry->text, ':')
					    ? "; a colon is followed by a space"
					    : "");
		}
	}
}

static struct settings_origin *origin_new(const char *path)
{
	struct settings_origin *origin = calloc(
		1, sizeof(*origin) + schema_key_count * sizeof(origin->line[0]));

	if (!origin)
		return NULL;
	origin->path = strdup(path);
	if (!origin->path) {
		free(origin);
		return NULL;
	}
	return origin;
}

void settings_origin_free(struct settings_origin *origin)
{
	if (!origin)
		return;
	free(origin->path);
	free(origin);
}

// A file named without a folder lies beside the settings, wherever the engine was started.
static void files_resolve(const char *path, struct settings *out, struct problems *problems)
{
	const char *slash = strrchr(path, '/');
	settings_text joined;

	for (unsigned int i = 0; slash && i < schema_key_count; i++) {
		char *file = (char *)out + schema_keys[i].offset;

		if (schema_keys[i].form != FORM_FILE || file[0] == '/' || file[0] == '\0')
			continue;
		if ((size_t)snprintf(joined, sizeof(joined), "%.*s%s", (int)(slash + 1 - path),
				     path, file) >= sizeof(joined))
			problem_add(problems, 1, 1, "%s is too long with the folder before it",
				    schema_keys[i].path);
		else
			strcpy(file, joined);
	}
}

int settings_load(const char *path, bool need_registrar, struct settings *out,
		  struct settings_origin **origin_out, FILE *errors)
{
	struct problems problems = {NULL, 0};
	struct settings_origin *origin = origin_new(path);
	struct settings *settings = calloc(1, sizeof(*settings));
	struct file_node *root = NULL;
	int rc = -ENOMEM;

	if (!origin || !settings)
		goto out;
	root = file_read(path, &problems, &rc);
	if (rc) {
		fprintf(errors, "%s: %s\n", path, strerror(-rc));
		goto out;
	}
	settings_default(settings);
	if (root) {
		section_read("", root, settings, origin, &problems);
		settings_check(settings, root, need_registrar, &problems);
		files_resolve(path, settings, &problems);
	}
	problems_print(&problems, path, errors);
	if (problems.count) {
		rc = -EINVAL;
		goto out;
	}
	*out = *settings;
	if (origin_out) {
		*origin_out = origin;
		origin = NULL;
	}
out:
	problems_free(&problems);
	file_free(root);
	free(settings);
	settings_origin_free(origin);
	return rc;
}

static void origin_text(const struct settings_origin *origin, unsigned int row, char *out,
			size_t size)
{
	if (origin && origin->line[row])
		snprintf(out, size, "%s:%u", origin->path, origin->line[row]);
	else
		snprintf(out, size, "default");
}

static void width_raise(int *width, const char *text, int most)
{
	int len = (int)strlen(text);

	if (len > *width)
		*width = len < most ? len : most;
}

void settings_print(const struct settings *settings, const struct settings_origin *origin,
		    FILE *out)
{
	char value[VALUE_TEXT_BYTES], from[PATH_MAX + 16];
	int key_width = 0, value_width = 0, from_width = 0;

	for (unsigned int i = 0; i < schema_key_count; i++) {
		value_print(&schema_keys[i], settings, value, sizeof(value));
		origin_text(origin, i, from, sizeof(from));
		width_raise(&key_width, schema_keys[i].path, PRINT_WIDTH);
		width_raise(&value_width, value, PRINT_WIDTH);
		width_raise(&from_width, from, PRINT_WIDTH);
	}
	for (unsigned int i = 0; i < schema_key_count; i++) {
		value_print(&schema_keys[i], settings, value, sizeof(value));
		origin_text(origin, i, from, sizeof(from));
		fprintf(out, "%-*s  %-*s  %-*s  %s\n", key_width, schema_keys[i].path, value_width,
			value, from_width, from,
			schema_keys[i].flags & SCHEMA_LIVE ? "live" : "restart");
	}
}

void settings_diff(const struct settings *from, const struct settings *to,
		   void (*each)(void *ctx, const char *key, bool live), void *ctx)
{
	for (unsigned int i = 0; i < schema_key_count; i++)
		if (!value_equal(&schema_keys[i], from, to))
			each(ctx, schema_keys[i].path, schema_keys[i].flags & SCHEMA_LIVE);
}

void settings_apply_live(struct settings *to, const struct settings *from)
{
	for (unsigned int i = 0; i < schema_key_count; i++)
		if (schema_keys[i].flags & SCHEMA_LIVE)
			value_copy(&schema_keys[i], from, to);
}
