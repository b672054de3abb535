// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/challenge.h"

#include <openssl/evp.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HASH_HEX = 65, FIELD = 512 };

static void hash_hex(const struct challenge *challenge, const char *text, char out[HASH_HEX])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	EVP_Digest(text, strlen(text), bytes, &len, challenge->sha256 ? EVP_sha256() : EVP_md5(),
		   NULL);
	for (unsigned int i = 0; i < len && i < HASH_HEX / 2; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	out[2 * len] = '\0';
}

// name=value or name="value" in a list with commas.
static bool field(struct part list, const char *name, char *out, size_t size)
{
	const char *at = list.at, *end = list.at + list.len;
	size_t name_len = strlen(name), len = 0;

	while (at < end) {
		const char *equals = memchr(at, '=', (size_t)(end - at)), *value, *stop;

		if (equals == NULL)
			return false;
		while (at < equals && (*at == ' ' || *at == ',' || *at == '\r' || *at == '\n'))
			at++;
		value = equals + 1;
		if (value < end && *value == '"') {
			value++;
			stop = memchr(value, '"', (size_t)(end - value));
		} else {
			stop = memchr(value, ',', (size_t)(end - value));
		}
		if (stop == NULL)
			stop = end;
		if ((size_t)(equals - at) == name_len && strncasecmp(at, name, name_len) == 0) {
			len = (size_t)(stop - value);
			if (len >= size)
				return false;
			memcpy(out, value, len);
			out[len] = '\0';
			return true;
		}
		at = stop < end && *stop == '"' ? stop + 1 : stop;
	}
	return false;
}

static void nonce_new(struct challenge *challenge)
{
	char text[64], hex[HASH_HEX];

	snprintf(text, sizeof(text), "nonce %" PRIu64, challenge->serial++);
	hash_hex(challenge, text, hex);
	memcpy(challenge->nonce, hex, CHALLENGE_NONCE - 1);
	challenge->nonce[CHALLENGE_NONCE - 1] = '\0';
	challenge->used = 0;
}

void challenge_begin(struct challenge *challenge, uint64_t seed)
{
	challenge->serial = seed;
	nonce_new(challenge);
}

enum challenge_result challenge_check(struct challenge *challenge, const struct message *message)
{
	struct part given = message->value[MESSAGE_AUTHORIZATION];
	char user[FIELD], realm[FIELD], nonce[FIELD], uri[FIELD], response[FIELD], cnonce[FIELD],
		nc[FIELD];
	char text[4 * FIELD], a1[HASH_HEX], a2[HASH_HEX], expected[HASH_HEX];

	if (challenge->password == NULL)
		return CHALLENGE_GOOD;
	if (given.len < 7)
		return CHALLENGE_ASKED;
	if (strncasecmp(given.at, "Digest ", 7) != 0)
		return CHALLENGE_WRONG;
	given = (struct part){given.at + 7, given.len - 7};
	if (!field(given, "username", user, sizeof(user)) ||
	    !field(given, "realm", realm, sizeof(realm)) ||
	    !field(given, "nonce", nonce, sizeof(nonce)) ||
	    !field(given, "uri", uri, sizeof(uri)) ||
	    !field(given, "response", response, sizeof(response)) ||
	    !field(given, "cnonce", cnonce, sizeof(cnonce)) || !field(given, "nc", nc, sizeof(nc)))
		return CHALLENGE_WRONG;
	if (strcmp(nonce, challenge->nonce) != 0)
		return CHALLENGE_STALE;
	if (strcmp(realm, challenge->realm) != 0 ||
	    !part_is(message->uri, uri)) // RFC 7616 3.4.6: what is asked for is what was signed
		return CHALLENGE_WRONG;
	snprintf(text, sizeof(text), "%s:%s:%s", user, realm, challenge->password);
	hash_hex(challenge, text, a1);
	snprintf(text, sizeof(text), "%.*s:%s", (int)message->method.len, message->method.at, uri);
	hash_hex(challenge, text, a2);
	snprintf(text, sizeof(text), "%s:%s:%s:%s:auth:%s", a1, nonce, nc, cnonce, a2);
	hash_hex(challenge, text, expected);
	if (strcasecmp(expected, response) != 0)
		return CHALLENGE_WRONG;
	if (strtoull(nc, NULL, 16) == 0)
		return CHALLENGE_WRONG;
	if (challenge->nonce_uses > 0 && ++challenge->used > challenge->nonce_uses) {
		nonce_new(challenge);
		return CHALLENGE_STALE;
	}
	return CHALLENGE_GOOD;
}

size_t challenge_write(const struct challenge *challenge, bool stale, char *out, size_t size)
{
	int len = snprintf(out, size,
			   "WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", algorithm=%s, "
			   "qop=\"auth\"%s\r\n",
			   challenge->realm, challenge->nonce,
			   challenge->sha256 ? "SHA-256" : "MD5", stale ? ", stale=true" : "");

	return len < 0 ? 0 : (size_t)len;
}
