// SPDX-License-Identifier: Apache-2.0
#include "sip/ref_start_line.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// "SIP/2.0", its letters in any case (RFC 3261 7.1). *at moves behind it.
static enum sip_reject take_version(const char **at, const char *end)
{
	const char *from = *at, *major, *minor;

	if (end - from < 7 || (from[0] | 0x20) != 's' || (from[1] | 0x20) != 'i' ||
	    (from[2] | 0x20) != 'p' || from[3] != '/')
		return SIP_REJECT_START_LINE;
	for (major = from + 4; major < end && is_digit(*major);)
		major++;
	if (major == from + 4 || major == end || *major != '.')
		return SIP_REJECT_START_LINE;
	for (minor = major + 1; minor < end && is_digit(*minor);)
		minor++;
	if (minor == major + 1)
		return SIP_REJECT_START_LINE;
	*at = minor;
	return memcmp(from + 4, "2.0", 3) == 0 && minor - from == 7 ? SIP_REJECT_NONE
								    : SIP_REJECT_VERSION;
}

static enum sip_reject status_line(struct ref_text line, struct sip_msg *msg)
{
	const char *at = line.at;
	enum sip_reject version = take_version(&at, line.end);
	uint32_t status = 0;

	if (version == SIP_REJECT_START_LINE || line.end - at < 4 || *at != ' ')
		return SIP_REJECT_START_LINE;
	for (int i = 1; i <= 3; i++) {
		if (!is_digit(at[i]))
			return SIP_REJECT_START_LINE;
		status = status * 10 + (uint32_t)(at[i] - '0');
	}
	// Some leave out the blank before an empty reason phrase.
	if (status < 100 || status > 699 || (line.end - at > 4 && at[4] != ' '))
		return SIP_REJECT_START_LINE;
	msg->flags |= SIP_IS_RESPONSE;
	msg->status = (uint16_t)status;
	return version;
}

// Method SP Request-URI SP SIP-Version, with single blanks (RFC 3261 7.1, RFC 4475 3.1.2.7 to 9).
static enum sip_reject request_line(const char *buf, struct ref_text line, struct sip_msg *msg,
				    struct ref_text *method)
{
	const char *at = line.at;
	struct ref_text uri;
	enum sip_reject version;

	while (at < line.end && ref_is_token_char(*at))
		at++;
	*method = (struct ref_text){.at = line.at, .end = at};
	if (at == line.at || at == line.end || *at != ' ')
		return SIP_REJECT_START_LINE;
	uri.at = ++at;
	while (at < line.end && *at != ' ')
		at++;
	uri.end = at;
	if (at == line.end || !ref_is_uri(uri))
		return SIP_REJECT_START_LINE;
	at++;
	version = take_version(&at, line.end);
	if (version == SIP_REJECT_START_LINE || at != line.end)
		return SIP_REJECT_START_LINE;
	msg->method = (uint8_t)sip_method_find(line.at, (size_t)(method->end - line.at));
	msg->request_uri = ref_slice(buf, uri);
	return version;
}

enum sip_reject ref_start_line(const char *buf, struct ref_text line, struct sip_msg *msg,
			       struct ref_text *method)
{
	*method = (struct ref_text){.at = line.at, .end = line.at};
	// A method may not contain a slash, so this is no request.
	if (line.end - line.at >= 4 && line.at[3] == '/')
		return status_line(line, msg);
	return request_line(buf, line, msg, method);
}
