// SPDX-License-Identifier: Apache-2.0
// Any octets as a settings file: refused with a reason, or settings that print and compare.

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void never(void *ctx, const char *key, bool live)
{
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings settings, again;
	struct settings_origin *origin = NULL;
	int fd = memfd_create("settings", MFD_CLOEXEC);
	char path[64], *text;
	size_t text_size;
	FILE *stream = open_memstream(&text, &text_size);
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert(write(fd, data, size) == (ssize_t)size);
	rc = settings_load(path, false, &settings, &origin, stream);
	fflush(stream);
	assert((rc == 0) == (text_size == 0));
	if (rc == 0) {
		settings_print(&settings, origin, stream);
		assert(settings_load(path, false, &again, NULL, stream) == 0);
		settings_diff(&settings, &again, never, NULL);
	}
	settings_origin_free(origin);
	fclose(stream);
	free(text);
	close(fd);
	return 0;
}
