// SPDX-License-Identifier: Apache-2.0
#include "presence/directory/rules.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/settings.h"

static struct settings_directory settings;

static struct rules *rules_of(const char *const (*pair)[2])
{
	memset(&settings, 0, sizeof(settings));
	for (; (*pair)[0] != NULL; pair++) {
		struct settings_rule *rule = &settings.number_rule[settings.number_rule_count++];
		snprintf(rule->match, sizeof(rule->match), "%s", (*pair)[0]);
		snprintf(rule->replace, sizeof(rule->replace), "%s", (*pair)[1]);
	}
	return rules_new(&settings);
}

static const struct {
	const char *rule[4][2];
	const char *number, *expect;
} rewrites[] = {
	{{{NULL}}, "0301234", "0301234"},
	{{{"00(.*)", "+\\1"}, {"0([1-9].*)", "+49\\1"}}, "0049301234", "+49301234"},
	{{{"00(.*)", "+\\1"}, {"0([1-9].*)", "+49\\1"}}, "0301234", "+49301234"},
	{{{"00(.*)", "+\\1"}, {"0([1-9].*)", "+49\\1"}}, "+49301234", "+49301234"},
	// The whole number, not a part of it.
	{{{"30", "x"}}, "0301234", "0301234"},
	{{{"030|31", "x"}}, "0301", "0301"},
	// One after the other: an outside line, then the trunk prefix.
	{{{"0(00.*)", "\\1"}, {"00([1-9].*)", "+\\1"}}, "00049301234", "+49301234"},
	// Also when the later one has to come first.
	{{{"\\+49(.*)", "0\\1"}, {"00(.*)", "+\\1"}}, "0049301234", "0301234"},
	// Each only once.
	{{{"(.*)", "1\\1"}}, "5", "15"},
	{{{"1(.*)", "2\\1"}, {"2(.*)", "1\\1"}}, "15", "15"},
	// Groups that are not there, in any order, and characters for themselves.
	{{{"(1)(2)?(3)", "\\3\\2\\1"}}, "13", "31"},
	{{{"(.)(.)", "\\\\\\2\\1"}}, "ab", "\\ba"},
	{{{"(1)", "\\1\\9"}}, "1", "1"},
	// What begins the pattern need not be there.
	{{{"0*([1-9]+)", "\\1"}}, "12", "12"},
	{{{"0?5", "x"}}, "5", "x"},
	{{{"0{0,1}5", "x"}}, "5", "x"},
	{{{"0+5", "x"}}, "005", "x"},
	{{{"0|5", "x"}}, "5", "x"},
	{{{"\\*21(.*)", "\\1"}}, "*215", "5"},
	{{{"[0-9]{3}", "+4930123\\0"}}, "815", "+49301230"},
	{{{"j\\.(.*)", "john.\\1"}}, "j.doe", "john.doe"},
};

static void numbers_are_rewritten(void **state)
{
	for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
		char number[64];
		struct rules *rules = rules_of(rewrites[i].rule);

		assert_non_null(rules);
		snprintf(number, sizeof(number), "%s", rewrites[i].number);
		assert_int_equal(rules_apply(rules, number, sizeof(number)), 0);
		if (strcmp(number, rewrites[i].expect) != 0)
			fail_msg("%s by %s: %s instead of %s", rewrites[i].number,
				 rewrites[i].rule[0][0], number, rewrites[i].expect);
		rules_free(rules);
	}
}

static void a_result_that_does_not_fit_is_refused(void **state)
{
	static const char *const pair[][2] = {{"(.*)", "\\1\\1\\1"}, {NULL}};
	struct rules *rules = rules_of(pair);
	char number[16] = "123456";

	assert_int_equal(rules_apply(rules, number, sizeof(number)), -ENOSPC);
	snprintf(number, sizeof(number), "1234");
	assert_int_equal(rules_apply(rules, number, sizeof(number)), 0);
	assert_string_equal(number, "123412341234");
	rules_free(rules);
}

static void a_bad_pattern_is_refused(void **state)
{
	static const char *const pair[][2] = {{"0(.*)", "\\1"}, {"0(", ""}, {NULL}};

	errno = 0;
	assert_null(rules_of(pair));
	assert_int_equal(errno, EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_rewritten),
		cmocka_unit_test(a_result_that_does_not_fit_is_refused),
		cmocka_unit_test(a_bad_pattern_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
