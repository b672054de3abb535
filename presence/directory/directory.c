// SPDX-License-Identifier: Apache-2.0
// The file behind the interface that a network directory will use too, and the lab's "everybody is
// somebody" (map_any).
#include "presence/directory/directory.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/log.h"
#include "config/settings.h"
#include "presence/directory/file.h"
#include "presence/directory/normal.h"
#include "presence/directory/rules.h"
#include "sip/uri.h"

struct directory {
	struct rules *rules;
	struct directory_file *file; // NULL: none
	char map_any[SETTINGS_TEXT]; // domain; empty: off
};

static int content_load(struct directory *directory, const struct settings_directory *settings)
{
	directory->rules = rules_new(settings);
	if (directory->rules == NULL)
		return -errno;
	memcpy(directory->map_any, settings->map_any, sizeof(directory->map_any));
	normal_fold(directory->map_any);
	if (settings->file[0] == '\0')
		return 0;
	directory->file = directory_file_load(settings->file, directory->rules);
	if (directory->file == NULL)
		return -errno;
	log_info("directory", "loaded", "file=%s persons=%zu numbers=%zu", settings->file,
		 directory_file_persons(directory->file), directory_file_numbers(directory->file));
	return 0;
}

static void content_free(struct directory *directory)
{
	rules_free(directory->rules);
	directory_file_free(directory->file);
}

struct directory *directory_new(const struct settings *settings)
{
	struct directory *directory = calloc(1, sizeof(*directory));

	if (directory == NULL)
		return NULL;
	int error = content_load(directory, &settings->directory);
	if (error < 0) {
		directory_free(directory);
		errno = -error;
		return NULL;
	}
	return directory;
}

void directory_free(struct directory *directory)
{
	if (directory == NULL)
		return;
	content_free(directory);
	free(directory);
}

int directory_reload(struct directory *directory, const struct settings *settings)
{
	struct directory fresh = {.rules = NULL};
	int error = content_load(&fresh, &settings->directory);

	if (error < 0) {
		content_free(&fresh);
		return error;
	}
	content_free(directory);
	*directory = fresh;
	return 0;
}

// user becomes part of a URI that we send: nothing that would need an escape there (RFC 3261 25.1,
// user), and no "anonymous" (RFC 3323 4.1.1.3).
static bool map_any_takes(const char *user)
{
	if (strcasecmp(user, "anonymous") == 0)
		return false;
	for (const char *at = user; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at) && strchr("-_.!~*'()&=+$,", *at) == NULL)
			return false;
	}
	return true;
}

static bool map_any_find(const struct directory *directory, const char *user,
			 char aor[NORMAL_BYTES])
{
	if (directory->map_any[0] == '\0' || !map_any_takes(user))
		return false;
	return normal_join(user, strlen(user), directory->map_any, strlen(directory->map_any), aor);
}

void directory_find(struct directory *directory, const char *identity, size_t len,
		    directory_found_fn *found, void *ctx, uint64_t ticket)
{
	const struct directory_entry *entry = NULL;
	struct directory_person person = {.display = ""};
	char aor[NORMAL_BYTES], user[NORMAL_BYTES];
	struct sip_uri uri;

	if (directory->file != NULL && normal_aor(identity, len, aor) == 0)
		entry = directory_file_aor(directory->file, aor);
	if (entry == NULL && sip_uri_parse(identity, len, &uri) == 0 && uri.user.len > 0 &&
	    normal_number(directory->rules, identity + uri.user.off, uri.user.len, user) == 0) {
		if (directory->file != NULL)
			entry = directory_file_number(directory->file, user);
		if (entry == NULL && map_any_find(directory, user, aor))
			person.aor = aor;
	}
	if (entry != NULL)
		person = (struct directory_person){entry->aor, entry->display};
	found(ctx, ticket, person.aor != NULL ? &person : NULL);
}

void directory_numbers_of(const struct directory *directory, const char *aor,
			  directory_number_fn *each, void *ctx)
{
	const struct directory_entry *entry = NULL;

	if (directory->file != NULL)
		entry = directory_file_aor(directory->file, aor);
	if (entry != NULL)
		directory_file_numbers_of(directory->file, entry, each, ctx);
}

size_t directory_persons(const struct directory *directory)
{
	return directory->file != NULL ? directory_file_persons(directory->file) : 0;
}

size_t directory_numbers(const struct directory *directory)
{
	return directory->file != NULL ? directory_file_numbers(directory->file) : 0;
}
