// SPDX-License-Identifier: Apache-2.0
// Those who wait for a record to be stored, each with its patience (store_save_publication). They
// hang on the backlog entry of their record. Called back from the loop only.
#pragma once

#include <stdint.h>

#include "presence/store/store.h"

struct timer_wheel;
struct waiter;
struct waiters;

struct waiters *waiters_new(struct timer_wheel *wheel);
void waiters_free(struct waiters *waiters); // nobody is called

// on: the list of the entry; NULL: there is nothing to wait for, it is told false from the loop
// once the patience is over.
void waiters_add(struct waiters *waiters, struct waiter **on, uint64_t version,
		 uint64_t patience_ns, store_saved_fn *saved, void *ctx);
// Those who wait for `version` or an older one will be told true by waiters_run().
void waiters_stored(struct waiters *waiters, struct waiter **on, uint64_t version);
// Calls those who are due. A callback may add and forget waiters, save and drop records.
void waiters_run(struct waiters *waiters);
void waiters_forget(struct waiters *waiters, void *ctx);
