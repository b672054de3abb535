// SPDX-License-Identifier: Apache-2.0
// A YAML file as a tree of keys and values that know their place. What people write by hand, no
// more: anchors, aliases, tags and second documents are refused, size and depth are limited.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct problems;

enum {
	FILE_BYTES_MAX = 1 << 20,
	FILE_DEPTH_MAX = 8, // the deepest key, calls.ignore.numbers, needs four
	FILE_NODES_MAX = 10000,
};

enum file_kind { FILE_NOTHING, FILE_SCALAR, FILE_LIST, FILE_MAP };

struct file_node {
	enum file_kind kind;       // FILE_NOTHING: `key:` and no more
	unsigned int line, column; // of the value
	char *text;                // of a scalar
	char *key;                 // in a map
	unsigned int key_line, key_column;
	bool bad; // has a problem; checks that look at several keys leave it out
	struct file_node *first, *last; // of a list or map
	struct file_node *next;
};

// The tree, or NULL: -errno in *error when the file can't be read or memory is out, 0 when it has
// problems of syntax, which are in `problems` then. An empty file is a map without entries.
struct file_node *file_read(const char *path, struct problems *problems, int *error);
struct file_node *file_parse(const char *text, size_t len, struct problems *problems);
void file_free(struct file_node *node);

// At the value of a node, which is bad from now: `key text`.
void node_problem(struct file_node *node, struct problems *problems, const char *key,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

// The node at `registrar.tls.verify`; NULL: not in the file. Of a key given twice, the first.
struct file_node *file_find(struct file_node *root, const char *path);
