// SPDX-License-Identifier: Apache-2.0
// A line is `SECONDS MESSAGE FROM>TO [word=value ...]`:
//   1    INVITE a>           a calls; no To tag yet
//   3    200 INVITE a>b      the answer to it
//   9    BYE b>a cseq=1      b hangs up
//   60   pass                nothing but time
//   60   blind               the wire stops looking; sees: it looks again
//   9    rtp b6000           something goes to port 6000 of b (or a poll core takes it for that)
// FROM and TO are tags; the tag `a` belongs to alice at address a, `b` to bob ...
// Words: call cseq branch se (Session-Expires) src dst (addresses, by letter) ua cut
//   replaces=CALL:TOTAG:FROMTAG
//   media=b6000,b6002! (where the sender receives; ! on hold; media=! nowhere)
//   from to ruri pai pai2 rpid called (names; to= also sets the Request-URI)
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/clock.h"
#include "link/call_event.h"
#include "link/media_table.h"
#include "presence/directory/directory.h"
#include "presence/net/timer_wheel.h"
#include "presence/store/store.h"
#include "sip/msg.h"

static struct scenario_world *current;
static const struct siphash_key media_key = {{77, 78}};

static const char *name_of(char tag)
{
	static const char *const names[] = {"alice", "bob",  "carol", "dave",   "erin",
					    "frank", "gina", "henry", "mallory"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i][0] == tag)
			return names[i];
	}
	return "xeno";
}

// The fake directory and store.

struct scenario_answer {
	struct scenario_answer *next;
	directory_found_fn *found;
	void *ctx;
	uint64_t ticket;
	char identity[64];
};

static void answer_give(const char *identity, directory_found_fn *found, void *ctx, uint64_t ticket)
{
	char aor[64];
	struct directory_person person = {aor, "Somebody"};
	const char *name = strchr(identity, ':') + 1;

	snprintf(aor, sizeof(aor), "sip:%.*s@sfb.example", (int)strcspn(name, "@"), name);
	found(ctx, ticket, *name == 'x' ? NULL : &person);
}

void directory_find(struct directory *directory, const char *identity, size_t len,
		    directory_found_fn *found, void *ctx, uint64_t ticket)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)len, identity);
	if (!current->slow_directory) {
		answer_give(text, found, ctx, ticket);
		return;
	}
	struct scenario_answer *answer = calloc(1, sizeof(*answer));
	*answer = (struct scenario_answer){current->answers, found, ctx, ticket, ""};
	memcpy(answer->identity, text, sizeof(text));
	current->answers = answer;
}

static void answers_give(struct scenario_world *world)
{
	while (world->answers != NULL) {
		struct scenario_answer *answer = world->answers;
		world->answers = answer->next;
		answer_give(answer->identity, answer->found, answer->ctx, answer->ticket);
		free(answer);
	}
}

void store_save_call(struct store *store, const struct store_call *record)
{
	current->saves++;
	current->saved = *record;
}

void store_drop_call(struct store *store, struct siphash128 call_key, uint64_t caller_tag,
		     uint64_t callee_tag)
{
	current->drops++;
}

static void told(void *ctx, const struct person_change *change)
{
	struct scenario_world *world = ctx;
	const char *name = strchr(change->person->aor, ':') + 1;
	double seconds = (double)(clock_mono_ns() - world->zero_ns) / NS_PER_S;

	int len = snprintf(world->told + world->told_len, sizeof(world->told) - world->told_len,
			   "%.10g %.*s %s %s %u\n", seconds, (int)strcspn(name, "@"), name,
			   change->busy ? "busy" : "clear", person_cause_name(change->cause),
			   change->person->calls);
	world->told_len += (size_t)len;
	assert_true(world->told_len < sizeof(world->told));
}

// The world.

static bool setup_has(const char *setup, const char *word)
{
	return setup != NULL && strstr(setup, word) != NULL;
}

