// SPDX-License-Identifier: Apache-2.0
// The rows, in the order of offhook.yaml.sample. A range is where a value makes sense, not where
// memory ends: who needs more should ask what else is wrong.

#include "config/schema.h"

#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "config/suggest.h"

#define LIVE SCHEMA_LIVE
#define MS   NS_PER_MS
#define S    NS_PER_S
#define HOUR (3600 * NS_PER_S)
#define DAY  (24 * HOUR)

#define ZERO SCHEMA_OR_ZERO

// One macro a type, so that a row says only what is its own.
#define ROW(path_, type_, flags_, member, fallback_, ...)                             \
	{                                                                             \
		.path = path_, .type = type_, .flags = flags_, .fallback = fallback_, \
		.offset = offsetof(struct settings, member),                          \
		.size = sizeof(((struct settings *)0)->member), ##__VA_ARGS__         \
	}
#define ITEMS(member) \
	.items = sizeof(((struct settings *)0)->member) / sizeof(((struct settings *)0)->member[0])
#define RANGE(least_, most_) .least = least_, .most = most_
#define TEXT(path, member, flags, form_, fallback) \
	ROW(path, SCHEMA_TEXT, flags, member, fallback, .form = form_)
#define BOOL(path, member, flags, fallback)  ROW(path, SCHEMA_BOOL, flags, member, fallback)
#define CORES(path, member, flags, fallback) ROW(path, SCHEMA_CORES, flags, member, fallback)
#define WORD(path, member, flags, words_, fallback) \
	ROW(path, SCHEMA_WORD, flags, member, fallback, .words = words_)
#define UNSIGNED(path, member, flags, least, most, fallback) \
	ROW(path, SCHEMA_UNSIGNED, flags, member, fallback, RANGE(least, most))
#define COUNT(path, member, flags, least, most, fallback) \
	ROW(path, SCHEMA_COUNT, flags, member, fallback, RANGE(least, most))
#define NUMBER(path, member, flags, least, most, fallback) \
	ROW(path, SCHEMA_NUMBER, flags, member, fallback, RANGE(least, most))
#define DURATION(path, member, flags, least, most, fallback) \
	ROW(path, SCHEMA_DURATION, flags, member, fallback, RANGE(least, most))
#define SIZE(path, member, flags, least, most, fallback) \
	ROW(path, SCHEMA_SIZE, flags, member, fallback, RANGE(least, most))
#define RATE(path, member, flags, least, most, fallback) \
	ROW(path, SCHEMA_RATE, flags, member, fallback, RANGE(least, most))
#define NUMBERS(path, member, counter, flags, least, most, fallback)                          \
	ROW(path, SCHEMA_NUMBERS, flags, member, fallback, ITEMS(member), RANGE(least, most), \
	    .count_offset = offsetof(struct settings, counter))
#define TEXTS(path, member, counter, flags, form_, fallback)                           \
	ROW(path, SCHEMA_TEXTS, flags, member, fallback, ITEMS(member), .form = form_, \
	    .count_offset = offsetof(struct settings, counter))
#define WORDS(path, member, flags, words_, fallback) \
	ROW(path, SCHEMA_WORDS, flags, member, fallback, ITEMS(member), .words = words_)
#define RULES(path, member, counter, flags)                       \
	ROW(path, SCHEMA_RULES, flags, member, "", ITEMS(member), \
	    .count_offset = offsetof(struct settings, counter))

static const struct schema_word stop_words[] = {
	{"remove", STOP_REMOVE}, {"keep", STOP_KEEP}, {NULL, 0}};
static const struct schema_word target_words[] = {{"stderr", LOG_TO_STDERR},
						  {"syslog", LOG_TO_SYSLOG},
						  {"journal", LOG_TO_JOURNAL},
						  {NULL, 0}};
static const struct schema_word level_words[] = {{"error", LOG_ERROR},
						 {"warn", LOG_WARN},
						 {"info", LOG_INFO},
						 {"debug", LOG_DEBUG},
						 {NULL, 0}};
static const struct schema_word mode_words[] = {
	{"tap", MODE_TAP}, {"inline", MODE_INLINE}, {NULL, 0}};
static const struct schema_word poll_words[] = {
	{"adaptive", POLL_ADAPTIVE}, {"always", POLL_ALWAYS}, {NULL, 0}};
static const struct schema_word pages_words[] = {
	{"auto", PAGES_AUTO}, {"never", PAGES_NEVER}, {NULL, 0}};
