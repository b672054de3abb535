// SPDX-License-Identifier: Apache-2.0
// What to tell about a file that is no YAML.
#pragma once

#include <stddef.h>

struct problems;
struct yaml_parser_s;

// After yaml_parser_parse() of text failed.
void file_syntax_problem(const struct yaml_parser_s *parser, const char *text, size_t len,
			 struct problems *problems);
