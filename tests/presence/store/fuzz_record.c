// SPDX-License-Identifier: Apache-2.0
// Any octets as the field (up to the first newline) and the value of a record: refused, or a record
// that says the same when it is written and read again.
#include "presence/store/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool true_or_dead)
{
	if (!true_or_dead)
		abort();
}

static struct record_text exact_copy(const uint8_t *data, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, data, len);
	return (struct record_text){copy, len};
}

static void read_publication(struct record_text field, struct record_text value)
{
	static struct store_publication record, again;
	char field_out[RECORD_FIELD_BYTES], value_out[RECORD_VALUE_BYTES];

	if (record_publication_parse(field, value, &record) != 0)
		return;
	struct record_text new_field = {field_out,
					record_publication_field(record.person, field_out)};
	struct record_text new_value = {value_out, record_publication_value(&record, value_out)};
	require(new_value.len <= sizeof(value_out));
	require(record_publication_parse(new_field, new_value, &again) == 0);
	require(memcmp(&record, &again, sizeof(record)) == 0);
}

static void read_call(struct record_text field, struct record_text value)
{
	static struct store_call record, again;
	char field_out[RECORD_FIELD_BYTES], value_out[RECORD_VALUE_BYTES];

	if (record_call_parse(field, value, &record) != 0)
		return;
	struct record_text new_field = {field_out,
					record_call_field(record.call_key, record.caller_tag,
							  record.callee_tag, field_out)};
	// What is said of the media of a call that has none is not kept.
	if (record.media_count == 0)
		record.media_seen = record.on_hold = false;
	struct record_text new_value = {value_out, record_call_value(&record, value_out)};
	require(new_value.len <= sizeof(value_out));
	require(record_call_parse(new_field, new_value, &again) == 0);
	require(memcmp(&record, &again, sizeof(record)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;

	if (!newline)
		return 0;
	struct record_text field = exact_copy(data, (size_t)(newline - data));
	struct record_text value = exact_copy(newline + 1, size - field.len - 1);
	read_publication(field, value);
	read_call(field, value);
	free((char *)field.data);
	free((char *)value.data);
	return 0;
}
