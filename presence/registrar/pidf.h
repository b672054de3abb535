// SPDX-License-Identifier: Apache-2.0
// The body of a PUBLISH: a presence document (RFC 3863) in the form that Mediant SBCs send to Skype
// for Business servers, or with the activities of RFC 4480. Names come from directories, so they
// are escaped, and freed of what XML 1.0 can't carry.
#pragma once

#include "config/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct text;

struct pidf {
	enum settings_body form;
	const char *entity;   // the person's address of record
	const char *display;  // NULL or empty: no name is given
	const char *activity; // "on-the-phone"; one of RFC 4480 3.2 or free text
	bool busy;            // false: no activity
};

// Appends the document, lines ended by CR LF.
void pidf_write(const struct pidf *pidf, struct text *out);
