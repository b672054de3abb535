// SPDX-License-Identifier: Apache-2.0
// A header and INTENTS_MOST slots of one size. A slot is live when its checksum is right: it is
// written last, so that one torn by a kill is free, and its PUBLISH has not left. Slots are taken
// from the one freed last on, so that few pages are ever touched.
#include "presence/store/intents.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sip/siphash.h"

#define INTENTS_MAGIC UINT64_C(0x31746e6968666f) // "ofhint1": another form, another number

struct intent {
	uint64_t sum; // of the rest, up to the name's end; 0: free
	uint64_t expires_wall_ns;
	uint32_t person_len;
	char person[STORE_TEXT - 4]; // not terminated
};

struct intents_file {
	uint64_t magic;
	uint64_t reserved;
	struct intent slot[INTENTS_MOST]; // slot n is slot[n - 1]
};

struct intents {
	int fd; // locked
	struct intents_file *file;
	uint16_t free_count, found_count;
	uint16_t free[INTENTS_MOST];
	uint16_t found[INTENTS_MOST];
};

// No secret: it is to find accidents.
static uint64_t intent_sum(const struct intent *intent)
{
	static const struct siphash_key key;
	size_t from = offsetof(struct intent, expires_wall_ns);
	uint64_t sum = siphash64(&key, (const char *)intent + from,
				 offsetof(struct intent, person) - from + intent->person_len);

	return sum ? sum : 1;
}

static bool intent_is_live(const struct intent *intent)
{
	return intent->sum && intent->person_len && intent->person_len <= sizeof(intent->person) &&
	       intent->sum == intent_sum(intent);
}

// Room on the disk now, or a store to the mapping may end us later (SIGBUS).
static int file_map(struct intents *intents)
{
	int error = posix_fallocate(intents->fd, 0, sizeof(struct intents_file));

	if (error)
		return -error;
	intents->file = mmap(NULL, sizeof(struct intents_file), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_POPULATE, intents->fd, 0);
	if (intents->file == MAP_FAILED) {
		intents->file = NULL;
		return -errno;
	}
	return 0;
}

static int file_open(struct intents *intents, const char *dir, const char *name)
{
	char path[512];

	if (!dir[0])
		return -ENOENT;
	if ((size_t)snprintf(path, sizeof(path), "%s/intents-%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	intents->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (intents->fd < 0 || flock(intents->fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return file_map(intents);
}

struct intents *intents_open(const char *dir, const char *name)
{
	struct intents *intents = calloc(1, sizeof(*intents));
	int error;

	if (!intents)
		return NULL;
	intents->fd = -1;
	error = file_open(intents, dir, name);
	if (error) {
		intents_close(intents);
		errno = -error;
		return NULL;
	}
	if (intents->file->magic != INTENTS_MAGIC) {
		memset(intents->file, 0, sizeof(*intents->file));
		intents->file->magic = INTENTS_MAGIC;
	}
	for (uint16_t slot = INTENTS_MOST; slot > 0; slot--) {
		if (intent_is_live(&intents->file->slot[slot - 1]))
			intents->found[intents->found_count++] = slot;
		else
			intents->free[intents->free_count++] = slot;
	}
	return intents;
}

void intents_close(struct intents *intents)
{
	if (!intents)
		return;
	if (intents->file)
		munmap(intents->file, sizeof(*intents->file));
	if (intents->fd >= 0)
		close(intents->fd);
	free(intents);
}

uint16_t intents_put(struct intents *intents, const char *person, uint64_t expires_wall_ns)
{
	size_t len = strlen(person);
	struct intent *intent;
	uint16_t slot;

	if (!intents->free_count || !len || len > sizeof(intent->person))
		return INTENT_NONE;
	slot = intents->free[--intents->free_count];
	intent = &intents->file->slot[slot - 1];
	intent->expires_wall_ns = expires_wall_ns;
	intent->person_len = (uint32_t)len;
	memcpy(intent->person, person, len);
	__atomic_store_n(&intent->sum, intent_sum(intent), __ATOMIC_RELEASE);
	return slot;
}

void intents_drop(struct intents *intents, uint16_t slot)
{
	if (slot == INTENT_NONE)
		return;
	__atomic_store_n(&intents->file->slot[slot - 1].sum, 0, __ATOMIC_RELEASE);
	intents->free[intents->free_count++] = slot;
}

uint16_t intents_take_found(struct intents *intents, char person[STORE_TEXT],
			    uint64_t *expires_wall_ns)
{
	const struct intent *intent;
	uint16_t slot;

	if (!intents->found_count)
		return INTENT_NONE;
	slot = intents->found[--intents->found_count];
	intent = &intents->file->slot[slot - 1];
	memcpy(person, intent->person, intent->person_len);
	person[intent->person_len] = '\0';
	*expires_wall_ns = intent->expires_wall_ns;
	return slot;
}
