// SPDX-License-Identifier: Apache-2.0
// What the answer to a PUBLISH means for the publication (RFC 3903 4 and 5, RFC 3261 21). The
// registrar is a stranger: every number it gives is bounded here, and no answer leads to a second
// request at once more than a fixed number of times.
#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/journal.h"
#include "presence/person.h"
#include "presence/publication_state.h"
#include "presence/store/store.h"

#include <stdlib.h>
#include <string.h>

enum {
	RETRY_AFTER_MOST_S = 3600, // a registrar may push back, not switch us off
	LIFETIME_MOST_S = 86400,   // and not ask for a publication that outlives the day (423)
	FAILURES_MOST = 20,        // beyond that the back-off does not grow
};
// Whatever the settings say, a failure is not repeated in the same instant.
#define BACK_OFF_LEAST_NS (10 * NS_PER_MS)
// A registrar that grants a second gets a refresh a second at most.
#define REFRESH_LEAST_NS  NS_PER_S

METRIC_COUNTER(answers_2xx, "offhook_publish_answers", "class=\"2xx\"", "Final answers");
METRIC_COUNTER(answers_3xx, "offhook_publish_answers", "class=\"3xx\"", "Final answers");
METRIC_COUNTER(answers_401, "offhook_publish_answers", "class=\"401\"", "Final answers");
METRIC_COUNTER(answers_412, "offhook_publish_answers", "class=\"412\"", "Final answers");
METRIC_COUNTER(answers_423, "offhook_publish_answers", "class=\"423\"", "Final answers");
METRIC_COUNTER(answers_4xx, "offhook_publish_answers", "class=\"4xx\"", "Final answers");
METRIC_COUNTER(answers_500_tag, "offhook_publish_answers", "class=\"500-tag\"", "Final answers");
METRIC_COUNTER(answers_503, "offhook_publish_answers", "class=\"503\"", "Final answers");
METRIC_COUNTER(answers_5xx, "offhook_publish_answers", "class=\"5xx\"", "Final answers");
METRIC_COUNTER(answers_6xx, "offhook_publish_answers", "class=\"6xx\"", "Final answers");
METRIC_COUNTER(timeouts, "offhook_publish_unanswered", "cause=\"timeout\"",
	       "PUBLISH requests sent without a final answer");
METRIC_COUNTER(lost, "offhook_publish_unanswered", "cause=\"connection\"",
	       "PUBLISH requests sent without a final answer");
METRIC_COUNTER(tag_missing, "offhook_publish_tag_refused", "cause=\"missing\"",
	       "2xx without a usable SIP-ETag");
METRIC_COUNTER(tag_refused, "offhook_publish_tag_refused", "cause=\"form\"",
	       "2xx without a usable SIP-ETag");
METRIC_COUNTER(expires_zero, "offhook_publish_expires_odd", "cause=\"zero\"",
	       "2xx whose Expires makes no sense");
METRIC_COUNTER(expires_longer, "offhook_publish_expires_odd", "cause=\"longer\"",
	       "2xx whose Expires makes no sense");
METRIC_HISTOGRAM(event_to_answer, "offhook_event_to_published_seconds", NULL,
		 "From the message on the wire to the 2xx to the PUBLISH it caused");
METRIC_HISTOGRAM(round_trip, "offhook_publish_rtt_seconds", NULL,
		 "From a PUBLISH to its final answer");

// Nothing at once: wait, longer each time.
static void answer_back_off(struct publication *publication, uint64_t least_ns)
{
	const struct settings_registrar *settings = &publication->all->settings->registrar;
	uint64_t now = clock_mono_ns();
	uint64_t wait = settings->retry_ns > BACK_OFF_LEAST_NS ? settings->retry_ns
							       : BACK_OFF_LEAST_NS;

	for (uint8_t i = 0; i < publication->failures && wait < settings->retry_max_ns; i++)
		wait *= 2;
	if (wait > settings->retry_max_ns)
		wait = settings->retry_max_ns;
	if (publication->failures < FAILURES_MOST)
		publication->failures++;
	wait += publication_random(publication->all, wait / 8 + 1);
	// When it has ended meanwhile it is published anew, not later.
	if (publication->etag && now + wait > publication->expires_ns)
		wait = publication->expires_ns > now ? publication->expires_ns - now : 0;
	if (wait < least_ns)
		wait = least_ns;
	publication->not_before_ns = now + wait;
}

static void answer_note(const struct publication *publication, const char *what, const char *text)
{
	journal_note(publication->all->journal, publication->person->aor, "%s to PUBLISH %s %s",
		     what, publication_kind_names[publication->kind], text ? log_quote(text) : "");
}

static void answer_say(struct publication *publication, const struct publish_answer *answer)
{
	answer_note(publication, answer->outcome == PUBLISH_ANSWERED ? "refusal" : "no answer",
		    answer->diagnostics);
	free(publication->last_error);
	publication->last_error = NULL;
	if (answer->diagnostics)
		publication->last_error = strndup(answer->diagnostics, 120);
}

