// SPDX-License-Identifier: Apache-2.0
// Commands that the embedded store's redis-server has run so far, those inside of scripts, too.
#pragma once

#include <stdint.h>

// state_dir: of the engine. 0: there is no such server.
uint64_t redis_count(const char *state_dir);