static void scenario_setup(struct scenario_world *world, const char *setup)
{
	struct settings_calls *calls = &world->settings.calls;

	*calls = (struct settings_calls){
		.callers = !setup_has(setup, "no-callers"),
		.callees = !setup_has(setup, "no-callees"),
		.early_is_busy = setup_has(setup, "early"),
		.max_calls = setup_has(setup, "max-1") ? 1 : 1000000,
		.ack_timeout_ns = setup_has(setup, "no-ack-timeout") ? 0 : 32 * NS_PER_S,
		.bye_timeout_ns = 32 * NS_PER_S,
		.session_slack_ns = 32 * NS_PER_S,
		.max_call_age_ns = 7200 * NS_PER_S,
		.media_silence_ns = setup_has(setup, "silence-off") ? 0 : 60 * NS_PER_S,
		.media_silence_on_hold = setup_has(setup, "hold-too"),
		.clear_delay_ns = setup_has(setup, "clear-delay-5") ? 5 * NS_PER_S : 0,
		.caller_identity = {IDENTITY_P_ASSERTED_IDENTITY, IDENTITY_REMOTE_PARTY_ID,
				    IDENTITY_FROM},
		.callee_identity = {IDENTITY_REQUEST_URI, IDENTITY_P_CALLED_PARTY_ID, IDENTITY_TO},
		.ignore_number = {"112", "pilot"},
		.ignore_number_count = 2,
		.ignore_source = {"10.0.0.102/32"}, // f
		.ignore_source_count = 1,
		.ignore_user_agent = {"UCCAPI/*"},
		.ignore_user_agent_count = 1,
	};
	world->store = setup_has(setup, "store");
	world->slow_directory = setup_has(setup, "slow-directory");
}

void scenario_open(struct scenario_world *world, const char *setup)
{
	static uint64_t zero_ns = 1000 * NS_PER_S;

	memset(world, 0, sizeof(*world));
	if (clock_mono_ns() > zero_ns && clock_mono_ns() == clock_wall_ns())
		zero_ns = clock_mono_ns();
	zero_ns += 100000 * NS_PER_S;
	clock_set(zero_ns);
	world->zero_ns = zero_ns;
	scenario_setup(world, setup);
	world->wheel = timer_wheel_new(zero_ns);
	world->persons = persons_new(told, world);
	world->media = setup_has(setup, "media") ? media_table_new() : NULL;
	assert_non_null(world->wheel);
	assert_non_null(world->persons);
	struct calls_options options = {
		.settings = &world->settings,
		.wheel = world->wheel,
		.persons = world->persons,
		.store = world->store ? (struct store *)world : NULL,
		.media = world->media,
		.media_key = &media_key,
	};
	world->calls = calls_new(&options);
	assert_non_null(world->calls);
	current = world;
}

void scenario_close(struct scenario_world *world)
{
	while (world->answers != NULL) {
		struct scenario_answer *answer = world->answers;
		world->answers = answer->next;
		free(answer);
	}
	calls_free(world->calls);
	persons_free(world->persons);
	media_table_free(world->media);
	timer_wheel_free(world->wheel);
}

void scenario_pass(struct scenario_world *world, uint64_t ms)
{
	uint64_t until_ns = world->zero_ns + ms * NS_PER_MS;

	for (;;) {
		uint64_t next_ns = timer_wheel_next_ns(world->wheel);
		if (next_ns > until_ns)
			break;
		clock_set(next_ns);
		timer_wheel_advance(world->wheel, clock_mono_ns());
	}
	clock_set(until_ns);
	timer_wheel_advance(world->wheel, until_ns);
}

// Stands for the keyed hash of the poll cores.
static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash * UINT64_C(0x9e3779b97f4a7c15);
}

static struct siphash128 key_of(const char *call, const char *suffix)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s", call, suffix);
	return (struct siphash128){{hash_of(text), ~hash_of(text)}};
}

static uint64_t tag_hash(char tag)
{
	return tag == '\0' ? 0 : hash_of((char[]){tag, '\0'});
}

static void text_put(struct call_event *event, enum event_text which, const char *prefix,
		     const char *text, const char *suffix)
{
	char whole[128];
	int len = snprintf(whole, sizeof(whole), "%s%s%s", prefix, text, suffix);

	event->text[which] = (struct sip_slice){event->text_bytes, (uint16_t)len};
	memcpy(event->bytes + event->text_bytes, whole, (size_t)len);
	event->text_bytes += (uint16_t)len;
}

