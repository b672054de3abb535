// SPDX-License-Identifier: Apache-2.0
// References to secrets: read, refused when others could read them, and never repeated.

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/secret.h"
#include "config/settings.h"

static char directory[] = "/tmp/offhook-secret-XXXXXX";
static char path[64], reference[80], error[512];

static int directory_make(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/password", directory);
	snprintf(reference, sizeof(reference), "file:%s", path);
	return 0;
}

static int directory_remove(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static void file_write(const char *text, size_t len, mode_t mode)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_contents(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int rc;
		const char *secret;
	} cases[] = {
		{"hunter2", 7, 0, "hunter2"},
		{"hunter2\n", 8, 0, "hunter2"},
		{"hunter2\r\n", 9, 0, "hunter2"},
		{" a b ", 5, 0, " a b "},
		{"", 0, -ENODATA, NULL},
		{"\n", 1, -ENODATA, NULL},
		{"hunter2\nhunter3\n", 16, -EINVAL, NULL},
		{"hunter2\n\n", 9, -EINVAL, NULL},
		{"hunter2\0x", 9, -EINVAL, NULL},
	};
	struct secret secret;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&secret, 0x55, sizeof(secret));
		file_write(cases[i].text, cases[i].len, 0400);
		assert_int_equal(secret_read(reference, &secret, error, sizeof(error)),
				 cases[i].rc);
		if (cases[i].secret)
			assert_string_equal(secret.text, cases[i].secret);
		else
			assert_null(strstr(error, "hunter"));
	}
}

static void test_length(void **state)
{
	char text[SECRET_BYTES + 50];
	struct secret secret;

	memset(text, 'x', sizeof(text));
	file_write(text, SECRET_BYTES - 1, 0400);
	assert_int_equal(secret_read(reference, &secret, error, sizeof(error)), 0);
	assert_int_equal(strlen(secret.text), SECRET_BYTES - 1);
	file_write(text, SECRET_BYTES, 0400);
	assert_int_equal(secret_read(reference, &secret, error, sizeof(error)), -E2BIG);
	file_write(text, sizeof(text), 0400);
	assert_int_equal(secret_read(reference, &secret, error, sizeof(error)), -E2BIG);
}

static void test_modes(void **state)
{
	static const mode_t good[] = {0400, 0600, 0700},
			    wrong[] = {0440, 0404, 0644, 0420, 0402, 0401};
	struct secret secret;

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		file_write("hunter2", 7, good[i]);
		assert_int_equal(secret_read(reference, &secret, error, sizeof(error)), 0);
	}
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		file_write("hunter2", 7, wrong[i]);
		assert_int_equal(secret_read(reference, &secret, error, sizeof(error)), -EACCES);
		assert_non_null(strstr(error, "chmod 0400"));
		assert_non_null(strstr(error, path));
		assert_null(strstr(error, "hunter"));
	}
}

static void test_other_references(void **state)
{
	struct secret secret = {"before"};

	assert_int_equal(secret_read("", &secret, error, sizeof(error)), 0);
	assert_string_equal(secret.text, "");
	assert_int_equal(secret_read("file:/nowhere/password", &secret, error, sizeof(error)),
			 -ENOENT);
	assert_int_equal(secret_read("file:/", &secret, error, sizeof(error)), -EINVAL);
	assert_int_equal(secret_read("hunter2", &secret, error, sizeof(error)), -EINVAL);
	assert_null(strstr(error, "hunter"));

	setenv("OFFHOOK_TEST_SECRET", "hunter2", 1);
	assert_int_equal(secret_read("env:OFFHOOK_TEST_SECRET", &secret, error, sizeof(error)), 0);
	assert_string_equal(secret.text, "hunter2");
	unsetenv("OFFHOOK_TEST_SECRET");
	assert_int_equal(secret_read("env:OFFHOOK_TEST_SECRET", &secret, error, sizeof(error)),
			 -ENOENT);

	// systemd looks after who can read these.
	file_write("hunter2\n", 8, 0440);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(secret_read("cred:password", &secret, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "LoadCredential=password"));
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	assert_int_equal(secret_read("cred:password", &secret, error, sizeof(error)), 0);
	assert_string_equal(secret.text, "hunter2");
	assert_int_equal(secret_read("cred:../password", &secret, error, sizeof(error)), -EINVAL);
	assert_int_equal(secret_read("cred:", &secret, error, sizeof(error)), -EINVAL);
}

static void test_load_and_wipe(void **state)
{
	static struct settings settings;
	struct secrets secrets, nothing;

	memset(&nothing, 0, sizeof(nothing));
	settings_default(&settings);
	memset(&secrets, 0x55, sizeof(secrets));
	assert_int_equal(secrets_load(&settings, &secrets, error, sizeof(error)), 0);
	assert_memory_equal(&secrets, &nothing, sizeof(secrets));

	file_write("hunter2\n", 8, 0400);
	snprintf(settings.registrar.auth_password, SETTINGS_TEXT, "%s", reference);
	assert_int_equal(secrets_load(&settings, &secrets, error, sizeof(error)), 0);
	assert_string_equal(secrets.registrar_password.text, "hunter2");
	assert_string_equal(secrets.store_password.text, "");

	snprintf(settings.store.password, SETTINGS_TEXT, "file:/nowhere");
	assert_int_equal(secrets_load(&settings, &secrets, error, sizeof(error)), -ENOENT);
	assert_int_equal(strncmp(error, "store.password: ", 16), 0);
	assert_memory_equal(&secrets, &nothing, sizeof(secrets));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),      cmocka_unit_test(test_length),
		cmocka_unit_test(test_modes),         cmocka_unit_test(test_other_references),
		cmocka_unit_test(test_load_and_wipe),
	};

	return cmocka_run_group_tests(tests, directory_make, directory_remove);
}
