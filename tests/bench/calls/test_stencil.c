// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/stencil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void holes_are_filled(void **state)
{
	struct stencil *stencil = stencil_new("INVITE sip:{to} \r\nCall-ID: {call}\r\n"
					      "Content-Length: {length}\r\n\r\no={cseq}\r\n");
	char text[STENCIL_BYTES + 1] = "";
	struct holes holes;

	(void)state;
	assert_non_null(stencil);
	hole_user(&holes, HOLE_TO, 1234567);
	hole_hex(&holes, HOLE_CALL, 0xab);
	hole_number(&holes, HOLE_CSEQ, 10001);
	stencil_fill(stencil, &holes, text);
	assert_string_equal(text, "INVITE sip:u1234567 \r\nCall-ID: 00000000000000ab\r\n"
				  "Content-Length: 9\r\n\r\no=10001\r\n");
	assert_int_equal(stencil_bytes(stencil), strlen(text));
	stencil_free(stencil);
}

static void other_holes_are_refused(void **state)
{
	(void)state;
	assert_null(stencil_new("{nobody}"));
	assert_null(stencil_new("{length}")); // without an empty line
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holes_are_filled),
		cmocka_unit_test(other_holes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
