// SPDX-License-Identifier: Apache-2.0
// Starts the two halves, sees to it that both make progress, restarts the one that doesn't, hands
// settings over, and stops them. Holds no calls, packets or secrets itself, so that it has no
// reason to die.
#pragma once

#include <stdbool.h>

struct settings;

// Until SIGTERM or SIGINT. settings: loaded from path, which a reload reads again. single: both
// halves as threads of this process, for debugging. Exit status of the program.
int supervisor_run(const struct settings *settings, const char *path, bool single);
