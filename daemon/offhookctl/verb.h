// SPDX-License-Identifier: Apache-2.0
// The verbs of offhookctl. Each returns the program's exit status.
#pragma once

#include <stdbool.h>

int verb_replay(int argc, char **argv); // argv[0] is the verb
// No exit status: the engine has not done yet what was asked.
enum { VERB_AGAIN = -1 };
// word: what follows the verb. bytes, seconds: the limits as they were given; NULL: none.
int verb_capture(const char *socket_path, unsigned int count, const char *const *word,
		 const char *bytes, const char *seconds, bool json);
// Sends one request to the engine's socket and copies the answer to standard output, unless it is
// that the engine needs a moment.
int verb_ask(const char *socket_path, const char *verb, const char *argument, bool json);
