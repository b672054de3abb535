// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/delayed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool before(const struct delayed *a, const struct delayed *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

int delayed_push(struct delayed_heap *heap, const struct delayed *item)
{
	struct delayed added = *item;
	size_t at = heap->count;

	if (heap->count == heap->room) {
		size_t room = heap->room > 0 ? heap->room * 2 : 256;
		struct delayed *grown = reallocarray(heap->item, room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		heap->item = grown;
		heap->room = room;
	}
	added.order = heap->order++;
	added.bytes = malloc(item->len + 1);
	if (added.bytes == NULL)
		return -ENOMEM;
	memcpy(added.bytes, item->bytes, item->len);
	heap->count++;
	for (; at > 0 && before(&added, &heap->item[(at - 1) / 2]); at = (at - 1) / 2)
		heap->item[at] = heap->item[(at - 1) / 2];
	heap->item[at] = added;
	return 0;
}

bool delayed_pop(struct delayed_heap *heap, uint64_t now_ns, struct delayed *item)
{
	struct delayed *last;
	size_t at = 0;

	if (heap->count == 0 || heap->item[0].due_ns > now_ns)
		return false;
	*item = heap->item[0];
	last = &heap->item[--heap->count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < heap->count && before(&heap->item[child + 1], &heap->item[child]))
			child++;
		if (child >= heap->count || !before(&heap->item[child], last))
			break;
		heap->item[at] = heap->item[child];
		at = child;
	}
	heap->item[at] = *last;
	return true;
}

uint64_t delayed_next_ns(const struct delayed_heap *heap)
{
	return heap->count > 0 ? heap->item[0].due_ns : UINT64_MAX;
}

void delayed_fini(struct delayed_heap *heap)
{
	for (size_t i = 0; i < heap->count; i++)
		free(heap->item[i].bytes);
	free(heap->item);
	*heap = (struct delayed_heap){NULL, 0, 0, 0};
}
