// SPDX-License-Identifier: Apache-2.0
// What the operator decided, typed and checked: one flat value without pointers, so that a snapshot
// can be copied, compared field by field, and handed to another process as bytes. Read-only once
// loaded. The table of all keys (type, unit, range, default, live or restart) is config/schema.c;
// the commented reference is config/offhook.yaml.sample. Secrets are not in here: only the
// references to them, see config/secret.h.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	SETTINGS_TEXT = 256,
	SETTINGS_PORTS = 8,
	SETTINGS_TARGETS = 8,
	SETTINGS_LIST = 32,
	SETTINGS_RULES = 32,
	SETTINGS_EAL_ARGS = 16,
	SETTINGS_UDP_PORTS = 8,
};

enum settings_stop { STOP_NONE, STOP_REMOVE, STOP_KEEP };
enum settings_mode { MODE_NONE, MODE_TAP, MODE_INLINE };
enum settings_poll { POLL_NONE, POLL_ADAPTIVE, POLL_ALWAYS };
enum settings_pages { PAGES_NONE, PAGES_AUTO, PAGES_NEVER };
enum settings_kernel { KERNEL_AUTO, KERNEL_SCALAR, KERNEL_SSE42, KERNEL_AVX2, KERNEL_AVX512 };
enum settings_body { BODY_NONE, BODY_SFB_LEGACY, BODY_RPID_4480 };
enum settings_tls { TLS_VERSION_NONE, TLS_VERSION_1_0, TLS_VERSION_1_2, TLS_VERSION_1_3 };

// Where a party's identity may come from, in the order the operator gave; unused slots are NONE.
enum identity_source {
	IDENTITY_NONE,
	IDENTITY_P_ASSERTED_IDENTITY, // RFC 3325
	IDENTITY_REMOTE_PARTY_ID,     // draft-ietf-sip-privacy-04
	IDENTITY_FROM,
	IDENTITY_REQUEST_URI,
	IDENTITY_P_CALLED_PARTY_ID, // RFC 7315 4.2
	IDENTITY_TO,
	IDENTITY_SOURCE_COUNT,
};

typedef char settings_text[SETTINGS_TEXT];

struct settings_rule {
	settings_text match;   // POSIX extended regular expression over the whole number or user
	settings_text replace; // \1 .. \9 are the groups
};

struct settings_engine {
	settings_text name; // of the estate in the store; letters, digits, - and _
	settings_text state_dir;
	settings_text run_dir;
	settings_text user;
	settings_text group;
	enum settings_stop on_stop;
	uint64_t stop_timeout_ns;
	enum settings_poll poll; // of presence's worker
	bool sandbox;
};

struct settings_log {
	int target; // enum log_target
	int level;  // enum log_level
};

struct settings_wire {
	enum settings_mode mode;
	settings_text port[SETTINGS_PORTS];
	unsigned int port_count;
	uint64_t cores; // bit mask; 0: picked (all but the first allowed core, at most one a queue)
	unsigned int queues; // of each port
	enum settings_poll poll;
	uint64_t max_sleep_ns;
	enum settings_pages hugepages;
	uint64_t mbufs;          // of each port and queue
	uint64_t memory_bytes;   // for DPDK without hugepages; 0: what the mbufs need
	uint64_t ring_slots;     // of each poll core; a power of two
	uint64_t overflow_slots; // of each poll core, behind the ring
	enum settings_kernel line_index;
	uint64_t fragment_flows;
	uint64_t fragment_timeout_ns;
	uint64_t tcp_flows; // connections followed, of each poll core
	uint64_t tcp_tails; // of these, directions with a message unfinished
	unsigned int vxlan_port[SETTINGS_UDP_PORTS]; // where these are looked for
	unsigned int vxlan_port_count;
	unsigned int geneve_port[SETTINGS_UDP_PORTS];
	unsigned int geneve_port_count;
	unsigned int hep_port[SETTINGS_UDP_PORTS];
	unsigned int hep_port_count;
	unsigned int steer_port[SETTINGS_UDP_PORTS]; // of SIP; see dataplane/steer.h
	unsigned int steer_port_count;
	bool dpdk_tools;                          // telemetry socket; dpdk-dumpcap may attach
	settings_text hep_listen[SETTINGS_PORTS]; // endpoints
	unsigned int hep_listen_count;
	settings_text eal_arg[SETTINGS_EAL_ARGS];
	unsigned int eal_arg_count;
};

