// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/capture.h"
#include "sip/msg.h"

enum { MADE_UP_CALLS = 900, PATH_BYTES = 4096 };

static int add(struct corpus *corpus, const char *text, size_t len, const char *origin)
{
	char **origins = realloc(corpus->origin, (corpus->set.count + 1) * sizeof(*origins));

	if (origins == NULL)
		return -ENOMEM;
	corpus->origin = origins;
	origins[corpus->set.count] = strdup(origin);
	if (origins[corpus->set.count] == NULL)
		return -ENOMEM;
	return sample_add(&corpus->set, text, len);
}

static int fail(const char *path, int err, const char *why)
{
	fprintf(stderr, "bench-parse: %s: %s\n", path, why);
	return err;
}

static int load_file(struct corpus *corpus, const char *path, const char *name)
{
	static char text[SIP_MAX_BYTES + 1];
	FILE *file = fopen(path, "rb");
	size_t len;
	int err;

	if (file == NULL)
		return fail(path, -errno, strerror(errno));
	len = fread(text, 1, sizeof(text), file);
	err = ferror(file);
	fclose(file);
	if (err)
		return fail(path, -EIO, "can't be read");
	if (len == 0)
		return fail(path, -EINVAL, "is empty");
	if (len > SIP_MAX_BYTES)
		return fail(path, -EINVAL, "is longer than a SIP message can be (65535 octets)");
	return add(corpus, text, len, name);
}

// Its files; not what is hidden, nor folders within.
static int load_folder(struct corpus *corpus, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	int ret = 0;

	if (count < 0)
		return fail(path, -errno, strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char whole[PATH_BYTES];
		struct stat info;

		snprintf(whole, sizeof(whole), "%s/%s", path, name);
		if (ret == 0 && name[0] != '.' &&
		    !(stat(whole, &info) == 0 && S_ISDIR(info.st_mode)))
			ret = load_file(corpus, whole, name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int take_message(void *ctx, const char *text, size_t len, unsigned long frame)
{
	char origin[32];

	snprintf(origin, sizeof(origin), "frame %lu", frame);
	return add(ctx, text, len, origin);
}

static int load_capture(struct corpus *corpus, const char *path)
{
	char error[512];
	int ret = capture_read(path, take_message, corpus, error, sizeof(error));

	if (error[0] != '\0')
		fail(path, ret, error);
	return ret;
}

static int load_made_up(struct corpus *corpus)
{
	int ret = sample_calls_make(&corpus->set, MADE_UP_CALLS);

	if (ret != 0)
		return ret;
	corpus->origin = calloc(corpus->set.count, sizeof(*corpus->origin));
	return corpus->origin != NULL ? 0 : -ENOMEM;
}

int corpus_load(struct corpus *corpus, const char *path)
{
	struct stat info;
	int ret;

	memset(corpus, 0, sizeof(*corpus));
	if (path == NULL)
		ret = load_made_up(corpus);
	else if (stat(path, &info) != 0)
		ret = fail(path, -errno, strerror(errno));
	else if (S_ISDIR(info.st_mode))
		ret = load_folder(corpus, path);
	else
		ret = load_capture(corpus, path);
	if (ret == 0 && corpus->set.count == 0)
		ret = fail(path, -ENODATA, "has no SIP message");
	if (ret != 0)
		corpus_fini(corpus);
	return ret;
}

void corpus_leave_out(struct corpus *corpus, const bool *marks)
{
	struct sample_set *set = &corpus->set;
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (marks[i]) {
			set->bytes -= set->samples[i].len;
			free(set->samples[i].text);
			free(corpus->origin[i]);
			continue;
		}
		set->samples[kept] = set->samples[i];
		corpus->origin[kept++] = corpus->origin[i];
	}
	set->count = kept;
}

void corpus_fini(struct corpus *corpus)
{
	if (corpus->origin != NULL) {
		for (size_t i = 0; i < corpus->set.count; i++)
			free(corpus->origin[i]);
	}
	free(corpus->origin);
	sample_set_fini(&corpus->set);
	corpus->origin = NULL;
}