static const struct schema_word kernel_words[] = {
	{"auto", KERNEL_AUTO}, {"scalar", KERNEL_SCALAR}, {"sse42", KERNEL_SSE42},
	{"avx2", KERNEL_AVX2}, {"avx512", KERNEL_AVX512}, {NULL, 0}};
static const struct schema_word caller_words[] = {
	{"p-asserted-identity", IDENTITY_P_ASSERTED_IDENTITY},
	{"remote-party-id", IDENTITY_REMOTE_PARTY_ID},
	{"from", IDENTITY_FROM},
	{NULL, 0}};
static const struct schema_word callee_words[] = {{"request-uri", IDENTITY_REQUEST_URI},
						  {"p-called-party-id", IDENTITY_P_CALLED_PARTY_ID},
						  {"to", IDENTITY_TO},
						  {NULL, 0}};
static const struct schema_word body_words[] = {
	{"sfb-legacy", BODY_SFB_LEGACY}, {"rpid-4480", BODY_RPID_4480}, {NULL, 0}};
// In the order of preference, which is what a suggestion follows.
static const struct schema_word tls_words[] = {
	{"1.2", TLS_VERSION_1_2}, {"1.3", TLS_VERSION_1_3}, {"1.0", TLS_VERSION_1_0}, {NULL, 0}};

