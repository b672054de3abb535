// SPDX-License-Identifier: Apache-2.0
// Drives libosip2's NICT machine. A transaction is taken off the library's list as soon as it is
// made; from then on only this file knows it. The machine's own callbacks are not used: after each
// event its state says what has happened.
#include "presence/registrar/transaction.h"

#include "config/clock.h"
#include "config/metric.h"
#include "presence/net/timer_wheel.h"
#include "sip/siphash.h"

// osip.h has a `struct timeval` in it and includes nothing for it.
#include <sys/time.h>

#include <osip2/osip.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
	osip_transaction_t *osip;
	void *owner;        // NULL: answered or abandoned
	struct timer again; // E
	struct timer end;   // F, then K
	uint64_t interval_ns;
	uint64_t hash;
	bool reliable;
	char branch[PUBLISH_BRANCH];
	size_t len;
	char bytes[];
};

struct transactions {
	struct timer_wheel *wheel;
	struct transaction_times times;
	struct transaction_events events;
	osip_t *osip;
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
	if (transaction->osip)
		osip_transaction_free2(transaction->osip);
	free(transaction);
}

// cb_send_message. 0 tells the machine that it was sent (and, on reliable transports, not to ask
// again); 1 would mean "in progress", with a repetition every 50 ms.
static int transaction_send(osip_transaction_t *osip, osip_message_t *message, char *host, int port,
			    int socket)
{
	struct transaction *transaction = osip_transaction_get_your_instance(osip);
	struct transactions *all = transaction->all;

	(void)message, (void)host, (void)port, (void)socket;
	return all->events.send(transaction->owner, transaction->bytes, transaction->len) ? -1 : 0;
}

static void transaction_timer_k(struct timer *timer)
{
	transaction_free((struct transaction *)((char *)timer - offsetof(struct transaction, end)));
}

// An answer comes as soon as the machine is COMPLETED, an end without one when it is TERMINATED.
static void transaction_execute(struct transaction *transaction, osip_event_t *event)
{
	struct transactions *all = transaction->all;
	void *owner = transaction->owner;

	osip_transaction_execute(transaction->osip, event);
	if (transaction->osip->state == NICT_COMPLETED) {
		osip_transaction_t *machine = transaction->osip;

		// What lingers for timer K is only our entry: the machine takes 15 KB.
		transaction->owner = NULL;
		transaction->osip = NULL;
		timer_cancel(all->wheel, &transaction->again);
		timer_set(all->wheel, &transaction->end,
			  clock_mono_ns() + (transaction->reliable ? 0 : all->times.t4_ns),
			  transaction_timer_k);
		all->events.answer(owner, machine->last_response);
		osip_transaction_free2(machine);
	} else if (transaction->osip->state == NICT_TERMINATED) {
		transaction_free(transaction);
		all->events.timeout(owner);
	}
}

static void transaction_fire(struct transaction *transaction, type_t type)
{
	osip_event_t *event = osip_malloc(sizeof(*event));

	if (!event)
		return;
	*event = (osip_event_t){.type = type, .transactionid = transaction->osip->transactionid};
	transaction_execute(transaction, event);
}

static void transaction_again(struct timer *timer)
{
	struct transaction *transaction =
		(struct transaction *)((char *)timer - offsetof(struct transaction, again));
	struct transactions *all = transaction->all;

	// RFC 3261 17.1.2.2: doubled up to T2; T2 at once when a provisional response has come.
	transaction->interval_ns *= 2;
	if (transaction->interval_ns > all->times.t2_ns ||
	    transaction->osip->state == NICT_PROCEEDING)
		transaction->interval_ns = all->times.t2_ns;
	timer_set(all->wheel, timer, clock_mono_ns() + transaction->interval_ns, transaction_again);
	metric_add(&sent_again, 1);
	transaction_fire(transaction, TIMEOUT_E);
}

static void transaction_timer_f(struct timer *timer)
{
	struct transaction *transaction = (struct transaction *)((char *)timer -
								 offsetof(struct transaction, end));

	transaction_fire(transaction, TIMEOUT_F);
}

