// SPDX-License-Identifier: Apache-2.0
#include "bench/sample_calls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 4096 };

// How one maker's messages look.
struct vendor {
	const char *agent;
	const char *agent_header;
	const char *branch; // of a number
	const char *tag;
	const char *call_id;
	const char *address; // display name, user, host
	const char *allow;
	const char *supported;
	const char *extra; // further header lines of requests
	bool length_first; // Content-Length before Content-Type
	bool to_first;     // To and From before Via
};

static const struct vendor vendors[] = {
	{
		.agent = "Mediant SW/v.7.40A.500.010",
		.agent_header = "User-Agent",
		.branch = "z9hG4bKac%u",
		.tag = "1c%u",
		.call_id = "%u20112026141516@10.8.0.4",
		.address = "<sip:%2$s@%3$s;user=phone>",
		.allow = "REGISTER,OPTIONS,INVITE,ACK,CANCEL,BYE,NOTIFY,PRACK,REFER,INFO,SUBSCRIBE,"
			 "UPDATE",
		.supported = "em,100rel,timer,replaces,path,resource-priority,sdp-anat",
		.extra = "Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n",
	},
	{
		.agent = "Cisco-CP8845/12.8.1",
		.agent_header = "User-Agent",
		.branch = "z9hG4bK%08x",
		.tag = "2c31246a5f1b0021%08x-4d5c0e7a",
		.call_id = "2c31246a-5f1b0006-%08x-1bd7f5a2@10.8.1.17",
		.address = "\"%1$s\" <sip:%2$s@%3$s>",
		.allow =
			"ACK,BYE,CANCEL,INVITE,NOTIFY,OPTIONS,REFER,REGISTER,UPDATE,SUBSCRIBE,INFO",
		.supported = "replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,"
			     "X-cisco-callinfo,X-cisco-serviceuri",
		.extra = "Date: Fri, 20 Nov 2026 14:15:16 GMT\r\nExpires: 180\r\n"
			 "Allow-Events: kpml,dialog\r\n",
		.length_first = true,
	},
	{
		.agent = "PolycomVVX-VVX_411-UA/6.4.0.9949",
		.agent_header = "User-Agent",
		.branch = "z9hG4bK%xB9C2D0A5",
		.tag = "%08X-7A2D1F90",
		.call_id = "%08xa3c0ffee51c3b4d2e0f6@10.8.1.40",
		.address = "\"%1$s\" <sip:%2$s@%3$s>",
		.allow = "INVITE,ACK,BYE,CANCEL,OPTIONS,INFO,MESSAGE,SUBSCRIBE,NOTIFY,PRACK,UPDATE,"
			 "REFER",
		.supported = "100rel,replaces",
		.extra = "Accept-Language: en\r\nAllow-Events: conference,talk,hold\r\n",
	},
	{
		.agent = "Asterisk PBX 18.19.0",
		.agent_header = "Server",
		.branch = "z9hG4bKPj%08x-3f5e-4d1b-9a7c-7f1f6f0e2c11",
		.tag = "as%08x",
		.call_id = "%08x1d5f3c2b7a6e9f0d4c8b@10.8.2.2:5060",
		.address = "\"%1$s\" <sip:%2$s@%3$s>",
		.allow = "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, "
			 "PUBLISH, "
			 "MESSAGE",
		.supported = "replaces, timer",
		.extra =
			"P-Asserted-Identity: \"Front Desk\" <sip:+4930123456@pbx.example.com>\r\n",
		.to_first = true,
	},
	{
		.agent = "RTCC/7.0.0.0 MediationServer",
		.agent_header = "User-Agent",
		.branch = "z9hG4bK%08X.AB3F04D5E6C7A801;branched=FALSE;ms-internal-info=\"ab\"",
		.tag = "%08x2f;epid=5F0C9D4B1A",
		.call_id = "%08xe4d94a5f8c9b2a7d13f0",
		.address = "\"%1$s\"<sip:%2$s@%3$s;user=phone>",
		.allow = "ACK, CANCEL,BYE,INVITE,PRACK,UPDATE",
		.supported = "replaces, gruu-10, timer, 100rel",
		.extra = "P-Asserted-Identity: <sip:+4989555010@sfb.example;user=phone>,"
			 "<tel:+4989555010>\r\nHistory-Info: <sip:2001@sfb.example>;index=1\r\n",
	},
	{
		.agent = "Grandstream GXP2170 1.0.11.64",
		.agent_header = "User-Agent",
		.branch = "z9hG4bK%u;rport",
		.tag = "%u",
		.call_id = "%u-5060-7@BA.I.B.EB",
		.address = "\"%1$s\" <sip:%2$s@%3$s>",
		.allow =
			"INVITE, ACK, OPTIONS, CANCEL, BYE, SUBSCRIBE, NOTIFY, INFO, REFER, UPDATE",
		.supported = "replaces, path, timer",
		.extra = "P-Preferred-Identity: <sip:2044@pbx.example.com>\r\n"
			 "P-Early-Media: Supported\r\n",
	},
};

