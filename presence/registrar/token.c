// SPDX-License-Identifier: Apache-2.0
// Each octet of the stock is used once, from the end, and wiped.
#include "presence/registrar/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { RANDOM_BYTES = (TOKEN_BYTES - 1) / 2 };

// The kernel waits for its pool to be up. More than 256 octets may come in pieces, after a signal.
static void tokens_fill(struct tokens *tokens)
{
	while (tokens->left < sizeof(tokens->random)) {
		size_t room = sizeof(tokens->random) - tokens->left;
		ssize_t got = getrandom(tokens->random + tokens->left, room, 0);

		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0)
			tokens->left += (size_t)got;
	}
}

void token_write(struct tokens *tokens, char out[TOKEN_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char *random;

	if (tokens->left < RANDOM_BYTES)
		tokens_fill(tokens);
	tokens->left -= RANDOM_BYTES;
	random = tokens->random + tokens->left;
	for (size_t i = 0; i < RANDOM_BYTES; i++) {
		out[2 * i] = digits[random[i] >> 4];
		out[2 * i + 1] = digits[random[i] & 15];
	}
	out[TOKEN_BYTES - 1] = '\0';
	memset(random, 0, RANDOM_BYTES);
}

void token_write_branch(struct tokens *tokens, char out[TOKEN_BRANCH])
{
	memcpy(out, "z9hG4bK", 7);
	token_write(tokens, out + 7);
}
