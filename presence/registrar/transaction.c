// SPDX-License-Identifier: Apache-2.0
// Tables and timers around libosip2's machine (machine.c).
#include "presence/registrar/transaction.h"

#include "config/clock.h"
#include "config/metric.h"
#include "presence/net/timer_wheel.h"
#include "presence/registrar/machine.h"
#include "sip/msg.h"
#include "sip/siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

METRIC_COUNTER(sent_again, "offhook_registrar_retransmissions", NULL,
	       "Requests repeated for want of an answer (UDP)");
METRIC_COUNTER(provisional, "offhook_registrar_provisional", NULL, "1xx received");
METRIC_COUNTER(received_again, "offhook_registrar_responses_repeated", NULL,
	       "Responses to a transaction that already had its final one");

enum { TABLE_LEAST = 256 };

struct transaction {
	struct transaction *hash_next;
	struct transactions *all;
	void *owner;        // of no meaning when COMPLETED
	struct timer again; // E
	struct timer end;   // F, then K
	uint64_t interval_ns;
	uint64_t hash;
	uint8_t state; // enum machine_state
	bool reliable;
	char branch[TOKEN_BRANCH];
	size_t len;
	const char *bytes; // what is sent; reliable: until it was
	char copy[];
};

struct transactions {
	struct timer_wheel *wheel;
	struct transaction_times times;
	struct transaction_events events;
	struct machine *machine;
	struct siphash_key key; // branches are ours, but what is looked up is the registrar's
	struct transaction **table;
	size_t slots, count;
};

static uint64_t transaction_hash(const struct transactions *all, const char *branch, size_t len)
{
	return siphash64(&all->key, branch, len);
}

static void transactions_grow(struct transactions *all)
{
	size_t slots = all->slots * 2;
	struct transaction **table = calloc(slots, sizeof(*table));

	if (!table)
		return; // longer chains then
	for (size_t i = 0; i < all->slots; i++) {
		while (all->table[i]) {
			struct transaction *transaction = all->table[i];

			all->table[i] = transaction->hash_next;
			transaction->hash_next = table[transaction->hash & (slots - 1)];
			table[transaction->hash & (slots - 1)] = transaction;
		}
	}
	free(all->table);
	all->table = table;
	all->slots = slots;
}

static void transaction_insert(struct transaction *transaction)
{
	struct transactions *all = transaction->all;
	struct transaction **slot;

	if (all->count >= all->slots)
		transactions_grow(all);
	transaction->hash = transaction_hash(all, transaction->branch, strlen(transaction->branch));
	slot = &all->table[transaction->hash & (all->slots - 1)];
	transaction->hash_next = *slot;
	*slot = transaction;
	all->count++;
}

static void transaction_free(struct transaction *transaction)
{
	struct transactions *all = transaction->all;
	struct transaction **slot = &all->table[transaction->hash & (all->slots - 1)];

	while (*slot != transaction)
		slot = &(*slot)->hash_next;
	*slot = transaction->hash_next;
	all->count--;
	timer_cancel(all->wheel, &transaction->again);
	timer_cancel(all->wheel, &transaction->end);
	free(transaction);
}

// From the machine.
static int transaction_send(void *owner)
{
	struct transaction *transaction = owner;

	return transaction->all->events.send(transaction->owner, transaction->bytes,
					     transaction->len);
}

static void transaction_run(struct transaction *transaction, enum machine_event event,
			    unsigned int status)
{
	transaction->state = (uint8_t)machine_run(transaction->all->machine,
						  (enum machine_state)transaction->state, event,
						  status, transaction);
}

static void transaction_timer_k(struct timer *timer)
{
	transaction_free((struct transaction *)((char *)timer - offsetof(struct transaction, end)));
}

// The final response is handed on once; repetitions of it, over UDP, find the transaction here
// until timer K.
static void transaction_complete(struct transaction *transaction,
				 const struct transaction_response *response)
{
	struct transactions *all = transaction->all;
	void *owner = transaction->owner;

	if (transaction->reliable) {
		transaction_free(transaction);
	} else {
		timer_cancel(all->wheel, &transaction->again);
		timer_set(all->wheel, &transaction->end, clock_mono_ns() + all->times.t4_ns,
			  transaction_timer_k);
	}
	all->events.answer(owner, response);
}

static void transaction_end(struct transaction *transaction)
{
	struct transactions *all = transaction->all;
	void *owner = transaction->owner;

	transaction_free(transaction);
	all->events.timeout(owner);
}

static void transaction_again(struct timer *timer)
{
	struct transaction *transaction =
		(struct transaction *)((char *)timer - offsetof(struct transaction, again));
	struct transactions *all = transaction->all;

	// RFC 3261 17.1.2.2: doubled up to T2; T2 at once when a provisional response has come.
	transaction->interval_ns *= 2;
	if (transaction->interval_ns > all->times.t2_ns || transaction->state == MACHINE_PROCEEDING)
		transaction->interval_ns = all->times.t2_ns;
	timer_set(all->wheel, timer, clock_mono_ns() + transaction->interval_ns, transaction_again);
	metric_add(&sent_again, 1);
	transaction_run(transaction, MACHINE_TIMER_E, 0);
	if (transaction->state == MACHINE_TERMINATED)
		transaction_end(transaction);
}

