// SPDX-License-Identifier: Apache-2.0
// A Redis server somewhere: finds its address, keeps one connection to it, watches the deadlines of
// its answers and comes back after every failure. What is said on the connection is
// presence/store/estate.h.
#pragma once

#include "presence/store/backend.h"
#include "presence/store/estate.h"
#include "presence/store/url.h"

struct loop;
struct redis;
struct settings_store;

// Starts by redis_wake(). url: TCP or UNIX.
struct redis *redis_new(struct loop *loop, const struct url *url,
			const struct estate_options *options, const struct settings_store *settings,
			const struct backend_events *events, void *ctx);
void redis_free(struct redis *redis); // gives back the batches under way
// There is reason to believe that it can be reached now: don't wait for the next try.
void redis_wake(struct redis *redis);
// As estate_write().
int redis_write(struct redis *redis, struct batch *batch);
bool redis_is_ready(const struct redis *redis); // and has room for a batch