static osip_transaction_t *transaction_machine(struct transactions *all,
					       const struct transaction_start *start,
					       osip_message_t **message)
{
	osip_transaction_t *machine = NULL;

	*message = NULL;
	if (osip_message_init(message) != OSIP_SUCCESS)
		return NULL;
	if (osip_message_parse(*message, start->head, start->head_len) != OSIP_SUCCESS ||
	    osip_transaction_init(&machine, NICT, all->osip, *message) != OSIP_SUCCESS) {
		osip_message_free(*message);
		return NULL;
	}
	osip_remove_transaction(all->osip, machine);
	return machine;
}

struct transaction *transaction_start(struct transactions *all,
				      const struct transaction_start *start, void *owner)
{
	struct transaction *transaction = calloc(1, sizeof(*transaction) + start->len);
	uint64_t now = clock_mono_ns();
	osip_message_t *message;
	osip_event_t *event;

	if (!transaction) {
		errno = ENOMEM;
		return NULL;
	}
	transaction->osip = transaction_machine(all, start, &message);
	event = transaction->osip ? osip_new_outgoing_sipmessage(message) : NULL;
	if (!event) {
		if (transaction->osip) {
			osip_message_free(message);
			osip_transaction_free2(transaction->osip);
		}
		free(transaction);
		errno = EINVAL;
		return NULL;
	}
	transaction->all = all;
	transaction->owner = owner;
	transaction->reliable = start->reliable;
	transaction->interval_ns = all->times.t1_ns;
	memcpy(transaction->branch, start->branch, sizeof(transaction->branch));
	transaction->len = start->len;
	memcpy(transaction->bytes, start->bytes, start->len);
	osip_transaction_set_your_instance(transaction->osip, transaction);
	transaction_insert(transaction);

	event->transactionid = transaction->osip->transactionid;
	osip_transaction_execute(transaction->osip, event);
	if (transaction->osip->state == NICT_TERMINATED) {
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

static struct transaction *transaction_find(struct transactions *all, const char *branch)
{
	uint64_t hash = transaction_hash(all, branch, strlen(branch));
	struct transaction *transaction = all->table[hash & (all->slots - 1)];

	while (transaction && strcmp(transaction->branch, branch) != 0)
		transaction = transaction->hash_next;
	return transaction;
}

// The branch of the topmost Via of a response to one of our requests; NULL: it is none.
static const char *transaction_branch(const osip_message_t *message)
{
	osip_generic_param_t *branch = NULL;
	osip_via_t *via = NULL;

	if (!MSG_IS_RESPONSE(message) || message->status_code < 100 || message->status_code > 699)
		return NULL;
	if (!message->cseq || !message->cseq->method ||
	    strcmp(message->cseq->method, "PUBLISH") != 0)
		return NULL;
	if (osip_message_get_via(message, 0, &via) < 0 || !via)
		return NULL;
	if (osip_via_param_get_byname(via, "branch", &branch) != OSIP_SUCCESS || !branch)
		return NULL;
	return branch->gvalue;
}

enum transaction_match transaction_receive(struct transactions *all, const char *bytes, size_t len)
{
	osip_event_t *event = osip_parse(bytes, len);
	struct transaction *transaction;
	const char *branch;

	if (!event || !event->sip) {
		osip_event_free(event);
		return TRANSACTION_MALFORMED;
	}
	branch = transaction_branch(event->sip);
	transaction = branch ? transaction_find(all, branch) : NULL;
	if (!transaction) {
		osip_event_free(event);
		return branch ? TRANSACTION_UNKNOWN : TRANSACTION_MALFORMED;
	}
	if (!transaction->osip) {
		metric_add(&received_again, 1);
		osip_event_free(event);
		return TRANSACTION_MATCHED;
	}
	if (event->sip->status_code < 200)
		metric_add(&provisional, 1);
	event->transactionid = transaction->osip->transactionid;
	transaction_execute(transaction, event);
	return TRANSACTION_MATCHED;
}

// The library would write what it was sent to standard error, unmasked; our counters say enough.
static void transaction_trace(const char *file, int line, osip_trace_level_t level,
			      const char *format, va_list args)
{
	(void)file, (void)line, (void)level, (void)format, (void)args;
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
	osip_trace_initialize_func(OSIP_ERROR, transaction_trace);
	if (osip_init(&all->osip) != OSIP_SUCCESS)
		goto fail;
	osip_set_cb_send_message(all->osip, transaction_send);
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
	osip_release(all->osip);
	free(all->table);
	free(all);
}

void transactions_times(struct transactions *all, const struct transaction_times *times)
{
	all->times = *times;
}
