// SPDX-License-Identifier: Apache-2.0
// A first-in first-out list with a second list through it for each rank; all steps are O(1). Slots
// are numbers, 0 is none.
#include "dataplane/overflow.h"

#include "config/clock.h"
#include "dataplane/event.h"
#include "link/counters.h"
#include "link/event_ring.h"
#include "link/known_calls.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct overflow_slot {
	uint32_t next, previous;           // among all that wait
	uint32_t next_like, previous_like; // among those of its rank
	enum overflow_rank rank;
	struct call_event event;
};

static void note_count(const struct overflow *overflow)
{
	struct wire_counters *counters = overflow->counters;

	counters->overflow_waiting = overflow->count;
	if (overflow->count > counters->overflow_high_water)
		counters->overflow_high_water = overflow->count;
}

int overflow_init(struct overflow *overflow, uint32_t slots, const struct known_calls *known,
		  struct wire_counters *counters)
{
	// Pages that are never needed cost nothing.
	void *memory = mmap(NULL, (slots + 1ull) * sizeof(struct overflow_slot),
			    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0);

	if (memory == MAP_FAILED)
		return -errno;
	*overflow = (struct overflow){
		.slot = memory, .slots = slots, .fresh = 1, .known = known, .counters = counters};
	note_count(overflow); // a wire process that died may have left another
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
	note_count(overflow);
	this->next_like = 0;
	this->previous_like = overflow->last_of[this->rank];
	if (this->previous_like)
		all[this->previous_like].next_like = slot;
	else
		overflow->first_of[this->rank] = slot;
	overflow->last_of[this->rank] = slot;
}

static void take_out(struct overflow *overflow, uint32_t slot)
{
	struct overflow_slot *all = overflow->slot, *this = &all[slot];

	*(this->previous ? &all[this->previous].next : &overflow->first) = this->next;
	*(this->next ? &all[this->next].previous : &overflow->last) = this->previous;
	*(this->previous_like ? &all[this->previous_like].next_like
			      : &overflow->first_of[this->rank]) = this->next_like;
	*(this->next_like ? &all[this->next_like].previous_like
			  : &overflow->last_of[this->rank]) = this->previous_like;
	this->next = overflow->unused;
	overflow->unused = slot;
	overflow->count--;
	note_count(overflow);
}

static bool is_unknown(const struct overflow *overflow, const struct call_event *event)
{
	return overflow->known && !known_calls_has(overflow->known, event->call_key) &&
	       !(event->flags & EVENT_HAS_REPLACES &&
		 known_calls_has(overflow->known, event->replaces_key));
}

static enum overflow_rank rank_of(const struct overflow *overflow, const struct call_event *event)
{
	if (event_starts_call(event))
		return OVERFLOW_START;
	return event_ends_call(event) && !is_unknown(overflow, event) ? OVERFLOW_END
								      : OVERFLOW_HINT;
}

static void shed(struct overflow *overflow, const struct call_event *event, enum overflow_rank rank)
{
	bool is_end = event_ends_call(event);

	if (rank == OVERFLOW_END)
		overflow->missing = true;
	overflow->counters->value[rank == OVERFLOW_END ? WIRE_SHED_ENDS
				  : is_end             ? WIRE_SHED_UNKNOWN
						       : WIRE_SHED_STARTS]++;
}

// The slot of the oldest event of the lowest rank, if that is below `rank`.
static uint32_t slot_make(struct overflow *overflow, enum overflow_rank rank)
{
	enum overflow_rank least = OVERFLOW_HINT;

	while (least < rank && !overflow->first_of[least])
		least++;
	if (least == rank)
		return 0;
	uint32_t slot = overflow->first_of[least];
	shed(overflow, &overflow->slot[slot].event, least);
	take_out(overflow, slot);
	return slot_take(overflow);
}

static void keep(struct overflow *overflow, const struct call_event *event)
{
	enum overflow_rank rank = rank_of(overflow, event);
	uint32_t slot = slot_take(overflow);

	if (!slot)
		slot = slot_make(overflow, rank);
	if (!slot) {
		shed(overflow, event, rank);
		return;
	}
	overflow->slot[slot].rank = rank;
	memcpy(&overflow->slot[slot].event, event, call_event_bytes(event));
	append(overflow, slot);
	overflow->counters->value[WIRE_OVERFLOWED]++;
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