const struct schema_key schema_keys[] = {
	TEXT("engine.name", engine.name, 0, FORM_NAME, ""),
	TEXT("engine.state_dir", engine.state_dir, 0, FORM_PATH, "/var/lib/offhook"),
	TEXT("engine.run_dir", engine.run_dir, 0, FORM_PATH, "/run/offhook"),
	TEXT("engine.user", engine.user, 0, FORM_ACCOUNT, "offhook"),
	TEXT("engine.group", engine.group, 0, FORM_ACCOUNT, "offhook"),
	WORD("engine.on_stop", engine.on_stop, LIVE, stop_words, "remove"),
	DURATION("engine.stop_timeout", engine.stop_timeout_ns, LIVE, 100 * MS, HOUR, "10s"),
	WORD("engine.poll", engine.poll, LIVE, poll_words, "adaptive"),
	BOOL("engine.sandbox", engine.sandbox, 0, "yes"),

	WORD("log.target", log.target, 0, target_words, "stderr"),
	WORD("log.level", log.level, LIVE, level_words, "info"),

	WORD("wire.mode", wire.mode, 0, mode_words, "tap"),
	TEXTS("wire.ports", wire.port, wire.port_count, 0, FORM_PORT, ""),
	CORES("wire.cores", wire.cores, 0, "auto"),
	UNSIGNED("wire.queues", wire.queues, 0, 1, 16, "1"),
	WORD("wire.poll", wire.poll, LIVE, poll_words, "adaptive"),
	DURATION("wire.max_sleep", wire.max_sleep_ns, LIVE, NS_PER_US, 10 * MS, "100us"),
	WORD("wire.hugepages", wire.hugepages, 0, pages_words, "auto"),
	COUNT("wire.mbufs", wire.mbufs, 0, 512, 1 << 22, "16384"),
	SIZE("wire.memory", wire.memory_bytes, ZERO, UINT64_C(16) << 20, UINT64_C(1) << 40, "0"),
	COUNT("wire.ring_slots", wire.ring_slots, SCHEMA_POWER_OF_TWO, 64, 1 << 16, "4096"),
	COUNT("wire.overflow_slots", wire.overflow_slots, 0, 64, 1 << 22, "65536"),
	WORD("wire.line_index", wire.line_index, 0, kernel_words, "auto"),
	COUNT("wire.fragment_flows", wire.fragment_flows, 0, 16, 1 << 20, "1024"),
	DURATION("wire.fragment_timeout", wire.fragment_timeout_ns, 0, 10 * MS, 60 * S, "2s"),
	COUNT("wire.tcp_flows", wire.tcp_flows, 0, 16, 1 << 22, "65536"),
	COUNT("wire.tcp_tails", wire.tcp_tails, 0, 16, 1 << 20, "1024"),
	NUMBERS("wire.vxlan_ports", wire.vxlan_port, wire.vxlan_port_count, 0, 1, 65535,
		"4789,8472"),
	NUMBERS("wire.geneve_ports", wire.geneve_port, wire.geneve_port_count, 0, 1, 65535, "6081"),
	NUMBERS("wire.hep_ports", wire.hep_port, wire.hep_port_count, 0, 1, 65535, "9060"),
	TEXTS("wire.hep_listen", wire.hep_listen, wire.hep_listen_count, 0, FORM_ENDPOINT, ""),
	NUMBERS("wire.steer_ports", wire.steer_port, wire.steer_port_count, 0, 1, 65535, ""),
	BOOL("wire.dpdk_tools", wire.dpdk_tools, 0, "no"),
	TEXTS("wire.eal_args", wire.eal_arg, wire.eal_arg_count, SCHEMA_REPEATS, FORM_ANY, ""),

	BOOL("calls.callers", calls.callers, LIVE, "yes"),
	BOOL("calls.callees", calls.callees, LIVE, "yes"),
	BOOL("calls.early_is_busy", calls.early_is_busy, LIVE, "no"),
	COUNT("calls.max_calls", calls.max_calls, LIVE, 1, 100000000, "1000000"),
	DURATION("calls.ack_timeout", calls.ack_timeout_ns, LIVE | ZERO, S, HOUR, "32s"),
	DURATION("calls.bye_timeout", calls.bye_timeout_ns, LIVE, S, HOUR, "32s"),
	DURATION("calls.session_slack", calls.session_slack_ns, LIVE | ZERO, MS, HOUR, "32s"),
	DURATION("calls.max_call_age", calls.max_call_age_ns, LIVE | ZERO, 10 * S, 30 * DAY, "2h"),
	DURATION("calls.media_silence", calls.media_silence_ns, LIVE | ZERO, 5 * S, DAY, "60s"),
	BOOL("calls.media_silence_on_hold", calls.media_silence_on_hold, LIVE, "no"),
	DURATION("calls.clear_delay", calls.clear_delay_ns, LIVE | ZERO, MS, HOUR, "0"),
	WORDS("calls.caller_identity", calls.caller_identity, LIVE | SCHEMA_NOT_EMPTY, caller_words,
	      "p-asserted-identity,remote-party-id,from"),
	WORDS("calls.callee_identity", calls.callee_identity, LIVE | SCHEMA_NOT_EMPTY, callee_words,
	      "request-uri,p-called-party-id,to"),
	TEXTS("calls.ignore.numbers", calls.ignore_number, calls.ignore_number_count, LIVE,
	      FORM_USER, "110,112,911"),
	TEXTS("calls.ignore.sources", calls.ignore_source, calls.ignore_source_count, LIVE,
	      FORM_PREFIX, ""),
	TEXTS("calls.ignore.user_agents", calls.ignore_user_agent, calls.ignore_user_agent_count,
	      LIVE, FORM_ANY, ""),

	TEXT("directory.file", directory.file, LIVE, FORM_FILE, ""),
	TEXT("directory.map_any", directory.map_any, LIVE, FORM_DOMAIN, ""),
	RULES("directory.number_rules", directory.number_rule, directory.number_rule_count, LIVE),

	TEXTS("registrar.target", registrar.target, registrar.target_count, SCHEMA_OR_ONE,
	      FORM_TARGET, ""),
	TEXT("registrar.listen", registrar.listen, 0, FORM_ENDPOINT, "0.0.0.0:0"),
	UNSIGNED("registrar.connections", registrar.connections, 0, 1, 64, "2"),
	DURATION("registrar.connect_timeout", registrar.connect_timeout_ns, 0, 10 * MS, 300 * S,
		 "5s"),
	DURATION("registrar.keepalive", registrar.keepalive_ns, LIVE | ZERO, S, HOUR, "30s"),
	BOOL("registrar.alias", registrar.alias, 0, "yes"),
	DURATION("registrar.t1", registrar.t1_ns, LIVE, 10 * MS, 60 * S, "500ms"),
	DURATION("registrar.t2", registrar.t2_ns, LIVE, 10 * MS, 60 * S, "4s"),
	DURATION("registrar.t4", registrar.t4_ns, LIVE, 10 * MS, 60 * S, "5s"),
	DURATION("registrar.expires", registrar.expires_ns, LIVE, 2 * S, DAY, "600s"),
	DURATION("registrar.refresh_lead", registrar.refresh_lead_ns, LIVE, S, 12 * HOUR, "64s"),
	UNSIGNED("registrar.refresh_jitter", registrar.refresh_jitter_percent, LIVE | ZERO, 1, 50,
		 "5"),
	WORD("registrar.body", registrar.body, LIVE, body_words, "sfb-legacy"),
	TEXT("registrar.activity", registrar.activity, LIVE, FORM_TOKEN, "on-the-phone"),
	TEXT("registrar.user_agent", registrar.user_agent, LIVE, FORM_ANY, "offhook"),
	RATE("registrar.rate", registrar.rate, LIVE, 0, 1000000, "500/s"),
	NUMBER("registrar.burst", registrar.burst, LIVE, 1, 1000000, "100"),
	DURATION("registrar.suspend", registrar.suspend_ns, LIVE, S, 7 * DAY, "1h"),
	DURATION("registrar.retry", registrar.retry_ns, LIVE, 10 * MS, HOUR, "1s"),
	DURATION("registrar.retry_max", registrar.retry_max_ns, LIVE, 10 * MS, DAY, "5m"),
	TEXT("registrar.auth.user", registrar.auth_user, LIVE, FORM_USER, ""),
	TEXT("registrar.auth.password", registrar.auth_password, LIVE, FORM_SECRET, ""),
	TEXT("registrar.tls.certificate", registrar.tls_certificate, LIVE, FORM_FILE, ""),
	TEXT("registrar.tls.key", registrar.tls_key, LIVE, FORM_FILE, ""),
	TEXT("registrar.tls.ca", registrar.tls_ca, LIVE, FORM_FILE, ""),
	BOOL("registrar.tls.verify", registrar.tls_verify, LIVE, "yes"),
	TEXT("registrar.tls.name", registrar.tls_name, LIVE, FORM_DOMAIN, ""),
	WORD("registrar.tls.min_version", registrar.tls_min_version, LIVE, tls_words, "1.2"),
	TEXT("registrar.tls.ciphers", registrar.tls_ciphers, LIVE, FORM_ANY, ""),

	TEXT("store.url", store.url, 0, FORM_STORE, "embedded"),
	TEXT("store.user", store.user, 0, FORM_USER, ""),
	TEXT("store.password", store.password, 0, FORM_SECRET, ""),
	TEXT("store.redis_server", store.redis_server, 0, FORM_PROGRAM, "redis-server"),
	DURATION("store.connect_timeout", store.connect_timeout_ns, 0, 10 * MS, 300 * S, "2s"),
	DURATION("store.reply_timeout", store.reply_timeout_ns, 0, 10 * MS, 300 * S, "2s"),
	DURATION("store.batch_delay", store.batch_delay_ns, ZERO, 100 * NS_PER_US, S, "2ms"),
	COUNT("store.batch_records", store.batch_records, 0, 1, 10000, "64"),
	COUNT("store.backlog", store.backlog_records, 0, 1000, 100000000, "2000000"),

	TEXT("control.group", control.group, 0, FORM_ACCOUNT, ""),
	TEXT("control.metrics", control.metrics, 0, FORM_ENDPOINT_OR_OFF, "127.0.0.1:9464"),
};

