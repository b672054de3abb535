// SPDX-License-Identifier: Apache-2.0
// What was seen lately of dialogs that are not, not yet or no more in the table of calls: that they
// are over (a 200 that is sent again must not bring them back, RFC 3261 13.3.1.4), or that their
// ACK overtook their 2xx. A cache of fixed size without timers: marks are forgotten after 64*T1, or
// earlier when there are too many. One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/siphash.h"

struct recent;

enum recent_mark {
	RECENT_NONE = 0,
	RECENT_ACKED = 1 << 0,   // its ACK was seen
	RECENT_SETTLED = 1 << 1, // does not ring any more; a 2xx may still come
	RECENT_OVER = 1 << 2,    // nothing brings it back
};

struct recent *recent_new(void);
void recent_free(struct recent *recent);

// Tags in either order.
void recent_mark(struct recent *recent, struct siphash128 call_key, uint64_t tag,
		 uint64_t other_tag, enum recent_mark mark, uint64_t now_ns);
// All marks of the dialog as bits.
unsigned int recent_marks(const struct recent *recent, struct siphash128 call_key, uint64_t tag,
			  uint64_t other_tag, uint64_t now_ns);
size_t recent_bytes(void);
