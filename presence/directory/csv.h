// SPDX-License-Identifier: Apache-2.0
// One line of comma-separated values into its fields, in place (RFC 4180). A quoted field may not
// go on in the next line: no name and no number does, but a forgotten quote would swallow the file.
#pragma once

#include <stddef.h>

// Number of fields, at most max, each terminated; blanks around unquoted fields are cut. -EINVAL
// with the reason.
int csv_split(char *line, char **field, size_t max, const char **reason);
