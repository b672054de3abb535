// SPDX-License-Identifier: Apache-2.0
// A store without memory, for all its name: what it was given lives in the engine only.
#include "presence/store/memory.h"

#include <stdlib.h>

#include "config/clock.h"
#include "presence/net/loop.h"

struct memory {
	struct timer turn; // answers come from the loop
	struct loop *loop;
	const struct backend_events *events;
	void *ctx;
	bool open;
	struct batch *first, **last;
};

static void give_back(struct memory *memory, bool stored)
{
	struct batch *batch = memory->first;

	memory->first = NULL;
	memory->last = &memory->first;
	while (batch) {
		struct batch *next = batch->next;

		memory->events->done(memory->ctx, batch, stored);
		batch = next;
	}
}

static void answer(struct timer *timer)
{
	struct memory *memory = (struct memory *)timer;

	if (!memory->open) {
		memory->open = true;
		memory->events->loaded(memory->ctx);
		memory->events->ready(memory->ctx, false);
	}
	give_back(memory, true);
}

struct memory *memory_new(struct loop *loop, const struct backend_events *events, void *ctx)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return NULL;
	memory->loop = loop;
	memory->events = events;
	memory->ctx = ctx;
	memory->last = &memory->first;
	timer_set(loop_wheel(loop), &memory->turn, clock_mono_ns(), answer);
	return memory;
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	timer_cancel(loop_wheel(memory->loop), &memory->turn);
	give_back(memory, false);
	free(memory);
}

void memory_write(struct memory *memory, struct batch *batch)
{
	*memory->last = batch;
	memory->last = &batch->next;
	timer_set(loop_wheel(memory->loop), &memory->turn, clock_mono_ns(), answer);
}
