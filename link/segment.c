// SPDX-License-Identifier: Apache-2.0
// The memfd and its mapping. In each process the mapping has a private page in front, which holds
// what this process checked once, and unmapped addresses behind:
//
//   [ private page | segment: header, media, known calls, rings ... | EVENT_RING_SLOTS_MAX slots
//   of nothing ]
//
// so that sizes and offsets are never believed twice, and a ring whose size the other process
// overwrote leads to a crash of the believer at worst, never to other memory of it.

#include "link/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PRIVATE_BYTES = 4096,
	RING_ALIGN = 4096,
};

_Static_assert(EVENT_RING_SLOTS_MAX *(uint64_t)sizeof(struct call_event) <= UINT32_MAX, "guard");

static const size_t guard_bytes = (size_t)EVENT_RING_SLOTS_MAX * sizeof(struct call_event);
static const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// In the private page.
struct segment_view {
	size_t bytes;
	uint32_t lcores, ring_slots;
};

static struct segment_view *segment_view(const struct segment *segment)
{
	return (struct segment_view *)((char *)segment - PRIVATE_BYTES);
}

static size_t align_up(size_t bytes)
{
	return (bytes + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;
}

static size_t media_offset(void)
{
	return align_up(sizeof(struct segment));
}

static size_t known_offset(void)
{
	return media_offset() + align_up(sizeof(struct media_table));
}

static size_t ring_offset(uint32_t lcore, uint32_t ring_slots)
{
	return known_offset() + align_up(sizeof(struct known_calls)) +
	       lcore * align_up(event_ring_bytes(ring_slots));
}

static bool size_is_sane(uint32_t lcores, uint32_t ring_slots)
{
	return lcores >= 1 && lcores <= SEGMENT_LCORES && ring_slots >= 1 &&
	       ring_slots <= EVENT_RING_SLOTS_MAX && (ring_slots & (ring_slots - 1)) == 0;
}

static struct segment *view_new(int fd, size_t bytes)
{
	size_t whole = PRIVATE_BYTES + bytes + guard_bytes;
	char *base = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			  0);
	int error;

	if (base == MAP_FAILED)
		return NULL;
	if (mprotect(base, PRIVATE_BYTES, PROT_READ | PROT_WRITE) ||
	    mmap(base + PRIVATE_BYTES, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 0) == MAP_FAILED) {
		error = errno;
		munmap(base, whole);
		errno = error;
		return NULL;
	}
	((struct segment_view *)base)->bytes = bytes;
	return (struct segment *)(base + PRIVATE_BYTES);
}

static int segment_fill(struct segment *segment, uint32_t lcores, uint32_t ring_slots)
{
	if (getrandom(&segment->key, sizeof(segment->key), 0) != sizeof(segment->key))
		return -errno;
	segment->magic = SEGMENT_MAGIC;
	segment->version = SEGMENT_VERSION;
	segment->bytes = ring_offset(lcores, ring_slots);
	segment->lcores = lcores;
	segment->ring_slots = ring_slots;
	segment_view(segment)->lcores = lcores;
	segment_view(segment)->ring_slots = ring_slots;
	for (uint32_t i = 0; i < lcores; i++) {
		segment->ring_offset[i] = ring_offset(i, ring_slots);
		event_ring_init(segment_ring(segment, i), ring_slots);
	}
	return 0;
}

struct segment *segment_create(uint32_t lcores, uint32_t ring_slots, int *fd_out)
{
	struct segment *segment = NULL;
	int fd, error;

	if (!size_is_sane(lcores, ring_slots)) {
		errno = EINVAL;
		return NULL;
	}
	fd = memfd_create("offhook", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)ring_offset(lcores, ring_slots)) || fcntl(fd, F_ADD_SEALS, seals))
		goto failed;
	segment = view_new(fd, ring_offset(lcores, ring_slots));
	if (!segment)
		goto failed;
	error = segment_fill(segment, lcores, ring_slots);
	if (error) {
		segment_unmap(segment);
		errno = -error;
		goto failed;
	}
	*fd_out = fd;
	return segment;
failed:
	error = errno;
	close(fd);
	errno = error;
	return NULL;
}

// Copies the numbers before it checks them. Offsets are not read back: they follow from the rest.
static bool segment_check(struct segment *segment)
{
	uint32_t lcores = __atomic_load_n(&segment->lcores, __ATOMIC_RELAXED);
	uint32_t ring_slots = __atomic_load_n(&segment->ring_slots, __ATOMIC_RELAXED);
	struct segment_view *view = segment_view(segment);

	if (segment->magic != SEGMENT_MAGIC || segment->version != SEGMENT_VERSION ||
	    !size_is_sane(lcores, ring_slots) || ring_offset(lcores, ring_slots) != view->bytes ||
	    segment->bytes != view->bytes)
		return false;
	view->lcores = lcores;
	view->ring_slots = ring_slots;
	return true;
}

struct segment *segment_map(int fd)
{
	struct segment *segment;
	struct stat stat;
	int sealed = fcntl(fd, F_GET_SEALS);

	if (fstat(fd, &stat))
		return NULL;
	// Without the seals somebody could shrink it under us: SIGBUS.
	if (sealed < 0 || (sealed & seals) != seals ||
	    (size_t)stat.st_size < sizeof(struct segment)) {
		errno = EPROTO;
		return NULL;
	}
	segment = view_new(fd, (size_t)stat.st_size);
	if (segment && !segment_check(segment)) {
		segment_unmap(segment);
		errno = EPROTO;
		return NULL;
	}
	return segment;
}

void segment_unmap(struct segment *segment)
{
	if (segment)
		munmap(segment_view(segment),
		       PRIVATE_BYTES + segment_view(segment)->bytes + guard_bytes);
}

uint32_t segment_lcores(const struct segment *segment)
{
	return segment_view(segment)->lcores;
}

struct event_ring *segment_ring(struct segment *segment, uint32_t lcore)
{
	const struct segment_view *view = segment_view(segment);

	if (lcore >= view->lcores)
		return NULL;
	return (struct event_ring *)((char *)segment + ring_offset(lcore, view->ring_slots));
}

struct media_table *segment_media(struct segment *segment)
{
	return (struct media_table *)((char *)segment + media_offset());
}

struct known_calls *segment_known(struct segment *segment)
{
	return (struct known_calls *)((char *)segment + known_offset());
}
