// SPDX-License-Identifier: Apache-2.0
// The first look at a datagram: is it SIP, and can it change what we know of a call? Decided from
// the first bytes, because on an SBC's wire nearly everything is RTP and most SIP is chatter.
#pragma once

#include "sip/msg.h"

enum gate_verdict {
	GATE_NONE,
	GATE_NOT_SIP,   // RTP, RTCP, DNS, anything
	GATE_KEEPALIVE, // CRLFs or NULs only (RFC 5626 3.5.1)
	GATE_STUN,      // RFC 8489 magic cookie
	GATE_TLS,       // a TLS or DTLS record: SIP that a tap can't read
	GATE_IGNORE,    // SIP that changes nothing: 100, OPTIONS, REGISTER ...
	GATE_PARSE,     // SIP to be parsed
	GATE_VERDICT_COUNT,
};

// What to parse. Bits by enum sip_method for requests; by status class for responses.
struct gate_policy {
	uint32_t methods;  // 1 << enum sip_method
	bool provisional;  // 101..199
	bool challenges;   // 401 and 407
	bool descriptions; // what else may carry an offer or an answer, if it ends like one
	bool everything;   // all that is SIP (replay counts it)
};

// For calls as presence sees them; early: 18x matters too, ack: ACK matters too. Either does anyway
// if it says where media go to, and so do PRACK and UPDATE.
struct gate_policy gate_policy_calls(bool early, bool ack);

enum gate_verdict gate_classify(const struct gate_policy *policy, const char *payload, size_t len);
const char *gate_verdict_name(enum gate_verdict verdict);
