// SPDX-License-Identifier: Apache-2.0
// offhookctl replay: a capture through the engine's own frame walk, parser, call table and persons,
// with the packets' time stamps as the clock. Prints each presence change; publishes nothing.
#include "dataplane/replay.h"
#include "config/clock.h"
#include "config/form.h"
#include "config/log.h"
#include "config/settings.h"
#include "daemon/json.h"
#include "daemon/offhookctl/keyset.h"
#include "daemon/offhookctl/verb.h"
#include "link/call_event.h"
#include "link/media_table.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/net/timer_wheel.h"
#include "presence/person.h"
#include "sip/msg.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { REPLAY_ERROR_BYTES = 512 };

// A little more than presence waits for an INVITE that comes behind its 2xx.
#define REPLAY_PATIENCE_NS (60 * NS_PER_MS)

struct replay {
	bool as_json;
	const struct settings *settings;
	struct siphash_key key;
	struct timer_wheel *wheel; // made with the first packet, when time begins
	struct directory *directory;
	struct persons *persons;
	struct calls *calls;
	struct keyset attempts, confirmed, seen;
	struct wire_counters counters;
	struct media_table *media;
};

static void change_text(const struct person_change *change)
{
	time_t seconds = (time_t)(change->event_ns / NS_PER_S);
	struct tm utc;
	char stamp[32];

	gmtime_r(&seconds, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &utc);
	printf("%s.%06u  %-36s %-12s %-14s calls %u  %s\n", stamp,
	       (unsigned int)(change->event_ns % NS_PER_S / NS_PER_US), change->person->aor,
	       change->busy ? "on-the-phone" : "clear", person_cause_name(change->cause),
	       change->person->calls, log_quote(change->call_id));
}

static void change_json(const struct person_change *change)
{
	struct json json = {.out = stdout};

	json_open(&json, NULL, '{');
	json_seconds(&json, "time", change->event_ns);
	json_text(&json, "person", change->person->aor);
	json_text(&json, "state", change->busy ? "on-the-phone" : "clear");
	json_text(&json, "cause", person_cause_name(change->cause));
	json_text(&json, "call_id", change->call_id);
	json_number(&json, "calls", change->person->calls);
	json_close(&json, '}');
	putchar('\n');
}

static void replay_changed(void *ctx, const struct person_change *change)
{
	struct replay *replay = ctx;
	const char *aor = change->person->aor;

	keyset_add(&replay->seen, siphash128(&replay->key, aor, strlen(aor)));
	if (replay->as_json)
		change_json(change);
	else
		change_text(change);
}

