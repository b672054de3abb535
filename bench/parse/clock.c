// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/clock.h"

#include "bench/parse/batch.h"
#include "bench/parse/parsers.h"
#include "bench/sample_calls.h"

double clock_warm(const struct parser *parser, const struct batch *batch)
{
	struct fields fields;
	double start;

	parser_select(parser);
	// Of this process: what others do to the machine is not in it, but for shared caches.
	start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t k = 0; k < batch->repeats; k++) {
		for (size_t i = 0; i < batch->count; i++) {
			const struct sample *sample = batch->message[i];

			parser->parse(sample->text, sample->len, &fields);
			parser->release();
			__asm__ volatile("" : : "r"(&fields) : "memory");
		}
	}
	return (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) /
	       (double)(batch->count * batch->repeats);
}