enum { VENDOR_COUNT = sizeof(vendors) / sizeof(vendors[0]) };

static const char *const people[] = {"Alice Example", "Bob O'Neill", "Front Desk",    "J. van Dam",
				     "Conference 4",  "Zentrale",    "Lab \\\"2\\\"", "Warehouse"};

struct call {
	const struct vendor *caller, *callee;
	char caller_host[32], callee_host[32];
	char from[160], to[160];
	char call_id[80], from_tag[64], to_tag[64];
	char caller_user[24], callee_user[24];
	uint32_t number; // what makes the call its own
	uint32_t branch;
	uint32_t cseq;
};

struct writer {
	char text[MESSAGE_BYTES];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out->len += (size_t)vsnprintf(out->text + out->len, sizeof(out->text) - out->len, format,
				      args);
	va_end(args);
}

int sample_add(struct sample_set *set, const char *text, size_t len)
{
	struct sample *sample;

	// Grows at 64 and at each doubling from there.
	if (set->count == 0 || (set->count >= 64 && (set->count & (set->count - 1)) == 0)) {
		size_t room = set->count < 64 ? 64 : set->count * 2;

		sample = realloc(set->samples, room * sizeof(*sample));
		if (sample == NULL)
			return -ENOMEM;
		set->samples = sample;
	}
	sample = &set->samples[set->count];
	sample->text = malloc(len > 0 ? len : 1);
	if (sample->text == NULL)
		return -ENOMEM;
	memcpy(sample->text, text, len);
	sample->len = (uint32_t)len;
	set->count++;
	set->bytes += len;
	return 0;
}

void sample_set_fini(struct sample_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->samples[i].text);
	free(set->samples);
	memset(set, 0, sizeof(*set));
}

