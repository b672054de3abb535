// SPDX-License-Identifier: Apache-2.0
// The file of intents: what is in it after its owner is gone, and what is not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab.h"
#include "presence/store/intents.h"

// Of the file: 16 octets of header, then slots of 272: sum, expiry, length, name.
enum { HEADER_BYTES = 16, SLOT_BYTES = 272, NAME_AT = 20 };

static const char *dir;
static struct intents *intents;

static int setup(void **state)
{
	dir = lab_directory();
	intents = intents_open(dir, "lab-1");
	assert_non_null(intents);
	return 0;
}

static int teardown(void **state)
{
	intents_close(intents);
	return 0;
}

static void open_again(void)
{
	intents_close(intents);
	intents = intents_open(dir, "lab-1");
	assert_non_null(intents);
}

static void assert_found(const char *person, uint64_t expires_wall_ns)
{
	char found[STORE_TEXT];
	uint64_t expires;

	assert_int_not_equal(intents_take_found(intents, found, &expires), INTENT_NONE);
	assert_string_equal(found, person);
	assert_true(expires == expires_wall_ns);
}

static void assert_nothing_found(void)
{
	char found[STORE_TEXT];
	uint64_t expires;

	assert_int_equal(intents_take_found(intents, found, &expires), INTENT_NONE);
}

static void change_octet(size_t at)
{
	char path[128], octet;
	int fd;

	snprintf(path, sizeof(path), "%s/intents-lab-1", dir);
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &octet, 1, (off_t)at), 1);
	octet ^= 1;
	assert_int_equal(pwrite(fd, &octet, 1, (off_t)at), 1);
	close(fd);
}

static void keeps_what_was_not_dropped(void **state)
{
	uint16_t john, jane;

	john = intents_put(intents, "sip:john@x", 600);
	jane = intents_put(intents, "sip:jane@x", UINT64_MAX);
	assert_int_not_equal(john, INTENT_NONE);
	assert_int_not_equal(jane, INTENT_NONE);
	assert_int_not_equal(john, jane);
	assert_nothing_found(); // that is for what others left
	intents_drop(intents, john);
	open_again();
	assert_found("sip:jane@x", UINT64_MAX);
	assert_nothing_found();
	open_again(); // taken is not dropped
	assert_found("sip:jane@x", UINT64_MAX);
	intents_drop(intents, jane);
	open_again();
	assert_nothing_found();
}

// Killed in the middle of writing it: any octet that is not as it should be makes it no intent.
static void ignores_a_torn_slot(void **state)
{
	static const char person[] = "sip:john@x";

	for (size_t octet = 0; octet < NAME_AT + sizeof(person) - 1; octet++) {
		uint16_t slot = intents_put(intents, person, 600);

		change_octet(HEADER_BYTES + SLOT_BYTES * (slot - 1u) + octet);
		open_again();
		assert_nothing_found();
		assert_int_equal(intents_put(intents, person, 600), slot); // and it is free
		intents_drop(intents, slot);
	}
}

static void is_full_at_some_time(void **state)
{
	uint16_t slot = 0;

	for (unsigned int i = 0; i < INTENTS_MOST; i++) {
		slot = intents_put(intents, "sip:john@x", i);
		assert_int_not_equal(slot, INTENT_NONE);
	}
	assert_int_equal(intents_put(intents, "sip:jane@x", 1), INTENT_NONE);
	open_again(); // what was found is still in use
	assert_int_equal(intents_put(intents, "sip:jane@x", 1), INTENT_NONE);
	intents_drop(intents, slot);
	assert_int_equal(intents_put(intents, "sip:jane@x", 1), slot);
}

static void takes_names_that_fit(void **state)
{
	char name[STORE_TEXT + 1];

	memset(name, 'x', sizeof(name));
	name[252] = '\0';
	assert_int_not_equal(intents_put(intents, name, 1), INTENT_NONE);
	open_again();
	assert_found(name, 1);
	name[252] = 'x';
	name[253] = '\0';
	assert_int_equal(intents_put(intents, name, 1), INTENT_NONE);
	assert_int_equal(intents_put(intents, "", 1), INTENT_NONE);
}

static void belongs_to_one_process_and_one_engine(void **state)
{
	struct intents *other;

	intents_put(intents, "sip:john@x", 1);
	assert_null(intents_open(dir, "lab-1"));
	assert_int_equal(errno, EWOULDBLOCK);
	other = intents_open(dir, "lab-2");
	assert_non_null(other);
	intents_close(intents);
	intents = other;
	assert_nothing_found();
}

static void starts_anew_where_the_form_is_another(void **state)
{
	intents_put(intents, "sip:john@x", 1);
	change_octet(0);
	open_again();
	assert_nothing_found();
	assert_int_not_equal(intents_put(intents, "sip:jane@x", 1), INTENT_NONE);
	open_again();
	assert_found("sip:jane@x", 1);
}

static void grows_a_file_that_was_cut(void **state)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/intents-lab-1", dir);
	intents_close(intents);
	assert_int_equal(truncate(path, 100), 0);
	intents = intents_open(dir, "lab-1");
	assert_non_null(intents);
	for (unsigned int i = 0; i < INTENTS_MOST; i++)
		assert_int_not_equal(intents_put(intents, "sip:john@x", i), INTENT_NONE);
}

static void needs_a_directory(void **state)
{
	char path[128];

	assert_null(intents_open("", "lab-1"));
	assert_null(intents_open("/nowhere/at/all", "lab-1"));
	assert_int_equal(errno, ENOENT);
	// A link in its place may point anywhere.
	snprintf(path, sizeof(path), "%s/intents-lab-3", dir);
	assert_int_equal(symlink("/tmp/elsewhere", path), 0);
	assert_null(intents_open(dir, "lab-3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_what_was_not_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(ignores_a_torn_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(is_full_at_some_time, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_names_that_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(belongs_to_one_process_and_one_engine, setup,
						teardown),
		cmocka_unit_test_setup_teardown(starts_anew_where_the_form_is_another, setup,
						teardown),
		cmocka_unit_test_setup_teardown(grows_a_file_that_was_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(needs_a_directory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
