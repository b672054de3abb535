// SPDX-License-Identifier: Apache-2.0
// Two hash tables over the same entries, filled while the file is read; open addressing, never
// changed afterwards.
#include "presence/directory/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "config/log.h"
#include "presence/directory/csv.h"
#include "presence/directory/normal.h"
#include "presence/directory/rules.h"
#include "sip/siphash.h"

enum {
	FILE_FIELDS = 66,        // the person, the name and 64 numbers
	FILE_FIELD_BYTES = 255,  // longer never comes from the wire
	FILE_PROBLEMS_SHOWN = 8, // of many, the first tell enough; within LOG_BURST
};

struct map_slot {
	char *key;     // owned
	char *written; // owned; how the file has it, NULL: like the key
	struct directory_entry *entry;
};

struct map {
	struct map_slot *slot;
	size_t slots; // a power of two, at least twice the count
	size_t count;
};

struct directory_file {
	struct siphash_key key; // what is looked up comes from strangers
	struct map aors;        // these own the entries
	struct map numbers;
};

static struct map_slot *map_slot_of(const struct directory_file *file, const struct map *map,
				    const char *key)
{
	size_t at = siphash64(&file->key, key, strlen(key));

	for (;; at++) {
		struct map_slot *slot = &map->slot[at & (map->slots - 1)];
		if (slot->key == NULL || strcmp(slot->key, key) == 0)
			return slot;
	}
}

static int map_grow(const struct directory_file *file, struct map *map)
{
	struct map bigger = {.slots = map->slots > 0 ? 2 * map->slots : 1024, .count = map->count};

	bigger.slot = calloc(bigger.slots, sizeof(*bigger.slot));
	if (bigger.slot == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < map->slots; i++) {
		if (map->slot[i].key != NULL)
			*map_slot_of(file, &bigger, map->slot[i].key) = map->slot[i];
	}
	free(map->slot);
	*map = bigger;
	return 0;
}

// The entry that has the key already, or NULL after adding it, or -errno through *error.
static struct directory_entry *map_add(const struct directory_file *file, struct map *map,
				       const char *key, struct directory_entry *entry, int *error)
{
	*error = 2 * map->count >= map->slots ? map_grow(file, map) : 0;
	if (*error < 0)
		return NULL;
	struct map_slot *slot = map_slot_of(file, map, key);
	if (slot->key != NULL)
		return slot->entry;
	slot->key = strdup(key);
	if (slot->key == NULL) {
		*error = -ENOMEM;
		return NULL;
	}
	slot->entry = entry;
	map->count++;
	return NULL;
}

static const struct directory_entry *map_get(const struct directory_file *file,
					     const struct map *map, const char *key)
{
	return map->slots > 0 ? map_slot_of(file, map, key)->entry : NULL;
}

// Texts behind the entry, in one piece of memory.
static struct directory_entry *entry_new(const char *aor, const char *display)
{
	size_t aor_bytes = strlen(aor) + 1, display_bytes = strlen(display) + 1;
	struct directory_entry *entry = malloc(sizeof(*entry) + aor_bytes + display_bytes);

	if (entry == NULL)
		return NULL;
	char *text = (char *)(entry + 1);
	entry->aor = memcpy(text, aor, aor_bytes);
	entry->display = memcpy(text + aor_bytes, display, display_bytes);
	return entry;
}

// Well-formed UTF-8 without control characters: it goes into XML and into headers.
static bool is_clean_text(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at != '\0') {
		int more = *at < 0x80 ? 0 : *at >> 5 == 6 ? 1 : *at >> 4 == 14 ? 2 : 3;
		uint32_t code = more == 0 ? *at : *at & (0x3fu >> more);

		if (*at < 0x20 || *at == 0x7f || (more > 0 && (*at < 0xc2 || *at > 0xf4)))
			return false;
		at++;
		for (int i = 0; i < more; i++, at++) {
			if (*at >> 6 != 2)
				return false;
			code = code << 6 | (*at & 0x3f);
		}
		static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
		if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ||
		    (code >= 0x80 && code < 0xa0) || code == 0xfffe || code == 0xffff)
			return false;
	}
	return true;
}

// Where the reader is, for its complaints.
struct reading {
	struct directory_file *file;
	const struct rules *rules;
	const char *path;
	unsigned int line;
	unsigned int problems;
	bool begun; // past the place of the header
};

static int problem(struct reading *reading, const char *reason, const char *value)
{
	if (reading->problems++ < FILE_PROBLEMS_SHOWN)
		log_error("directory", "file", "at=%s:%u reason=%s value=%s", reading->path,
			  reading->line, log_quote(reason), log_quote(value));
	return -EINVAL;
}

static int person_normal(struct reading *reading, const char *field, char aor[NORMAL_BYTES])
{
	char uri[NORMAL_BYTES + 8];

	snprintf(uri, sizeof(uri), "%s%s",
		 strncasecmp(field, "sip", 3) == 0 && strchr(field, ':') != NULL ? "" : "sip:",
		 field);
	if (normal_aor(uri, strlen(uri), aor) < 0)
		return problem(reading, "not a person: user@domain or sip:user@domain expected",
			       field);
	return 0;
}

static int written_keep(struct directory_file *file, const char *number, const char *written)
{
	struct map_slot *slot = map_slot_of(file, &file->numbers, number);

	slot->written = strdup(written);
	return slot->written != NULL ? 0 : -ENOMEM;
}