struct settings_calls {
	bool callers;
	bool callees;
	bool early_is_busy;
	uint64_t max_calls;
	uint64_t ack_timeout_ns;   // RFC 3261 13.3.1.4: 64*T1; 0: off
	uint64_t bye_timeout_ns;   // RFC 3261 17.1.2.2 timer F
	uint64_t session_slack_ns; // after a session timer ran out (RFC 4028 10)
	uint64_t max_call_age_ns;  // 0: off
	uint64_t media_silence_ns; // a call whose media were seen and stopped ends after; 0: off
	bool media_silence_on_hold;
	uint64_t clear_delay_ns; // bridges the gap of a transfer
	enum identity_source caller_identity[IDENTITY_SOURCE_COUNT];
	enum identity_source callee_identity[IDENTITY_SOURCE_COUNT];
	settings_text ignore_number[SETTINGS_LIST];
	unsigned int ignore_number_count;
	settings_text ignore_source[SETTINGS_LIST]; // prefixes
	unsigned int ignore_source_count;
	settings_text ignore_user_agent[SETTINGS_LIST]; // shell patterns, fnmatch(3)
	unsigned int ignore_user_agent_count;
};

struct settings_directory {
	settings_text file;
	settings_text map_any; // domain; everything is a person of it (replay, lab)
	struct settings_rule number_rule[SETTINGS_RULES];
	unsigned int number_rule_count;
};

struct settings_registrar {
	settings_text target[SETTINGS_TARGETS]; // sip:host[:port][;transport=..], in order of trial
	unsigned int target_count;
	settings_text listen;     // where responses on new connections arrive, and the Via sent-by
	unsigned int connections; // to each target
	uint64_t connect_timeout_ns;
	uint64_t keepalive_ns; // RFC 5626 double CRLF; 0: off
	bool alias;            // RFC 5923
	uint64_t t1_ns, t2_ns, t4_ns;
	uint64_t expires_ns;
	uint64_t refresh_lead_ns;
	unsigned int refresh_jitter_percent;
	enum settings_body body;
	settings_text activity;
	settings_text user_agent;
	double rate; // PUBLISH a second to each target
	double burst;
	uint64_t suspend_ns; // after 403, 404, 415, 489
	uint64_t retry_ns;   // first back-off after a failure, doubled up to retry_max_ns
	uint64_t retry_max_ns;
	settings_text auth_user;     // empty: the person's user part
	settings_text auth_password; // reference: file:/path, cred:name or env:NAME
	settings_text tls_certificate, tls_key, tls_ca; // PEM files
	settings_text tls_name;                         // to verify; empty: the target's host
	settings_text tls_ciphers;
	enum settings_tls tls_min_version;
	bool tls_verify;
};

struct settings_store {
	settings_text url; // embedded | memory | redis://host:port[/db] | redis+unix:///path[?db=n]
	settings_text user;
	settings_text password;     // reference
	settings_text redis_server; // program of `embedded`
	uint64_t connect_timeout_ns;
	uint64_t reply_timeout_ns;
	uint64_t batch_delay_ns;
	uint64_t batch_records;
	uint64_t backlog_records; // dirty records kept while the store is away
};

struct settings_control {
	settings_text group;   // may use the socket besides root
	settings_text metrics; // address of the OpenMetrics page; empty: off
};

struct settings {
	struct settings_engine engine;
	struct settings_log log;
	struct settings_wire wire;
	struct settings_calls calls;
	struct settings_directory directory;
	struct settings_registrar registrar;
	struct settings_store store;
	struct settings_control control;
};

// Where each value came from, for --print-config: line in the file, 0: default.
struct settings_origin;

// Loads a YAML file. Every problem is written to `errors` as `file:line:column: text`, all in one
// go, each with a suggestion where there is one. 0, -ENOENT and friends when the file can't be
// read, -EINVAL when it has problems; *out is complete (defaults filled in) only on 0.
// need_registrar: false for replay, where nothing is published.
int settings_load(const char *path, bool need_registrar, struct settings *out,
		  struct settings_origin **origin, FILE *errors);
void settings_origin_free(struct settings_origin *origin);

// The defaults alone, for replay without a file and for tests.
void settings_default(struct settings *out);

// value, origin, live or restart: one key a line. Secrets are shown as their references.
void settings_print(const struct settings *settings, const struct settings_origin *origin,
		    FILE *out);

// Keys that differ between two snapshots, split by what a reload may change. Calls `each` once for
// each differing key; live says whether it can be applied now.
void settings_diff(const struct settings *from, const struct settings *to,
		   void (*each)(void *ctx, const char *key, bool live), void *ctx);
// Copies the live keys of `from` into `to`.
void settings_apply_live(struct settings *to, const struct settings *from);
