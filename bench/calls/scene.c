// SPDX-License-Identifier: Apache-2.0
// RFC 3261 13 to 15 and 9, RFC 3515 (REFER), RFC 3891 (Replaces), RFC 4028 (Session-Expires).
#include "bench/calls/scene.h"

#include <stddef.h>

// clang-format off
#define RINGS(dialog, sender) \
	{TEXT_INVITE, dialog, sender, 0, GAP_NOW, EFFECT_NONE}, \
	{TEXT_TRYING, dialog, sender, 0, GAP_WIRE, EFFECT_NONE}, \
	{TEXT_RINGING, dialog, sender, 0, GAP_WIRE, EFFECT_NONE}
#define ANSWERS(dialog, sender, gap) \
	{TEXT_ANSWER, dialog, sender, 0, gap, EFFECT_START}, \
	{TEXT_ACK, dialog, sender, 1, GAP_WIRE, EFFECT_NONE}
#define HANGS_UP(dialog, sender, gap) \
	{TEXT_BYE, dialog, sender, 4, gap, EFFECT_NONE}, \
	{TEXT_BYE_OK, dialog, sender, 4, GAP_WIRE, EFFECT_END}

const struct scene scenes[SCENE_COUNT] = {
	[SCENE_ANSWERED] = {"answered", 2, {{0, 1, 0, 0, 0}}, {
		RINGS(0, BY_CALLER), ANSWERS(0, BY_CALLER, GAP_RING), HANGS_UP(0, BY_EITHER, GAP_HOLD),
	}},
	[SCENE_REPEATED] = {"repeated", 2, {{0, 1, 0, 0, 0}}, {
		{TEXT_INVITE, 0, BY_CALLER, 0, GAP_NOW, EFFECT_NONE},
		{TEXT_INVITE, 0, BY_CALLER, 0, GAP_REPEAT, EFFECT_NONE},
		{TEXT_TRYING, 0, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
		{TEXT_ANSWER, 0, BY_CALLER, 0, GAP_RING, EFFECT_START},
		{TEXT_ANSWER, 0, BY_CALLER, 0, GAP_REPEAT, EFFECT_NONE},
		{TEXT_ACK, 0, BY_CALLER, 1, GAP_WIRE, EFFECT_NONE},
		{TEXT_ACK, 0, BY_CALLER, 1, GAP_WIRE, EFFECT_NONE},
		{TEXT_BYE, 0, BY_EITHER, 4, GAP_HOLD, EFFECT_NONE},
		{TEXT_BYE, 0, BY_EITHER, 4, GAP_REPEAT, EFFECT_NONE},
		{TEXT_BYE_OK, 0, BY_EITHER, 4, GAP_WIRE, EFFECT_END},
		{TEXT_BYE_OK, 0, BY_EITHER, 4, GAP_WIRE, EFFECT_NONE},
	}},
	[SCENE_CANCELLED] = {"cancelled", 2, {{0, 1, 0, 0, 0}}, {
		RINGS(0, BY_CALLER),
		{TEXT_CANCEL, 0, BY_CALLER, 0, GAP_RING, EFFECT_NONE},
		{TEXT_CANCEL_OK, 0, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
		{TEXT_TERMINATED, 0, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
		{TEXT_ACK, 0, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
	}},
	[SCENE_BUSY] = {"busy", 2, {{0, 1, 0, 0, 0}}, {
		{TEXT_INVITE, 0, BY_CALLER, 0, GAP_NOW, EFFECT_NONE},
		{TEXT_TRYING, 0, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
		{TEXT_BUSY, 0, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
		{TEXT_ACK, 0, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
	}},
	[SCENE_FORKED] = {"forked", 2, {{0, 1, 0, 0, 0}, {0, 1, 0, 1, 0}}, {
		RINGS(0, BY_CALLER),
		{TEXT_RINGING, 1, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
		ANSWERS(0, BY_CALLER, GAP_RING),
		ANSWERS(1, BY_CALLER, GAP_WIRE),
		HANGS_UP(1, BY_CALLER, GAP_WIRE),
		HANGS_UP(0, BY_EITHER, GAP_HOLD),
	}},
	// B sends A to C.
	[SCENE_TRANSFER] = {"transfer", 3, {{0, 1, 0, 0, 0}, {0, 2, 1, 0, 0}}, {
		RINGS(0, BY_CALLER), ANSWERS(0, BY_CALLER, GAP_RING),
		{TEXT_REFER, 0, BY_CALLEE, 3, GAP_HOLD, EFFECT_NONE},
		{TEXT_ACCEPTED, 0, BY_CALLEE, 3, GAP_WIRE, EFFECT_NONE},
		RINGS(1, BY_CALLER), ANSWERS(1, BY_CALLER, GAP_RING),
		HANGS_UP(0, BY_CALLEE, GAP_WIRE),
		HANGS_UP(1, BY_EITHER, GAP_HOLD),
	}},
	// B asks C first, then connects A and C.
	[SCENE_ATTENDED] = {"attended", 3,
		{{0, 1, 0, 0, 1}, {1, 2, 1, 0, 0}, {0, 2, 2, 0, 1}}, {
		RINGS(0, BY_CALLER), ANSWERS(0, BY_CALLER, GAP_RING),
		RINGS(1, BY_CALLER), ANSWERS(1, BY_CALLER, GAP_RING),
		{TEXT_REFER_REPLACES, 0, BY_CALLEE, 3, GAP_HOLD, EFFECT_NONE},
		{TEXT_ACCEPTED, 0, BY_CALLEE, 3, GAP_WIRE, EFFECT_NONE},
		{TEXT_INVITE_REPLACES, 2, BY_CALLER, 0, GAP_WIRE, EFFECT_NONE},
		ANSWERS(2, BY_CALLER, GAP_WIRE),
		HANGS_UP(1, BY_CALLEE, GAP_WIRE),
		HANGS_UP(0, BY_CALLEE, GAP_WIRE),
		HANGS_UP(2, BY_EITHER, GAP_HOLD),
	}},
	[SCENE_LOST_BYE] = {"lost-bye", 2, {{0, 1, 0, 0, 0}}, {
		RINGS(0, BY_CALLER), ANSWERS(0, BY_CALLER, GAP_RING),
		{TEXT_NONE, 0, BY_CALLER, 0, GAP_HOLD, EFFECT_END_UNSEEN},
	}},
	[SCENE_STANDING] = {"standing", 2, {{0, 1, 0, 0, 0}}, {
		{TEXT_INVITE, 0, BY_CALLER, 0, GAP_NOW, EFFECT_NONE},
		{TEXT_ANSWER, 0, BY_CALLER, 0, GAP_NOW, EFFECT_START},
		{TEXT_ACK, 0, BY_CALLER, 1, GAP_NOW, EFFECT_NONE},
	}},
};
// clang-format on

bool scene_is_over(const struct step *step)
{
	return step->text == TEXT_NONE && step->effect == EFFECT_NONE;
}

#define VIA  "Via: SIP/2.0/UDP 10.33.221.57:5060;branch=z9hG4bKac{branch}\r\n"
#define FROM "From: \"Extension {from}\" <sip:{from}@bench.example;user=phone>;tag={from-tag}\r\n"
#define TO   "To: <sip:{to}@bench.example;user=phone>"
#define CALL "Call-ID: {call}@10.33.221.57\r\n"
#define ALLOW                                                                              \
	"Supported: em,100rel,timer,replaces,path,resource-priority,sdp-anat\r\n"          \
	"Allow: REGISTER,OPTIONS,INVITE,ACK,CANCEL,BYE,NOTIFY,PRACK,REFER,INFO,SUBSCRIBE," \
	"UPDATE\r\n"
#define AGENT  "User-Agent: Audiocodes-Sip-Gateway-Mediant 1000B/v.7.20A.258.271\r\n"
#define SERVER "Server: Asterisk PBX 18.19.0\r\n"
// side: where media of caller and callee differ.
#define WITH_SDP(side)                                                                    \
	"Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n"               \
	"v=0\r\no=AudiocodesGW 1361512045 1361511892 IN IP4 10.33.221.57\r\n"             \
	"s=Phone-Call\r\nc=IN IP4 10.{net}.{host}." side "\r\nt=0 0\r\n"                  \
	"m=audio {port} RTP/AVP 8 0 9 18 101\r\na=rtpmap:8 PCMA/8000\r\n"                 \
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\na=rtpmap:18 G729/8000\r\n"       \
	"a=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n" \
	"a=ptime:20\r\na=sendrecv\r\n"                                                    \
	"a=rtcp:{rtcp} IN IP4 10.{net}.{host}." side "\r\n"
#define OFFER    WITH_SDP("57")
#define ANSWERED WITH_SDP("58")
#define EMPTY    "Content-Length: 0\r\n\r\n"
#define REQUEST(method)                                                                   \
	method " sip:{request}@bench.example;user=phone SIP/2.0\r\n" VIA "Max-Forwards: " \
	       "70\r\n" FROM
#define RESPONSE(status) "SIP/2.0 " status "\r\n" VIA FROM
#define IN_DIALOG        ";tag={to-tag}\r\n"
#define CSEQ(method)     "CSeq: {cseq} " method "\r\n"
#define SESSION          "Session-Expires: 1800;refresher=uac\r\n"

static const char *const texts_source[TEXT_COUNT] = {
	[TEXT_INVITE] = REQUEST("INVITE") TO "\r\n" CALL CSEQ(
		"INVITE") "Contact: <sip:{from}@10.33.221.57:5060>\r\n" ALLOW SESSION
			  "Min-SE: 90\r\n"
			  "P-Asserted-Identity: <sip:{from}@bench.example>\r\n" AGENT OFFER,
	[TEXT_INVITE_REPLACES] = REQUEST("INVITE") TO
	"\r\n" CALL CSEQ("INVITE") "Contact: <sip:{from}@10.33.221.57:5060>\r\n" ALLOW SESSION
				   "Replaces: {other-call}@10.33.221.57;to-tag={other-to-tag};"
				   "from-tag={other-from-tag}\r\nReferred-By: "
				   "<sip:{other}@bench.example>\r\n" AGENT OFFER,
	[TEXT_TRYING] = RESPONSE("100 Trying") TO "\r\n" CALL CSEQ("INVITE") SERVER EMPTY,
	[TEXT_RINGING] = RESPONSE("180 Ringing") TO IN_DIALOG CALL CSEQ(
		"INVITE") "Contact: <sip:{to}@10.33.2.30:5060>\r\n" ALLOW SERVER EMPTY,
	[TEXT_ANSWER] = RESPONSE("200 OK") TO IN_DIALOG CALL CSEQ(
		"INVITE") "Contact: <sip:{to}@10.33.2.30:5060>\r\n" ALLOW SESSION
			  "Require: timer\r\n" SERVER ANSWERED,
	[TEXT_ACK] = REQUEST("ACK") TO IN_DIALOG CALL CSEQ("ACK") AGENT EMPTY,
	[TEXT_CANCEL] = REQUEST("CANCEL") TO "\r\n" CALL CSEQ("CANCEL") AGENT EMPTY,
	[TEXT_CANCEL_OK] = RESPONSE("200 OK") TO IN_DIALOG CALL CSEQ("CANCEL") SERVER EMPTY,
	[TEXT_TERMINATED] = RESPONSE("487 Request Terminated") TO IN_DIALOG CALL CSEQ("INVITE")
		SERVER EMPTY,
	[TEXT_BUSY] = RESPONSE("486 Busy Here") TO IN_DIALOG CALL CSEQ("INVITE") SERVER EMPTY,
	[TEXT_REFER] = REQUEST("REFER") TO IN_DIALOG CALL CSEQ(
		"REFER") "Contact: <sip:{from}@10.33.2.30:5060>\r\nRefer-To: "
			 "<sip:{other}@bench.example>\r\n"
			 "Referred-By: <sip:{from}@bench.example>\r\n" AGENT EMPTY,
	[TEXT_REFER_REPLACES] = REQUEST("REFER") TO IN_DIALOG CALL CSEQ(
		"REFER") "Contact: <sip:{from}@10.33.2.30:5060>\r\n"
			 "Refer-To: "
			 "<sip:{other}@bench.example?Replaces={other-call}%4010.33.221.57"
			 "%3Bto-tag%3D{other-to-tag}%3Bfrom-tag%3D{other-from-tag}>\r\n"
			 "Referred-By: <sip:{from}@bench.example>\r\n" AGENT EMPTY,
	[TEXT_ACCEPTED] = RESPONSE("202 Accepted") TO IN_DIALOG CALL CSEQ("REFER") SERVER EMPTY,
	[TEXT_BYE] = REQUEST("BYE") TO IN_DIALOG CALL CSEQ("BYE") AGENT
	"Reason: Q.850;cause=16;text=\"local\"\r\n" EMPTY,
	[TEXT_BYE_OK] = RESPONSE("200 OK") TO IN_DIALOG CALL CSEQ("BYE") SERVER EMPTY,
};

bool scene_texts(struct stencil *texts[TEXT_COUNT])
{
	for (int i = TEXT_NONE + 1; i < TEXT_COUNT; i++) {
		texts[i] = stencil_new(texts_source[i]);
		if (texts[i] == NULL)
			return false;
	}
	return true;
}
