// SPDX-License-Identifier: Apache-2.0
// One spelling for each person and each number, so that what stands on the wire is found in the
// directory (RFC 3261 19.1.4, RFC 3966 4).
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rules;

enum { NORMAL_BYTES = 256 };

// "SIPS:John.Doe@SfB.example:5061;transport=tls" -> "sip:John.Doe@sfb.example". 0, or -EINVAL when
// it is no address of a user.
int normal_aor(const char *uri, size_t len, char out[NORMAL_BYTES]);
// sip:USER@HOST, as they are. False: too long, or a NUL in it.
bool normal_join(const char *user, size_t user_len, const char *host, size_t host_len,
		 char out[NORMAL_BYTES]);
// For comparing: a registrar of this kind doesn't tell John.Doe from john.doe.
void normal_fold(char *text);
// A number or a user by itself: separators gone if it is a number, then the rules. 0, -EINVAL
// (nothing left, control characters), -ENOSPC.
int normal_number(const struct rules *rules, const char *text, size_t len, char out[NORMAL_BYTES]);
