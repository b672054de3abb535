// SPDX-License-Identifier: Apache-2.0
#include "daemon/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void escapes_what_json_must_not_contain(void **state)
{
	static const struct {
		const char *name, *text, *expect;
	} table[] = {
		{"plain", "sip:john@x", "\"sip:john@x\""},
		{"quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\""},
		{"control characters", "a\r\n\x01z\x7f", "\"a\\u000d\\u000a\\u0001z\\u007f\""},
		{"UTF-8 stays", "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x93\x9e",
		 "\"J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x93\x9e\""},
		{"Latin-1 octet", "J\xf6rg", "\"J\xef\xbf\xbdrg\""},
		{"cut UTF-8", "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"overlong", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"beyond Unicode", "\xf4\x90\x80\x80",
		 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"none", NULL, "null"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *out = NULL;
		size_t len;
		struct json json = {.out = open_memstream(&out, &len)};

		json_text(&json, NULL, table[i].text);
		fclose(json.out);
		if (strcmp(out, table[i].expect) != 0)
			fail_msg("%s: %s", table[i].name, out);
		free(out);
	}
}

static void puts_commas_where_they_belong(void **state)
{
	char *out = NULL;
	size_t len;
	struct json json = {.out = open_memstream(&out, &len)};

	(void)state;
	json_open(&json, NULL, '{');
	json_seconds(&json, "time", UINT64_C(1700000000123456789));
	json_open(&json, "list", '[');
	json_close(&json, ']');
	json_open(&json, "more", '[');
	json_number(&json, NULL, 1);
	json_number(&json, NULL, 2);
	json_close(&json, ']');
	json_bool(&json, "last", false);
	json_close(&json, '}');
	fclose(json.out);
	assert_string_equal(out, "{\"time\": 1700000000.123456, \"list\": [], \"more\": [1, 2], "
				 "\"last\": false}");
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_json_must_not_contain),
		cmocka_unit_test(puts_commas_where_they_belong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
