// SPDX-License-Identifier: Apache-2.0
// Answers that leave later, in the order in which they are due: a binary heap.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct delayed {
	uint64_t due_ns, order;      // order: those due at once leave as they came
	uint32_t client, generation; // a datagram: client is DELAYED_DATAGRAM
	uint32_t person;
	uint16_t status;
	bool close;
	uint32_t len;
	struct sockaddr_storage to;
	char *bytes;
};

enum { DELAYED_DATAGRAM = UINT32_MAX };

struct delayed_heap {
	struct delayed *item;
	size_t count, room;
	uint64_t order;
};

// Takes a copy of item->bytes. 0 or -ENOMEM.
int delayed_push(struct delayed_heap *heap, const struct delayed *item);
// The next one due by now_ns; the caller frees its bytes.
bool delayed_pop(struct delayed_heap *heap, uint64_t now_ns, struct delayed *item);
// When the next one is due; UINT64_MAX: there is none.
uint64_t delayed_next_ns(const struct delayed_heap *heap);
void delayed_fini(struct delayed_heap *heap);
