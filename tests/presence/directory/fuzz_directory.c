// SPDX-License-Identifier: Apache-2.0
// Any octets as the file of persons, and each of its lines as an identity from the wire, after
// number rules: refused whole, or persons whose names can go into a request and into XML.
#include "config/log.h"
#include "config/settings.h"
#include "presence/directory/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			abort();
}

static void on_found(void *ctx, uint64_t ticket, const struct directory_person *person)
{
	++*(unsigned int *)ctx;
	if (!person)
		return;
	if (strncmp(person->aor, "sip:", 4) != 0)
		abort();
	require_clean(person->aor);
	require_clean(person->display);
}

static void find_all(struct directory *directory, const uint8_t *data, size_t size)
{
	while (size > 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t len = newline ? (size_t)(newline - data) : size;
		unsigned int answers = 0;
		char *exact = malloc(len ? len : 1);

		memcpy(exact, data, len);
		directory_find(directory, exact, len, on_found, &answers, 1);
		if (answers != 1)
			abort();
		free(exact);
		data += newline ? len + 1 : len;
		size -= newline ? len + 1 : len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings settings;
	int fd = memfd_create("persons", MFD_CLOEXEC);

	log_init("fuzz", LOG_TO_NONE, LOG_NONE);
	settings.directory.number_rule[0] = (struct settings_rule){"00([1-9].*)", "+\\1"};
	settings.directory.number_rule[1] = (struct settings_rule){"0([1-9].*)", "+49\\1"};
	settings.directory.number_rule_count = 2;
	snprintf(settings.directory.file, sizeof(settings.directory.file), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	struct directory *directory = directory_new(&settings);
	if (directory)
		find_all(directory, data, size);
	directory_free(directory);
	close(fd);
	return 0;
}
