// SPDX-License-Identifier: Apache-2.0
// A parsed message is compared value by value; of one that could not be parsed, and may be the very
// one that is looked for, the octets are searched. RFC 3261 8.1.1.4 (Call-IDs are compared octet by
// octet), RFC 3966 5 (numbers without their visual separators).
#include "dataplane/capture_filter.h"

#include "link/call_event.h"
#include "sip/uri.h"

#include <string.h>
#include <strings.h>

enum {
	USER_BYTES = 256,
	// So many digits at the end make two spellings of a number the same one: with a trunk
	// prefix, with or without the country. Less, and an extension is the end of everybody's.
	SAME_DIGITS = 7,
};

// Drops what only makes a number easier to read. false: it is no number.
static bool to_digits(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from >= '0' && *from <= '9')
			*to++ = *from;
		else if (!strchr("+-.() ", *from))
			return false;
	}
	*to = '\0';
	return to > text;
}

static bool is_number(const char *text)
{
	char copy[USER_BYTES];

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	return to_digits(copy);
}

void capture_filter_set(struct capture_filter *filter, const struct capture_request *request,
			struct capture_calls *calls, const struct siphash_key *key)
{
	char *at = filter->bytes;

	filter->kind = (uint8_t)request->kind;
	filter->texts = 0;
	filter->calls = calls;
	filter->key = *key;
	memcpy(filter->bytes, request->text, sizeof(filter->bytes));
	while (*at && filter->texts < CAPTURE_TEXTS) {
		char *next = at + strlen(at) + 1;
		bool number = filter->kind == CAPTURE_USER && is_number(at) && to_digits(at);
		filter->text[filter->texts].text = at;
		filter->text[filter->texts].len = strlen(at);
		filter->text[filter->texts++].number = number;
		at = next;
	}
}

// Without the zeros of a trunk or of another country.
static struct sip_slice bare_number(const char *number)
{
	size_t len = strlen(number), off = 0;

	while (len - off > SAME_DIGITS && number[off] == '0')
		off++;
	return (struct sip_slice){(uint16_t)off, (uint16_t)(len - off)};
}

static bool same_number(const char *one, const char *other)
{
	struct sip_slice a = bare_number(one), b = bare_number(other);
	size_t len = a.len < b.len ? a.len : b.len;

	return (a.len == b.len || len >= SAME_DIGITS) &&
	       memcmp(one + a.off + a.len - len, other + b.off + b.len - len, len) == 0;
}

static bool is_user(const struct capture_filter *filter, char *user)
{
	char digits[USER_BYTES];

	user[strcspn(user, ";")] = '\0'; // parameters of a number: `+4930123;ext=9@host`
	strcpy(digits, user);
	bool number = to_digits(digits);
	for (unsigned int i = 0; i < filter->texts; i++) {
		const char *text = filter->text[i].text;
		if (filter->text[i].number ? number && same_number(digits, text)
					   : strcasecmp(user, text) == 0)
			return true;
	}
	return false;
}

static bool uri_names_user(const struct capture_filter *filter, const char *text,
			   struct sip_slice slice)
{
	struct sip_uri uri;
	char user[USER_BYTES];

	return slice.len > 0 && sip_uri_parse(text + slice.off, slice.len, &uri) == 0 &&
	       sip_uri_user_text(text + slice.off + uri.user.off, uri.user.len, false, user,
				 sizeof(user)) == 0 &&
	       is_user(filter, user);
}

static bool names_user(const struct capture_filter *filter, const char *text,
		       const struct sip_msg *msg)
{
	const struct sip_slice uris[] = {msg->from_uri,        msg->to_uri,
					 msg->request_uri,     msg->asserted_uri[0],
					 msg->asserted_uri[1], msg->remote_party_uri,
					 msg->called_party_uri};

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		if (uri_names_user(filter, text, uris[i]))
			return true;
	return false;
}

// What was ever of a call that named the user is of it to the end, whatever it names.
static bool of_users_call(const struct capture_filter *filter, const char *text,
			  const struct sip_msg *msg)
{
	uint64_t hash = siphash64(&filter->key, text + msg->call_id.off, msg->call_id.len);
	uint64_t *slot = &filter->calls->hash[hash & (CAPTURE_CALLS - 1)];

	if (__atomic_load_n(slot, __ATOMIC_RELAXED) == hash)
		return true;
	if (!names_user(filter, text, msg))
		return false;
	__atomic_store_n(slot, hash, __ATOMIC_RELAXED);
	return true;
}

// `calls` shows no more than the first octets of a long one, so no more are asked for.
static bool is_call(const struct capture_filter *filter, const char *text,
		    const struct sip_msg *msg)
{
	size_t len = filter->text[0].len;

	return (msg->call_id.len == len ||
		(len == EVENT_CALL_ID_BYTES && msg->call_id.len > len)) &&
	       memcmp(text + msg->call_id.off, filter->text[0].text, len) == 0;
}

// The value somewhere in the octets, with one of `before` in front of it, and behind it one of
// `behind` or the end.
static bool is_found(const char *text, size_t len, const char *value, size_t value_len,
		     const char *before, const char *behind)
{
	const char *end = text + len, *at = text;

	while ((at = memmem(at, (size_t)(end - at), value, value_len)) != NULL) {
		const char *after = at + value_len;
		if (at > text && at[-1] && strchr(before, at[-1]) &&
		    (after == end || (*after && strchr(behind, *after))))
			return true;
		at++;
	}
	return false;
}

static bool is_among_octets(const struct capture_filter *filter, const char *text, size_t len)
{
	bool call = filter->kind == CAPTURE_CALL;

	for (unsigned int i = 0; i < filter->texts; i++)
		if (is_found(text, len, filter->text[i].text, filter->text[i].len,
			     call ? ": \t" : ":+", call ? "\r\n \t" : "@;>\r\n "))
			return true;
	return false;
}

bool capture_filter_wants(const struct capture_filter *filter, const char *text, size_t len,
			  enum sip_reject reject, const struct sip_msg *msg)
{
	if (filter->kind == CAPTURE_REJECTED)
		return reject != SIP_REJECT_NONE;
	if (filter->texts == 0)
		return false;
	if (reject != SIP_REJECT_NONE)
		return is_among_octets(filter, text, len);
	return filter->kind == CAPTURE_CALL ? is_call(filter, text, msg)
					    : of_users_call(filter, text, msg);
}
