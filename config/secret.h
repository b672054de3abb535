// SPDX-License-Identifier: Apache-2.0
// Secrets are references in the settings and bytes in one process only (presence, and the
// supervisor that reads them as root). Never logged, never printed, wiped when replaced.
#pragma once

#include <stddef.h>

enum { SECRET_BYTES = 256 };

struct secret {
	char text[SECRET_BYTES]; // without a trailing line end; empty: none
};

struct settings;

struct secrets {
	struct secret registrar_password;
	struct secret store_password;
};

// reference: `file:/path` (refused when group or others can read it), `cred:name` (a file below
// $CREDENTIALS_DIRECTORY, systemd LoadCredential=), `env:NAME` (tests). Empty: no secret, 0.
// On failure says why in `error` (never the secret) and returns -errno.
int secret_read(const char *reference, struct secret *out, char *error, size_t error_size);
int secrets_load(const struct settings *settings, struct secrets *out, char *error,
		 size_t error_size);
void secrets_wipe(struct secrets *secrets);
