// SPDX-License-Identifier: Apache-2.0
// The recovery log: what would be needed to clear the lamps of a dead engine. Memory is the truth;
// the store is written behind, in batches, and read once at start. Records are level-triggered: a
// save that is still waiting is replaced by a newer one for the same key, so the backlog is bounded
// by the number of keys. Nothing here blocks or fails a call; when the store is away, records wait.
// One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/sdp.h"
#include "sip/siphash.h"

struct loop;
struct settings;
struct secrets;
struct store;

enum {
	STORE_FORMAT = 2, // first field of each record; a newer format is left alone, with a line
	STORE_TEXT = 256,
	STORE_MEDIA = 8, // addresses of a call
};

// What is (or may be) published for a person at a registrar.
struct store_publication {
	char person[STORE_TEXT]; // key: the person's address of record, "sip:john.doe@sfb.example"
	char display[STORE_TEXT];
	char etag[STORE_TEXT]; // empty: an initial PUBLISH was about to be sent, its tag not known
	uint64_t expires_wall_ns; // until when the registrar keeps it
	bool wanted;              // busy when it was written, or a request that publishes was open
	uint64_t orphan_wall_ns;  // until then another one may be there, with a tag nobody knows
};

// What makes a person busy. Key: the dialog.
struct store_call {
	struct siphash128 call_key;
	uint64_t caller_tag, callee_tag;
	char call_id[STORE_TEXT];
	char caller[STORE_TEXT], callee[STORE_TEXT]; // addresses of record; empty: not mapped
	uint64_t start_wall_ns;
	uint64_t deadline_wall_ns; // when it is given up without a sign of life; 0: never
	uint32_t cseq_caller, cseq_callee;
	bool media_seen, on_hold;
	uint8_t media_count;
	struct store_media {
		bool is_callees;
		struct sdp_address address;
	} media[STORE_MEDIA];
};

enum store_state {
	STORE_OPENING,
	STORE_READY,
	STORE_AWAY,   // records wait
	STORE_FENCED, // another engine has adopted this estate: writes are refused for good
};

struct store_events {
	// The estate as it was found, once after the first connect, however late that is: each
	// publication and call, then loaded(). A call saved or dropped before in this run is not
	// reported: memory knows better. A publication is, because its tag is another one than this
	// run's and must be removed. Records of a newer format or unreadable ones are counted and
	// skipped.
	void (*publication)(void *ctx, const struct store_publication *record);
	void (*call)(void *ctx, const struct store_call *record);
	void (*loaded)(void *ctx);
	// May be NULL: the store logs it, too.
	void (*state)(void *ctx, enum store_state state, const char *why);
	// The store has lost what it had acknowledged, or may have (it was emptied, its server was
	// started again, an older copy of it came back), or more keys changed while it was away
	// than settings->store.backlog_records: it is being emptied, and the owner saves everything
	// it has once more, before it returns. Until that is written, a crash of the engine leaves
	// publications to their expiry. May be NULL: then the store keeps what it has.
	void (*reassert)(void *ctx);
	// Before loaded(): an intent of an earlier run whose record may not have been stored. Saves
	// the person's publication if that was not known. May be NULL.
	void (*intent)(void *ctx, const char *person, uint64_t expires_wall_ns);
};

// Picks the back end by settings->store.url. NULL with errno and a log line when the settings can't
// work (never because the store is away: then it opens later by itself).
struct store *store_new(struct loop *loop, const struct settings *settings,
			const struct secrets *secrets, const struct store_events *events,
			void *ctx);
// Writes what waits for at most timeout_ns, then closes. Runs the loop meanwhile, but calls nobody
// of its own owners any more.
void store_free(struct store *store, uint64_t timeout_ns);

enum store_state store_state(const struct store *store);

// saved: called once this version or a newer one of the record is in the store, or after
// `patience_ns` without it (false: the store is away, go on). NULL: nobody waits.
typedef void store_saved_fn(void *ctx, bool stored);
void store_save_publication(struct store *store, const struct store_publication *record,
			    uint64_t patience_ns, store_saved_fn *saved, void *ctx);
// The same of an initial PUBLISH that is about to leave. true: what it may publish survives our
// death from now on, and `saved` is not called: into a mapped file when there is one, by nobody's
// expectation with store: memory. false: `saved` comes, as above.
bool store_intend(struct store *store, const struct store_publication *record, uint64_t patience_ns,
		  store_saved_fn *saved, void *ctx);
void store_drop_publication(struct store *store, const char *person);
// The owner of pending `saved`s is gone: don't call them.
void store_forget(struct store *store, void *ctx);
void store_save_call(struct store *store, const struct store_call *record);
void store_drop_call(struct store *store, struct siphash128 call_key, uint64_t caller_tag,
		     uint64_t callee_tag);

// Records that wait to be written.
size_t store_backlog(const struct store *store);
