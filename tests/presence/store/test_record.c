// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "presence/store/record.h"

static const char dialog[] = "00000000000000010123456789abcdef-00000000000000ff-fffffffffffffffe";

static const struct {
	const char *name, *field, *value;
	int expect;
} publications[] = {
	{"whole", "sip:a@b", "1|4:John6:tag-4219:17000000000000000001:1", 0},
	{"with an orphan", "sip:a@b", "1|0:0:1:01:019:1700000000000000000", 0},
	{"orphan is no number", "sip:a@b", "1|0:0:1:01:01:x", -EINVAL},
	{"something behind the orphan", "sip:a@b", "1|0:0:1:01:01:11:1", -EINVAL},
	{"empty texts", "sip:a@b", "1|0:0:1:01:0", 0},
	{"any octet", "sip:a@b", "1|5:1:|\r\n0:1:01:0", 0},
	{"leading zero", "sip:a@b", "1|000:0:1:01:0", 0},
	{"largest number", "sip:a@b", "1|0:0:20:184467440737095516151:1", 0},
	{"number too large", "sip:a@b", "1|0:0:20:184467440737095516161:1", -EINVAL},
	{"no person", "", "1|0:0:1:01:0", -EINVAL},
	{"newer", "sip:a@b", "2|anything", -EPROTONOSUPPORT},
	{"much newer", "sip:a@b", "999|", -EPROTONOSUPPORT},
	{"format 0", "sip:a@b", "0|0:0:1:01:0", -EINVAL},
	{"long format", "sip:a@b", "0001|0:0:1:01:0", -EINVAL},
	{"no format", "sip:a@b", "|0:0:1:01:0", -EINVAL},
	{"no bar", "sip:a@b", "1", -EINVAL},
	{"empty", "sip:a@b", "", -EINVAL},
	{"cut in a length", "sip:a@b", "1|4", -EINVAL},
	{"cut in a text", "sip:a@b", "1|4:Joh", -EINVAL},
	{"field missing", "sip:a@b", "1|0:0:1:0", -EINVAL},
	{"something behind", "sip:a@b", "1|0:0:1:01:0x", -EINVAL},
	{"negative length", "sip:a@b", "1|-1:0:1:01:0", -EINVAL},
	{"length over all", "sip:a@b", "1|999:0:1:01:0", -EINVAL},
	{"length of four digits", "sip:a@b", "1|0000:0:1:01:0", -EINVAL},
	{"number empty", "sip:a@b", "1|0:0:0:1:0", -EINVAL},
	{"number with sign", "sip:a@b", "1|0:0:2:+11:0", -EINVAL},
	{"wanted is no bool", "sip:a@b", "1|0:0:1:01:2", -EINVAL},
};

static struct record_text text(const char *data)
{
	return (struct record_text){data, strlen(data)};
}

static void reads_publications(void **state)
{
	struct store_publication record;

	for (size_t i = 0; i < sizeof(publications) / sizeof(publications[0]); i++)
		if (record_publication_parse(text(publications[i].field),
					     text(publications[i].value),
					     &record) != publications[i].expect)
			fail_msg("%s", publications[i].name);
	assert_int_equal(
		record_publication_parse(text("sip:a@b"), text(publications[0].value), &record), 0);
	assert_string_equal(record.person, "sip:a@b");
	assert_string_equal(record.display, "John");
	assert_string_equal(record.etag, "tag-42");
	assert_int_equal(record.expires_wall_ns, 1700000000000000000);
	assert_true(record.wanted);
}

static void refuses_nul(void **state)
{
	static const char value[] = "1|3:a\0b0:1:01:0";
	struct store_publication record;

	assert_int_equal(record_publication_parse(text("sip:a@b"),
						  (struct record_text){value, sizeof(value) - 1},
						  &record),
			 -EINVAL);
	assert_int_equal(record_publication_parse((struct record_text){"a\0b", 3},
						  text(publications[0].value), &record),
			 -EINVAL);
}

