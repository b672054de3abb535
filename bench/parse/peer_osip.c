// SPDX-License-Identifier: Apache-2.0
// libosip2 5: osip_message_parse() takes all of a message apart, with copies.
#include <osipparser2/osip_parser.h>
#include <stdlib.h>

#include "bench/parse/parsers.h"

static osip_message_t *sip;

// What it thinks of a message is told by what it finds.
static void be_quiet(const char *file, int line, osip_trace_level_t level, const char *format,
		     va_list values)
{
}

void peer_osip_init(void)
{
	parser_init();
	osip_trace_initialize_func(OSIP_FATAL, be_quiet);
}

static void put_uri(osip_from_t *party, struct text *user, struct text *host)
{
	osip_uri_t *uri = osip_from_get_url(party);
	// Of another scheme it is one string.
	bool is_split = uri != NULL && uri->string == NULL;

	*user = text_of(is_split ? uri->username : NULL);
	*host = text_of(is_split ? uri->host : NULL);
}

static struct text value_of(osip_generic_param_t *parameter)
{
	return text_of(parameter != NULL ? parameter->gvalue : NULL);
}

bool peer_osip_parse(const char *buf, size_t len, struct fields *fields)
{
	osip_generic_param_t *from_tag = NULL, *to_tag = NULL, *branch = NULL;
	osip_via_t *via = NULL;

	if (osip_message_init(&sip) != 0)
		return false;
	if (osip_message_parse(sip, buf, len) != 0 || sip->cseq == NULL ||
	    sip->cseq->method == NULL || sip->cseq->number == NULL || sip->call_id == NULL ||
	    sip->call_id->number == NULL || sip->from == NULL || sip->to == NULL)
		return false;
	fields->status = MSG_IS_RESPONSE(sip) ? (unsigned int)sip->status_code : 0;
	fields->method = text_of(sip->sip_method);
	fields->cseq = (uint32_t)strtoul(sip->cseq->number, NULL, 10);
	fields->cseq_method = text_of(sip->cseq->method);
	fields->call_id = text_of(sip->call_id->number);
	fields->call_id_host = text_of(sip->call_id->host);
	osip_from_get_tag(sip->from, &from_tag);
	osip_to_get_tag(sip->to, &to_tag);
	fields->from_tag = value_of(from_tag);
	fields->to_tag = value_of(to_tag);
	if (osip_message_get_via(sip, 0, &via) >= 0 && via != NULL)
		osip_via_param_get_byname(via, (char *)"branch", &branch);
	fields->branch = value_of(branch);
	put_uri(sip->from, &fields->from_user, &fields->from_host);
	put_uri(sip->to, &fields->to_user, &fields->to_host);
	return true;
}

void peer_osip_release(void)
{
	osip_message_free(sip);
	sip = NULL;
}