static void answer_warn(const struct publication *publication, const char *event,
			const struct publish_answer *answer)
{
	log_warn("publish", event, "person=%s status=%u text=%s",
		 log_quote(publication->person->aor), answer->status,
		 log_quote(answer->diagnostics));
}

static void answer_forget_stale(struct publication *publication)
{
	free(publication->stale_etag);
	publication->stale_etag = NULL;
}

// Lifetime granted, in ns; the server may shorten, never lengthen (RFC 3903 4.2).
static uint64_t answer_granted_ns(const struct publication *publication,
				  const struct publish_answer *answer)
{
	uint32_t granted = answer->expires_s;

	if (granted > publication->sent_s) {
		metric_add(&expires_longer, 1);
		granted = publication->sent_s;
	}
	return granted * NS_PER_S;
}

// The refresh and one initial PUBLISH after it may each take a whole transaction time-out (32 s)
// before the publication ends; jitter only makes it earlier.
static uint64_t answer_refresh_ns(struct publications *all, uint64_t granted_ns)
{
	const struct settings_registrar *settings = &all->settings->registrar;
	uint64_t lead = settings->refresh_lead_ns, interval;

	if (lead < granted_ns / 10)
		lead = granted_ns / 10;
	if (lead > granted_ns / 2)
		lead = granted_ns / 2;
	interval = granted_ns - lead;
	interval -= publication_random(all, interval / 100 * settings->refresh_jitter_percent + 1);
	return interval < REFRESH_LEAST_NS ? REFRESH_LEAST_NS : interval;
}

static void answer_published(struct publication *publication, const struct publish_answer *answer)
{
	struct publications *all = publication->all;
	uint64_t granted = answer_granted_ns(publication, answer);
	const char *tag = answer->etag;
	bool kept = !tag && !answer->etag_refused && publication->etag;
	char *etag;

	// A server that gives no new tag for a refresh goes on with the old one, if anything.
	if (kept)
		tag = publication->etag;
	etag = tag ? strdup(tag) : NULL;
	// In memory first: the old tag is dead from here on.
	publication_forget_tag(publication);
	publication->etag = etag;
	publication->uncertain_ns = 0;
	if (granted == 0) { // removed at once, says the server
		metric_add(&expires_zero, 1);
		publication_forget_tag(publication);
		answer_back_off(publication, 0);
		publication_save(publication);
		return;
	}
	publication->expires_ns = publication->sent_ns + granted;
	publication->refresh_ns = publication->sent_ns + answer_refresh_ns(all, granted);
	if (kept) {
		metric_add(&tag_missing, 1);
		publication->uncertain_ns = publication->expires_ns;
	}
	if (!etag) {
		// Lit, but nobody can refresh or remove it: it ends by itself, and is published
		// anew shortly before that.
		metric_add(answer->etag_refused ? &tag_refused : &tag_missing, 1);
		answer_warn(publication, "tag-unusable", answer);
		publication->unnamed = true;
		if (publication->orphan_ns < publication->expires_ns)
			publication_set_orphan(publication, publication->expires_ns);
	}
	publication_save(publication);
}

static void answer_success(struct publication *publication, const struct publish_answer *answer)
{
	uint64_t now = clock_mono_ns();

	answer_note(publication, "2xx", answer->etag);
	if (publication->kind == PUBLISH_REMOVE || answer->expires_s > 0)
		publication->failures = 0;
	publication->refusals = 0;
	publication->briefs = 0;
	publication->not_before_ns = 0;
	if (publication->sent_event_ns && !publication->stale) {
		metric_observe(&event_to_answer, now > publication->sent_event_ns
							 ? now - publication->sent_event_ns
							 : 0);
		publication->sent_event_ns = 0;
	}
	if (publication->stale) {
		answer_forget_stale(publication);
		return;
	}
	if (publication->kind != PUBLISH_REMOVE) {
		answer_published(publication, answer);
		return;
	}
	publication_forget_tag(publication);
	publication->uncertain_ns = 0;
	publication_save(publication);
}

// 412: the tag is dead (RFC 3903 5). Publish anew at once, but not twice in a row.
static void answer_tag_unknown(struct publication *publication)
{
	if (publication->stale) {
		answer_forget_stale(publication);
		return;
	}
	publication_lose_tag(publication);
	publication_save(publication);
	publication->not_before_ns = 0;
	if (publication->refusals++ > 0) {
		publication->refusals = 1;
		answer_back_off(publication, 0);
	}
}

