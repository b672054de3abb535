// SPDX-License-Identifier: Apache-2.0
// SRV records (RFC 2782): from the bytes of an answer to the order of trial.
#include "presence/net/resolver_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 12, QUESTION_BYTES = 4, RECORD_BYTES = 10 }; // RFC 1035 4.1, names aside

static unsigned int get_u16(const unsigned char *bytes)
{
	return (unsigned int)bytes[0] << 8 | bytes[1];
}

// Behind the name at `at` and `more` octets; NULL when the packet ends before.
static const unsigned char *skip(const unsigned char *packet, int len, const unsigned char *at,
				 long more)
{
	char *name;
	long name_len;

	if (at >= packet + len || ares_expand_name(at, packet, len, &name, &name_len) != 0)
		return NULL;
	ares_free_string(name);
	return name_len + more <= packet + len - at ? at + name_len + more : NULL;
}

// ares_parse_srv_reply() leaves out the TTL.
static uint32_t least_ttl_s(const unsigned char *packet, int len)
{
	const unsigned char *at = packet + HEADER_BYTES;
	uint32_t least = UINT32_MAX;

	if (len < HEADER_BYTES)
		return 0;
	for (unsigned int i = get_u16(packet + 4); i > 0 && at != NULL; i--)
		at = skip(packet, len, at, QUESTION_BYTES);
	for (unsigned int i = get_u16(packet + 6); i > 0 && at != NULL; i--) {
		at = skip(packet, len, at, RECORD_BYTES);
		if (at == NULL)
			break;
		uint32_t ttl = (uint32_t)get_u16(at - 6) << 16 | get_u16(at - 4);
		unsigned int data_len = get_u16(at - 2);

		if (ttl < least)
			least = ttl;
		at = data_len <= packet + len - at ? at + data_len : NULL;
	}
	return at != NULL ? least : 0;
}

static int by_priority(const void *a, const void *b)
{
	const struct srv_record *left = a, *right = b;

	if (left->priority != right->priority)
		return left->priority < right->priority ? -1 : 1;
	// Weight 0 first, as the lot needs it.
	return (left->weight > right->weight) - (left->weight < right->weight);
}

// Takes the place of the worst record if it is better, once the table is full.
static void answer_add(struct srv_answer *answer, const struct ares_srv_reply *reply)
{
	struct srv_record *place = &answer->record[0];

	if (reply->host == NULL || reply->host[0] == '\0' || strcmp(reply->host, ".") == 0) {
		answer->refused = true;
		return;
	}
	if (strlen(reply->host) >= RESOLVER_NAME_BYTES)
		return;
	if (answer->count < RESOLVER_ADDRESSES) {
		place = &answer->record[answer->count++];
	} else {
		for (unsigned int i = 1; i < answer->count; i++)
			if (answer->record[i].priority > place->priority)
				place = &answer->record[i];
		if (place->priority <= reply->priority)
			return;
	}
	place->priority = reply->priority;
	place->weight = reply->weight;
	place->port = reply->port;
	snprintf(place->host, sizeof(place->host), "%s", reply->host);
}

int srv_parse(const unsigned char *packet, int len, struct srv_answer *answer)
{
	struct ares_srv_reply *replies = NULL;
	int status = ares_parse_srv_reply(packet, len, &replies);

	*answer = (struct srv_answer){0};
	if (status != ARES_SUCCESS)
		return status == ARES_ENODATA ? -ENOENT : -EBADMSG;
	for (const struct ares_srv_reply *reply = replies; reply != NULL; reply = reply->next)
		answer_add(answer, reply);
	ares_free_data(replies);
	answer->ttl_s = least_ttl_s(packet, len);
	return answer->count > 0 || answer->refused ? 0 : -ENOENT;
}

// xorshift64*: fair enough to share load, and repeatable in tests.
static uint64_t random_below(uint64_t *random, uint64_t limit)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return (*random * UINT64_C(0x2545F4914F6CDD1D) >> 32) % limit;
}

// Moves one of the records, drawn by weight, to the front.
static void draw_first(struct srv_record *records, unsigned int count, uint64_t *random)
{
	uint64_t sum = 0, running = 0;
	unsigned int drawn = 0;

	for (unsigned int i = 0; i < count; i++)
		sum += records[i].weight;
	uint64_t lot = random_below(random, sum + 1);

	while ((running += records[drawn].weight) < lot)
		drawn++;
	struct srv_record first = records[drawn];

	memmove(records + 1, records, drawn * sizeof(*records));
	records[0] = first;
}

void srv_order(struct srv_record *records, unsigned int count, uint64_t *random)
{
	unsigned int end;

	qsort(records, count, sizeof(*records), by_priority);
	for (unsigned int start = 0; start < count; start = end) {
		end = start + 1;
		while (end < count && records[end].priority == records[start].priority)
			end++;
		for (unsigned int i = start; i + 1 < end; i++)
			draw_first(records + i, end - i, random);
	}
}
