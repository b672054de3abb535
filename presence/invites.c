// SPDX-License-Identifier: Apache-2.0
// Records lie one behind the other in an arena that is written round and round; a record is named
// by its position in the endless stream of octets, which says at once whether it still exists. The
// index is a table of the newest position for each hash value; older ones hang on it as a chain.
#include "presence/invites.h"

#include <stdlib.h>
#include <string.h>

#include "config/metric.h"
#include "link/call_event.h"
#include "sip/msg.h"

enum {
	INVITES_INDEX = 1 << 16,
	// Longer chains are somebody's flood of one Call-ID; the newest are enough.
	INVITES_CHAIN_MAX = 64,
};

METRIC_COUNTER(overwritten, "offhook_calls_invites_overwritten", NULL,
	       "INVITEs that made room for newer ones, answered or not")

struct invite_record {
	uint64_t older;          // position of the one before in this chain; 0: none
	uint64_t bytes;          // up to the next record
	struct call_event event; // cut behind its text
};

struct invites {
	char *arena;
	size_t size;
	uint64_t head; // next position; starts at `size`, so that 0 is none
	uint64_t tail; // oldest record that exists
	uint64_t newest[INVITES_INDEX];
};

static struct invite_record *record_at(const struct invites *invites, uint64_t position)
{
	return (struct invite_record *)(invites->arena + position % invites->size);
}

static size_t index_of(struct siphash128 key)
{
	return key.word[1] % INVITES_INDEX;
}

struct invites *invites_new(size_t bytes)
{
	struct invites *invites = calloc(1, sizeof(*invites));

	if (invites == NULL)
		return NULL;
	if (bytes < 2 * sizeof(struct invite_record))
		bytes = 2 * sizeof(struct invite_record);
	invites->size = bytes & ~(size_t)7;
	invites->arena = malloc(invites->size);
	if (invites->arena == NULL) {
		free(invites);
		return NULL;
	}
	invites->head = invites->tail = invites->size;
	return invites;
}

void invites_free(struct invites *invites)
{
	if (invites == NULL)
		return;
	free(invites->arena);
	free(invites);
}

// Lets go of the oldest until the octets up to `end` are free.
static void tail_move(struct invites *invites, uint64_t end)
{
	while (invites->tail + invites->size < end) {
		invites->tail += record_at(invites, invites->tail)->bytes;
		metric_add(&overwritten, 1);
	}
}

void invites_add(struct invites *invites, const struct call_event *event)
{
	size_t room = invites->size - invites->head % invites->size;
	size_t bytes = offsetof(struct invite_record, event) + call_event_bytes(event);
	uint64_t *newest = &invites->newest[index_of(event->call_key)];
	struct invite_record *record = record_at(invites, invites->head);

	bytes = (bytes + 7) & ~(size_t)7;
	// The last record before the end of the arena gets the rest, so that the next one fits.
	if (room - bytes < sizeof(struct invite_record))
		bytes = room;
	tail_move(invites, invites->head + bytes);
	record->older = *newest;
	record->bytes = bytes;
	memcpy(&record->event, event, call_event_bytes(event));
	*newest = invites->head;
	invites->head += bytes;
}

// Other messages are here for their session description only.
static bool record_is_words(const struct call_event *event)
{
	if (event->flags & EVENT_IS_RESPONSE)
		return event->status / 100 != 1 && event->cseq_method != SIP_PRACK;
	return event->method != SIP_ACK && event->method != SIP_PRACK &&
	       event->method != SIP_UPDATE;
}

static bool record_fits(const struct call_event *event, const struct invites_query *query)
{
	if (memcmp(&event->call_key, &query->call_key, sizeof(event->call_key)) != 0 ||
	    event->from_tag != query->from_tag || !record_is_words(event))
		return false;
	if (query->response != !!(event->flags & EVENT_IS_RESPONSE) ||
	    (!query->response && query->in_dialog != !!(event->flags & EVENT_HAS_TO_TAG)))
		return false;
	switch (query->match) {
	case INVITES_BRANCH:
		return event->cseq == query->cseq && (uint32_t)event->branch == query->branch;
	case INVITES_CSEQ: return event->cseq == query->cseq;
	default: return true;
	}
}

const struct call_event *invites_find(const struct invites *invites,
				      const struct invites_query *query)
{
	uint64_t position = invites->newest[index_of(query->call_key)];

	for (int i = 0; i < INVITES_CHAIN_MAX && position >= invites->tail; i++) {
		const struct invite_record *record = record_at(invites, position);
		if (record_fits(&record->event, query))
			return &record->event;
		position = record->older;
	}
	return NULL;
}

static bool record_describes(const struct call_event *event, struct siphash128 call_key,
			     uint64_t sender, uint64_t peer, uint32_t cseq)
{
	bool response = event->flags & EVENT_IS_RESPONSE;
	uint64_t from = response ? event->to_tag : event->from_tag;
	uint64_t to = response ? event->from_tag : event->to_tag;

	return event->media.len > 0 && memcmp(&event->call_key, &call_key, sizeof(call_key)) == 0 &&
	       from == sender && (to == peer || to == 0) && (cseq == 0 || cseq == event->cseq);
}

const struct call_event *invites_find_media(const struct invites *invites,
					    struct siphash128 call_key, uint64_t sender,
					    uint64_t peer, uint32_t cseq)
{
	uint64_t position = invites->newest[index_of(call_key)];

	for (int i = 0; i < INVITES_CHAIN_MAX && position >= invites->tail; i++) {
		const struct invite_record *record = record_at(invites, position);
		if (record_describes(&record->event, call_key, sender, peer, cseq))
			return &record->event;
		position = record->older;
	}
	return NULL;
}

size_t invites_bytes(const struct invites *invites)
{
	return sizeof(*invites) + invites->size;
}
