// SPDX-License-Identifier: Apache-2.0
// Our parsers, and the gate.
#include "bench/parse/parsers.h"
#include "sip/gate.h"
#include "sip/msg.h"

static struct text slice_text(const char *buf, struct sip_slice slice)
{
	return (struct text){buf + slice.off, slice.len};
}

static void fill(const char *buf, const struct sip_msg *msg, struct fields *fields)
{
	fields->status = msg->status;
	fields->cseq = msg->cseq;
	fields->method = text_of(sip_method_name(msg->method));
	fields->cseq_method = text_of(sip_method_name(msg->cseq_method));
	fields->call_id = slice_text(buf, msg->call_id);
	fields->call_id_host = (struct text){0};
	fields->from_tag = slice_text(buf, msg->from_tag);
	fields->to_tag = slice_text(buf, msg->to_tag);
	fields->branch = slice_text(buf, msg->via_branch);
	fields->from_user = slice_text(buf, msg->from_user);
	fields->from_host = slice_text(buf, msg->from_host);
	fields->to_user = slice_text(buf, msg->to_user);
	fields->to_host = slice_text(buf, msg->to_host);
}

bool fast_parse(const char *buf, size_t len, struct fields *fields)
{
	struct sip_msg msg;

	if (sip_msg_parse(buf, len, &msg) != SIP_REJECT_NONE)
		return false;
	fill(buf, &msg, fields);
	return true;
}

bool fast_hands_on(const char *buf, size_t len)
{
	struct sip_msg msg;

	return sip_msg_parse(buf, len, &msg) == SIP_REJECT_NONE &&
	       (msg.flags & SIP_BY_REFERENCE) != 0;
}

bool reference_parse(const char *buf, size_t len, struct fields *fields)
{
	struct sip_msg msg;

	if (sip_msg_parse_reference(buf, len, &msg) != SIP_REJECT_NONE)
		return false;
	fill(buf, &msg, fields);
	return true;
}

// With the policy the engine has unless its settings say otherwise.
bool gate_parse(const char *buf, size_t len, struct fields *fields)
{
	static const struct gate_policy *policy;
	static struct gate_policy calls;

	if (policy == NULL) {
		calls = gate_policy_calls(false, false);
		policy = &calls;
	}
	return gate_classify(policy, buf, len) == GATE_PARSE;
}