static void transaction_timer_f(struct timer *timer)
{
	struct transaction *transaction = (struct transaction *)((char *)timer -
								 offsetof(struct transaction, end));

	transaction_run(transaction, MACHINE_TIMER_F, 0);
	transaction_end(transaction);
}

struct transaction *transaction_start(struct transactions *all,
				      const struct transaction_start *start, void *owner)
{
	size_t kept = start->reliable ? 0 : start->len; // to be sent again
	struct transaction *transaction = malloc(sizeof(*transaction) + kept);
	uint64_t now = clock_mono_ns();

	if (!transaction) {
		errno = ENOMEM;
		return NULL;
	}
	*transaction = (struct transaction){
		.all = all,
		.owner = owner,
		.state = MACHINE_NEW,
		.reliable = start->reliable,
		.interval_ns = all->times.t1_ns,
		.len = start->len,
		.bytes = start->bytes,
	};
	memcpy(transaction->branch, start->branch, sizeof(transaction->branch));
	if (kept) {
		memcpy(transaction->copy, start->bytes, kept);
		transaction->bytes = transaction->copy;
	}
	transaction_insert(transaction);
	transaction_run(transaction, MACHINE_REQUEST, 0);
	if (transaction->state != MACHINE_TRYING) {
		transaction_free(transaction);
		errno = ENOTCONN;
		return NULL;
	}
	if (!transaction->reliable)
		timer_set(all->wheel, &transaction->again, now + transaction->interval_ns,
			  transaction_again);
	timer_set(all->wheel, &transaction->end, now + 64 * all->times.t1_ns, transaction_timer_f);
	return transaction;
}

void transaction_abandon(struct transaction *transaction)
{
	transaction_free(transaction);
}

void transaction_hurry(struct transaction *transaction, uint64_t by_ns)
{
	timer_cancel(transaction->all->wheel, &transaction->again);
	if (transaction->end.due_ns > by_ns)
		timer_set(transaction->all->wheel, &transaction->end, by_ns, transaction_timer_f);
}

static struct transaction *transaction_find(struct transactions *all, const char *branch,
					    size_t len)
{
	uint64_t hash = transaction_hash(all, branch, len);
	struct transaction *transaction = all->table[hash & (all->slots - 1)];

	while (transaction && (transaction->hash != hash || strlen(transaction->branch) != len ||
			       memcmp(transaction->branch, branch, len) != 0))
		transaction = transaction->hash_next;
	return transaction;
}

enum transaction_match transaction_receive(struct transactions *all, const char *bytes, size_t len)
{
	struct transaction_response response = {.bytes = bytes, .len = len};
	struct transaction *transaction;
	struct sip_msg msg;

	if (sip_msg_parse(bytes, len, &msg) != SIP_REJECT_NONE || !(msg.flags & SIP_IS_RESPONSE) ||
	    msg.cseq_method != SIP_PUBLISH || msg.via_branch.len == 0)
		return TRANSACTION_MALFORMED;
	transaction = transaction_find(all, bytes + msg.via_branch.off, msg.via_branch.len);
	if (!transaction)
		return TRANSACTION_UNKNOWN;
	if (transaction->state == MACHINE_COMPLETED) {
		metric_add(&received_again, 1);
		return TRANSACTION_MATCHED;
	}
	if (msg.status < 200)
		metric_add(&provisional, 1);
	transaction_run(transaction, MACHINE_RESPONSE, msg.status);
	if (transaction->state != MACHINE_COMPLETED)
		return TRANSACTION_MATCHED;
	response.status = msg.status;
	response.folded = msg.flags & SIP_FOLDED;
	transaction_complete(transaction, &response);
	return TRANSACTION_MATCHED;
}

struct transactions *transactions_new(struct timer_wheel *wheel,
				      const struct transaction_times *times,
				      const struct transaction_events *events)
{
	struct transactions *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->wheel = wheel;
	all->times = *times;
	all->events = *events;
	all->slots = TABLE_LEAST;
	all->table = calloc(all->slots, sizeof(*all->table));
	if (!all->table)
		goto fail;
	if (getrandom(&all->key, sizeof(all->key), 0) != (ssize_t)sizeof(all->key))
		goto fail;
	all->machine = machine_new(transaction_send);
	if (!all->machine)
		goto fail;
	return all;
fail:
	free(all->table);
	free(all);
	return NULL;
}

void transactions_free(struct transactions *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->slots; i++) {
		while (all->table[i])
			transaction_free(all->table[i]);
	}
	machine_free(all->machine);
	free(all->table);
	free(all);
}

void transactions_times(struct transactions *all, const struct transaction_times *times)
{
	all->times = *times;
}
