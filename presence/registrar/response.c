// SPDX-License-Identifier: Apache-2.0
// Reads responses that libosip2 has parsed. It takes any text for a value; what is used of it is
// looked at here, octet by octet. The 2xx of every day is read by response_usual.c, to the same
// result.
#include "presence/registrar/response.h"

#include "presence/registrar/digest.h"
#include "presence/registrar/transaction.h"

#include <sys/time.h>

#include <osipparser2/osip_parser.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *response_header(const osip_message_t *message, const char *name)
{
	osip_header_t *header = NULL;

	if (osip_message_header_get_byname(message, name, 0, &header) < 0 || !header)
		return NULL;
	return header->hvalue ? header->hvalue : "";
}

static bool response_has_two(const osip_message_t *message, const char *name)
{
	osip_header_t *header = NULL;
	int at = osip_message_header_get_byname(message, name, 0, &header);

	return at >= 0 && osip_message_header_get_byname(message, name, at + 1, &header) >= 0;
}

// delta-seconds, perhaps with a comment or parameters behind (Retry-After). False: no number.
// What does not fit is the largest number.
static bool response_seconds(const char *value, uint32_t *seconds)
{
	uint64_t number = 0;
	size_t digits = 0;

	if (!value)
		return false;
	value += strspn(value, " \t");
	for (; isdigit((unsigned char)value[digits]); digits++) {
		number = number * 10 + (uint64_t)(value[digits] - '0');
		if (number > UINT32_MAX)
			number = UINT32_MAX;
	}
	if (digits == 0 || (value[digits] && !strchr(" \t;(", value[digits])))
		return false;
	*seconds = (uint32_t)number;
	return true;
}

static void response_tag(const osip_message_t *message, struct response *out)
{
	const char *etag = response_header(message, "sip-etag");
	size_t len;

	if (!etag)
		return;
	len = strlen(etag);
	out->answer.etag_refused = len == 0 || len >= sizeof(out->etag) ||
				   response_has_two(message, "sip-etag");
	for (size_t i = 0; i < len && !out->answer.etag_refused; i++)
		out->answer.etag_refused = etag[i] <= ' ' || etag[i] == 0x7f;
	if (out->answer.etag_refused)
		return;
	memcpy(out->etag, etag, len + 1);
	out->answer.etag = out->etag;
}

// For people: the reason phrase and what Microsoft servers add to it, control characters masked.
static void response_text(const osip_message_t *message, struct response *out)
{
	const char *more = response_header(message, "ms-diagnostics");

	if (!more)
		more = response_header(message, "ms-diagnostics-public");
	if (!more)
		more = response_header(message, "warning");
	snprintf(out->text, sizeof(out->text), "%d %.60s%s%.90s", message->status_code,
		 message->reason_phrase ? message->reason_phrase : "", more ? "; " : "",
		 more ? more : "");
	for (char *c = out->text; *c; c++) {
		if (iscntrl((unsigned char)*c))
			*c = '.';
	}
	out->answer.diagnostics = out->text;
}

static osip_message_t *response_parse(const struct transaction_response *from)
{
	osip_message_t *message = NULL;

	if (osip_message_init(&message) != OSIP_SUCCESS)
		return NULL;
	if (osip_message_parse(message, from->bytes, from->len) == OSIP_SUCCESS)
		return message;
	osip_message_free(message);
	return NULL;
}

int response_read_any(const struct transaction_response *from, uint32_t asked_s,
		      struct response *out)
{
	osip_message_t *message = response_parse(from);

	memset(out, 0, sizeof(*out));
	out->answer.outcome = PUBLISH_ANSWERED;
	out->answer.status = from->status;
	if (!message) {
		out->answer.expires_s = asked_s;
		out->answer.etag_refused = true;
		snprintf(out->text, sizeof(out->text), "%u unreadable", from->status);
		out->answer.diagnostics = out->text;
		return -EBADMSG;
	}
	if (!response_seconds(response_header(message, "expires"), &out->answer.expires_s))
		out->answer.expires_s = asked_s;
	response_seconds(response_header(message, "min-expires"), &out->answer.min_expires_s);
	response_seconds(response_header(message, "retry-after"), &out->answer.retry_after_s);
	response_tag(message, out);
	response_text(message, out);
	osip_message_free(message);
	return 0;
}

void response_read(const struct transaction_response *from, uint32_t asked_s, struct response *out)
{
	if (!response_read_usual(from, asked_s, out))
		response_read_any(from, asked_s, out);
}

// What osip has read of one challenge.
static void response_fields(osip_www_authenticate_t *from, struct digest_challenge *to, bool proxy)
{
	*to = (struct digest_challenge){
		.realm = osip_www_authenticate_get_realm(from),
		.nonce = osip_www_authenticate_get_nonce(from),
		.opaque = osip_www_authenticate_get_opaque(from),
		.algorithm = osip_www_authenticate_get_algorithm(from),
		.qop = osip_www_authenticate_get_qop_options(from),
		.stale = osip_www_authenticate_get_stale(from),
		.proxy = proxy,
	};
}

static bool response_best_challenge(const osip_message_t *message, struct digest *digest,
				    bool *stale)
{
	const osip_list_t *list = message->status_code == 407 ? &message->proxy_authenticates
							      : &message->www_authenticates;
	struct digest best = {0};
	struct digest_challenge challenge;

	*stale = false;
	for (int i = 0; i < osip_list_size(list) && i < 8; i++) {
		osip_www_authenticate_t *entry = osip_list_get(list, i);
		struct digest candidate = *digest;
		const char *type = osip_www_authenticate_get_auth_type(entry);

		if (!type || strcasecmp(type, "Digest") != 0)
			continue;
		response_fields(entry, &challenge, message->status_code == 407);
		if (digest_accept(&candidate, &challenge) || candidate.algorithm <= best.algorithm)
			continue;
		best = candidate;
		*stale = digest_is_stale(&challenge);
	}
	if (!best.algorithm)
		return false;
	*digest = best;
	return true;
}

bool response_challenge(const struct transaction_response *from, struct digest *digest, bool *stale)
{
	osip_message_t *message = response_parse(from);
	bool found = message && response_best_challenge(message, digest, stale);

	if (message)
		osip_message_free(message);
	return found;
}
