// SPDX-License-Identifier: Apache-2.0
// Makes AddressSanitizer see where pieces of a bigger one end: DPDK's memory is one piece to it, so
// a read behind a packet would go unnoticed, and so is a block of a slab. Costs nothing in other
// builds.
#pragma once

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISON_ENABLED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ENABLED 1
#endif
#endif

#ifdef POISON_ENABLED
#include <sanitizer/asan_interface.h>
static inline void poison(const void *start, size_t len)
{
	__asan_poison_memory_region(start, len);
}

static inline void unpoison(const void *start, size_t len)
{
	__asan_unpoison_memory_region(start, len);
}
#else
static inline void poison(const void *start, size_t len)
{
	(void)start;
	(void)len;
}

static inline void unpoison(const void *start, size_t len)
{
	(void)start;
	(void)len;
}
#endif
