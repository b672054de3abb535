// SPDX-License-Identifier: Apache-2.0
// sofia-sip 1.12: msg_make() copies the message and takes all of it apart.
#include <sofia-sip/msg.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/url.h>

#include "bench/parse/parsers.h"

static const msg_mclass_t *mclass;
static msg_t *msg;

void peer_sofia_init(void)
{
	mclass = sip_default_mclass();
}

static void put_uri(const url_t *uri, struct text *user, struct text *host)
{
	bool is_split = uri->url_type == url_sip || uri->url_type == url_sips;

	*user = text_of(is_split ? uri->url_user : NULL);
	*host = text_of(is_split ? uri->url_host : NULL);
}

bool peer_sofia_parse(const char *buf, size_t len, struct fields *fields)
{
	sip_t *sip;

	msg = msg_make(mclass, 0, buf, (ssize_t)len);
	sip = msg != NULL ? sip_object(msg) : NULL;
	if (sip == NULL || sip->sip_cseq == NULL || sip->sip_call_id == NULL ||
	    sip->sip_from == NULL || sip->sip_to == NULL || sip->sip_via == NULL)
		return false;
	if (sip->sip_request == NULL && sip->sip_status == NULL)
		return false;
	fields->status = sip->sip_status != NULL ? (unsigned int)sip->sip_status->st_status : 0;
	fields->method = text_of(sip->sip_request != NULL ? sip->sip_request->rq_method_name
							  : NULL);
	fields->cseq = sip->sip_cseq->cs_seq;
	fields->cseq_method = text_of(sip->sip_cseq->cs_method_name);
	fields->call_id = text_of(sip->sip_call_id->i_id);
	fields->call_id_host = (struct text){0};
	fields->from_tag = text_of(sip->sip_from->a_tag);
	fields->to_tag = text_of(sip->sip_to->a_tag);
	fields->branch = text_of(sip->sip_via->v_branch);
	put_uri(sip->sip_from->a_url, &fields->from_user, &fields->from_host);
	put_uri(sip->sip_to->a_url, &fields->to_user, &fields->to_host);
	return true;
}

void peer_sofia_release(void)
{
	msg_destroy(msg);
	msg = NULL;
}