static uint32_t next_number(uint32_t *state)
{
	// xorshift32, Marsaglia 2003.
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void call_init(struct call *call, uint32_t *random)
{
	uint32_t pick = next_number(random);

	memset(call, 0, sizeof(*call));
	call->caller = &vendors[pick % VENDOR_COUNT];
	call->callee = &vendors[(pick >> 8) % VENDOR_COUNT];
	call->number = next_number(random);
	call->branch = next_number(random);
	call->cseq = 1 + (pick >> 16) % 300;
	snprintf(call->caller_host, sizeof(call->caller_host), "10.8.%u.%u", pick >> 4 & 31,
		 1 + (pick >> 10 & 127));
	snprintf(call->callee_host, sizeof(call->callee_host),
		 (pick & 64) != 0 ? "[2001:db8:8::%x]:5060" : "sbc%u.example.com", pick >> 12 & 7);
	snprintf(call->caller_user, sizeof(call->caller_user),
		 (pick & 1) != 0 ? "+4930%07u" : "2%03u", call->number % 1000);
	snprintf(call->callee_user, sizeof(call->callee_user),
		 (pick & 2) != 0 ? "+1415555%04u" : "3%03u", call->number / 1000 % 1000);
	snprintf(call->from, sizeof(call->from), call->caller->address,
		 people[call->number % (sizeof(people) / sizeof(people[0]))], call->caller_user,
		 "pbx.example.com");
	snprintf(call->to, sizeof(call->to), call->callee->address,
		 people[call->number / 8 % (sizeof(people) / sizeof(people[0]))], call->callee_user,
		 call->callee_host);
	snprintf(call->call_id, sizeof(call->call_id), call->caller->call_id, call->number);
	snprintf(call->from_tag, sizeof(call->from_tag), call->caller->tag, call->number ^ 0xa5a5);
	snprintf(call->to_tag, sizeof(call->to_tag), call->callee->tag, call->number ^ 0x5a5a5a);
}

static void put_vias(struct writer *out, const struct call *call)
{
	put(out, "Via: SIP/2.0/UDP %s:5060;branch=", call->caller_host);
	put(out, call->caller->branch, call->branch);
	put(out, "\r\n");
	// A third hop on calls from a trunk.
	if (call->number % 3 == 0)
		put(out,
		    "Via: SIP/2.0/UDP 198.51.100.2:5060;branch=z9hG4bK%08x.1;rport=5060;received="
		    "198.51.100.2\r\n",
		    call->number ^ 0x3c3c3c);
	if (call->number % 2 == 0)
		put(out,
		    "Via: SIP/2.0/TCP 192.0.2.%u:%u;branch=z9hG4bK-524287-1---%08x;received="
		    "198.51.100.9\r\n",
		    call->number % 250, 1024 + call->number % 50000, call->number);
}

static void put_dialog(struct writer *out, const struct call *call, const char *method,
		       uint32_t cseq, bool has_to_tag)
{
	if (!call->caller->to_first)
		put_vias(out, call);
	put(out, "From: %s;tag=%s\r\n", call->from, call->from_tag);
	put(out, "To: %s", call->to);
	put(out, has_to_tag ? ";tag=%s\r\n" : "\r\n", call->to_tag);
	if (call->caller->to_first)
		put_vias(out, call);
	put(out, "Call-ID: %s\r\nCSeq: %u %s\r\n", call->call_id, cseq, method);
}

static void put_body(struct writer *out, const struct call *call, const struct vendor *vendor,
		     const char *host, bool with_sdp)
{
	char sdp[1024];
	int len;

	if (!with_sdp) {
		put(out, "Content-Length: 0\r\n\r\n");
		return;
	}
	len = snprintf(
		sdp, sizeof(sdp),
		"v=0\r\no=- %u %u IN IP4 %s\r\ns=call\r\nc=IN IP4 10.8.0.%u\r\nb=AS:84\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP 8 0 9 18 101\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\na=rtpmap:18 "
		"G729/8000\r\na=fmtp:18 annexb=no\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
		"a=maxptime:40\r\na=sendrecv\r\na=rtcp:%u IN IP4 10.8.0.%u\r\n",
		call->number, call->number + 1, host, call->number % 250,
		10000 + call->number % 20000 * 2, 10001 + call->number % 20000 * 2,
		call->number % 250);
	if (vendor->length_first)
		put(out, "Content-Length: %d\r\nContent-Type: application/sdp\r\n\r\n%s", len, sdp);
	else
		put(out, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len, sdp);
}

static void put_contact(struct writer *out, const char *user, const char *host, uint32_t number)
{
	if (number % 4 == 0)
		put(out,
		    "Contact: <sip:%s@%s;transport=udp>;+sip.instance=\"<urn:uuid:%08x-0000-"
		    "4000-8000-0002fc%06x>\"\r\n",
		    user, host, number, number & 0xffffff);
	else if (number % 4 == 1)
		put(out,
		    "Contact: <sip:%s@%s:5061;transport=tls;tgrp=trunk-%u;trunk-context="
		    "sbc.example.com>\r\n",
		    user, host, number % 12);
	else
		put(out, "Contact: <sip:%s@%s>\r\n", user, host);
}

static int request(struct sample_set *set, struct call *call, const char *method, uint32_t cseq,
		   bool in_dialog, bool with_sdp)
{
	const struct vendor *vendor = call->caller;
	struct writer out = {.len = 0};

	put(&out, "%s sip:%s@%s SIP/2.0\r\n", method, call->callee_user, call->callee_host);
	put_dialog(&out, call, method, cseq, in_dialog);
	put(&out, "Max-Forwards: %u\r\n", 70 - call->number % 4);
	if (in_dialog && call->number % 2 == 0)
		put(&out, "Route: <sip:198.51.100.2;lr;ftag=%s>,<sip:10.8.0.4:5060;lr>\r\n",
		    call->from_tag);
	if (strcmp(method, "ACK") != 0 && strcmp(method, "CANCEL") != 0) {
		put_contact(&out, call->caller_user, call->caller_host, call->number);
		put(&out, "Supported: %s\r\nAllow: %s\r\n", vendor->supported, vendor->allow);
	}
	put(&out, "User-Agent: %s\r\n", vendor->agent);
	if (strcmp(method, "INVITE") == 0)
		put(&out,
		    "%sRecord-Route: <sip:198.51.100.2;lr;ftag=%s>\r\n"
		    "P-Charging-Vector: icid-value=%08x;icid-generated-at=198.51.100.2\r\n",
		    vendor->extra, call->from_tag, call->branch);
	put_body(&out, call, vendor, call->caller_host, with_sdp);
	return sample_add(set, out.text, out.len);
}

static int response(struct sample_set *set, struct call *call, unsigned int status,
		    const char *reason, const char *method, uint32_t cseq, bool with_sdp)
{
	const struct vendor *vendor = call->callee;
	struct writer out = {.len = 0};

	put(&out, "SIP/2.0 %u %s\r\n", status, reason);
	put_dialog(&out, call, method, cseq, status > 100);
	if (status == 200 || status == 180)
		put_contact(&out, call->callee_user, call->callee_host, call->number ^ 7);
	if (call->number % 3 == 0)
		put(&out,
		    "Record-Route: <sip:10.8.0.4:5060;lr>\r\n"
		    "Record-Route: <sip:198.51.100.2;lr;ftag=%s>\r\n",
		    call->from_tag);
	if (status == 200)
		put(&out, "Allow: %s\r\nSupported: %s\r\n", vendor->allow, vendor->supported);
	if (status == 401)
		put(&out,
		    "WWW-Authenticate: Digest realm=\"pbx.example.com\",nonce=\"%08x%08x\","
		    "algorithm=MD5,qop=\"auth\"\r\n",
		    call->number, call->branch);
	put(&out, "%s: %s\r\nDate: Fri, 20 Nov 2026 14:15:17 GMT\r\n", vendor->agent_header,
	    vendor->agent);
	if (status == 200 && strcmp(method, "INVITE") == 0)
		put(&out, "Session-Expires: 1800;refresher=uas\r\n");
	put_body(&out, call, vendor, call->callee_host, with_sdp);
	return sample_add(set, out.text, out.len);
}

static int answered_call(struct sample_set *set, struct call *call)
{
	uint32_t cseq = call->cseq;
	int ret = request(set, call, "INVITE", cseq, false, true);

	ret = ret ? ret : response(set, call, 100, "Trying", "INVITE", cseq, false);
	ret = ret ? ret : response(set, call, 180, "Ringing", "INVITE", cseq, false);
	if (call->number % 3 == 1) {
		ret = ret ? ret : request(set, call, "PRACK", cseq + 1, true, false);
		ret = ret ? ret : response(set, call, 200, "OK", "PRACK", cseq + 1, false);
	}
	ret = ret ? ret : response(set, call, 200, "OK", "INVITE", cseq, true);
	call->branch++;
	ret = ret ? ret : request(set, call, "ACK", cseq, true, false);
	call->branch++;
	if (call->number % 4 == 2) {
		ret = ret ? ret : request(set, call, "UPDATE", cseq + 2, true, true);
		ret = ret ? ret : response(set, call, 200, "OK", "UPDATE", cseq + 2, true);
	}
	ret = ret ? ret : request(set, call, "BYE", cseq + 3, true, false);
	return ret ? ret : response(set, call, 200, "OK", "BYE", cseq + 3, false);
}

static int cancelled_call(struct sample_set *set, struct call *call)
{
	int ret = request(set, call, "INVITE", call->cseq, false, true);

	ret = ret ? ret : response(set, call, 183, "Session Progress", "INVITE", call->cseq, true);
	ret = ret ? ret : request(set, call, "CANCEL", call->cseq, false, false);
	ret = ret ? ret : response(set, call, 200, "OK", "CANCEL", call->cseq, false);
	ret = ret ? ret
		  : response(set, call, 487, "Request Terminated", "INVITE", call->cseq, false);
	return ret ? ret : request(set, call, "ACK", call->cseq, true, false);
}

// A request and its answer, outside a call.
static int chatter(struct sample_set *set, struct call *call, const char *method, bool challenged)
{
	int ret = request(set, call, method, call->cseq, false, false);

	if (challenged)
		return ret ? ret
			   : response(set, call, 401, "Unauthorized", method, call->cseq, false);
	return ret ? ret : response(set, call, 200, "OK", method, call->cseq, false);
}

int sample_calls_make(struct sample_set *set, unsigned int calls)
{
	static const char *const methods[] = {"REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY"};
	uint32_t random = 2026;
	int ret = 0;

	memset(set, 0, sizeof(*set));
	for (unsigned int i = 0; i < calls && ret == 0; i++) {
		struct call call;

		call_init(&call, &random);
		ret = i % 8 == 7 ? cancelled_call(set, &call) : answered_call(set, &call);
		for (unsigned int k = 0; k < 2 && ret == 0; k++) {
			call_init(&call, &random);
			ret = chatter(set, &call, methods[(i + k) % 4], i % 3 == 0 && k == 0);
		}
	}
	if (ret != 0)
		sample_set_fini(set);
	return ret;
}
