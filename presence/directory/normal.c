// SPDX-License-Identifier: Apache-2.0
#include "presence/directory/normal.h"

#include <errno.h>
#include <string.h>

#include "presence/directory/rules.h"
#include "sip/uri.h"

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

void normal_fold(char *text)
{
	for (; *text != '\0'; text++)
		*text = fold(*text);
}

// For each party of each call: printf would take longer than all the rest of the directory.
bool normal_join(const char *user, size_t user_len, const char *host, size_t host_len,
		 char out[NORMAL_BYTES])
{
	if (sizeof("sip:@") + user_len + host_len > NORMAL_BYTES || memchr(user, '\0', user_len) ||
	    memchr(host, '\0', host_len))
		return false;
	out = mempcpy(out, "sip:", 4);
	out = mempcpy(out, user, user_len);
	*out++ = '@';
	out = mempcpy(out, host, host_len);
	*out = '\0';
	return true;
}

int normal_aor(const char *uri, size_t len, char out[NORMAL_BYTES])
{
	struct sip_uri parts;

	if (sip_uri_parse(uri, len, &parts) < 0 || parts.user.len == 0 ||
	    (parts.scheme != SIP_SCHEME_SIP && parts.scheme != SIP_SCHEME_SIPS))
		return -EINVAL;
	if (!normal_join(uri + parts.user.off, parts.user.len, uri + parts.host.off, parts.host.len,
			 out))
		return -EINVAL;
	normal_fold(strchr(out, '@'));
	return 0;
}

// A telephone number, with or without visual separators (RFC 3966 5.1.1), or a dial string.
static bool is_number(const char *text, size_t len)
{
	bool digits = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9')
			digits = true;
		else if (strchr("+*#-.() ", text[i]) == NULL)
			return false;
	}
	return digits;
}

int normal_number(const struct rules *rules, const char *text, size_t len, char out[NORMAL_BYTES])
{
	char plain[NORMAL_BYTES];

	// Parameters of a number in a user part: `+4930123;ext=9@host`.
	const char *parameters = memchr(text, ';', len);
	if (parameters != NULL)
		len = (size_t)(parameters - text);
	int error = sip_uri_user_text(text, len, false, plain, sizeof(plain));
	if (error < 0)
		return error;
	len = strlen(plain);
	size_t used = 0;
	bool number = is_number(plain, len);
	for (size_t i = 0; i < len; i++) {
		if (!number || strchr("-.() ", plain[i]) == NULL)
			out[used++] = plain[i];
	}
	out[used] = '\0';
	if (used == 0)
		return -EINVAL;
	return rules_apply(rules, out, NORMAL_BYTES);
}