const unsigned int schema_key_count = sizeof(schema_keys) / sizeof(schema_keys[0]);

const struct schema_key *schema_find(const char *path)
{
	for (unsigned int i = 0; i < schema_key_count; i++)
		if (strcmp(schema_keys[i].path, path) == 0)
			return &schema_keys[i];
	return NULL;
}

bool schema_is_section(const char *path)
{
	size_t len = strlen(path);

	for (unsigned int i = 0; i < schema_key_count; i++)
		if (strncmp(schema_keys[i].path, path, len) == 0 && schema_keys[i].path[len] == '.')
			return true;
	return false;
}

// First the neighbours in the section, then the same last word anywhere else (a key that slipped
// out of its section).
const struct schema_key *schema_nearest(const char *section, const char *name, size_t *len)
{
	const struct schema_key *best = NULL;
	unsigned int nearest = SUGGEST_FAR;
	size_t section_len = strlen(section);
	char word[64];

	for (unsigned int i = 0; i < schema_key_count; i++) {
		const char *path = schema_keys[i].path;
		size_t from = section_len ? section_len + 1 : 0, word_len;

		if (section_len &&
		    (strncmp(path, section, section_len) != 0 || path[section_len] != '.'))
			continue;
		word_len = strcspn(path + from, ".");
		memcpy(word, path + from, word_len);
		word[word_len] = '\0';
		if (suggest_is_nearer(name, word, &nearest)) {
			best = &schema_keys[i];
			*len = from + word_len;
		}
	}
	for (unsigned int i = 0; i < schema_key_count && !best; i++) {
		if (strcmp(strrchr(schema_keys[i].path, '.') + 1, name) == 0) {
			best = &schema_keys[i];
			*len = strlen(best->path);
		}
	}
	return best;
}
