// SPDX-License-Identifier: Apache-2.0
// A redis-server of the bench's own, on a unix socket and on TCP at once, with what the embedded
// store has in its configuration: append-only file, written out once a second. Ends with the bench.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct redis_server {
	pid_t pid;
	uint16_t port;
	char path[96]; // of the unix socket
};

// 0 once it answers; -errno, with a line that says why.
int redis_server_start(struct redis_server *server, const char *directory);
void redis_server_stop(struct redis_server *server);
