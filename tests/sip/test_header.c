// SPDX-License-Identifier: Apache-2.0
#include "sip/header.h"

#include <ctype.h>

#include "sip/header_table.h"
#include "tests/sip/sip_test.h"

static const struct {
	const char *name;
	enum header_name header;
} names[] = {
	{"Call-ID", HEADER_CALL_ID},
	{"i", HEADER_CALL_ID},
	{"CSeq", HEADER_CSEQ},
	{"From", HEADER_FROM},
	{"f", HEADER_FROM},
	{"To", HEADER_TO},
	{"t", HEADER_TO},
	{"Via", HEADER_VIA},
	{"v", HEADER_VIA},
	{"Content-Length", HEADER_CONTENT_LENGTH},
	{"l", HEADER_CONTENT_LENGTH},
	{"Max-Forwards", HEADER_MAX_FORWARDS},
	{"Contact", HEADER_CONTACT},
	{"m", HEADER_CONTACT},
	{"Content-Type", HEADER_CONTENT_TYPE},
	{"c", HEADER_CONTENT_TYPE},
	{"Session-Expires", HEADER_SESSION_EXPIRES},
	{"x", HEADER_SESSION_EXPIRES},
	{"P-Asserted-Identity", HEADER_ASSERTED_IDENTITY},
	{"Remote-Party-ID", HEADER_REMOTE_PARTY},
	{"P-Called-Party-ID", HEADER_CALLED_PARTY},
	{"Replaces", HEADER_REPLACES},
	{"User-Agent", HEADER_USER_AGENT},
	{"Server", HEADER_SERVER},
	{"Route", HEADER_NONE},
	{"s", HEADER_NONE},
	{"Fro", HEADER_NONE},
	{"Froms", HEADER_NONE},
	{"Call_ID", HEADER_NONE},
	{"Call-IDs", HEADER_NONE},
	{"P-Asserted-Identitx", HEADER_NONE},
	{"P-Asserted-Identity2", HEADER_NONE},
	{"P-Xsserted-Identity", HEADER_NONE},
	{"P-Called-Party-IE", HEADER_NONE},
	{"A-Name-That-Goes-On-And-On-Behind-Two-Blocks", HEADER_NONE},
};

// As the fast parser looks a name up.
static enum header_name lookup_in_line(const char *name, size_t len)
{
	char line[2 * OCTETS] = {0};
	struct octets octets;

	snprintf(line, sizeof(line), "%s: value", name);
	octets = octets_lower(octets_load(line));
	return (enum header_name)header_slot(octets, low_bit_32(octets_equal(octets, ':')))->header;
}

static void check(const char *name, enum header_name expect)
{
	size_t len = strlen(name);
	char *copy = exact_copy(name, len);

	if (header_lookup(copy, len) != expect || lookup_in_line(name, len) != expect)
		fail_msg("%s: %d, %d", name, header_lookup(copy, len), lookup_in_line(name, len));
	free(copy);
}

static void test_exact_size(void **state)
{
	char *copy = exact_copy("Via", 3);

	assert_int_equal(header_lookup(copy, 3), HEADER_VIA);
	assert_int_equal(header_lookup(copy, 0), HEADER_NONE);
	free(copy);
}

static void test_names_in_any_case(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s", names[i].name);
		check(name, names[i].header);
		for (char *c = name; *c != '\0'; c++)
			*c = (char)toupper(*c);
		check(name, names[i].header);
		for (char *c = name; *c != '\0'; c++)
			*c = (char)tolower(*c);
		check(name, names[i].header);
	}
}

static void test_no_other_name_is_taken_for_a_known_one(void **state)
{
	uint64_t random = test_seed();

	for (int round = 0; round < 20000; round++) {
		uint64_t pick = next_random(&random);
		size_t which = pick % 24;
		char name[64];
		size_t at;

		snprintf(name, sizeof(name), "%s", names[which].name);
		at = (pick >> 8) % strlen(name);
		name[at] ^= (char)(1 << ((pick >> 16) % 7));
		if ((unsigned char)name[at] < 0x21 || name[at] == ':' ||
		    strcasecmp(name, names[which].name) == 0 || strlen(names[which].name) == 1)
			continue;
		check(name, HEADER_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_in_any_case),
		cmocka_unit_test(test_exact_size),
		cmocka_unit_test(test_no_other_name_is_taken_for_a_known_one),
	};

	return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
