// SPDX-License-Identifier: Apache-2.0
// Queues of turns, by the urgency that enum publish_kind lists, and token buckets.
#include "presence/registrar/pacing.h"

#include "config/clock.h"

void pacing_init(struct pacing *pacing)
{
	*pacing = (struct pacing){0};
	for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
		pacing->queue[kind].last = &pacing->queue[kind].first;
}

void pacing_add(struct pacing *pacing, struct publish_turn *turn, enum publish_kind kind)
{
	if (turn->prev && turn->kind == kind)
		return;
	if (turn->prev)
		pacing_remove(pacing, turn);
	else
		turn->asked_ns = clock_mono_ns();
	turn->kind = (uint8_t)kind;
	turn->next = NULL;
	turn->prev = pacing->queue[kind].last;
	*turn->prev = turn;
	pacing->queue[kind].last = &turn->next;
	pacing->count++;
}

void pacing_remove(struct pacing *pacing, struct publish_turn *turn)
{
	if (!turn->prev)
		return;
	*turn->prev = turn->next;
	if (turn->next)
		turn->next->prev = turn->prev;
	else
		pacing->queue[turn->kind].last = turn->prev;
	turn->next = NULL;
	turn->prev = NULL;
	pacing->count--;
}

struct publish_turn *pacing_take(struct pacing *pacing)
{
	for (int kind = PUBLISH_NONE + 1; kind < PUBLISH_KIND_COUNT; kind++) {
		struct publish_turn *turn = pacing->queue[kind].first;

		if (turn) {
			pacing_remove(pacing, turn);
			return turn;
		}
	}
	return NULL;
}

void bucket_init(struct bucket *bucket, double rate, double burst, uint64_t now_ns)
{
	*bucket = (struct bucket){
		.rate = rate, .burst = burst, .tokens = burst, .filled_ns = now_ns};
}

static double bucket_level(const struct bucket *bucket, uint64_t now_ns)
{
	double level = bucket->tokens +
		       (double)(now_ns - bucket->filled_ns) / (double)NS_PER_S * bucket->rate;

	return level < bucket->burst ? level : bucket->burst;
}

void bucket_change(struct bucket *bucket, double rate, double burst, uint64_t now_ns)
{
	bucket->tokens = bucket_level(bucket, now_ns);
	bucket->filled_ns = now_ns;
	bucket->rate = rate;
	bucket->burst = burst;
}

bool bucket_take(struct bucket *bucket, uint64_t now_ns)
{
	bucket->tokens = bucket_level(bucket, now_ns);
	bucket->filled_ns = now_ns;
	if (bucket->tokens < 1)
		return false;
	bucket->tokens -= 1;
	return true;
}

void bucket_charge(struct bucket *bucket, uint64_t now_ns)
{
	bucket->tokens = bucket_level(bucket, now_ns) - 1;
	bucket->filled_ns = now_ns;
	if (bucket->tokens < -bucket->burst)
		bucket->tokens = -bucket->burst;
}

uint64_t bucket_next_ns(const struct bucket *bucket, uint64_t now_ns)
{
	double missing = 1 - bucket_level(bucket, now_ns);

	if (missing <= 0)
		return now_ns;
	return now_ns + (uint64_t)(missing / bucket->rate * (double)NS_PER_S) + 1;
}
