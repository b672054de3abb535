// SPDX-License-Identifier: Apache-2.0
// The registrar as the rest of the engine sees it: turns are granted at the rate of the target that
// is in use, requests go out by request.c, and what comes back is matched by transaction.c.
#include "presence/registrar/registrar.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/net/resolver.h"
#include "presence/net/tls.h"
#include "presence/registrar/registrar_state.h"
#include "presence/registrar/request.h"

#include <openssl/tls1.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Requests that may wait for an answer: a server that owes this many is not helped by more. At 50
// ms a round trip it allows 40,000 a second.
enum { REGISTRAR_OPEN_MOST = 2048 };

METRIC_COUNTER(unmatched, "offhook_registrar_received_bad", "cause=\"transaction\"",
	       "Messages from registrars that were dropped");
METRIC_COUNTER(malformed, "offhook_registrar_received_bad", "cause=\"malformed\"",
	       "Messages from registrars that were dropped");
METRIC_COUNTER(foreign, "offhook_registrar_received_bad", "cause=\"request\"",
	       "Messages from registrars that were dropped");
METRIC_GAUGE(requests_open, "offhook_registrar_requests_open", NULL,
	     "Requests waiting for an answer");
METRIC_GAUGE(turns_queued, "offhook_registrar_turns_queued", NULL,
	     "Publications waiting for their turn");
METRIC_GAUGE(certificate_ends, "offhook_registrar_certificate_not_after_seconds", NULL,
	     "When our own certificate ends, in seconds since 1970; 0: there is none");
METRIC_HISTOGRAM(turn_wait, "offhook_registrar_turn_wait_seconds", NULL,
		 "From asking for a turn to having it");

// The first target that can be used; better one that has not just failed.
static struct target *registrar_target(struct registrar *registrar)
{
	for (unsigned int i = 0; i < registrar->targets; i++) {
		if (target_is_ready(&registrar->target[i]))
			return &registrar->target[i];
	}
	for (unsigned int i = 0; i < registrar->targets; i++) {
		if (target_is_usable(&registrar->target[i]))
			return &registrar->target[i];
	}
	return NULL;
}

struct channel *registrar_channel(struct registrar *registrar, struct peer *const *tried,
				  size_t tried_count, bool may_wait)
{
	// Those that are down come second, not never: a socket may be open to one, and nothing
	// else.
	for (int any = 0; any <= 1; any++) {
		for (unsigned int i = 0; i < registrar->targets; i++) {
			struct channel *channel = target_channel(&registrar->target[i], tried,
								 tried_count, may_wait, any);

			if (channel)
				return channel;
		}
	}
	return NULL;
}

static void registrar_turns_due(struct timer *timer);

// Grants turns while there are tokens. While no target can be used, or answers, everybody waits:
// what is wanted by then is sent, not what was wanted now.
void registrar_drain(struct registrar *registrar)
{
	if (registrar->draining)
		return; // a turn asks for another one
	registrar->draining = true;
	while (registrar->pacing.count > 0 && registrar->open < REGISTRAR_OPEN_MOST) {
		struct target *target = registrar_target(registrar);
		uint64_t now = clock_mono_ns();
		struct publish_turn *turn;

		if (!target)
			break;
		if (target->hold_ns > now) {
			timer_set(loop_wheel(registrar->loop), &registrar->turns, target->hold_ns,
				  registrar_turns_due);
			break;
		}
		if (!bucket_take(&target->bucket, now)) {
			timer_set(loop_wheel(registrar->loop), &registrar->turns,
				  bucket_next_ns(&target->bucket, now), registrar_turns_due);
			break;
		}
		turn = pacing_take(&registrar->pacing);
		metric_observe(&turn_wait, now - turn->asked_ns);
		registrar->events.turn(registrar->ctx, turn);
	}
	registrar->draining = false;
	metric_set(&turns_queued, registrar->pacing.count);
	metric_set(&requests_open, registrar->open);
}

static void registrar_turns_due(struct timer *timer)
{
	registrar_drain((struct registrar *)((char *)timer - offsetof(struct registrar, turns)));
}

