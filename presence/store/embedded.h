// SPDX-License-Identifier: Apache-2.0
// Keeps a private redis-server running: a child on a unix socket in the state directory,
// append-only file, no TCP port, configuration on its standard input. Says when it can be reached;
// the talking is presence/store/redis.h. The child dies with the engine (and one that did not is
// adopted).
#pragma once

#include <stdint.h>

struct embedded;
struct loop;
struct settings;

typedef void embedded_up_fn(void *ctx);                    // can be reached
typedef void embedded_down_fn(void *ctx, const char *why); // is not running; tried again

// NULL with errno and a log line when the state directory can't serve.
struct embedded *embedded_new(struct loop *loop, const struct settings *settings,
			      embedded_up_fn *up, embedded_down_fn *down, void *ctx);
// SIGTERM, which makes redis-server write out its file; SIGKILL at until_ns (monotonic).
void embedded_free(struct embedded *embedded, uint64_t until_ns);
const char *embedded_socket(const struct embedded *embedded);
