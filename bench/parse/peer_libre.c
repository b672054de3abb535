// SPDX-License-Identifier: Apache-2.0
// libre 1 and later: sip_msg_decode() takes a message apart in place.
#include <re/re.h>
#include <stdlib.h>

#include "bench/parse/parsers.h"

static struct mbuf *octets;
static struct sip_msg *msg;

void peer_libre_init(void)
{
	octets = mbuf_alloc(1);
	if (octets == NULL)
		exit(1);
	mem_deref(octets->buf);
	octets->buf = NULL;
}

static struct text text_of_pl(struct pl pl)
{
	return (struct text){pl.p, pl.l};
}

static void put_uri(const struct uri *uri, struct text *user, struct text *host)
{
	bool is_split = pl_strcasecmp(&uri->scheme, "sip") == 0 ||
			pl_strcasecmp(&uri->scheme, "sips") == 0;

	*user = is_split ? text_of_pl(uri->user) : (struct text){0};
	*host = is_split ? text_of_pl(uri->host) : (struct text){0};
}

bool peer_libre_parse(const char *buf, size_t len, struct fields *fields)
{
	// It reads only; the buffer has to belong to something that is counted.
	octets->buf = (uint8_t *)(uintptr_t)buf;
	octets->pos = 0;
	octets->size = octets->end = len;
	if (sip_msg_decode(&msg, octets) != 0 || !pl_isset(&msg->callid) ||
	    !pl_isset(&msg->cseq.met) || !pl_isset(&msg->from.auri) || !pl_isset(&msg->to.auri) ||
	    !pl_isset(&msg->via.sentby))
		return false;
	fields->status = msg->req ? 0 : msg->scode;
	fields->method = text_of_pl(msg->met);
	fields->cseq = msg->cseq.num;
	fields->cseq_method = text_of_pl(msg->cseq.met);
	fields->call_id = text_of_pl(msg->callid);
	fields->call_id_host = (struct text){0};
	fields->from_tag = text_of_pl(msg->from.tag);
	fields->to_tag = text_of_pl(msg->to.tag);
	fields->branch = text_of_pl(msg->via.branch);
	put_uri(&msg->from.uri, &fields->from_user, &fields->from_host);
	put_uri(&msg->to.uri, &fields->to_user, &fields->to_host);
	return true;
}

void peer_libre_release(void)
{
	msg = mem_deref(msg);
	octets->buf = NULL;
}
