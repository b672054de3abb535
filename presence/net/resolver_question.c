// SPDX-License-Identifier: Apache-2.0
// A question goes from SRV to addresses, in RFC 3263's order. NAPTR is left out: the transport is
// in the settings nearly always, and where it is not, all services we could use are asked for in
// the order of preference (TLS, TCP, UDP), and the first that is offered is taken.
#include "presence/net/resolver_private.h"

#include "config/clock.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HOST_ADDRESSES = 8,
	DEADLINE_S = 10, // servers that are too slow are as good as none
	// A name server may say 0 or a year. Failures are asked about again soon.
	TTL_LEAST_S = 5,
	TTL_MOST_S = 3600,
	TTL_FAILURE_S = 10,
};

static const struct service {
	const char *prefix;
	enum connection_kind kind;
} services[] = {
	{"_sips._tcp.", CONNECTION_TLS},
	{"_sip._tcp.", CONNECTION_TCP},
	{"_sip._udp.", CONNECTION_UDP},
};

enum { SERVICES = sizeof(services) / sizeof(services[0]) };

struct question_host {
	struct resolver_question *question;
	char name[RESOLVER_NAME_BYTES];
	uint16_t port;
	unsigned int count;
	struct sockaddr_storage address[HOST_ADDRESSES];
};

struct resolver_question {
	struct resolver *resolver;
	struct resolver_target target;
	resolver_fn *done;
	void *ctx;
	struct timer deadline;
	bool answered;
	unsigned int pending; // c-ares will call back so often; the memory lives that long
	unsigned int service; // the next to ask for
	bool refused;         // a service is said not to be offered
	enum connection_kind kind;
	uint32_t ttl_s;
	int status; // c-ares: what went wrong last
	unsigned int host_count;
	struct question_host host[RESOLVER_ADDRESSES];
};

static void question_ask_service(struct resolver_question *question);

static void question_unref(struct resolver_question *question)
{
	if (question->pending == 0 && question->answered)
		free(question);
}

// Once for each question. c-ares may still hold it.
static void question_answer(struct resolver_question *question, struct resolver_answer *answer,
			    uint32_t ttl_s)
{
	answer->good_until_ns = clock_mono_ns() + ttl_s * NS_PER_S;
	question->answered = true;
	timer_cancel(loop_wheel(question->resolver->loop), &question->deadline);
	question->done(question->ctx, answer);
}

static void question_fail(struct resolver_question *question, int error, const char *why)
{
	char text[RESOLVER_NAME_BYTES + 80];
	struct resolver_answer answer = {.error = error, .text = text};

	snprintf(text, sizeof(text), "%s: %s", question->target.host, why);
	question_answer(question, &answer, TTL_FAILURE_S);
}

static void question_fail_status(struct resolver_question *question)
{
	switch (question->status) {
	case ARES_ENOTFOUND: question_fail(question, -ENOENT, "no such name"); break;
	case ARES_SUCCESS:
	case ARES_ENODATA: question_fail(question, -ENOENT, "no address"); break;
	case ARES_ETIMEOUT: question_fail(question, -ETIMEDOUT, "no answer from DNS"); break;
	case ARES_ECONNREFUSED:
		question_fail(question, -ECONNREFUSED, "no DNS server reachable");
		break;
	case ARES_EDESTRUCTION:
	case ARES_ECANCELLED: question_fail(question, -ECANCELED, "cancelled"); break;
	default: question_fail(question, -EIO, ares_strerror(question->status)); break;
	}
}

static void question_late(struct timer *deadline)
{
	struct resolver_question *question = (void *)((char *)deadline -
						      offsetof(struct resolver_question, deadline));

	question_fail(question, -ETIMEDOUT, "no answer from DNS");
	question_unref(question);
}

// All hosts are looked up, or as good as that.
static void question_finish(struct resolver_question *question)
{
	struct resolver_answer answer = {.text = ""};
	uint32_t ttl_s = question->ttl_s;

	for (unsigned int h = 0; h < question->host_count; h++)
		for (unsigned int a = 0; a < question->host[h].count; a++)
			resolver_answer_add(&answer, &question->host[h].address[a],
					    question->host[h].port, question->kind,
					    question->target.host);
	if (answer.count == 0 || question->status == ARES_EDESTRUCTION) {
		question_fail_status(question);
		return;
	}
	if (ttl_s < TTL_LEAST_S)
		ttl_s = TTL_LEAST_S;
	question_answer(question, &answer, ttl_s < TTL_MOST_S ? ttl_s : TTL_MOST_S);
}

// A callback of c-ares has come; the last one settles the question.
static void question_called_back(struct resolver_question *question)
{
	if (--question->pending == 0 && !question->answered)
		question_finish(question);
	question_unref(question);
}

