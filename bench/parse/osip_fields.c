// SPDX-License-Identifier: Apache-2.0
#include <osipparser2/osip_parser.h>
#include <stdio.h>

#include "bench/parse/fields.h"

void fields_osip_init(void)
{
	parser_init();
}

static void put_osip_uri(struct fields *out, const char *user, const char *host, osip_from_t *party)
{
	osip_uri_t *uri = osip_from_get_url(party);

	fields_put_text(out, user, uri != NULL ? uri->username : NULL);
	fields_put_text(out, host, uri != NULL ? uri->host : NULL);
}

static void describe_osip(osip_message_t *sip, char text[FIELDS_BYTES])
{
	struct fields out = {.text = text};
	osip_generic_param_t *tag = NULL, *branch = NULL;
	osip_call_id_t *call_id = sip->call_id;
	osip_via_t *via = NULL;
	char whole[2048];

	if (MSG_IS_RESPONSE(sip))
		fields_put_number(&out, "status", (unsigned long)sip->status_code);
	fields_put_method(&out, sip->cseq->method);
	fields_put_text(&out, "cseq", sip->cseq->number);
	snprintf(whole, sizeof(whole), "%s%s%s", call_id->number, call_id->host != NULL ? "@" : "",
		 call_id->host != NULL ? call_id->host : "");
	fields_put_text(&out, "call-id", whole);
	osip_from_get_tag(sip->from, &tag);
	fields_put_text(&out, "from-tag", tag != NULL ? tag->gvalue : NULL);
	tag = NULL;
	osip_to_get_tag(sip->to, &tag);
	fields_put_text(&out, "to-tag", tag != NULL ? tag->gvalue : NULL);
	if (osip_message_get_via(sip, 0, &via) >= 0 && via != NULL)
		osip_via_param_get_byname(via, (char *)"branch", &branch);
	fields_put_text(&out, "branch", branch != NULL ? branch->gvalue : NULL);
	put_osip_uri(&out, "from-user", "from-host", sip->from);
	put_osip_uri(&out, "to-user", "to-host", sip->to);
}

bool fields_osip(const char *buf, size_t len, char out[FIELDS_BYTES])
{
	osip_message_t *sip;
	bool accepted = false;

	if (osip_message_init(&sip) != 0)
		return false;
	if (osip_message_parse(sip, buf, len) == 0 && sip->cseq != NULL &&
	    sip->cseq->method != NULL && sip->cseq->number != NULL && sip->call_id != NULL &&
	    sip->call_id->number != NULL && sip->from != NULL && sip->to != NULL) {
		describe_osip(sip, out);
		accepted = true;
	}
	osip_message_free(sip);
	return accepted;
}

void fields_osip_parse(const char *buf, size_t len)
{
	osip_message_t *sip;

	if (osip_message_init(&sip) != 0)
		return;
	osip_message_parse(sip, buf, len);
	osip_message_free(sip);
}
