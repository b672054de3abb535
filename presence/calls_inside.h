// SPDX-License-Identifier: Apache-2.0
// What the files behind presence/calls.h share: calls.c is the straight way of an event,
// call_judge.c whether it is to be believed, call_words.c what other messages said, call_parties.c
// who the parties are, call_party.c the calls of a person, call_media.c where media go to,
// call_end.c the deadlines and the end, call_record.c what the store keeps.
#pragma once

#include "presence/call_table.h"
#include "presence/calls.h"
#include "presence/invites.h"

struct call_event;
struct identity_rules;
struct media_claims;
struct recent;

// Calls of one turn whose records wait for the PUBLISHes; one more is saved at once.
enum { CALLS_UNSAVED_MOST = 64 };

struct calls {
	const struct settings *settings;
	struct timer_wheel *wheel;
	struct directory *directory;
	struct persons *persons;
	struct store *store;       // may be NULL
	struct known_calls *known; // may be NULL
	struct identity_rules *rules;
	struct invites *invites;
	struct recent *recent;
	struct media_claims *media; // may be NULL
	bool blind;                 // the wire does not see
	uint64_t sight_ns;          // since when it sees again
	struct siphash_key key;     // of addresses
	struct call_table table;
	uint64_t attempts, confirmed, learned;
	size_t up;
	struct timer save; // set while there are unsaved ones
	unsigned int unsaved_count;
	struct {
		uint32_t number, generation;
	} unsaved[CALLS_UNSAVED_MOST];
};

static inline struct calls *calls_of(const struct call *call)
{
	return (struct calls *)((char *)call_table_of(call) - offsetof(struct calls, table));
}

// calls.c. NULL, counted and with a line: the table is full.
struct call *call_new(struct calls *calls, struct siphash128 key, const char *call_id, size_t len);

// call_judge.c. Is this message of the dialog to be followed? Remembers what it needs to judge
// later ones. role: who sent the request.
bool call_judge(struct call *call, enum call_role role, const struct call_event *event,
		enum call_message message, uint64_t now_ns);
// The two ends, from the first message that is seen.
void call_judge_addresses(struct call *call, const struct call_event *event);

// call_parties.c. A call has come up by this answer: finds out who takes part and tells, now or
// after the INVITE was waited for.
void call_parties_find(struct call *call, const struct call_event *answer, uint64_t now_ns);
// The INVITE is here, or will not be waited for any longer. answer: NULL: what was kept. The call
// may be gone afterwards.
void call_parties_settle(struct call *call, const struct call_event *answer, uint64_t now_ns);
// Ends the dialog that the call's INVITE replaces, if it does (RFC 3891).
void call_parties_replace(struct call *call);
// One more call, by its cause.
void call_parties_count(struct call *call);

// call_party.c. The person takes part in the call from now on.
void call_party_put(struct call *call, enum call_role role, struct person *person,
		    const struct person_event *event);
// Nobody does any more.
void call_party_go(struct call *call, const struct person_event *event);
// The call of a party, as person->first_party and call_party.next name it, and its role there.
struct call *call_party_at(const struct calls *calls, uint32_t number, enum call_role *role);

// call_words.c. What was kept of messages, or NULL; valid until the next one is kept.
// The INVITE of this call, as near as `match` asks.
const struct call_event *call_words_request(const struct call *call, bool in_dialog,
					    enum invites_match match);
// Its 2xx, if that was faster than the INVITE.
const struct call_event *call_words_answer(const struct call *call);
// The one to learn the parties from.
const struct call_event *call_words_find(const struct call *call);
// An INVITE of this caller was seen not long ago: then a 2xx to UPDATE is no sign of a call that
// was up before, but of one that rings.
bool call_words_ring(const struct calls *calls, struct siphash128 call_key, uint64_t from_tag,
		     uint64_t now_ns);

// call_media.c. Nothing happens without a media table.
// A session description that may be wanted when its answer comes. call: NULL: not up.
void call_media_keep(struct calls *calls, struct call *call, const struct call_event *event,
		     enum call_message message, uint64_t now_ns);
// The call came up by this answer.
void call_media_start(struct call *call, const struct call_event *answer, uint64_t now_ns);
// An answered request of `role` in the call, or the ACK to it.
void call_media_follow(struct call *call, enum call_role role, const struct call_event *event,
		       uint64_t now_ns);
// An INVITE, whose answer may have overtaken it.
void call_media_late(struct calls *calls, const struct call_event *invite, uint64_t now_ns);
void call_media_restore(struct call *call, const struct store_call *record, uint64_t now_ns);
void call_media_record(const struct call *call, struct store_call *record);
void call_media_drop(struct call *call);
// When to look next whether media were seen; UINT64_MAX: need not be.
uint64_t call_media_due(const struct call *call);
// Looks.
void call_media_look(struct call *call, uint64_t now_ns);
uint64_t call_media_seen(const struct call *call); // when last, where they go to now; 0: not yet
// When the call has been silent for too long, as far as was looked; UINT64_MAX: never.
uint64_t call_media_deadline(const struct call *call);

// call_end.c
void call_end(struct call *call, enum person_cause cause, uint64_t now_ns);
// Its parties go and so does it.
void call_release(struct call *call, uint64_t now_ns);
// Takes the call away without a word; its parties are gone already.
void call_forget(struct call *call);
// The next instant at which something must happen, not before now_ns, and what it would be;
// UINT64_MAX: nothing.
uint64_t call_deadline(const struct call *call, uint64_t now_ns, enum person_cause *cause);
uint64_t call_alive_ns(const struct call *call); // the last sign of life of a call that is up
void call_arm(struct call *call, uint64_t now_ns);

// call_record.c. Nothing happens without a store.
void call_record_save(struct call *call);
// In the next advance of the wheel: behind what is to leave in it already, the PUBLISHes that this
// call has caused.
void call_record_save_soon(struct call *call);
void call_record_refresh(struct call *call);           // if the deadline has moved far
void call_record_media(struct call *call, bool first); // media were seen, for the first time
void call_record_drop(struct call *call);
