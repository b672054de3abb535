// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "config/clock.h"
#include "presence/store/backoff.h"
#include "presence/store/outcome.h"
#include "presence/store/url.h"

#define PATH_107                                                                                 \
	"/2345678901234567890123456789012345678901234567890123456789012345678901234567890123456" \
	"789012345678901234567"

static const struct {
	const char *text;
	enum url_kind kind;
	const char *place;
	unsigned int port, database;
} urls[] = {
	{"memory", URL_MEMORY, "", 0, 0},
	{"embedded", URL_EMBEDDED, "", 0, 0},
	{"redis://db", URL_TCP, "db", 6379, 0},
	{"redis://db:1/", URL_TCP, "db", 1, 0},
	{"redis://db.example:65535/9999", URL_TCP, "db.example", 65535, 9999},
	{"redis://[2001:db8::1]:7000/1", URL_TCP, "2001:db8::1", 7000, 1},
	{"redis://[::1]", URL_TCP, "::1", 6379, 0},
	{"redis+unix:///run/r.sock", URL_UNIX, "/run/r.sock", 0, 0},
	{"redis+unix:///run/r.sock?db=15", URL_UNIX, "/run/r.sock", 0, 15},
	{"redis+unix://" PATH_107, URL_UNIX, PATH_107, 0, 0},
	{"redis+unix://" PATH_107 "8", URL_NONE, "", 0, 0},
	{"", URL_NONE, "", 0, 0},
	{"Memory", URL_NONE, "", 0, 0},
	{"memory ", URL_NONE, "", 0, 0},
	{"http://db", URL_NONE, "", 0, 0},
	{"redis://", URL_NONE, "", 0, 0},
	{"redis://:6379", URL_NONE, "", 0, 0},
	{"redis://user:secret@db", URL_NONE, "", 0, 0},
	{"redis://db:", URL_NONE, "", 0, 0},
	{"redis://db:0", URL_NONE, "", 0, 0},
	{"redis://db:65536", URL_NONE, "", 0, 0},
	{"redis://db:123456", URL_NONE, "", 0, 0},
	{"redis://db:1x", URL_NONE, "", 0, 0},
	{"redis://db/x", URL_NONE, "", 0, 0},
	{"redis://db/10000", URL_NONE, "", 0, 0},
	{"redis://db/1/2", URL_NONE, "", 0, 0},
	{"redis://db?db=1", URL_NONE, "", 0, 0},
	{"redis://[::1", URL_NONE, "", 0, 0},
	{"redis://[::1/2]", URL_NONE, "", 0, 0},
	{"redis://[::1]x", URL_NONE, "", 0, 0},
	{"redis+unix://run/r.sock", URL_NONE, "", 0, 0},
	{"redis+unix:///", URL_NONE, "", 0, 0},
	{"redis+unix:///r?db=", URL_NONE, "", 0, 0},
	{"redis+unix:///r?x=1", URL_NONE, "", 0, 0},
};

static void takes_urls_apart(void **state)
{
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct url url;
		char why[128] = "";
		int error = url_parse(urls[i].text, &url, why, sizeof(why));

		if (!error != (urls[i].kind != URL_NONE) || !error != !why[0])
			fail_msg("%s: %d %s", urls[i].text, error, why);
		if (error)
			continue;
		assert_int_equal(url.kind, urls[i].kind);
		assert_string_equal(url.kind == URL_UNIX ? url.path : url.host, urls[i].place);
		assert_int_equal(url.port, urls[i].port);
		assert_int_equal(url.database, urls[i].database);
	}
}

static void knows_errors_from_words_like_them(void **state)
{
	static const struct {
		const char *text;
		enum store_outcome expect;
	} cases[] = {
		{"OOM command not allowed", OUTCOME_OOM},
		{"OOM", OUTCOME_OOM},
		{"OOMPH", OUTCOME_OTHER},
		{"ERR out of OOM", OUTCOME_OTHER},
		{"ERR Error running script (call to f_1): @user_script:1: -LOADING Redis",
		 OUTCOME_LOADING},
		{"ERR -", OUTCOME_OTHER},
		{"", OUTCOME_OTHER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(outcome_of_error(cases[i].text, strlen(cases[i].text)),
				 cases[i].expect);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		assert_true(outcome_name(i) && *outcome_text(i));
}

static void backs_off(void **state)
{
	struct backoff backoff = {0};
	uint64_t full_ms = 50;

	for (int i = 0; i < 40; i++) {
		uint64_t ms = backoff_next_ns(&backoff) / NS_PER_MS;

		assert_in_range(ms, full_ms / 2, full_ms);
		full_ms = full_ms * 2 < 5000 ? full_ms * 2 : 5000;
	}
	backoff_reset(&backoff);
	assert_in_range(backoff_next_ns(&backoff), 25 * NS_PER_MS, 50 * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_urls_apart),
		cmocka_unit_test(knows_errors_from_words_like_them),
		cmocka_unit_test(backs_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
