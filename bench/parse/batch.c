// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/parse/corpus.h"
#include "sip/msg.h"

enum {
	ROUND_MESSAGES = 2000, // a round takes at least so many
	FEW_MESSAGES = 200,    // that stay in the caches
	MOST_SINGLE = 250,     // batches of one message
};

static const char *const key_names[BATCH_KEYS] = {"whole",   "kind",  "size",
						  "headers", "cache", "message"};

const char *batch_key_name(enum batch_key key)
{
	return key_names[key];
}

enum batch_key batch_key_find(const char *name)
{
	for (int key = BATCH_KIND; key < BATCH_KEYS; key++) {
		if (strcmp(key_names[key], name) == 0)
			return key;
	}
	return BATCH_WHOLE;
}

static struct batch *list_add(struct batch_list *list, enum batch_key key, const char *value)
{
	struct batch *grown = realloc(list->batches, (list->count + 1) * sizeof(*grown));

	if (grown == NULL)
		return NULL;
	list->batches = grown;
	grown += list->count++;
	memset(grown, 0, sizeof(*grown));
	grown->key = key;
	snprintf(grown->value, sizeof(grown->value), "%s", value);
	return grown;
}

static int take(struct batch *batch, const struct sample *sample, size_t room)
{
	if (batch->message == NULL)
		batch->message = calloc(room, sizeof(*batch->message));
	if (batch->message == NULL)
		return -ENOMEM;
	batch->message[batch->count++] = sample;
	batch->bytes += sample->len;
	batch->repeats = (ROUND_MESSAGES + batch->count - 1) / batch->count;
	return 0;
}

static void name_kind(const struct sample *sample, char *out, size_t size)
{
	struct sip_msg msg;

	if (sip_msg_parse_reference(sample->text, sample->len, &msg) != SIP_REJECT_NONE)
		snprintf(out, size, "other");
	else if (msg.status == 0)
		snprintf(out, size, "%s", sip_method_name(msg.method));
	else
		snprintf(out, size, "%uxx%s", msg.status / 100,
			 (msg.flags & SIP_HAS_SDP) != 0 ? "-sdp" : "");
}

// "from-to" of the step in which the number lies; open at the top.
static void name_range(size_t number, const size_t *steps, size_t count, char *out, size_t size)
{
	size_t i = 1;

	while (i < count && number >= steps[i])
		i++;
	if (i < count)
		snprintf(out, size, "%zu-%zu", steps[i - 1], steps[i] - 1);
	else
		snprintf(out, size, "%zu+", steps[i - 1]);
}

static size_t header_lines(const struct sample *sample)
{
	const char *line = sample->text, *end = line + sample->len, *lf;
	size_t lines = 0;

	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL && lf - line > 1) {
		line = lf + 1;
		lines++;
	}
	return lines > 0 ? lines - 1 : 0; // the first line is none
}

static void name_of(enum batch_key key, const struct sample *sample, char *out, size_t size)
{
	static const size_t sizes[] = {0, 400, 600, 800, 1000, 1400, 2000};
	static const size_t headers[] = {0, 8, 11, 14, 17, 21, 31};

	if (key == BATCH_KIND)
		name_kind(sample, out, size);
	else if (key == BATCH_SIZE)
		name_range(sample->len, sizes, sizeof(sizes) / sizeof(sizes[0]), out, size);
	else
		name_range(header_lines(sample), headers, sizeof(headers) / sizeof(headers[0]), out,
			   size);
}

static struct batch *find(struct batch_list *list, enum batch_key key, const char *value)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->batches[i].key == key && strcmp(list->batches[i].value, value) == 0)
			return &list->batches[i];
	}
	return list_add(list, key, value);
}

// The same few messages each time, evenly over the corpus.
static int split_cache(struct batch_list *list, const struct sample_set *set)
{
	static const char *const names[] = {"hot", "cold-message", "cold"};
	size_t few = set->count < FEW_MESSAGES ? set->count : FEW_MESSAGES;

	for (enum cold_what cold = COLD_NOTHING; cold <= COLD_ALL; cold++) {
		struct batch *batch = list_add(list, BATCH_CACHE, names[cold]);

		if (batch == NULL)
			return -ENOMEM;
		batch->cold = cold;
		for (size_t i = 0; i < few; i++) {
			if (take(batch, &set->samples[i * set->count / few], few) != 0)
				return -ENOMEM;
		}
	}
	return 0;
}

// In the order of their names, by value where they are numbers.
static int compare(const void *a, const void *b)
{
	const struct batch *left = a, *right = b;

	if (left->key == BATCH_KIND)
		return strcmp(left->value, right->value);
	return atoi(left->value) - atoi(right->value);
}

int batch_whole(struct batch_list *list, const struct sample_set *set)
{
	struct batch *batch = list_add(list, BATCH_WHOLE, "");

	for (size_t i = 0; batch != NULL && i < set->count; i++) {
		if (take(batch, &set->samples[i], set->count) != 0)
			return -ENOMEM;
	}
	return batch != NULL ? 0 : -ENOMEM;
}

static int split_messages(struct batch_list *list, const struct corpus *corpus)
{
	if (corpus->set.count > MOST_SINGLE) {
		fprintf(stderr, "bench-parse: --by message is for %d messages at most\n",
			MOST_SINGLE);
		return -E2BIG;
	}
	for (size_t i = 0; i < corpus->set.count; i++) {
		struct batch *batch = list_add(list, BATCH_MESSAGE,
					       corpus->origin[i] != NULL ? corpus->origin[i] : "");

		if (batch == NULL || take(batch, &corpus->set.samples[i], 1) != 0)
			return -ENOMEM;
	}
	return 0;
}

int batch_split(struct batch_list *list, const struct corpus *corpus, enum batch_key key)
{
	const struct sample_set *set = &corpus->set;
	size_t first = list->count;
	char value[32];

	if (key == BATCH_CACHE)
		return split_cache(list, set);
	if (key == BATCH_MESSAGE)
		return split_messages(list, corpus);
	for (size_t i = 0; i < set->count; i++) {
		struct batch *batch;

		name_of(key, &set->samples[i], value, sizeof(value));
		batch = find(list, key, value);
		if (batch == NULL || take(batch, &set->samples[i], set->count) != 0)
			return -ENOMEM;
	}
	qsort(list->batches + first, list->count - first, sizeof(*list->batches), compare);
	return 0;
}

void batch_list_fini(struct batch_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->batches[i].message);
	free(list->batches);
}
