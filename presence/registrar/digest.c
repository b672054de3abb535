// SPDX-License-Identifier: Apache-2.0
// The arithmetic of RFC 7616 3.4, with OpenSSL's digests.
#include "presence/registrar/digest.h"

#include "presence/registrar/text.h"

#include <openssl/evp.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DIGEST_HEX = 65 }; // SHA-256 in hex and a NUL

// unq(): the text between the quotes, escapes left as they are, because both sides hash them so.
static int digest_unquote(const char *value, char *out, size_t size)
{
	size_t len = strlen(value);

	if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
		value++;
		len -= 2;
	}
	if (len >= size)
		return -EMSGSIZE;
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)value[i]))
			return -EMSGSIZE;
		if (value[i] == '"' && (i == 0 || value[i - 1] != '\\'))
			return -EMSGSIZE;
	}
	memcpy(out, value, len);
	out[len] = '\0';
	return 0;
}

// qop="auth,auth-int": is this one of the list?
static bool digest_lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t skip = strspn(list, "\", \t");
		size_t part = strcspn(list + skip, "\", \t");

		if (part == len && strncasecmp(list + skip, word, len) == 0)
			return true;
		list += skip + part;
	}
	return false;
}

static enum digest_algorithm digest_algorithm_find(const char *name)
{
	if (!name || digest_lists(name, "MD5"))
		return DIGEST_MD5;
	return digest_lists(name, "SHA-256") ? DIGEST_SHA_256 : DIGEST_NONE;
}

int digest_accept(struct digest *digest, const struct digest_challenge *challenge)
{
	struct digest fresh = {
		.algorithm = digest_algorithm_find(challenge->algorithm),
		.algorithm_named = challenge->algorithm != NULL,
		.proxy = challenge->proxy,
		.qop_auth = challenge->qop && digest_lists(challenge->qop, "auth"),
		.has_opaque = challenge->opaque != NULL,
	};

	if (!fresh.algorithm || (challenge->qop && !fresh.qop_auth))
		return -ENOTSUP;
	if (!challenge->realm || !challenge->nonce)
		return -ENOTSUP;
	if (digest_unquote(challenge->realm, fresh.realm, sizeof(fresh.realm)) ||
	    digest_unquote(challenge->nonce, fresh.nonce, sizeof(fresh.nonce)))
		return -EMSGSIZE;
	if (challenge->opaque &&
	    digest_unquote(challenge->opaque, fresh.opaque, sizeof(fresh.opaque)))
		return -EMSGSIZE;
	// The same nonce again goes on counting: its count must never repeat (RFC 7616 3.4).
	if (digest->algorithm == fresh.algorithm && strcmp(digest->nonce, fresh.nonce) == 0)
		fresh.count = digest->count;
	*digest = fresh;
	return 0;
}

bool digest_is_stale(const struct digest_challenge *challenge)
{
	return challenge->stale && digest_lists(challenge->stale, "true");
}

static int digest_hash(enum digest_algorithm algorithm, const struct text *text,
		       char out[DIGEST_HEX])
{
	const EVP_MD *md = algorithm == DIGEST_SHA_256 ? EVP_sha256() : EVP_md5();
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (text->cut)
		return -EMSGSIZE;
	if (!EVP_Digest(text->at, text->len, hash, &len, md, NULL))
		return -EIO; // MD5 is not there in FIPS mode
	for (unsigned int i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

static int digest_response(const struct digest *digest, const char *method, const char *uri,
			   const char *user, const char *password, const char *cnonce,
			   char out[DIGEST_HEX])
{
	char a1[DIGEST_HEX], a2[DIGEST_HEX], bytes[2048];
	struct text text;
	int error;

	text = (struct text){.at = bytes, .size = sizeof(bytes)};
	text_print(&text, "%s:%s:%s", user, digest->realm, password);
	error = digest_hash(digest->algorithm, &text, a1);
	if (error)
		goto out;
	text = (struct text){.at = bytes, .size = sizeof(bytes)};
	text_print(&text, "%s:%s", method, uri);
	error = digest_hash(digest->algorithm, &text, a2);
	if (error)
		goto out;
	text = (struct text){.at = bytes, .size = sizeof(bytes)};
	text_print(&text, "%s:%s:", a1, digest->nonce);
	if (digest->qop_auth)
		text_print(&text, "%08x:%s:auth:", digest->count, cnonce);
	text_add(&text, a2);
	error = digest_hash(digest->algorithm, &text, out);
out:
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(a1, sizeof(a1));
	return error;
}

static void digest_quote(struct text *out, const char *name, const char *value)
{
	text_print(out, ", %s=\"%s\"", name, value);
}

int digest_answer(struct digest *digest, const char *method, const char *uri, const char *user,
		  const char *password, const char *cnonce, struct text *out)
{
	char response[DIGEST_HEX];
	int error;

	digest->count++;
	error = digest_response(digest, method, uri, user, password, cnonce, response);
	if (error)
		return error;
	text_print(out, "%s: Digest username=\"%s\"",
		   digest->proxy ? "Proxy-Authorization" : "Authorization", user);
	digest_quote(out, "realm", digest->realm);
	digest_quote(out, "nonce", digest->nonce);
	digest_quote(out, "uri", uri);
	digest_quote(out, "response", response);
	if (digest->algorithm_named)
		text_print(out, ", algorithm=%s",
			   digest->algorithm == DIGEST_SHA_256 ? "SHA-256" : "MD5");
	if (digest->has_opaque)
		digest_quote(out, "opaque", digest->opaque);
	if (digest->qop_auth)
		text_print(out, ", qop=auth, nc=%08x, cnonce=\"%s\"", digest->count, cnonce);
	text_add(out, "\r\n");
	return out->cut ? -EMSGSIZE : 0;
}
