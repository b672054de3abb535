// SPDX-License-Identifier: Apache-2.0
// What the operator can ask: status, calls, persons, explain USER, clear USER, reload. Text for
// people, JSON for programs. Called by the control socket in the worker's thread.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct presence;

// ctx: struct presence. false: no such verb.
bool verbs_answer(void *ctx, const char *verb, const char *argument, bool json, FILE *out);
