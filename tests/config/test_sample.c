// SPDX-License-Identifier: Apache-2.0
// config/offhook.yaml.sample against the schema: each key is there, with its default, marked [live]
// where it is, and the whole can be loaded.

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/file.h"
#include "config/problem.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/value.h"

static char *sample; // as it is
static char *whole;  // with the keys that are commented out uncommented
static bool is_key_line[1000];
static bool is_live_line[1000];
static unsigned int line_count;

// `  #name: value` is a key that is commented out; `  # text` is a comment.
static bool is_commented_key(const char *line)
{
	line += strspn(line, " ");
	return line[0] == '#' && line[1] >= 'a' && line[1] <= 'z' && strchr(line, ':');
}

static int sample_read(void **state)
{
	FILE *file = fopen(getenv("OFFHOOK_SAMPLE"), "r");
	char line[512];
	size_t size, whole_size;
	FILE *as_is = open_memstream(&sample, &size), *all = open_memstream(&whole, &whole_size);

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file) && line_count + 1 < 1000) {
		char *hash = strchr(line, '#');

		line_count++;
		fputs(line, as_is);
		if (is_commented_key(line))
			memmove(hash, hash + 1, strlen(hash));
		fputs(line, all);
		is_key_line[line_count] = line[strspn(line, " ")] != '#' && strchr(line, ':');
		is_live_line[line_count] = is_key_line[line_count] && strstr(line, "# [live]");
	}
	fclose(file);
	fclose(as_is);
	fclose(all);
	return 0;
}

static int sample_free(void **state)
{
	free(sample);
	free(whole);
	return 0;
}

static struct file_node *parse(const char *text)
{
	struct problems problems = {NULL, 0};
	struct file_node *root = file_parse(text, strlen(text), &problems);

	problems_print(&problems, "sample", stderr);
	assert_non_null(root);
	return root;
}

static void test_names_every_key(void **state)
{
	struct file_node *root = parse(whole);

	for (unsigned int i = 0; i < schema_key_count; i++) {
		if (!file_find(root, schema_keys[i].path))
			print_error("%s is not in the sample\n", schema_keys[i].path);
		assert_non_null(file_find(root, schema_keys[i].path));
	}
	file_free(root);
}

// Commented out is what has no default that could be written; their values are examples.
static void test_values_are_defaults(void **state)
{
	static struct settings settings, defaults;
	struct problems problems = {NULL, 0};
	struct file_node *root = parse(sample), *all = parse(whole);

	settings_default(&defaults);
	for (unsigned int i = 0; i < schema_key_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		struct file_node *node = file_find(root, key->path);

		// The one key that has none.
		if (strcmp(key->path, "registrar.target") == 0)
			continue;
		settings_default(&settings);
		if (!node) {
			value_read(key, file_find(all, key->path), &settings, &problems);
			assert_string_equal(key->fallback, "");
			continue;
		}
		value_read(key, node, &settings, &problems);
		if (!value_equal(key, &settings, &defaults))
			print_error("%s: %s is not the default\n", key->path,
				    node->text ? node->text : "");
		assert_true(value_equal(key, &settings, &defaults));
	}
	problems_print(&problems, "sample", stderr);
	assert_int_equal(problems.count, 0);
	file_free(root);
	file_free(all);
}

static void test_live_marks(void **state)
{
	struct file_node *root = parse(whole);

	for (unsigned int i = 0; i < schema_key_count; i++) {
		unsigned int line = file_find(root, schema_keys[i].path)->key_line;
		bool live = schema_keys[i].flags & SCHEMA_LIVE;

		if (is_live_line[line] != live)
			print_error("line %u: %s is %s\n", line, schema_keys[i].path,
				    live ? "live" : "restart");
		assert_true(is_live_line[line] == live);
		is_live_line[line] = false;
	}
	for (unsigned int line = 1; line <= line_count; line++)
		assert_false(is_live_line[line]);
	file_free(root);
}

static void load_text(const char *text)
{
	static struct settings settings;
	char path[] = "/tmp/offhook-sample-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	fputs(text, file);
	fclose(file);
	assert_int_equal(settings_load(path, true, &settings, NULL, stderr), 0);
	unlink(path);
	assert_string_equal(settings.registrar.target[0],
			    "sip:pool.sfb.example:5061;transport=tls");
}

static void test_loads(void **state)
{
	load_text(sample);
	load_text(whole);
}

// The rules in the comment, which have `# ` before each line.
static void test_rules_of_the_comment(void **state)
{
	static struct settings settings;
	static const char head[] = "  # number_rules:\n";
	struct problems problems = {NULL, 0};
	char *at = strstr(sample, head), *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct file_node *root;

	assert_non_null(at);
	fputs("directory:\n", stream);
	for (; strncmp(at, "  # ", 4) == 0; at = strchr(at, '\n') + 1)
		fprintf(stream, "  %.*s\n", (int)strcspn(at + 4, "\n"), at + 4);
	fclose(stream);
	root = parse(text);
	value_read(schema_find("directory.number_rules"), file_find(root, "directory.number_rules"),
		   &settings, &problems);
	assert_int_equal(problems.count, 0);
	assert_int_equal(settings.directory.number_rule_count, 2);
	assert_string_equal(settings.directory.number_rule[1].match, "0([1-9].*)");
	assert_string_equal(settings.directory.number_rule[1].replace, "+49\\1");
	file_free(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_every_key),
		cmocka_unit_test(test_values_are_defaults),
		cmocka_unit_test(test_live_marks),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_rules_of_the_comment),
	};

	return cmocka_run_group_tests(tests, sample_read, sample_free);
}
