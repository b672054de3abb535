// SPDX-License-Identifier: Apache-2.0
// What registrar.c (the interface, turns) shares with requests, targets and peers. Nobody else
// includes this.
#pragma once

#include "config/secret.h"
#include "config/settings.h"
#include "presence/registrar/inbound.h"
#include "presence/registrar/registrar.h"
#include "presence/registrar/target.h"
#include "presence/registrar/transaction.h"

enum { REGISTRAR_KINDS = CONNECTION_TLS + 1 }; // SIP's transports, by enum connection_kind

struct request;
struct resolver;
struct tls_context;

struct registrar {
	struct loop *loop;
	struct settings_registrar settings;
	struct secret password;
	struct tls_context *tls; // NULL: no target needs it
	struct resolver *resolver;
	struct transactions *transactions;
	struct tokens tokens;
	struct registrar_events events;
	void *ctx;
	struct target target[SETTINGS_TARGETS];
	unsigned int targets;
	struct pacing pacing;
	struct timer turns;
	struct request *requests; // all that are open
	size_t open;
	struct inbound inbound[REGISTRAR_KINDS];
	bool usable; // some target could be used when last looked at
	bool draining;
};

// registrar.c
void registrar_changed(struct registrar *registrar); // a connection came or went
void registrar_drain(struct registrar *registrar);   // a turn may have become possible
void registrar_received(struct registrar *registrar, const char *bytes, size_t len);
void registrar_target_due(struct timer *timer);
// The best connection for a request; see target_channel().
struct channel *registrar_channel(struct registrar *registrar, struct peer *const *tried,
				  size_t tried_count, bool may_wait);
