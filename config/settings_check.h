// SPDX-License-Identifier: Apache-2.0
// Settings that are right one by one and wrong together.
#pragma once

#include <stdbool.h>

struct file_node;
struct problems;
struct settings;

void settings_check(const struct settings *settings, struct file_node *root, bool need_registrar,
		    struct problems *problems);
