// SPDX-License-Identifier: Apache-2.0
// Presence documents: plain text with four holes. The tuple's id is constant, because a missing id
// would mean that the tuple is gone (RFC 3903 10.4).
#include "presence/registrar/pidf.h"

#include "presence/registrar/text.h"

#include <stdint.h>

static const char *const activities[] = {
	// RFC 4480 3.2
	"appointment",  "away",         "breakfast",        "busy",      "dinner",
	"holiday",      "in-transit",   "looking-for-work", "lunch",     "meal",
	"meeting",      "on-the-phone", "performance",      "playing",   "permanent-absence",
	"presentation", "shopping",     "sleeping",         "spectator", "steering",
	"travel",       "tv",           "unknown",          "vacation",  "working",
	"worship",
};

// Length of the UTF-8 character at text and its code point; 0: none is well formed (RFC 3629 4).
static size_t utf8_character(const unsigned char *text, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = *text < 0x80             ? 1
		     : (*text & 0xe0) == 0xc0 ? 2
		     : (*text & 0xf0) == 0xe0 ? 3
		     : (*text & 0xf8) == 0xf0 ? 4
					      : 0;

	if (len == 0)
		return 0;
	*code = len == 1 ? *text : *text & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80) // also the NUL at the end
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

// Octets of ASCII that stand for themselves.
static size_t plain_octets(const unsigned char *text)
{
	size_t len = 0;

	while (text[len] >= ' ' && text[len] < 0x7f && text[len] != '&' && text[len] != '<' &&
	       text[len] != '>' && text[len] != '"' && text[len] != '\'')
		len++;
	return len;
}

static void pidf_escape(struct text *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	uint32_t code;
	size_t len;

	for (; *at; at += len) {
		len = plain_octets(at);
		if (len > 0) {
			text_add_n(out, (const char *)at, len);
			continue;
		}
		len = utf8_character(at, &code);
		if (len == 0 || code == 0xfffe || code == 0xffff) {
			len = len ? len : 1;
			text_add(out, "\xef\xbf\xbd"); // U+FFFD
			continue;
		}
		switch (code) {
		case '&': text_add(out, "&amp;"); break;
		case '<': text_add(out, "&lt;"); break;
		case '>': text_add(out, "&gt;"); break;
		case '"': text_add(out, "&quot;"); break;
		case '\'': text_add(out, "&apos;"); break;
		default:
			if (code >= ' ' && (code < 0x7f || code > 0x9f))
				text_add_n(out, (const char *)at, len);
		}
	}
}

static void pidf_element(struct text *out, const char *name, const char *value)
{
	text_add(out, "<");
	text_add(out, name);
	text_add(out, ">");
	pidf_escape(out, value);
	text_add(out, "</");
	text_add(out, name);
	text_add(out, ">\r\n");
}

// The namespaces are those of a draft of RPID that the servers of the field still read.
static void pidf_legacy(const struct pidf *pidf, struct text *out)
{
	text_add(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
		      "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"\r\n"
		      "xmlns:ep=\"urn:ietf:params:xml:ns:pidf:status:rpid-status\"\r\n"
		      "xmlns:et=\"urn:ietf:params:xml:ns:pidf:rpid-tuple\"\r\n"
		      "xmlns:ci=\"urn:ietf:params:xml:ns:pidf:cipid\"\r\n"
		      "entity=\"");
	pidf_escape(out, pidf->entity);
	text_add(out, "\">\r\n<tuple id=\"0\">\r\n<status>\r\n<basic>open</basic>\r\n");
	if (pidf->busy) {
		text_add(out, "<ep:activities>\r\n");
		pidf_element(out, "ep:activity", pidf->activity);
		text_add(out, "</ep:activities>\r\n");
	}
	text_add(out, "</status>\r\n</tuple>\r\n");
	if (pidf->display && pidf->display[0])
		pidf_element(out, "ci:display-name", pidf->display);
	text_add(out, "</presence>\r\n");
}

static void pidf_activity(const char *activity, struct text *out)
{
	for (size_t i = 0; i < sizeof(activities) / sizeof(activities[0]); i++) {
		if (strcmp(activity, activities[i]) == 0) {
			text_print(out, "<rpid:%s/>\r\n", activities[i]);
			return;
		}
	}
	pidf_element(out, "rpid:other", activity);
}

// RFC 4480 activities belong to the person (RFC 4479), as does the name (RFC 4482).
static void pidf_rpid(const struct pidf *pidf, struct text *out)
{
	text_add(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
		      "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"\r\n"
		      "xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\"\r\n"
		      "xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\"\r\n"
		      "xmlns:ci=\"urn:ietf:params:xml:ns:pidf:cipid\"\r\n"
		      "entity=\"");
	pidf_escape(out, pidf->entity);
	text_add(out, "\">\r\n<tuple id=\"0\">\r\n<status>\r\n<basic>open</basic>\r\n</status>\r\n"
		      "</tuple>\r\n<dm:person id=\"p0\">\r\n");
	if (pidf->busy) {
		text_add(out, "<rpid:activities>\r\n");
		pidf_activity(pidf->activity, out);
		text_add(out, "</rpid:activities>\r\n");
	}
	if (pidf->display && pidf->display[0])
		pidf_element(out, "ci:display-name", pidf->display);
	text_add(out, "</dm:person>\r\n</presence>\r\n");
}

void pidf_write(const struct pidf *pidf, struct text *out)
{
	if (pidf->form == BODY_RPID_4480)
		pidf_rpid(pidf, out);
	else
		pidf_legacy(pidf, out);
}