static void reads_calls(void **state)
{
	static const char value[] = "1|5:id@ex7:sip:a@b0:1:73:12310:42949672951:9";
	char field[sizeof(dialog)];
	struct store_call record;

	assert_int_equal(record_call_parse(text(dialog), text(value), &record), 0);
	assert_int_equal(record.call_key.word[0], 1);
	assert_int_equal(record.call_key.word[1], 0x0123456789abcdef);
	assert_int_equal(record.caller_tag, 0xff);
	assert_int_equal(record.callee_tag, 0xfffffffffffffffe);
	assert_string_equal(record.caller, "sip:a@b");
	assert_string_equal(record.callee, "");
	assert_int_equal(record.start_wall_ns, 7);
	assert_int_equal(record.deadline_wall_ns, 123);
	assert_int_equal(record.cseq_caller, UINT32_MAX);
	assert_int_equal(record.cseq_callee, 9);
	assert_int_equal(record_call_parse(text(dialog),
					   text("1|5:id@ex7:sip:a@b0:1:73:12310:42949672961:9"),
					   &record),
			 -EINVAL);
	// Each octet of the key matters.
	for (size_t i = 0; i < sizeof(dialog) - 1; i++) {
		strcpy(field, dialog);
		field[i] = 'g';
		assert_int_equal(record_call_parse(text(field), text(value), &record), -EINVAL);
		field[i] = 0;
		assert_int_equal(record_call_parse((struct record_text){field, sizeof(dialog) - 1},
						   text(value), &record),
				 -EINVAL);
		assert_int_equal(
			record_call_parse((struct record_text){dialog, i}, text(value), &record),
			-EINVAL);
	}
}

#define CALL "5:id@ex7:sip:a@b0:1:73:1231:81:9"

static const struct {
	const char *name, *value;
	int ret;
	uint8_t count;
} with_media[] = {
	{"none, of the first format", "1|" CALL, 0, 0},
	{"none, of the second", "2|" CALL, 0, 0},
	{"one", "2|" CALL "1:321:callee 192.0.2.1 6000", 0, 1},
	{"two", "2|" CALL "1:121:callee 192.0.2.1 600024:caller 2001:db8::1 65535", 0, 2},
	{"flags alone", "2|" CALL "1:0", 0, 0},
	{"newer", "3|" CALL, -EPROTONOSUPPORT, 0},
	{"other flags", "2|" CALL "1:421:callee 192.0.2.1 6000", -EINVAL, 0},
	{"nobody's", "2|" CALL "1:020:other 192.0.2.1 6000", -EINVAL, 0},
	{"no address", "2|" CALL "1:017:callee 192.0 6000", -EINVAL, 0},
	{"port 0", "2|" CALL "1:018:callee 192.0.2.1 0", -EINVAL, 0},
	{"port 65536", "2|" CALL "1:022:callee 192.0.2.1 65536", -EINVAL, 0},
	{"no port", "2|" CALL "1:016:callee 192.0.2.1", -EINVAL, 0},
	{"more behind", "2|" CALL "1:023:callee 192.0.2.1 6000 x", -EINVAL, 0},
	{"cut", "2|" CALL "1:021:callee 192.0.2.1 600", -EINVAL, 0},
	{"eight",
	 "2|" CALL "1:012:caller ::1 112:caller ::1 112:caller ::1 112:caller ::1 1"
	 "12:caller ::1 112:caller ::1 112:caller ::1 112:caller ::1 1",
	 0, 8},
	{"nine",
	 "2|" CALL "1:012:caller ::1 112:caller ::1 112:caller ::1 112:caller ::1 1"
	 "12:caller ::1 112:caller ::1 112:caller ::1 112:caller ::1 112:caller ::1 1",
	 -EINVAL, 0},
};

static void reads_media(void **state)
{
	struct store_call record;

	for (size_t i = 0; i < sizeof(with_media) / sizeof(with_media[0]); i++) {
		int ret = record_call_parse(text(dialog), text(with_media[i].value), &record);

		if (ret != with_media[i].ret ||
		    (ret == 0 && record.media_count != with_media[i].count))
			fail_msg("%s: %d", with_media[i].name, ret);
	}
	assert_int_equal(record_call_parse(text(dialog), text(with_media[3].value), &record), 0);
	assert_true(record.media_seen && !record.on_hold);
	assert_true(record.media[0].is_callees && !record.media[1].is_callees);
	assert_int_equal(record.media[0].address.version, 4);
	assert_int_equal(record.media[0].address.octet[0], 192);
	assert_int_equal(record.media[1].address.version, 6);
	assert_int_equal(record.media[1].address.port, 65535);
}

// An engine of before, put back in place, reads what it can: nothing says more than it has to.
static void writes_the_oldest_format(void **state)
{
	struct store_publication publication = {.person = "sip:a@b", .expires_wall_ns = 1};
	struct store_call call = {.call_id = "c"};
	char value[RECORD_VALUE_BYTES];

	value[record_publication_value(&publication, value)] = 0;
	assert_string_equal(value, "1|0:0:1:11:0");
	publication.orphan_wall_ns = 2;
	value[record_publication_value(&publication, value)] = 0;
	assert_string_equal(value, "1|0:0:1:11:01:2");
	value[record_call_value(&call, value)] = 0;
	assert_string_equal(value, "1|1:c0:0:1:01:01:01:0");
	call.media[call.media_count++].address = (struct sdp_address){.version = 4, .port = 9};
	value[record_call_value(&call, value)] = 0;
	assert_string_equal(value, "2|1:c0:0:1:01:01:01:01:016:caller 0.0.0.0 9");
}

