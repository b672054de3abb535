// SPDX-License-Identifier: Apache-2.0
// `offhookctl wire`: what came, what was let go and why, and what was not seen at all. Where a
// mirror is too fast or shows the wrong thing, it shows here.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct segment;

void wire_view_write(const struct segment *segment, bool as_json, FILE *out);