// 500 to a request with a tag: some servers mean 412 by it, when the tag is not of their form;
// others are in trouble for a moment, and may say until when. The tag gets one more chance.
static void answer_server_error(struct publication *publication)
{
	if (publication->failures == 0) {
		answer_back_off(publication, 0);
		return;
	}
	metric_add(&answers_500_tag, 1);
	answer_tag_unknown(publication);
}

static void answer_too_brief(struct publication *publication, const struct publish_answer *answer)
{
	if (answer->min_expires_s <= publication->sent_s ||
	    answer->min_expires_s > LIFETIME_MOST_S || publication->kind == PUBLISH_REMOVE ||
	    publication->briefs++ > 0) {
		answer_back_off(publication, 0);
		return;
	}
	publication->ask_s = answer->min_expires_s;
	publication->not_before_ns = 0;
}

// What an earlier run has left ends by itself, too: it is not worth a second attempt, for which the
// person's own publication would have to wait.
static bool answer_ends_stale(const struct publish_answer *answer)
{
	return answer->status >= 400 && answer->status < 500 && answer->status != 408;
}

static void answer_suspend(struct publication *publication, const struct publish_answer *answer)
{
	const struct settings_registrar *settings = &publication->all->settings->registrar;

	publication_set_suspended(publication, clock_mono_ns() + settings->suspend_ns);
	answer_warn(publication, "refused", answer);
}

static void answer_refusal(struct publication *publication, const struct publish_answer *answer)
{
	bool tagged = publication->kind != PUBLISH_INITIAL;
	uint32_t wait = answer->retry_after_s;

	answer_say(publication, answer);
	if (publication->stale && answer_ends_stale(answer)) {
		answer_forget_stale(publication);
		return;
	}
	if (!tagged)
		publication_save(publication); // the intent came to nothing
	switch (answer->status) {
	case 412: answer_tag_unknown(publication); return;
	case 423: answer_too_brief(publication, answer); return;
	case 403:
	case 404:
	case 415:
	case 489: answer_suspend(publication, answer); return;
	case 500:
		if (tagged && wait == 0) {
			answer_server_error(publication);
			return;
		}
	}
	if (wait > RETRY_AFTER_MOST_S)
		wait = RETRY_AFTER_MOST_S;
	answer_back_off(publication, wait * NS_PER_S);
	answer_warn(publication, "failed", answer);
}

// It left, and nobody knows what became of it.
static void answer_missing(struct publication *publication, const struct publish_answer *answer)
{
	uint64_t until = publication->sent_ns + publication->sent_s * NS_PER_S;

	metric_add(answer->outcome == PUBLISH_LOST ? &lost : &timeouts, 1);
	answer_say(publication, answer);
	if (publication->kind == PUBLISH_INITIAL) {
		// It may be published, and only time removes it (RFC 3903 has no other way).
		if (until > publication->orphan_ns)
			publication_set_orphan(publication, until);
		publication_save(publication);
	} else if (publication->kind != PUBLISH_REMOVE && until > publication->uncertain_ns) {
		publication->uncertain_ns = until;
	}
	answer_back_off(publication, 0);
	answer_warn(publication, "unanswered", answer);
}

static void answer_count(const struct publish_answer *answer)
{
	struct metric *metric;

	switch (answer->status) {
	case 401:
	case 407: metric = &answers_401; break;
	case 412: metric = &answers_412; break;
	case 423: metric = &answers_423; break;
	case 503: metric = &answers_503; break;
	default:
		metric = answer->status < 300   ? &answers_2xx
			 : answer->status < 400 ? &answers_3xx
			 : answer->status < 500 ? &answers_4xx
			 : answer->status < 600 ? &answers_5xx
						: &answers_6xx;
	}
	metric_add(metric, 1);
}

void publication_answer(void *ctx, void *request_ctx, const struct publish_answer *answer)
{
	struct publication *publication = request_ctx;
	uint64_t now = clock_mono_ns();

	publication->phase = PHASE_IDLE;
	publication->unsent = answer->outcome == PUBLISH_UNSENT;
	switch (answer->outcome) {
	case PUBLISH_ANSWERED:
		publication->last_status = answer->status;
		log_debug("publish", "answered", "person=%s kind=%s status=%u etag=%s expires=%u",
			  log_quote(publication->person->aor),
			  publication_kind_names[publication->kind], answer->status,
			  log_quote(answer->etag), answer->expires_s);
		metric_observe(&round_trip, now - publication->sent_ns);
		answer_count(answer);
		if (answer->status >= 200 && answer->status < 300)
			answer_success(publication, answer);
		else
			answer_refusal(publication, answer);
		break;
	case PUBLISH_TIMEOUT:
	case PUBLISH_LOST: answer_missing(publication, answer); break;
	case PUBLISH_UNSENT:
		answer_say(publication, answer);
		answer_back_off(publication, 0);
		if (publication->kind == PUBLISH_INITIAL)
			publication_save(publication); // nothing is about to be published any more
		break;
	}
	publication_reconcile(publication);
}