// Targets in their order: one is connected to when all before it have failed.
static void registrar_work(struct registrar *registrar)
{
	bool wanted = true;

	for (unsigned int i = 0; i < registrar->targets; i++) {
		struct target *target = &registrar->target[i];

		target_work(target, wanted);
		wanted &= target->failed && !target_is_ready(target);
	}
}

void registrar_target_due(struct timer *timer)
{
	struct target *target = (struct target *)((char *)timer - offsetof(struct target, timer));

	target_sweep(target);
	registrar_changed(target->registrar);
}

void registrar_changed(struct registrar *registrar)
{
	bool usable;

	registrar_work(registrar);
	usable = registrar_target(registrar) != NULL;
	if (usable != registrar->usable) {
		registrar->usable = usable;
		if (usable)
			log_info("registrar", "reachable", "target=%s",
				 log_quote(registrar_target(registrar)->name));
		else
			log_warn("registrar", "unreachable", "queued=%zu", registrar->pacing.count);
		if (usable)
			registrar->events.reachable(registrar->ctx);
	}
	registrar_drain(registrar);
}

void registrar_received(struct registrar *registrar, const char *bytes, size_t len)
{
	// Requests have no business on these connections, and no answer from here can be amplified.
	if (len < 8 || memcmp(bytes, "SIP/2.0 ", 8) != 0) {
		metric_add(&foreign, 1);
		return;
	}
	switch (transaction_receive(registrar->transactions, bytes, len)) {
	case TRANSACTION_UNKNOWN: metric_add(&unmatched, 1); break;
	case TRANSACTION_MALFORMED: metric_add(&malformed, 1); break;
	default: break;
	}
}

static struct tls_context *registrar_tls(const struct settings_registrar *settings, char *error,
					 size_t error_size)
{
	static const int versions[] = {
		[TLS_VERSION_1_0] = TLS1_VERSION,
		[TLS_VERSION_1_2] = TLS1_2_VERSION,
		[TLS_VERSION_1_3] = TLS1_3_VERSION,
	};
	struct tls_options options = {
		.certificate = settings->tls_certificate,
		.key = settings->tls_key,
		.ca = settings->tls_ca,
		.ciphers = settings->tls_ciphers,
		.min_version = versions[settings->tls_min_version ? settings->tls_min_version
								  : TLS_VERSION_1_2],
		.verify = settings->tls_verify,
	};

	struct tls_context *context = tls_context_new(&options, error, error_size);

	if (context)
		metric_set(&certificate_ends, (uint64_t)tls_context_not_after(context));
	return context;
}

static bool registrar_needs_tls(const struct registrar *registrar)
{
	for (unsigned int i = 0; i < registrar->targets; i++) {
		const struct resolver_target *where = &registrar->target[i].where;

		// A name without a transport may turn out to want TLS by its SRV records.
		if (where->secure || where->kind == CONNECTION_TLS ||
		    where->kind == CONNECTION_NONE)
			return true;
	}
	return false;
}

static struct transaction_times registrar_times(const struct settings_registrar *settings)
{
	return (struct transaction_times){
		.t1_ns = settings->t1_ns, .t2_ns = settings->t2_ns, .t4_ns = settings->t4_ns};
}

static int registrar_targets(struct registrar *registrar, char *error, size_t error_size)
{
	const struct settings_registrar *settings = &registrar->settings;

	for (unsigned int i = 0; i < settings->target_count; i++) {
		if (target_init(&registrar->target[i], registrar, settings->target[i])) {
			snprintf(error, error_size, "registrar.target: `%s` is no SIP target",
				 settings->target[i]);
			return -EINVAL;
		}
		registrar->targets++;
	}
	return 0;
}

