// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/count.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/parse/batch.h"
#include "bench/parse/callgrind.h"
#include "bench/sample_calls.h"
#include "sip/msg.h"

enum { WARM_MESSAGES = 20 };

struct job {
	const struct batch_list *list;
	struct counted *counted;
};

// Its name is callgrind's cue: called through a pointer, so that no compiler makes another one of
// it.
void count_pass(const struct parser *parser, const struct sample_set *set);
static void (*volatile const count_through)(const struct parser *,
					    const struct sample_set *) = count_pass;

void count_pass(const struct parser *parser, const struct sample_set *set)
{
	struct fields fields;

	for (size_t i = 0; i < set->count; i++) {
		parser->parse(set->samples[i].text, set->samples[i].len, &fields);
		parser->release();
		__asm__ volatile("" : : "r"(&fields) : "memory");
	}
}

// So that the dynamic linker has done its part and the heap has some room.
static void warm_up(const struct parser *parser, const struct sample_set *set)
{
	struct fields fields;

	for (size_t i = 0; i < set->count && i < WARM_MESSAGES; i++) {
		parser->parse(set->samples[i].text, set->samples[i].len, &fields);
		parser->release();
	}
}

static int read_batch(FILE *file, struct sample_set *set)
{
	static char text[SIP_MAX_BYTES];
	uint32_t count, len;

	memset(set, 0, sizeof(*set));
	if (fread(&count, sizeof(count), 1, file) != 1)
		return -ENODATA;
	while (count-- > 0) {
		if (fread(&len, sizeof(len), 1, file) != 1 || len > sizeof(text) ||
		    fread(text, 1, len, file) != len || sample_add(set, text, len) != 0)
			return -EIO;
	}
	return 0;
}

int count_passes(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct sample_set set;
	int ret, batch = 0;

	if (file == NULL)
		return -errno;
	while ((ret = read_batch(file, &set)) == 0) {
		for (int i = 0; i < PARSERS; i++) {
			if (set.count == 0 || !parser_takes_part(&parsers[i]))
				continue;
			parser_select(&parsers[i]);
			warm_up(&parsers[i], &set);
			count_through(&parsers[i], &set);
			printf("%d %d\n", batch, i);
			fflush(stdout);
		}
		sample_set_fini(&set);
		batch++;
	}
	fclose(file);
	return ret == -ENODATA ? 0 : ret;
}

static size_t counted_of(const struct batch *batch)
{
	size_t most = batch->key == BATCH_WHOLE ? COUNT_WHOLE_MESSAGES : COUNT_PART_MESSAGES;

	if (batch->key == BATCH_CACHE)
		return 0; // a cache changes no count
	return batch->count < most ? batch->count : most;
}

static int write_batches(void *ctx, const char *path)
{
	struct job *job = ctx;
	FILE *file = fopen(path, "wb");

	if (file == NULL)
		return -errno;
	for (size_t k = 0; k < job->list->count; k++) {
		const struct batch *batch = &job->list->batches[k];
		uint32_t count = (uint32_t)counted_of(batch);

		job->counted[k].messages = count;
		fwrite(&count, sizeof(count), 1, file);
		for (size_t i = 0; i < count; i++) {
			const struct sample *sample = batch->message[i * batch->count / count];

			fwrite(&sample->len, sizeof(sample->len), 1, file);
			fwrite(sample->text, 1, sample->len, file);
		}
	}
	return fclose(file) == 0 ? 0 : -errno;
}

static void take_pass(void *ctx, int batch, int parser, double instructions)
{
	struct job *job = ctx;
	struct counted *counted = &job->counted[batch];

	counted->instructions[parser] = instructions / (double)counted->messages;
}

void count_instructions(const struct batch_list *list, const char *only, struct counted *counted)
{
	struct job job = {list, counted};

	callgrind_run(write_batches, take_pass, &job, only);
}
