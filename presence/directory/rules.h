// SPDX-License-Identifier: Apache-2.0
// Number rules: rewrite what stands on the wire and in the directory to one form, E.164 as a rule.
// In order, the first that matches the whole number rewrites it; then from the start again with
// those not used yet, until none matches.
#pragma once

#include <stddef.h>

struct rules;
struct settings_directory;

// NULL and errno, with a line that names the rule, when one is no regular expression.
struct rules *rules_new(const struct settings_directory *settings);
void rules_free(struct rules *rules);

// In place. 0; -ENOSPC when the result does not fit: the number is undefined then.
int rules_apply(const struct rules *rules, char *number, size_t size);
