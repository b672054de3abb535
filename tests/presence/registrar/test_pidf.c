// SPDX-License-Identifier: Apache-2.0
// The document of the Mediant manual (chapter "Microsoft Skype for Business Presence of Third-Party
// Endpoints"), as it is printed there, and what may stand in names.
#include "presence/registrar/pidf.h"

#include "presence/registrar/text.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char manual[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			     "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"\n"
			     "xmlns:ep=\"urn:ietf:params:xml:ns:pidf:status:rpid-status\"\n"
			     "xmlns:et=\"urn:ietf:params:xml:ns:pidf:rpid-tuple\"\n"
			     "xmlns:ci=\"urn:ietf:params:xml:ns:pidf:cipid\"\n"
			     "entity=\"sip:john.doe@sfb.example\">\n"
			     "<tuple id=\"0\">\n"
			     "<status>\n"
			     "<basic>open</basic>\n"
			     "<ep:activities>\n"
			     "<ep:activity>on-the-phone</ep:activity>\n"
			     "</ep:activities>\n"
			     "</status>\n"
			     "</tuple>\n"
			     "<ci:display-name>John Doe</ci:display-name>\n"
			     "</presence>\n";

static const char *write(struct pidf pidf)
{
	static char bytes[4096];
	struct text text = {.at = bytes, .size = sizeof(bytes)};

	if (!pidf.entity)
		pidf.entity = "sip:john.doe@sfb.example";
	if (!pidf.activity)
		pidf.activity = "on-the-phone";
	pidf.busy = true;
	pidf_write(&pidf, &text);
	assert_false(text.cut);
	assert_int_equal(strlen(bytes), text.len);
	return bytes;
}

static void as_in_the_manual(void **state)
{
	const char *document = write((struct pidf){.form = BODY_SFB_LEGACY, .display = "John Doe"});
	const char *expect = manual;

	(void)state;
	for (; *document; document++) {
		if (*document != '\r')
			assert_int_equal(*document, *expect++);
	}
	assert_int_equal(*expect, '\0');
}

static void lines_end_with_crlf(void **state)
{
	const char *document = write((struct pidf){.form = BODY_SFB_LEGACY, .display = "x"});

	(void)state;
	for (const char *c = document; *c; c++) {
		if (*c == '\n')
			assert_int_equal(c[-1], '\r');
	}
}

static void without_a_name(void **state)
{
	(void)state;
	assert_null(strstr(write((struct pidf){.form = BODY_SFB_LEGACY}), "display-name"));
	assert_null(strstr(write((struct pidf){.form = BODY_SFB_LEGACY, .display = ""}),
			   "display-name"));
}

static const struct {
	const char *name, *in, *out;
} names[] = {
	{"markup", "<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;&apos;"},
	{"control characters", "a\x01\r\n\tb\x7f", "ab"},
	{"C1 control characters", "a\xc2\x85z", "az"},
	{"two octets", "J\xc3\xb6rg", "J\xc3\xb6rg"},
	{"four octets", "\xf0\x9f\x93\x9e", "\xf0\x9f\x93\x9e"},
	{"Latin-1", "J\xf6rg", "J\xef\xbf\xbdrg"},
	{"overlong", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"above Unicode", "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"cut at the end", "x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd"},
	{"U+FFFE", "\xef\xbf\xbe", "\xef\xbf\xbd"},
	{"end of CDATA", "]]>", "]]&gt;"},
};

static void names_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (enum settings_body form = BODY_SFB_LEGACY; form <= BODY_RPID_4480; form++) {
			char expect[256];

			snprintf(expect, sizeof(expect),
				 "<ci:display-name>%s</ci:display-name>\r\n", names[i].out);
			if (!strstr(write((struct pidf){.form = form, .display = names[i].in}),
				    expect))
				fail_msg("%s", names[i].name);
		}
	}
}

static void activities_of_rfc_4480(void **state)
{
	(void)state;
	assert_non_null(strstr(write((struct pidf){.form = BODY_RPID_4480}),
			       "<dm:person id=\"p0\">\r\n<rpid:activities>\r\n"
			       "<rpid:on-the-phone/>\r\n</rpid:activities>\r\n"));
	assert_non_null(strstr(write((struct pidf){.form = BODY_RPID_4480, .activity = "on <air>"}),
			       "<rpid:other>on &lt;air&gt;</rpid:other>"));
}

static void too_long(void **state)
{
	char bytes[200];
	struct text text = {.at = bytes, .size = sizeof(bytes)};
	struct pidf pidf = {.form = BODY_SFB_LEGACY, .entity = "sip:a@b", .activity = "x"};

	(void)state;
	pidf_write(&pidf, &text);
	assert_true(text.cut);
	assert_true(text.len < sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_in_the_manual),       cmocka_unit_test(lines_end_with_crlf),
		cmocka_unit_test(without_a_name),         cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(activities_of_rfc_4480), cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
