// SPDX-License-Identifier: Apache-2.0
// Number rules in the settings file.
#pragma once

struct file_node;
struct problems;
struct schema_key;
struct settings_rule;

// One item of the list at key. rule must be all zero.
void rule_read(const struct schema_key *key, struct file_node *node, struct settings_rule *rule,
	       struct problems *problems);
