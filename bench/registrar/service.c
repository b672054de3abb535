// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Requests remembered: at 40,000 a second, longer than one is repeated over a stream that was lost,
// and at the rates that UDP is used for, longer than timer F.
enum { RECENT = 1 << 18, SHOWN_BYTES = 700 };

struct recent {
	uint64_t call_id, branch;
	uint64_t due_ns; // when the answer leaves
	uint32_t cseq;
	uint32_t slot, serial, expires_s;
	uint16_t status;
	uint8_t complaint;
};

struct service {
	struct service_options options;
	struct compositor *compositor;
	struct cues cues;
	struct recent *recent;
	uint64_t random, repeats;
	unsigned int shown[COMPLAINT_COUNT];
};

static int script_load(struct service *service)
{
	const char *name = service->options.script;
	FILE *file;
	int rc;

	if (name == NULL)
		return 0;
	file = fopen(name, "re");
	if (file == NULL) {
		fprintf(stderr, "registrar: %s: %s\n", name, strerror(errno));
		return -errno;
	}
	rc = cues_read(&service->cues, file, name, stderr);
	fclose(file);
	return rc;
}

struct service *service_new(const struct service_options *options)
{
	struct service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->options = *options;
	service->random = options->seed;
	service->compositor = compositor_new(&options->compositor);
	service->recent = calloc(RECENT, sizeof(*service->recent));
	challenge_begin(&service->options.challenge, options->seed);
	if (service->compositor == NULL || service->recent == NULL || script_load(service) != 0) {
		service_free(service);
		return NULL;
	}
	return service;
}

void service_free(struct service *service)
{
	if (service == NULL)
		return;
	cues_fini(&service->cues);
	compositor_free(service->compositor);
	free(service->recent);
	free(service);
}

struct compositor *service_compositor(struct service *service)
{
	return service->compositor;
}

uint64_t service_repeats(const struct service *service)
{
	return service->repeats;
}

void service_complain(struct service *service, enum complaint complaint, const char *bytes,
		      size_t len)
{
	struct compositor_counts *counts = compositor_counts(service->compositor);

	counts->complaint[complaint]++;
	if (service->shown[complaint] >= service->options.complaints_shown)
		return;
	service->shown[complaint]++;
	fprintf(stderr, "registrar: %s:\n%.*s\n", complaint_name(complaint),
		(int)(len < SHOWN_BYTES ? len : SHOWN_BYTES), bytes);
}

static bool happens(struct service *service, double probability)
{
	return probability > 0 && random_unit(&service->random) < probability;
}

static struct recent *recent_of(struct service *service, const struct message *message)
{
	return &service->recent[part_hash(message->value[MESSAGE_CALL_ID]) % RECENT];
}

// RFC 3261 17.2.3 for the same request again, 8.2.2.2 and 12.2.2 for one out of order.
static bool recent_repeats(const struct recent *recent, const struct message *message)
{
	return recent->call_id == part_hash(message->value[MESSAGE_CALL_ID]) &&
	       recent->cseq == message->cseq && recent->branch == part_hash(message->branch);
}

static void recent_store(struct recent *recent, const struct message *message,
			 const struct verdict *verdict, uint64_t due_ns)
{
	*recent = (struct recent){
		.call_id = part_hash(message->value[MESSAGE_CALL_ID]),
		.branch = part_hash(message->branch),
		.due_ns = due_ns,
		.cseq = message->cseq,
		.slot = verdict->slot,
		.serial = verdict->serial,
		.expires_s = verdict->expires_s,
		.status = verdict->status,
		.complaint = (uint8_t)verdict->complaint,
	};
}

static bool via_names_transport(const struct message *message, const struct origin *origin)
{
	struct part via = message->via[0];
	size_t len = strlen(origin->transport);

	// SIP/2.0/TCP
	return via.len > 8 + len && memcmp(via.at, "SIP/2.0/", 8) == 0 &&
	       memcmp(via.at + 8, origin->transport, len) == 0 && via.at[8 + len] == ' ';
}

// What comes before the judgement: complaints about the message and credentials.
static enum complaint service_admit(struct service *service, const struct message *message,
				    enum complaint complaint, const struct origin *origin,
				    const struct recent *recent, enum challenge_result *asked)
{
	*asked = CHALLENGE_GOOD;
	if (complaint != COMPLAINT_NONE)
		return complaint;
	if (!via_names_transport(message, origin))
		return COMPLAINT_TRANSPORT;
	if (recent->call_id == part_hash(message->value[MESSAGE_CALL_ID]) &&
	    message->cseq <= recent->cseq)
		return COMPLAINT_CSEQ_ORDER;
	*asked = challenge_check(&service->options.challenge, message);
	return *asked == CHALLENGE_WRONG ? COMPLAINT_CREDENTIALS : COMPLAINT_NONE;
}

static uint64_t service_delay(struct service *service, const struct cue *cue)
{
	return spread_draw_ns(cue != NULL && cue->has_delay ? &cue->delay
							    : &service->options.latency,
			      &service->random);
}