static void least_ttl(struct resolver_question *question, int ttl_s)
{
	if (ttl_s >= 0 && (uint32_t)ttl_s < question->ttl_s)
		question->ttl_s = (uint32_t)ttl_s;
}

static void host_found(void *ctx, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question_host *host = ctx;
	struct resolver_question *question = host->question;

	if (status != ARES_SUCCESS)
		question->status = status;
	if (info == NULL)
		goto out;
	for (const struct ares_addrinfo_cname *alias = info->cnames; alias; alias = alias->next)
		least_ttl(question, alias->ttl);
	for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
		if (host->count == HOST_ADDRESSES ||
		    node->ai_addrlen > sizeof(struct sockaddr_storage))
			continue;
		least_ttl(question, node->ai_ttl);
		memcpy(&host->address[host->count++], node->ai_addr, node->ai_addrlen);
	}
	ares_freeaddrinfo(info);
out:
	question_called_back(question);
}

static void question_add_host(struct resolver_question *question, const char *name, uint16_t port)
{
	struct question_host *host = &question->host[question->host_count++];

	host->question = question;
	host->port = port;
	snprintf(host->name, sizeof(host->name), "%s", name);
}

// Addresses of all hosts at once. c-ares may call back before it returns.
static void question_ask_hosts(struct resolver_question *question)
{
	struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};

	question->status = ARES_SUCCESS;
	question->pending += question->host_count;
	for (unsigned int i = 0, count = question->host_count; i < count; i++)
		ares_getaddrinfo(question->resolver->channel, question->host[i].name, NULL, &hints,
				 host_found, &question->host[i]);
}

static void question_take_srv(struct resolver_question *question, struct srv_answer *answer)
{
	question->kind = services[question->service].kind;
	least_ttl(question, (int)(answer->ttl_s & INT32_MAX));
	srv_order(answer->record, answer->count, &question->resolver->random);
	for (unsigned int i = 0; i < answer->count; i++)
		question_add_host(question, answer->record[i].host, answer->record[i].port);
	question_ask_hosts(question);
}

static void service_found(void *ctx, int status, int timeouts, unsigned char *packet, int len)
{
	struct resolver_question *question = ctx;
	struct srv_answer answer;
	bool none = status == ARES_ENOTFOUND || status == ARES_ENODATA;

	if (question->answered)
		goto out;
	if (status == ARES_SUCCESS) {
		int error = srv_parse(packet, len, &answer);

		if (error == 0 && answer.count > 0) {
			question_take_srv(question, &answer);
			goto out;
		}
		question->refused |= error == 0;
		status = error == -EBADMSG ? ARES_EBADRESP : ARES_SUCCESS;
		none = error != -EBADMSG;
	}
	question->status = status;
	if (none) {
		question->service++;
		question_ask_service(question);
	}
out:
	question_called_back(question);
}

static bool service_wanted(const struct resolver_target *target, const struct service *service)
{
	if (target->secure)
		return service->kind == CONNECTION_TLS;
	return target->kind == CONNECTION_NONE || target->kind == service->kind;
}

// The next service that could be used; after the last the name itself with the default port, but
// not when the domain said that it does not offer the service.
static void question_ask_service(struct resolver_question *question)
{
	const struct resolver_target *target = &question->target;
	char name[RESOLVER_NAME_BYTES + 16];

	while (question->service < SERVICES &&
	       !service_wanted(target, &services[question->service]))
		question->service++;
	if (question->service < SERVICES) {
		snprintf(name, sizeof(name), "%s%s", services[question->service].prefix,
			 target->host);
		question->pending++;
		ares_query(question->resolver->channel, name, ns_c_in, ns_t_srv, service_found,
			   question);
		return;
	}
	if (question->refused) {
		question_fail(question, -ENOENT, "offers no SIP service (SRV)");
		return;
	}
	question_add_host(question, target->host, resolver_default_port(question->kind));
	question_ask_hosts(question);
}

void question_ask(struct resolver *resolver, const struct resolver_target *target,
		  resolver_fn *done, void *ctx)
{
	static const struct resolver_answer no_memory = {.error = -ENOMEM, .text = "no memory"};
	struct resolver_question *question = calloc(1, sizeof(*question));

	if (question == NULL) {
		done(ctx, &no_memory);
		return;
	}
	question->resolver = resolver;
	question->target = *target;
	question->done = done;
	question->ctx = ctx;
	question->kind = resolver_default_kind(target);
	question->ttl_s = UINT32_MAX;
	timer_set(loop_wheel(resolver->loop), &question->deadline,
		  clock_mono_ns() + DEADLINE_S * NS_PER_S, question_late);
	question->pending = 1; // ours, so that callbacks from within do not settle it
	if (target->port != 0) {
		question_add_host(question, target->host, target->port);
		question_ask_hosts(question);
	} else {
		question_ask_service(question);
	}
	question_called_back(question);
	resolver_channel_asked(resolver);
}
