// SPDX-License-Identifier: Apache-2.0
// A first-in first-out list with a second list through it, of the events that may be dropped; all
// steps are O(1). Slots are numbers, 0 is none.
#include "dataplane/overflow.h"

#include "config/clock.h"
#include "dataplane/event.h"
#include "link/counters.h"
#include "link/event_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct overflow_slot {
	uint32_t next, previous;             // among all that wait
	uint32_t next_start, previous_start; // among those that may go
	bool is_start;
	struct call_event event;
};

int overflow_init(struct overflow *overflow, uint32_t slots, struct wire_counters *counters)
{
	// Pages that are never needed cost nothing.
	void *memory = mmap(NULL, (slots + 1ull) * sizeof(struct overflow_slot),
			    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0);

	if (memory == MAP_FAILED)
		return -errno;
	*overflow = (struct overflow){
		.slot = memory, .slots = slots, .fresh = 1, .counters = counters};
	return 0;
}

void overflow_fini(struct overflow *overflow)
{
	if (overflow->slot)
		munmap(overflow->slot, (overflow->slots + 1ull) * sizeof(struct overflow_slot));
	overflow->slot = NULL;
}

static uint32_t slot_take(struct overflow *overflow)
{
	uint32_t slot = overflow->unused;

	if (slot)
		overflow->unused = overflow->slot[slot].next;
	else if (overflow->fresh <= overflow->slots)
		slot = overflow->fresh++;
	return slot;
}

static void append(struct overflow *overflow, uint32_t slot)
{
	struct overflow_slot *all = overflow->slot, *this = &all[slot];

	this->next = 0;
	this->previous = overflow->last;
	if (overflow->last)
		all[overflow->last].next = slot;
	else
		overflow->first = slot;
	overflow->last = slot;
	overflow->count++;
	if (!this->is_start)
		return;
	this->next_start = 0;
	this->previous_start = overflow->last_start;
	if (overflow->last_start)
		all[overflow->last_start].next_start = slot;
	else
		overflow->first_start = slot;
	overflow->last_start = slot;
}

static void take_out(struct overflow *overflow, uint32_t slot)
{
	struct overflow_slot *all = overflow->slot, *this = &all[slot];

	*(this->previous ? &all[this->previous].next : &overflow->first) = this->next;
	*(this->next ? &all[this->next].previous : &overflow->last) = this->previous;
	if (this->is_start) {
		*(this->previous_start ? &all[this->previous_start].next_start
				       : &overflow->first_start) = this->next_start;
		*(this->next_start ? &all[this->next_start].previous_start
				   : &overflow->last_start) = this->previous_start;
	}
	this->next = overflow->unused;
	overflow->unused = slot;
	overflow->count--;
}

static void keep(struct overflow *overflow, const struct call_event *event)
{
	uint64_t *value = overflow->counters->value;
	bool is_start = !event_ends_call(event);
	uint32_t slot = slot_take(overflow);

	if (!slot && is_start) {
		value[WIRE_SHED_STARTS]++;
		return;
	}
	if (!slot && overflow->first_start) {
		take_out(overflow, overflow->first_start);
		value[WIRE_SHED_STARTS]++;
		slot = slot_take(overflow);
	}
	if (!slot) {
		value[WIRE_SHED_ENDS]++;
		overflow->missing = true;
		return;
	}
	overflow->slot[slot].is_start = is_start;
	memcpy(&overflow->slot[slot].event, event, call_event_bytes(event));
	append(overflow, slot);
	value[WIRE_OVERFLOWED]++;
}

void overflow_push(struct overflow *overflow, struct event_ring *ring,
		   const struct call_event *event)
{
	if (overflow->count == 0 && !overflow->missing && event_ring_push(ring, event))
		return;
	keep(overflow, event);
}

bool overflow_drain(struct overflow *overflow, struct event_ring *ring)
{
	bool moved = false;

	while (overflow->count && event_ring_push(ring, &overflow->slot[overflow->first].event)) {
		take_out(overflow, overflow->first);
		moved = true;
	}
	if (overflow->count == 0 && overflow->missing) {
		struct call_event event;
		memset(&event, 0, offsetof(struct call_event, bytes));
		event.flags = EVENT_WIRE_RESTARTED;
		event.mono_ns = clock_mono_ns();
		if (event_ring_push(ring, &event)) {
			overflow->missing = false;
			moved = true;
		}
	}
	return moved;
}
