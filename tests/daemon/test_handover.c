// SPDX-License-Identifier: Apache-2.0
#include "daemon/handover.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void carries_settings_and_secrets_by_value(void **state)
{
	static struct handover_payload sent, got;
	struct handover_message message;
	int fds[2], fd;

	(void)state;
	assert_int_equal(handover_pair(fds), 0);
	assert_int_equal(handover_receive(fds[1], &message), 0);
	settings_default(&sent.settings);
	strcpy(sent.settings.registrar.activity, "busy");
	strcpy(sent.secrets.registrar_password.text, "open sesame");
	fd = handover_payload_write(&sent);
	assert_true(fd >= 0);
	assert_int_equal(handover_send(fds[0], HANDOVER_SETTINGS, fd, ""), 0);
	close(fd);
	assert_int_equal(handover_receive(fds[1], &message), 1);
	assert_int_equal(message.kind, HANDOVER_SETTINGS);
	assert_true(message.fd >= 0);
	assert_int_equal(handover_payload_read(message.fd, &got), 0);
	assert_memory_equal(&got, &sent, sizeof(got));
	close(message.fd);
	close(fds[0]);
	close(fds[1]);
}

static void reports_text_and_a_dead_peer(void **state)
{
	struct handover_message message;
	char text[HANDOVER_TEXT_BYTES + 100];
	int fds[2];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(handover_pair(fds), 0);
	assert_int_equal(handover_send(fds[0], HANDOVER_REPORT, -1, text), 0);
	assert_int_equal(handover_receive(fds[1], &message), 1);
	assert_int_equal(message.kind, HANDOVER_REPORT);
	assert_int_equal(message.fd, -1);
	assert_int_equal(strlen(message.text), HANDOVER_TEXT_BYTES - 1);
	close(fds[0]);
	assert_true(handover_receive(fds[1], &message) < 0);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_settings_and_secrets_by_value),
		cmocka_unit_test(reports_text_and_a_dead_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