static void fill(char *out, size_t len, unsigned int *seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(1 + rand_r(seed) % 255);
	out[len] = 0;
}

static unsigned int seed(void)
{
	const char *given = getenv("SEED");
	unsigned int number = given ? (unsigned int)strtoul(given, NULL, 0) : 20261120;

	print_message("SEED=%u\n", number);
	return number;
}

// On exact-size copies, so that a sanitizer sees every octet read beyond.
static int parse_copy(const char *field, size_t field_len, const char *value, size_t value_len,
		      struct store_publication *publication, struct store_call *call)
{
	char *field_copy = malloc(field_len + !field_len),
	     *value_copy = malloc(value_len + !value_len);
	struct record_text f = {field_copy, field_len}, v = {value_copy, value_len};
	int error;

	assert_true(field_copy && value_copy);
	memcpy(field_copy, field, field_len);
	memcpy(value_copy, value, value_len);
	error = publication ? record_publication_parse(f, v, publication)
			    : record_call_parse(f, v, call);
	free(field_copy);
	free(value_copy);
	return error;
}

static void gives_back_any_text(void **state)
{
	char field[RECORD_FIELD_BYTES], value[RECORD_VALUE_BYTES];
	unsigned int random = seed();

	for (int round = 0; round < 2000; round++) {
		struct store_publication p = {.expires_wall_ns = (uint64_t)rand_r(&random) << 33,
					      .wanted = round % 2},
					 p2;
		struct store_call c = {.call_key = {{(uint64_t)rand_r(&random) << 40, 3}},
				       .caller_tag = UINT64_MAX - (unsigned int)round,
				       .deadline_wall_ns = UINT64_MAX,
				       .cseq_caller = UINT32_MAX},
				  c2;
		size_t len, field_len;

		fill(p.person, 1 + (size_t)rand_r(&random) % 255, &random);
		fill(p.display, (size_t)rand_r(&random) % 256, &random);
		fill(p.etag, round == 0 ? 255 : (size_t)rand_r(&random) % 256, &random);
		field_len = record_publication_field(p.person, field);
		len = record_publication_value(&p, value);
		assert_true(len <= sizeof(value));
		assert_int_equal(parse_copy(field, field_len, value, len, &p2, NULL), 0);
		assert_memory_equal(&p, &p2, sizeof(p));

		fill(c.call_id, 255, &random);
		fill(c.caller, 255, &random);
		fill(c.callee, 255, &random);
		c.media_count = (uint8_t)(round % (STORE_MEDIA + 1));
		c.media_seen = c.media_count > 0 && round % 2;
		c.on_hold = c.media_count > 0 && round % 3 == 0;
		for (int i = 0; i < c.media_count; i++) {
			struct sdp_address *address = &c.media[i].address;

			c.media[i].is_callees = rand_r(&random) % 2;
			address->version = rand_r(&random) % 2 ? 6 : 4;
			address->port = (uint16_t)(1 + rand_r(&random) % UINT16_MAX);
			for (int k = 0; k < (address->version == 6 ? 16 : 4); k++)
				address->octet[k] = (uint8_t)rand_r(&random);
		}
		field_len = record_call_field(c.call_key, c.caller_tag, c.callee_tag, field);
		len = record_call_value(&c, value);
		assert_true(len <= sizeof(value));
		assert_int_equal(parse_copy(field, field_len, value, len, NULL, &c2), 0);
		assert_memory_equal(&c, &c2, sizeof(c));
	}
}

static void survives_mutations(void **state)
{
	unsigned int random = seed(), good = 0;

	for (int round = 0; round < 200000; round++) {
		char value[64] = "1|4:John6:tag-4219:17000000000000000001:1";
		size_t len = strlen(value);
		struct store_publication p;
		struct store_call c;

		for (int i = rand_r(&random) % 4; i > 0; i--)
			value[(size_t)rand_r(&random) % len] = (char)rand_r(&random);
		if (rand_r(&random) % 4 == 0)
			len = (size_t)rand_r(&random) % len;
		good += !parse_copy("sip:a@b", 7, value, len, &p, NULL);
		parse_copy(dialog, sizeof(dialog) - 1, value, len, NULL, &c);
	}
	assert_true(good > 20000 && good < 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_publications),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(reads_calls),
		cmocka_unit_test(reads_media),
		cmocka_unit_test(writes_the_oldest_format),
		cmocka_unit_test(gives_back_any_text),
		cmocka_unit_test(survives_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
