// SPDX-License-Identifier: Apache-2.0
// The shared memory: made, found again by its descriptor, refused when it is not ours, and harmless
// when the other process scribbles into it.

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/schema.h"
#include "link/segment.h"
#include "tests/link/events.h"

static void test_two_mappings(void **state)
{
	struct call_event event;
	int fd = -1;
	struct segment *wire = segment_create(3, 128, &fd), *presence;

	assert_non_null(wire);
	presence = segment_map(fd);
	assert_non_null(presence);
	assert_ptr_not_equal(wire, presence);
	assert_int_equal(presence->lcores, 3);
	assert_int_equal(presence->ring_slots, 128);
	assert_int_equal(presence->worker_asleep, 0);
	assert_memory_equal(&presence->key, &wire->key, sizeof(wire->key));
	assert_true(wire->key.word[0] != 0 && wire->key.word[1] != 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal((uintptr_t)segment_ring(wire, i) % 64, 0);
		assert_true((char *)segment_ring(wire, i) == (char *)wire + wire->ring_offset[i]);
		event_make(i, &event);
		assert_true(event_ring_push(segment_ring(wire, i), &event));
		event_ring_publish(segment_ring(wire, i));
	}
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(event_ring_pop(segment_ring(presence, i), &event));
		assert_true(event_is_whole(&event, i));
	}
	assert_null(segment_ring(presence, 3));
	// The last slot of the last ring is inside.
	segment_ring(wire, 2)->event[127].cseq = 1;
	segment_unmap(wire);
	segment_unmap(presence);
	segment_unmap(NULL);
	close(fd);
}

static void test_keys_differ(void **state)
{
	int a_fd, b_fd;
	struct segment *a = segment_create(1, 64, &a_fd), *b = segment_create(1, 64, &b_fd);

	assert_memory_not_equal(&a->key, &b->key, sizeof(a->key));
	segment_unmap(a);
	segment_unmap(b);
	close(a_fd);
	close(b_fd);
}

static void test_impossible_sizes(void **state)
{
	static const struct {
		uint32_t lcores, ring_slots;
	} sizes[] = {{0, 64}, {SEGMENT_LCORES + 1, 64}, {1, 0}, {1, 100}, {1, 1 << 17}};
	int fd = -1;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		errno = 0;
		assert_null(segment_create(sizes[i].lcores, sizes[i].ring_slots, &fd));
		assert_int_equal(errno, EINVAL);
		assert_int_equal(fd, -1);
	}
}

static void test_sealed(void **state)
{
	int fd;
	struct segment *segment = segment_create(1, 64, &fd);

	assert_int_equal(ftruncate(fd, 4096), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1 << 30), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	segment_unmap(segment);
	close(fd);
}

static void assert_refused(int fd)
{
	errno = 0;
	assert_null(segment_map(fd));
	assert_int_equal(errno, EPROTO);
}

static void test_others_are_refused(void **state)
{
	int fd;
	struct segment *segment = segment_create(2, 64, &fd);
	struct segment good = *segment;

	segment->magic++;
	assert_refused(fd);
	*segment = good;
	segment->version++;
	assert_refused(fd);
	*segment = good;
	segment->lcores = 1;
	assert_refused(fd);
	segment->lcores = UINT32_MAX;
	assert_refused(fd);
	*segment = good;
	segment->ring_slots = 128;
	assert_refused(fd);
	*segment = good;
	segment->bytes++;
	assert_refused(fd);
	*segment = good;
	segment_unmap(segment_map(fd));
	segment_unmap(segment);
	close(fd);

	fd = open("/dev/null", O_RDWR);
	assert_refused(fd);
	close(fd);
	fd = memfd_create("unsealed", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_refused(fd);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	assert_refused(fd);
	close(fd);
	errno = 0;
	assert_null(segment_map(-1));
	assert_int_equal(errno, EBADF);
}

// Numbers in shared memory are not believed twice.
static void test_scribbled_header(void **state)
{
	int fd;
	struct segment *segment = segment_create(2, 64, &fd);
	struct event_ring *second = segment_ring(segment, 1);

	segment->lcores = 1000;
	segment->ring_slots = 1;
	segment->ring_offset[1] = UINT64_MAX;
	segment->bytes = 1;
	assert_ptr_equal(segment_ring(segment, 1), second);
	assert_null(segment_ring(segment, 2));
	assert_int_equal(segment_lcores(segment), 2);
	segment_unmap(segment);
	close(fd);
}

// A ring that claims to be larger than it is ends in unmapped addresses, not in other memory.
static void test_scribbled_ring(void **state)
{
	struct rlimit no_core = {0, 0};
	struct call_event event;
	int fd, status;
	struct segment *segment = segment_create(1, 64, &fd);
	struct event_ring *ring = segment_ring(segment, 0);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		close(STDERR_FILENO);
		ring->slots = EVENT_RING_SLOTS_MAX;
		ring->head = EVENT_RING_SLOTS_MAX - 1;
		ring->tail = EVENT_RING_SLOTS_MAX;
		event_ring_pop(ring, &event);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	segment_unmap(segment);
	close(fd);
}

// The layers keep config/ from knowing link/: the range of the setting is held here.
static void test_setting_fits(void **state)
{
	assert_int_equal(schema_find("wire.ring_slots")->most, EVENT_RING_SLOTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_mappings),       cmocka_unit_test(test_keys_differ),
		cmocka_unit_test(test_impossible_sizes),   cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_others_are_refused), cmocka_unit_test(test_scribbled_header),
		cmocka_unit_test(test_scribbled_ring),     cmocka_unit_test(test_setting_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
