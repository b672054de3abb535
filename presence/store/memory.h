// SPDX-License-Identifier: Apache-2.0
// The null twin of Redis: takes every batch and keeps nothing. For labs, simulation and tests.
#pragma once

#include "presence/store/backend.h"

struct loop;
struct memory;

struct memory *memory_new(struct loop *loop, const struct backend_events *events, void *ctx);
void memory_free(struct memory *memory); // gives back the batches under way
void memory_write(struct memory *memory, struct batch *batch);
