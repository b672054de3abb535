// SPDX-License-Identifier: Apache-2.0
// The wheel has eight levels of 64 slots; a level is one base-64 digit of the tick (a millisecond).
// A timer sits at the highest digit in which its tick differs from the wheel's: in the slot of that
// digit's value. When the wheel's digit gets there, the slot is dealt out to the levels below. So a
// timer's place follows from its tick and the wheel's alone, the first slot of the lowest level in
// use is always the next thing to do, and a jump over hours costs what is due and nothing more.
#include "presence/net/timer_wheel.h"

#include "config/clock.h"

#include <stdlib.h>

enum {
	DIGIT_BITS = 6,
	SLOTS = 1 << DIGIT_BITS,
	LEVELS = 8, // 2^48 ms: more than 64 bits of nanoseconds can say
};

// First in, first out: timers of the same millisecond fire in the order in which they were set.
struct timer_list {
	struct timer *first;
	struct timer **last; // the NULL at the end
};

struct timer_wheel {
	uint64_t tick;            // all up to here has fired or is in one of the next two lists
	struct timer_list late;   // set when already due: for the next advance
	struct timer_list firing; // being fired by this advance
	uint64_t used[LEVELS];    // a bit for each slot that is not empty
	struct timer_list slot[LEVELS][SLOTS];
	size_t count;
};

static void list_init(struct timer_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void list_append(struct timer_list *list, struct timer *timer)
{
	timer->next = NULL;
	timer->prev = list->last;
	*list->last = timer;
	list->last = &timer->next;
}

// Moves all of `from` to the empty list `to`.
static void list_move(struct timer_list *to, struct timer_list *from)
{
	list_init(to);
	if (from->first == NULL)
		return;
	*to = *from;
	to->first->prev = &to->first;
	list_init(from);
}

static void list_remove(struct timer_list *list, struct timer *timer)
{
	*timer->prev = timer->next;
	if (timer->next != NULL)
		timer->next->prev = timer->prev;
	else
		list->last = timer->prev;
	timer->next = NULL;
	timer->prev = NULL;
}

// Rounded up, so that a timer never fires early.
static uint64_t tick_of_due(uint64_t due_ns)
{
	return due_ns / NS_PER_MS + (due_ns % NS_PER_MS != 0);
}

static unsigned int digit_of(uint64_t tick, unsigned int level)
{
	return (tick >> (level * DIGIT_BITS)) & (SLOTS - 1);
}

// Only for ticks after the wheel's.
static unsigned int level_of(const struct timer_wheel *wheel, uint64_t tick)
{
	return (63 - (unsigned int)__builtin_clzll(tick ^ wheel->tick)) / DIGIT_BITS;
}

static void wheel_place(struct timer_wheel *wheel, struct timer *timer)
{
	uint64_t tick = tick_of_due(timer->due_ns);

	if (tick <= wheel->tick) {
		list_append(&wheel->late, timer);
		return;
	}
	unsigned int level = level_of(wheel, tick), digit = digit_of(tick, level);

	list_append(&wheel->slot[level][digit], timer);
	wheel->used[level] |= UINT64_C(1) << digit;
}

static void wheel_unplace(struct timer_wheel *wheel, struct timer *timer)
{
	uint64_t tick = tick_of_due(timer->due_ns);

	if (tick <= wheel->tick) {
		bool late = timer->next != NULL || wheel->late.last == &timer->next;

		// Which of the two lists it is only matters at a list's end.
		list_remove(late ? &wheel->late : &wheel->firing, timer);
		return;
	}
	unsigned int level = level_of(wheel, tick), digit = digit_of(tick, level);

	list_remove(&wheel->slot[level][digit], timer);
	if (wheel->slot[level][digit].first == NULL)
		wheel->used[level] &= ~(UINT64_C(1) << digit);
}

// The tick at which the next slot is due, to fire (level 0) or to be dealt out. False: none.
static bool wheel_next_slot(const struct timer_wheel *wheel, unsigned int *level, uint64_t *tick)
{
	for (unsigned int l = 0; l < LEVELS; l++) {
		if (wheel->used[l] == 0)
			continue;
		uint64_t digit = (unsigned int)__builtin_ctzll(wheel->used[l]);
		uint64_t above = wheel->tick >> ((l + 1) * DIGIT_BITS);

		*level = l;
		*tick = ((above << DIGIT_BITS) | digit) << (l * DIGIT_BITS);
		return true;
	}
	return false;
}

static void wheel_fire(struct timer_wheel *wheel)
{
	struct timer *timer;

	while ((timer = wheel->firing.first) != NULL) {
		list_remove(&wheel->firing, timer);
		wheel->count--;
		timer->fire(timer); // may have freed the timer
	}
}

struct timer_wheel *timer_wheel_new(uint64_t now_ns)
{
	struct timer_wheel *wheel = calloc(1, sizeof(*wheel));

	if (wheel == NULL)
		return NULL;
	wheel->tick = now_ns / NS_PER_MS;
	list_init(&wheel->late);
	list_init(&wheel->firing);
	for (unsigned int level = 0; level < LEVELS; level++)
		for (unsigned int digit = 0; digit < SLOTS; digit++)
			list_init(&wheel->slot[level][digit]);
	return wheel;
}

void timer_wheel_free(struct timer_wheel *wheel)
{
	free(wheel);
}

void timer_set(struct timer_wheel *wheel, struct timer *timer, uint64_t due_ns, timer_fn *fire)
{
	timer_cancel(wheel, timer);
	timer->due_ns = due_ns;
	timer->fire = fire;
	wheel_place(wheel, timer);
	wheel->count++;
}

void timer_cancel(struct timer_wheel *wheel, struct timer *timer)
{
	if (!timer_is_set(timer))
		return;
	wheel_unplace(wheel, timer);
	wheel->count--;
}

// What a timer sets to a time already past waits for the next advance: no endless rounds here.
void timer_wheel_advance(struct timer_wheel *wheel, uint64_t now_ns)
{
	uint64_t until = now_ns / NS_PER_MS, tick;
	unsigned int level;

	list_move(&wheel->firing, &wheel->late);
	wheel_fire(wheel);
	while (wheel_next_slot(wheel, &level, &tick) && tick <= until) {
		struct timer_list *slot = &wheel->slot[level][digit_of(tick, level)];
		struct timer_list dealt;
		struct timer *timer;

		wheel->used[level] &= ~(UINT64_C(1) << digit_of(tick, level));
		wheel->tick = tick;
		list_move(&dealt, slot);
		while ((timer = dealt.first) != NULL) {
			list_remove(&dealt, timer);
			if (tick_of_due(timer->due_ns) == tick)
				list_append(&wheel->firing, timer);
			else
				wheel_place(wheel, timer);
		}
		wheel_fire(wheel);
	}
	if (until > wheel->tick)
		wheel->tick = until;
}

uint64_t timer_wheel_next_ns(const struct timer_wheel *wheel)
{
	unsigned int level;
	uint64_t tick;

	if (wheel->late.first != NULL)
		return wheel->tick * NS_PER_MS;
	if (!wheel_next_slot(wheel, &level, &tick) || tick > UINT64_MAX / NS_PER_MS)
		return UINT64_MAX;
	return tick * NS_PER_MS;
}

size_t timer_wheel_count(const struct timer_wheel *wheel)
{
	return wheel->count;
}