static void uri_put(struct call_event *event, enum event_text which, const char *name)
{
	text_put(event, which, "sip:", name, "@gw.example");
}

// word=value in the line, or NULL; in one of a few buffers.
static const char *word_get(const char *line, const char *word)
{
	static char value[16][64];
	static unsigned int turn;
	char pattern[32];

	snprintf(pattern, sizeof(pattern), " %s=", word);
	const char *at = strstr(line, pattern);
	if (at == NULL)
		return NULL;
	at += strlen(pattern);
	char *out = value[turn++ % 16];
	snprintf(out, sizeof(value[0]), "%.*s", (int)strcspn(at, " "), at);
	return out;
}

static const char *word_or(const char *line, const char *word, const char *otherwise)
{
	const char *value = word_get(line, word);

	return value != NULL ? value : otherwise;
}

static void address_put(uint8_t *address, char letter)
{
	memcpy(address, (uint8_t[]){10, 0, 0, (uint8_t)letter}, 4);
}

// b6000: the port, and what is left of the text.
static struct sdp_address media_address(const char **text)
{
	struct sdp_address address = {.version = 4};
	char *rest;

	address_put(address.octet, **text);
	address.port = (uint16_t)strtoul(*text + 1, &rest, 10);
	*text = rest;
	return address;
}

static void media_put(struct call_event *event, const char *text)
{
	struct sdp sdp = {.two_way = strchr(text, '!') == NULL};

	while (*text != '\0' && *text != '!') {
		sdp.address[sdp.count++] = media_address(&text);
		text += *text == ',';
	}
	event->media.len = (uint16_t)(offsetof(struct sdp, address) +
				      sdp.count * sizeof(sdp.address[0]));
	memcpy(event->bytes, &sdp, event->media.len);
	event->text_bytes = event->media.len;
}

static void media_flows(struct scenario_world *world, const char *text)
{
	struct sdp_address address = media_address(&text);
	uint32_t slot = media_table_find(
		world->media,
		media_table_hash(&media_key, address.version, address.octet, address.port));

	if (slot != MEDIA_NO_SLOT)
		media_table_mark(world->media, slot, clock_mono_ns());
}

static void texts_put(struct call_event *event, const char *line, const char *call, char from,
		      char to)
{
	static const struct {
		const char *word;
		enum event_text text;
	} names[] = {
		{"pai", EVENT_TEXT_ASSERTED},
		{"pai2", EVENT_TEXT_ASSERTED_2},
		{"rpid", EVENT_TEXT_REMOTE_PARTY},
		{"called", EVENT_TEXT_CALLED_PARTY},
	};
	const char *callee = word_or(line, "to", to != '\0' ? name_of(to) : "bob");

	text_put(event, EVENT_TEXT_CALL_ID, call, "@call", "");
	uri_put(event, EVENT_TEXT_FROM, word_or(line, "from", name_of(from)));
	uri_put(event, EVENT_TEXT_TO, callee);
	if (!(event->flags & EVENT_IS_RESPONSE))
		uri_put(event, EVENT_TEXT_REQUEST_URI, word_or(line, "ruri", callee));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name = word_get(line, names[i].word);
		if (name != NULL)
			uri_put(event, names[i].text, name);
	}
	if (word_get(line, "ua") != NULL)
		text_put(event, EVENT_TEXT_USER_AGENT, word_get(line, "ua"), "", "");
}

static enum sip_method method_of(const char *token)
{
	static const struct {
		const char *name;
		enum sip_method method;
	} methods[] = {
		{"INVITE", SIP_INVITE},   {"ACK", SIP_ACK},       {"BYE", SIP_BYE},
		{"CANCEL", SIP_CANCEL},   {"PRACK", SIP_PRACK},   {"UPDATE", SIP_UPDATE},
		{"REFER", SIP_REFER},     {"NOTIFY", SIP_NOTIFY}, {"INFO", SIP_INFO},
		{"OPTIONS", SIP_OPTIONS},
	};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].name, token) == 0)
			return methods[i].method;
	}
	fail_msg("no method %s", token);
	return SIP_NONE;
}