static int number_add(struct reading *reading, const char *field, struct directory_entry *entry)
{
	char number[NORMAL_BYTES];
	int error;

	if (*field == '\0')
		return 0; // spreadsheets fill up with empty columns
	if (strpbrk(field, "@:;<>\"") != NULL || !is_clean_text(field) ||
	    normal_number(reading->rules, field, strlen(field), number) < 0)
		return problem(reading, "not a number or user", field);
	normal_fold(number);
	struct directory_entry *other = map_add(reading->file, &reading->file->numbers, number,
						entry, &error);
	if (other == NULL && error == 0 && strcmp(field, number) != 0)
		error = written_keep(reading->file, number, field);
	if (other != NULL && other != entry)
		return problem(reading, "this number belongs to two persons", field);
	return error;
}

static int row_add(struct reading *reading, char **field, int fields)
{
	char aor[NORMAL_BYTES], folded[NORMAL_BYTES];
	int error;

	for (int i = 0; i < fields; i++) {
		if (strlen(field[i]) > FILE_FIELD_BYTES - 8)
			return problem(reading, "longer than 247 octets", field[i]);
	}
	error = person_normal(reading, field[0], aor);
	if (error < 0)
		return error;
	const char *display = fields > 1 ? field[1] : "";
	if (!is_clean_text(display))
		return problem(reading, "the name is not UTF-8, or has control characters",
			       display);
	struct directory_entry *entry = entry_new(aor, display);
	if (entry == NULL)
		return -ENOMEM;
	memcpy(folded, aor, sizeof(folded));
	normal_fold(folded);
	if (map_add(reading->file, &reading->file->aors, folded, entry, &error) != NULL)
		error = problem(reading, "this person is there twice", field[0]);
	if (error < 0) {
		free(entry);
		return error;
	}
	for (int i = 2; i < fields; i++) {
		int wrong = number_add(reading, field[i], entry);
		if (wrong < 0)
			error = wrong;
	}
	return error;
}

static int line_add(struct reading *reading, char *line, size_t len)
{
	char *field[FILE_FIELDS];
	const char *reason;

	if (reading->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3; // byte order mark of a spreadsheet
		len -= 3;
	}
	if (strlen(line) != len)
		return problem(reading, "a NUL octet", line);
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '#' || line[strspn(line, " \t")] == '\0')
		return 0;
	int fields = csv_split(line, field, FILE_FIELDS, &reason);
	if (fields < 0)
		return problem(reading, reason, line);
	bool header = !reading->begun && strcasecmp(field[0], "person") == 0;
	reading->begun = true;
	if (header)
		return 0;
	return row_add(reading, field, fields);
}

static int file_read(struct reading *reading, FILE *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int error = 0;

	while (error != -ENOMEM && (len = getline(&line, &room, in)) >= 0) {
		reading->line++;
		int wrong = line_add(reading, line, (size_t)len);
		if (wrong < 0)
			error = wrong;
	}
	if (ferror(in)) {
		error = -EIO;
		log_error("directory", "file", "at=%s:%u reason=\"can't be read on\"",
			  reading->path, reading->line);
	}
	free(line);
	return error;
}

struct directory_file *directory_file_load(const char *path, const struct rules *rules)
{
	struct directory_file *file = calloc(1, sizeof(*file));
	struct reading reading = {.file = file, .rules = rules, .path = path};
	int error = -ENOMEM;
	FILE *in = NULL;

	if (file == NULL)
		goto fail;
	if (getrandom(&file->key, sizeof(file->key), 0) != sizeof(file->key)) {
		error = -EIO;
		goto fail;
	}
	in = fopen(path, "re");
	if (in == NULL) {
		error = -errno;
		log_error("directory", "file", "at=%s reason=%s", path, log_quote(strerror(errno)));
		goto fail;
	}
	error = file_read(&reading, in);
	fclose(in);
	if (reading.problems > FILE_PROBLEMS_SHOWN)
		log_error("directory", "file-more", "at=%s problems=%u shown=%d", path,
			  reading.problems, FILE_PROBLEMS_SHOWN);
	if (error == 0)
		return file;
fail:
	directory_file_free(file);
	errno = -error;
	return NULL;
}

void directory_file_free(struct directory_file *file)
{
	if (file == NULL)
		return;
	for (size_t i = 0; i < file->aors.slots; i++) {
		free(file->aors.slot[i].key);
		free(file->aors.slot[i].entry);
	}
	for (size_t i = 0; i < file->numbers.slots; i++) {
		free(file->numbers.slot[i].key);
		free(file->numbers.slot[i].written);
	}
	free(file->aors.slot);
	free(file->numbers.slot);
	free(file);
}

const struct directory_entry *directory_file_aor(const struct directory_file *file, const char *aor)
{
	char folded[NORMAL_BYTES];

	snprintf(folded, sizeof(folded), "%s", aor);
	normal_fold(folded);
	return map_get(file, &file->aors, folded);
}

const struct directory_entry *directory_file_number(const struct directory_file *file,
						    const char *number)
{
	char folded[NORMAL_BYTES];

	snprintf(folded, sizeof(folded), "%s", number);
	normal_fold(folded);
	return map_get(file, &file->numbers, folded);
}

void directory_file_numbers_of(const struct directory_file *file,
			       const struct directory_entry *entry, directory_number_fn *each,
			       void *ctx)
{
	for (size_t i = 0; i < file->numbers.slots; i++) {
		const struct map_slot *slot = &file->numbers.slot[i];

		if (slot->key == NULL || slot->entry != entry)
			continue;
		each(ctx, slot->key);
		if (slot->written != NULL)
			each(ctx, slot->written);
	}
}

size_t directory_file_persons(const struct directory_file *file)
{
	return file->aors.count;
}

size_t directory_file_numbers(const struct directory_file *file)
{
	return file->numbers.count;
}
