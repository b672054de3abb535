// SPDX-License-Identifier: Apache-2.0
// One slot an event, free-running 64-bit indices, stored with release after the slot: an event is
// there whole or not at all, whenever its writer is killed. Of a slot only the octets in use are
// copied. Whatever the other process wrote is checked in our own copy, never in shared memory,
// where it could change after the check.

#include "link/event_ring.h"

#include <string.h>

#include "link/segment.h"
#include "sip/msg.h"

enum {
	LINE_BYTES = 64,
	USUAL_BYTES = 512, // of an event
};

size_t event_ring_bytes(uint32_t slots)
{
	return sizeof(struct event_ring) + (size_t)slots * sizeof(struct call_event);
}

void event_ring_init(struct event_ring *ring, uint32_t slots)
{
	ring->slots = slots;
	ring->tail = 0;
	ring->written = 0;
	ring->limit = 0;
	ring->head = 0;
	ring->held = 0;
	ring->rewound = 0;
}

// The size as the ring says, if it can be one; 0 otherwise. What a lie within the limit can reach
// is bounded by segment.c, which keeps the addresses behind the segment unmapped.
static uint32_t ring_slots(const struct event_ring *ring)
{
	uint32_t slots = __atomic_load_n(&ring->slots, __ATOMIC_RELAXED);

	return slots <= EVENT_RING_SLOTS_MAX && (slots & (slots - 1)) == 0 ? slots : 0;
}

// Has the lines of a slot fetched for writing, which the consumer had last. Its core gives them up
// while the next message is parsed, instead of while the event is copied.
static void claim(const struct call_event *slot)
{
	for (unsigned int off = 0; off < USUAL_BYTES; off += LINE_BYTES) {
		const char *line = (const char *)slot + off;
#if defined(__x86_64__)
		// The compiler has it for newer machines only; older ones take it for no operation.
		__asm__ volatile("prefetchw %0" : : "m"(*line));
#else
		__builtin_prefetch(line, 1);
#endif
	}
}

// The first slot that is not free. head is in a line that the consumer writes with each event: it
// is asked for only when what it said before is used up, as nobody takes back what was given.
static uint64_t find_limit(const struct event_ring *ring, uint64_t next, uint32_t slots)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);

	// In this order: a later `held` makes an earlier head earlier still.
	head -= __atomic_load_n(&ring->held, __ATOMIC_ACQUIRE);
	// A head that is ahead of us makes the difference huge: full, until the consumer, which
	// owns it, sets it right.
	return next - head < slots ? head + slots : next;
}

bool event_ring_push(struct event_ring *ring, const struct call_event *event)
{
	uint64_t next = ring->written;
	uint32_t slots = ring_slots(ring);
	uint64_t room = ring->limit - next;

	if (room == 0 || room > slots) {
		ring->limit = find_limit(ring, next, slots);
		if (ring->limit == next)
			return false;
	}
	memcpy(&ring->event[next & (slots - 1)], event, call_event_bytes(event));
	__atomic_store_n(&ring->written, next + 1, __ATOMIC_RELEASE);
	claim(&ring->event[(next + 3) & (slots - 1)]);
	return true;
}

void event_ring_publish(struct event_ring *ring)
{
	__atomic_store_n(&ring->tail, ring->written, __ATOMIC_RELEASE);
}

// Copies a slot that the other process wrote; false when it holds no event that push() was given.
static bool slot_copy(const struct call_event *slot, struct call_event *event)
{
	memcpy(event, slot, offsetof(struct call_event, bytes));
	if (event->text_bytes > EVENT_TEXT_BYTES || event->method >= SIP_METHOD_COUNT ||
	    event->cseq_method >= SIP_METHOD_COUNT || event->lcore >= SEGMENT_LCORES)
		return false;
	for (unsigned int i = 0; i < EVENT_TEXT_COUNT; i++)
		if (event->text[i].off + event->text[i].len > event->text_bytes)
			return false;
	if (event->media.off + event->media.len > event->text_bytes)
		return false;
	memcpy(event->bytes, slot->bytes, event->text_bytes);
	return true;
}

static bool ring_pop(struct event_ring *ring, struct call_event *event, bool hold)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	uint32_t slots = ring_slots(ring);
	bool whole = false;

	// More than there is room for: one of the indices was overwritten. Nothing between them can
	// be believed; begin again where the producer will write next.
	if (tail - head > slots) {
		__atomic_store_n(&ring->held, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&ring->head, tail, __ATOMIC_RELEASE);
		return false;
	}
	while (!whole && head != tail) {
		whole = slot_copy(&ring->event[head++ & (slots - 1)], event);
		// First, so that the slot is never free in between.
		if (hold)
			__atomic_store_n(&ring->held, ring->held + 1, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
	return whole;
}

bool event_ring_pop(struct event_ring *ring, struct call_event *event)
{
	return ring_pop(ring, event, false);
}

bool event_ring_pop_held(struct event_ring *ring, struct call_event *event)
{
	return ring_pop(ring, event, true);
}

void event_ring_release(struct event_ring *ring, uint64_t upto)
{
	if (ring->head - upto < ring->held)
		__atomic_store_n(&ring->held, ring->head - upto, __ATOMIC_RELEASE);
}

uint32_t event_ring_rewind(struct event_ring *ring)
{
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	uint64_t head = ring->head, held = ring->held;
	uint32_t slots = ring_slots(ring);

	// Killed between the two stores of pop: one more is said to be held than is, and its slot
	// may be taken.
	if (held > 0 && tail - (head - held) > slots)
		held--;
	if (tail - (head - held) > slots)
		held = 0; // indices that can't be: pop sets them right
	if (head - held >= ring->rewound)
		ring->rewinds = 0;
	else if (++ring->rewinds >= EVENT_RING_REWINDS)
		held = head > ring->rewound ? head - ring->rewound : 0;
	if (head > ring->rewound)
		ring->rewound = head;
	__atomic_store_n(&ring->head, head - held, __ATOMIC_RELEASE);
	__atomic_store_n(&ring->held, 0, __ATOMIC_RELEASE);
	return (uint32_t)held;
}

uint32_t event_ring_count(const struct event_ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	uint64_t count = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) - head;
	uint32_t slots = ring_slots(ring);

	return count < slots ? (uint32_t)count : slots;
}
