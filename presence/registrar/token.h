// SPDX-License-Identifier: Apache-2.0
// Random words for branches, tags and Call-IDs: what guesses them could answer for the registrar.
#pragma once

#include <stddef.h>

enum {
	TOKEN_BYTES = 33,               // 128 random bits in hex and a NUL
	TOKEN_BRANCH = 7 + TOKEN_BYTES, // behind the magic cookie (RFC 3261 8.1.1.7)
	TOKEN_STOCK = 128 * 16,         // a system call for some forty requests
};

// The kernel's random octets, some in stock. Zeroed: none.
struct tokens {
	size_t left;
	unsigned char random[TOKEN_STOCK];
};

void token_write(struct tokens *tokens, char out[TOKEN_BYTES]);
void token_write_branch(struct tokens *tokens, char out[TOKEN_BRANCH]);
