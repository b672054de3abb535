// SPDX-License-Identifier: Apache-2.0
// Scripted RESP2 server; commands are arrays of bulk strings, so hiredis' reader reads them, too.
#include "fake_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void fake_redis_init(struct fake_redis *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->reader = redisReaderCreate();
	assert_non_null(fake->reader);
}

void fake_redis_fini(struct fake_redis *fake)
{
	redisReaderFree(fake->reader);
}

void fake_redis_reconnect(struct fake_redis *fake)
{
	redisReaderFree(fake->reader);
	fake->reader = redisReaderCreate();
	fake->out_len = 0;
}

static void say(struct fake_redis *fake, const char *text)
{
	size_t len = strlen(text);

	if (fake->mute)
		return;
	assert_true(fake->out_len + len <= FAKE_OUT_BYTES);
	memcpy(fake->out + fake->out_len, text, len);
	fake->out_len += len;
}

static void keep(char *out, size_t size, const redisReply *word)
{
	snprintf(out, size, "%.*s", (int)word->len, word->str);
}

static void on_write(struct fake_redis *fake, const redisReply *command)
{
	char text[32];
	size_t records = (command->elements - 8) / 3;

	assert_int_equal(command->element[1]->len, FAKE_SHA_DIGITS);
	assert_int_equal((command->elements - 8) % 3, 0);
	keep(fake->last_epoch, sizeof(fake->last_epoch), command->element[6]);
	fake->clears += command->element[7]->str[0] == '1';
	if (records) {
		keep(fake->last_field, sizeof(fake->last_field),
		     command->element[command->elements - 2]);
		keep(fake->last_value, sizeof(fake->last_value),
		     command->element[command->elements - 1]);
	}
	fake->writes += records > 0;
	fake->heartbeats += records == 0;
	fake->records += (unsigned int)records;
	snprintf(text, sizeof(text), ":%zu\r\n", records);
	say(fake, fake->write ? fake->write : text);
}

static void on_command(struct fake_redis *fake, const redisReply *command)
{
	const char *name = command->element[0]->str;
	static const char sha[] = "$40\r\n0123456789abcdef0123456789abcdef01234567\r\n";
	static const char info[] = "$59\r\n# Server\r\nrun_id:"
				   "0123456789abcdef0123456789abcdef01234567\r\n\r\n";
	static const char claim[] = "*2\r\n$16\r\n1700000000000000\r\n:1\r\n";
	static const char empty[] = "*2\r\n$1\r\n0\r\n*0\r\n";
	static const char policy[] = "*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n";

	fake->commands++;
	snprintf(fake->last_command, sizeof(fake->last_command), "%s", name);
	if (!strcmp(name, "AUTH")) {
		say(fake, fake->auth ? fake->auth : "+OK\r\n");
	} else if (!strcmp(name, "SELECT")) {
		say(fake, fake->select ? fake->select : "+OK\r\n");
	} else if (!strcmp(name, "INFO")) {
		say(fake, fake->info ? fake->info : info);
	} else if (!strcmp(name, "CONFIG")) {
		say(fake, fake->config ? fake->config : policy);
	} else if (!strcmp(name, "SCRIPT")) {
		fake->scripts++;
		say(fake, fake->script ? fake->script : sha);
	} else if (!strcmp(name, "EVAL")) {
		fake->claims++;
		say(fake, fake->claim ? fake->claim : claim);
	} else if (!strcmp(name, "HSCAN")) {
		say(fake, fake->scan ? fake->scan : empty);
	} else {
		assert_string_equal(name, "EVALSHA");
		on_write(fake, command);
	}
}

void fake_redis_feed(struct fake_redis *fake, const void *data, size_t len)
{
	void *command = NULL;

	assert_int_equal(redisReaderFeed(fake->reader, data, len), REDIS_OK);
	while (redisReaderGetReply(fake->reader, &command) == REDIS_OK && command) {
		on_command(fake, command);
		freeReplyObject(command);
	}
	assert_int_equal(fake->reader->err, 0);
}
