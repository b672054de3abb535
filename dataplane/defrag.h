// SPDX-License-Identifier: Apache-2.0
// Puts UDP datagrams together that came in IP fragments. One for each poll core, fed by the frame
// walk; nothing is shared. Works on copies of the fragments in a pool of its own, because the frame
// may be on its way out of another port, and because rte_ip_frag rewrites what it is given.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct defrag;
struct frame;
struct siphash_key;
struct wire_counters;

// flows: datagrams in the making at any time. Needs the EAL. NULL with a sentence in error.
struct defrag *defrag_new(unsigned int flows, uint64_t timeout_ns, const struct siphash_key *key,
			  struct wire_counters *counters, char *error, size_t error_size);
void defrag_free(struct defrag *defrag);
// Octets of packet memory that defrag_new() will take.
uint64_t defrag_memory(unsigned int flows, bool hugepages);

// One fragment, as frame_walk() left it in *frame, of the packet at data. true when it completes
// its datagram: *data then points to the IP payload (valid until the next call), *len is its
// length, and frame_walk_reassembled() goes on from there.
bool defrag_add(struct defrag *defrag, const struct frame *frame, const uint8_t **data, size_t *len,
		uint64_t now_ns);
// Gives up what did not complete in time.
void defrag_expire(struct defrag *defrag, uint64_t now_ns);
