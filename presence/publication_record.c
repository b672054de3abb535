// SPDX-License-Identifier: Apache-2.0
// What of a publication must survive a crash: written to presence/store/ before an initial PUBLISH
// leaves and after each answer.
#include "config/clock.h"
#include "presence/person.h"
#include "presence/publication_state.h"

#include <string.h>

// How long an initial PUBLISH waits for its intent to be stored, when the store can't write it down
// at once (store_intend): more than the gathering of a batch (2 ms) and a write take, less than
// anybody sees.
#define INTENT_PATIENCE_NS (20 * NS_PER_MS)

// false: it does not fit, and there is nothing.
static bool record_text(char to[STORE_TEXT], const char *from)
{
	size_t len = strlen(from);
	bool fits = len < STORE_TEXT;

	if (!fits)
		len = 0;
	memcpy(to, from, len);
	to[len] = '\0';
	return fits;
}

// A cut name would be somebody else's; a display name is for people.
static bool publication_record_names(struct store_publication *record, const struct person *person)
{
	record_text(record->display, person->display ? person->display : "");
	return record_text(record->person, person->aor);
}

static void publication_record(const struct publication *publication, const char *etag,
			       uint64_t expires_ns)
{
	const struct person *person = publication->person;
	bool publishing = publication->phase >= PHASE_INTENT && publication->kind != PUBLISH_REMOVE;
	struct store_publication record;

	if (!publication_record_names(&record, person) || !record_text(record.etag, etag))
		return;
	record.wanted = publication->desired || publishing;
	record.expires_wall_ns = clock_mono_to_wall(expires_ns);
	record.orphan_wall_ns = publication->orphaned ? clock_mono_to_wall(publication->orphan_ns)
						      : 0;
	store_save_publication(publication->all->store, &record, 0, NULL, NULL);
}

// When what an initial PUBLISH of now publishes ends at the latest, and any orphan beside it.
static uint64_t publication_intent_ns(const struct publication *publication, uint64_t now)
{
	uint64_t until = now + publication_asks_s(publication) * NS_PER_S;

	return until > publication->orphan_ns ? until : publication->orphan_ns;
}

void publication_save(struct publication *publication)
{
	bool initial = publication->phase >= PHASE_INTENT && publication->kind == PUBLISH_INITIAL;

	if (publication->etag)
		publication_record(publication, publication->etag, publication->expires_ns);
	else if (initial)
		publication_record(publication, "",
				   publication_intent_ns(publication, clock_mono_ns()));
	else if (publication->unnamed)
		publication_record(publication, "", publication->expires_ns);
	else if (publication->orphaned)
		publication_record(publication, "", publication->orphan_ns);
	else
		store_drop_publication(publication->all->store, publication->person->aor);
}

bool publication_intend(struct publication *publication, store_saved_fn *saved)
{
	struct store_publication record = {.wanted = true};

	// An address too long for a record: nothing can be written down.
	if (!publication_record_names(&record, publication->person))
		return true;
	record.expires_wall_ns = clock_mono_to_wall(
		publication_intent_ns(publication, clock_mono_ns()));
	return store_intend(publication->all->store, &record, INTENT_PATIENCE_NS, saved,
			    publication);
}