struct registrar *registrar_new(struct loop *loop, const struct settings *settings,
				const struct secrets *secrets,
				const struct registrar_events *events, void *ctx, char *error,
				size_t error_size)
{
	struct registrar *registrar = calloc(1, sizeof(*registrar));
	struct transaction_times times = registrar_times(&settings->registrar);

	if (!registrar) {
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	registrar->loop = loop;
	registrar->settings = settings->registrar;
	registrar->password = secrets->registrar_password;
	registrar->events = *events;
	registrar->ctx = ctx;
	pacing_init(&registrar->pacing);
	if (registrar_targets(registrar, error, error_size))
		goto fail;
	snprintf(error, error_size, "out of memory");
	registrar->transactions = transactions_new(loop_wheel(loop), &times, &request_events);
	registrar->resolver = resolver_new(loop, NULL);
	if (!registrar->transactions || !registrar->resolver)
		goto fail;
	if (registrar_needs_tls(registrar)) {
		registrar->tls = registrar_tls(&registrar->settings, error, error_size);
		if (!registrar->tls)
			goto fail;
	}
	for (unsigned int i = 0; i < registrar->targets; i++)
		timer_set(loop_wheel(loop), &registrar->target[i].timer, clock_mono_ns(),
			  registrar_target_due);
	return registrar;
fail:
	registrar_free(registrar);
	return NULL;
}

void registrar_free(struct registrar *registrar)
{
	struct publish_turn *turn;

	if (!registrar)
		return;
	requests_free(registrar);
	for (unsigned int i = 0; i < registrar->targets; i++)
		target_fini(&registrar->target[i]);
	for (int kind = 0; kind < REGISTRAR_KINDS; kind++)
		inbound_close(&registrar->inbound[kind]);
	while ((turn = pacing_take(&registrar->pacing)))
		*turn = (struct publish_turn){0};
	timer_cancel(loop_wheel(registrar->loop), &registrar->turns);
	if (registrar->resolver)
		resolver_free(registrar->resolver);
	transactions_free(registrar->transactions);
	tls_context_put(registrar->tls);
	explicit_bzero(&registrar->password, sizeof(registrar->password));
	free(registrar);
}

int registrar_reload(struct registrar *registrar, const struct settings *settings,
		     const struct secrets *secrets, char *error, size_t error_size)
{
	struct transaction_times times = registrar_times(&settings->registrar);
	struct tls_context *tls, *old;

	if (registrar->tls) {
		tls = registrar_tls(&settings->registrar, error, error_size);
		if (!tls)
			return -EINVAL;
		old = registrar->tls;
		registrar->tls = tls; // for connections from now on
		for (int kind = 0; kind < REGISTRAR_KINDS; kind++)
			inbound_reload(&registrar->inbound[kind]);
		tls_context_put(old);
	}
	registrar->settings = settings->registrar;
	registrar->password = secrets->registrar_password;
	transactions_times(registrar->transactions, &times);
	for (unsigned int i = 0; i < registrar->targets; i++) {
		bucket_change(&registrar->target[i].bucket, settings->registrar.rate,
			      settings->registrar.burst, clock_mono_ns());
		registrar->target[i].digest = (struct digest){0};
	}
	registrar_drain(registrar);
	return 0;
}

void registrar_ask(struct registrar *registrar, struct publish_turn *turn, enum publish_kind kind)
{
	pacing_add(&registrar->pacing, turn, kind);
	registrar_drain(registrar);
}

void registrar_cancel(struct registrar *registrar, struct publish_turn *turn)
{
	pacing_remove(&registrar->pacing, turn);
}

int registrar_send(struct registrar *registrar, const struct publish_request *request,
		   void *request_ctx)
{
	return request_send(registrar, request, request_ctx);
}

size_t registrar_status(const struct registrar *registrar, struct registrar_status *out, size_t max)
{
	size_t count = registrar->targets < max ? registrar->targets : max;

	for (size_t i = 0; i < count; i++) {
		const struct target *target = &registrar->target[i];

		memset(&out[i], 0, sizeof(out[i]));
		snprintf(out[i].target, sizeof(out[i].target), "%s", target->name);
		target_status_peer(target, out[i].peer, sizeof(out[i].peer));
		out[i].state = target_state_name(target);
		out[i].open = target->open;
		out[i].queued = (unsigned int)(i == 0 ? registrar->pacing.count : 0);
		out[i].sent = target->sent;
		out[i].answered = target->answered;
		out[i].timeouts = target->timeouts;
		snprintf(out[i].last_error, sizeof(out[i].last_error), "%s", target->last_error);
	}
	return count;
}

size_t registrar_open(const struct registrar *registrar)
{
	return registrar->open;
}