static void replay_begin(struct replay *replay, uint64_t packet_ns)
{
	clock_set(packet_ns);
	replay->wheel = timer_wheel_new(packet_ns);
	if (replay->wheel != NULL)
		replay->calls = calls_new(&(struct calls_options){
			.settings = replay->settings,
			.wheel = replay->wheel,
			.directory = replay->directory,
			.persons = replay->persons,
			.media = replay->media,
			.media_key = &replay->key,
		});
	if (replay->calls == NULL) {
		fputs("offhookctl: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
}

// Deadlines that lie before the packet fire at their own time, not at the packet's.
static void replay_time(void *ctx, uint64_t packet_ns)
{
	struct replay *replay = ctx;

	if (replay->wheel == NULL)
		replay_begin(replay, packet_ns);
	for (uint64_t next; (next = timer_wheel_next_ns(replay->wheel)) < packet_ns;) {
		clock_set(next);
		timer_wheel_advance(replay->wheel, next);
	}
	clock_set(packet_ns);
	timer_wheel_advance(replay->wheel, packet_ns);
}

static void replay_event(void *ctx, const struct call_event *event)
{
	struct replay *replay = ctx;
	bool response = (event->flags & EVENT_IS_RESPONSE) != 0;

	if (!response && event->method == SIP_INVITE)
		keyset_add(&replay->attempts, event->call_key);
	if (response && event->cseq_method == SIP_INVITE && event->status / 100 == 2)
		keyset_add(&replay->confirmed, event->call_key);
	calls_apply(replay->calls, event);
}

static void summary_json(const struct replay *replay)
{
	const uint64_t *value = replay->counters.value;
	struct json json = {.out = stdout};

	json_open(&json, NULL, '{');
	json_open(&json, "summary", '{');
	json_number(&json, "frames", value[WIRE_RX_FRAMES]);
	json_number(&json, "sip", value[WIRE_SIP_MESSAGES]);
	json_number(&json, "parsed", value[WIRE_SIP_PARSED]);
	json_open(&json, "rejected", '{');
	for (unsigned int reject = SIP_REJECT_NONE + 1; reject < SIP_REJECT_COUNT; reject++)
		if (replay->counters.reject[reject] > 0)
			json_number(&json, sip_reject_name((enum sip_reject)reject),
				    replay->counters.reject[reject]);
	json_close(&json, '}');
	json_number(&json, "attempts", replay->attempts.count);
	json_number(&json, "calls", replay->confirmed.count);
	json_number(&json, "persons", replay->seen.count);
	json_close(&json, '}');
	json_close(&json, '}');
	putchar('\n');
}

static void summary_text(const struct replay *replay)
{
	const uint64_t *value = replay->counters.value;

	printf("%" PRIu64 " frames, %" PRIu64 " SIP messages, %" PRIu64
	       " parsed; %zu attempts, %zu calls, %zu persons\n",
	       value[WIRE_RX_FRAMES], value[WIRE_SIP_MESSAGES], value[WIRE_SIP_PARSED],
	       replay->attempts.count, replay->confirmed.count, replay->seen.count);
	for (unsigned int reject = SIP_REJECT_NONE + 1; reject < SIP_REJECT_COUNT; reject++)
		if (replay->counters.reject[reject] > 0)
			printf("  rejected %-18s %" PRIu64 "\n",
			       sip_reject_name((enum sip_reject)reject),
			       replay->counters.reject[reject]);
	// What the frame walk and the gate let go, so that nothing is missing unseen.
	for (int counter = WIRE_NOT_IP; counter <= WIRE_TLS; counter++)
		if (value[counter] > 0)
			printf("  %-27s %" PRIu64 "\n",
			       wire_counter_name((enum wire_counter)counter), value[counter]);
}

static int replay_file(struct replay *replay, const char *path)
{
	char error[REPLAY_ERROR_BYTES] = "";
	int rc;

	if (getrandom(&replay->key, sizeof(replay->key), 0) != (ssize_t)sizeof(replay->key))
		return -1;
	replay->directory = directory_new(replay->settings);
	replay->persons = persons_new(replay_changed, replay);
	replay->media = media_table_new();
	if (replay->directory == NULL || replay->persons == NULL || replay->media == NULL)
		return -1;
	rc = replay_run(path, replay->settings, &replay->key, replay->media, replay_time,
			replay_event, replay, &replay->counters, error, sizeof(error));
	if (error[0] != '\0')
		fprintf(stderr, "offhookctl: %s\n", error);
	// A call whose INVITE might still have come is told of now.
	if (replay->wheel != NULL)
		replay_time(replay, clock_wall_ns() + REPLAY_PATIENCE_NS);
	return rc;
}

static void replay_fini(struct replay *replay)
{
	calls_free(replay->calls);
	persons_free(replay->persons);
	directory_free(replay->directory);
	media_table_free(replay->media);
	timer_wheel_free(replay->wheel);
	keyset_fini(&replay->attempts);
	keyset_fini(&replay->confirmed);
	keyset_fini(&replay->seen);
}

// What could not be written is not to be taken for a quiet capture.
static int output_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "offhookctl: standard output: %s\n", strerror(errno));
	return -1;
}

static int map_any_set(const char *domain, settings_text map_any)
{
	char why[REPLAY_ERROR_BYTES] = "is too long";

	if (strlen(domain) < SETTINGS_TEXT && form_check(FORM_DOMAIN, domain, why, sizeof(why))) {
		snprintf(map_any, SETTINGS_TEXT, "%s", domain);
		return 0;
	}
	fprintf(stderr, "offhookctl: --map-any: %s\n", why);
	return -1;
}

static int settings_get(const char *path, const char *map_any, struct settings *settings)
{
	struct settings_origin *origin = NULL;

	settings_default(settings);
	if (path != NULL && settings_load(path, false, settings, &origin, stderr) < 0)
		return -1;
	settings_origin_free(origin);
	if (map_any != NULL)
		return map_any_set(map_any, settings->directory.map_any);
	return 0;
}

static int usage(FILE *out, int status)
{
	fputs("usage: offhookctl replay FILE [--settings FILE] [--map-any DOMAIN] [--json]\n"
	      "FILE is a capture (pcap, pcapng); - reads it from standard input.\n",
	      out);
	return status;
}

int verb_replay(int argc, char **argv)
{
	static const struct option options[] = {
		{"settings", required_argument, NULL, 's'},
		{"map-any", required_argument, NULL, 'm'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static struct settings settings;
	static struct replay replay = {.settings = &settings};
	const char *settings_path = NULL, *map_any = NULL;
	int rc;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 's': settings_path = optarg; break;
		case 'm': map_any = optarg; break;
		case 'j': replay.as_json = true; break;
		case 'h': return usage(stdout, EXIT_SUCCESS);
		default: return usage(stderr, 2);
		}
	}
	if (argc - optind != 1)
		return usage(stderr, 2);
	if (settings_get(settings_path, map_any, &settings) < 0)
		return 2;
	log_init("offhookctl", LOG_TO_STDERR, LOG_WARN);
	rc = replay_file(&replay, argv[optind]);
	// Of a file that breaks off, what was there.
	if (rc == 0 || replay.counters.value[WIRE_RX_FRAMES] > 0) {
		if (replay.as_json)
			summary_json(&replay);
		else
			summary_text(&replay);
	}
	if (output_finish() < 0)
		rc = -1;
	replay_fini(&replay);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