static void verdict_decide(struct service *service, const struct message *message,
			   const struct cue *cue, uint64_t now_ns, struct verdict *verdict)
{
	uint16_t status = cue != NULL ? cue->status : 0;

	if (status == 0 && happens(service, service->options.error))
		status = service->options.error_status;
	if (status >= 300) {
		*verdict = (struct verdict){
			.status = status, .wish = wish_of(message), .person = PEOPLE_NOBODY};
		if (cue != NULL && cue->has_expires)
			verdict->expires_s = cue->expires_s;
		return;
	}
	compositor_judge(service->compositor, message,
			 cue != NULL && cue->has_expires ? &cue->expires_s : NULL, now_ns, verdict);
	if (status != 0 && verdict->status < 300)
		verdict->status = status;
}

static size_t service_write(struct service *service, const struct message *message,
			    const struct origin *origin, const struct verdict *verdict,
			    const struct cue *cue, enum challenge_result asked, char *out)
{
	char headers[CUE_HEADERS * CUE_TEXT + 512];
	size_t len = 0;
	struct answer answer = {
		.message = message,
		.origin = origin,
		.verdict = verdict,
		.epoch = service->options.compositor.epoch,
		.reason = cue != NULL && cue->reason[0] != '\0' ? cue->reason : NULL,
		.events = service->options.compositor.events,
	};

	for (unsigned int i = 0; cue != NULL && i < cue->headers; i++)
		len += (size_t)snprintf(headers + len, sizeof(headers) - len, "%s\r\n",
					cue->header[i]);
	if (asked != CHALLENGE_GOOD)
		len += challenge_write(&service->options.challenge, asked == CHALLENGE_STALE,
				       headers + len, sizeof(headers) - len);
	if (len > 0)
		answer.headers = headers;
	return answer_write(&answer, out, ANSWER_BYTES);
}

static void service_repeat(struct service *service, const struct message *message,
			   const struct origin *origin, const struct recent *recent,
			   uint64_t now_ns, char *out, struct reply *reply)
{
	const struct verdict verdict = {
		.complaint = (enum complaint)recent->complaint,
		.status = recent->status,
		.slot = recent->slot,
		.serial = recent->serial,
		.expires_s = recent->expires_s,
	};

	service->repeats++;
	if (recent->due_ns > now_ns)
		return; // on its way
	reply->status = verdict.status;
	reply->len = service_write(service, message, origin, &verdict, NULL,
				   verdict.status == 401 ? CHALLENGE_ASKED : CHALLENGE_GOOD, out);
}

void service_take(struct service *service, const char *bytes, size_t len,
		  const struct origin *origin, uint64_t now_ns, char *out, struct reply *reply)
{
	struct compositor_counts *counts = compositor_counts(service->compositor);
	enum challenge_result asked;
	struct verdict verdict = {.person = PEOPLE_NOBODY};
	const struct cue *cue;
	struct message message;
	struct recent *recent;
	enum complaint complaint;

	*reply = (struct reply){.person = PEOPLE_NOBODY};
	counts->requests++;
	if (happens(service, service->options.loss))
		return;
	complaint = message_read(&message, bytes, len, origin->stream);
	if (part_is(message.method, "ACK"))
		return;          // never answered
	if (message.vias == 0) { // nor can this be
		service_complain(service, complaint, bytes, len);
		return;
	}
	recent = recent_of(service, &message);
	if (complaint == COMPLAINT_NONE && recent_repeats(recent, &message)) {
		service_repeat(service, &message, origin, recent, now_ns, out, reply);
		return;
	}
	cue = cues_find(&service->cues, &message, wish_of(&message));
	if (cue != NULL && cue->drop)
		return;
	complaint = service_admit(service, &message, complaint, origin, recent, &asked);
	if (complaint != COMPLAINT_NONE)
		verdict = (struct verdict){.complaint = complaint,
					   .status = complaint_status(complaint),
					   .person = PEOPLE_NOBODY};
	else if (asked != CHALLENGE_GOOD)
		verdict.status = 401;
	else
		verdict_decide(service, &message, cue, now_ns, &verdict);
	if (verdict.complaint != COMPLAINT_NONE)
		service_complain(service, verdict.complaint, bytes, len);
	counts->refused += verdict.status >= 300;
	reply->delay_ns = service_delay(service, cue);
	recent_store(recent, &message, &verdict, now_ns + reply->delay_ns);
	reply->status = verdict.status;
	reply->close = cue != NULL && cue->close;
	if ((cue != NULL && (cue->mute || cue->close)) || happens(service, service->options.mute))
		return;
	reply->person = verdict.person;
	reply->len = service_write(service, &message, origin, &verdict, cue, asked, out);
	if (reply->delay_ns > 0 && reply->person != PEOPLE_NOBODY)
		compositor_people(service->compositor)->person[reply->person].owed++;
}

void service_sent(struct service *service, uint32_t person)
{
	if (person != PEOPLE_NOBODY)
		compositor_people(service->compositor)->person[person].owed--;
}
