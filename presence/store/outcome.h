// SPDX-License-Identifier: Apache-2.0
// What became of something asked of Redis, by kind, with a counter each: the error codes of Redis
// that a client has to tell apart, those of our own scripts, and the ways a connection fails.
#pragma once

#include <stddef.h>

enum store_outcome {
	OUTCOME_NONE,
	OUTCOME_MISCONF,     // can't persist: its disk is full or failing
	OUTCOME_NOREPLICAS,  // min-replicas-to-write is not met
	OUTCOME_READONLY,    // a replica
	OUTCOME_LOADING,     // reads its own files
	OUTCOME_OOM,         // maxmemory
	OUTCOME_CLUSTERDOWN, // no master for the slot
	OUTCOME_NOSCRIPT,    // script cache was emptied
	OUTCOME_FENCED,      // our script: another engine holds the estate
	OUTCOME_FORGOTTEN,   // our script: the epoch is gone or an older one came back
	OUTCOME_DENIED,      // NOAUTH, WRONGPASS, NOPERM: password or rights
	OUTCOME_OTHER,       // any other error reply
	OUTCOME_PROTOCOL,    // an answer of the wrong type, or not RESP2 at all
	OUTCOME_TIMEOUT,     // no answer within reply_timeout
	OUTCOME_LOST,        // connection refused, closed or broken
	OUTCOME_COUNT,
};

const char *outcome_name(enum store_outcome outcome);
// What it means for the operator, as the end of a sentence.
const char *outcome_text(enum store_outcome outcome);
void outcome_count(enum store_outcome outcome);
// Of an error reply, without the leading '-'. Redis up to 6.2 wraps what a command inside a script
// said: "ERR Error running script (call to f_..): @user_script:9: -OOM command not allowed ...".
enum store_outcome outcome_of_error(const char *text, size_t len);