void scenario_event(struct call_event *event, const char *line, const char *suffix)
{
	char method[16], branch[64], arrow[8];
	unsigned int status = 0;
	const char *call = word_or(line, "call", "1");

	memset(event, 0, sizeof(*event));
	if (sscanf(line, "%u", &status) == 1)
		line += strcspn(line, " ") + 1;
	assert_int_equal(sscanf(line, "%15s %7s", method, arrow), 2);
	char from = arrow[0], to = arrow[2];
	assert_int_equal(arrow[1], '>');
	event->cseq_method = (uint8_t)method_of(method);
	event->method = status > 0 ? SIP_NONE : event->cseq_method;
	event->status = (uint16_t)status;
	event->flags = (uint16_t)((status > 0 ? EVENT_IS_RESPONSE : 0) |
				  (to != '\0' ? EVENT_HAS_TO_TAG : 0) |
				  (strstr(line, " cut") != NULL ? EVENT_CUT_TEXT : 0));
	bool first = event->cseq_method == SIP_INVITE || event->cseq_method == SIP_ACK ||
		     event->cseq_method == SIP_CANCEL;
	event->cseq = (uint32_t)atoi(word_or(line, "cseq", first ? "1" : "2"));
	event->session_expires_s = (uint32_t)atoi(word_or(line, "se", "0"));
	event->call_key = key_of(call, suffix);
	event->from_tag = tag_hash(from);
	event->to_tag = tag_hash(to);
	snprintf(branch, sizeof(branch), "%s%s%c%u%s", call, method, from, event->cseq,
		 word_or(line, "branch", ""));
	event->branch = hash_of(branch);
	char peer = to != '\0' ? to : 'b';
	address_put(event->source, *word_or(line, "src", (char[]){status > 0 ? peer : from, 0}));
	address_put(event->target, *word_or(line, "dst", (char[]){status > 0 ? from : peer, 0}));
	char replaced[16], replaced_to, replaced_from;
	if (word_get(line, "replaces") != NULL &&
	    sscanf(word_get(line, "replaces"), "%15[^:]:%c:%c", replaced, &replaced_to,
		   &replaced_from) == 3) {
		event->flags |= EVENT_HAS_REPLACES;
		event->replaces_key = key_of(replaced, suffix);
		event->replaces_to_tag = tag_hash(replaced_to);
		event->replaces_from_tag = tag_hash(replaced_from);
	}
	if (word_get(line, "media") != NULL)
		media_put(event, word_get(line, "media"));
	texts_put(event, line, call, from, to);
	event->mono_ns = clock_mono_ns();
}

void scenario_play(struct scenario_world *world, const char *line, const char *call)
{
	struct call_event event;
	char *rest;
	double seconds = strtod(line, &rest);

	rest += strspn(rest, " ");
	scenario_pass(world, (uint64_t)(seconds * 1000 + 0.5));
	if (strcmp(rest, "answers") == 0) {
		answers_give(world);
		return;
	}
	if (strcmp(rest, "pass") == 0)
		return;
	if (strcmp(rest, "blind") == 0 || strcmp(rest, "sees") == 0) {
		calls_sight(world->calls, rest[0] == 's');
		return;
	}
	if (strncmp(rest, "rtp ", 4) == 0) {
		media_flows(world, rest + 4);
		return;
	}
	scenario_event(&event, rest, call);
	calls_apply(world->calls, &event);
}

void scenario_run(const struct scenario *scenario)
{
	struct scenario_world world;
	char line[160];

	scenario_open(&world, scenario->setup);
	for (const char *at = scenario->messages; *at != '\0'; at += strspn(at, "\n")) {
		size_t len = strcspn(at, "\n");
		assert_true(len < sizeof(line));
		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		scenario_play(&world, line, "");
		at += len;
	}
	if (strcmp(world.told, scenario->expect) != 0)
		fail_msg("%s\n-- told:\n%s-- instead of:\n%s", scenario->name, world.told,
			 scenario->expect);
	scenario_close(&world);
}
