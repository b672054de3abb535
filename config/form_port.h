// SPDX-License-Identifier: Apache-2.0
// Names of data plane ports as the operator writes them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool form_port_check(const char *text, char *why, size_t why_size);
