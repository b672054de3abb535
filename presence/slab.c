// SPDX-License-Identifier: Apache-2.0
#include "presence/slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/poison.h"

void slab_init(struct slab *slab, size_t item_bytes)
{
	*slab = (struct slab){.item_bytes = (uint32_t)item_bytes};
}

void slab_fini(struct slab *slab)
{
	for (uint32_t i = 0; i < slab->blocks; i++) {
		unpoison(slab->block[i], SLAB_BLOCK_BYTES);
		free(slab->block[i]);
	}
	free(slab->block);
}

// A use of what is free shows under AddressSanitizer, as if each item had memory of its own.
void slab_put(struct slab *slab, uint32_t number)
{
	char *item = slab_at(slab, number);

	memcpy(item, &slab->free, sizeof(slab->free));
	slab->free = number;
	poison(item + SLAB_KEPT_BYTES, slab->item_bytes - SLAB_KEPT_BYTES);
}

static int block_add(struct slab *slab)
{
	struct slab_head head = {slab, slab->blocks};

	if (slab->blocks == SLAB_BLOCKS)
		return -ENOMEM;
	// The list of blocks doubles; a power of two is full.
	if ((slab->blocks & (slab->blocks - 1)) == 0) {
		size_t room = slab->blocks > 0 ? 2 * (size_t)slab->blocks : 1;
		char **blocks = reallocarray(slab->block, room, sizeof(*blocks));

		if (blocks == NULL)
			return -ENOMEM;
		slab->block = blocks;
	}
	char *block = aligned_alloc(SLAB_BLOCK_BYTES, SLAB_BLOCK_BYTES);
	if (block == NULL)
		return -ENOMEM;
	memset(block, 0, SLAB_BLOCK_BYTES);
	memcpy(block, &head, sizeof(head));
	slab->block[slab->blocks++] = block;
	for (uint32_t place = slab_places(slab); --place > 0;)
		slab_put(slab, head.block << SLAB_PLACE_BITS | place);
	return 0;
}

uint32_t slab_take(struct slab *slab)
{
	if (slab->free == 0 && block_add(slab) < 0)
		return 0;
	uint32_t number = slab->free;
	char *item = slab_at(slab, number);

	unpoison(item, slab->item_bytes);
	memcpy(&slab->free, item, sizeof(slab->free));
	return number;
}

size_t slab_bytes(const struct slab *slab)
{
	return (size_t)slab->blocks * (SLAB_BLOCK_BYTES + sizeof(*slab->block));
}
