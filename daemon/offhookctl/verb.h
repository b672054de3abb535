// SPDX-License-Identifier: Apache-2.0
// The verbs of offhookctl. Each returns the program's exit status.
#pragma once

#include <stdbool.h>

int verb_replay(int argc, char **argv); // argv[0] is the verb
// Sends one request to the engine's socket and copies the answer to standard output.
int verb_ask(const char *socket_path, const char *verb, const char *argument, bool json);
