// SPDX-License-Identifier: Apache-2.0
// A cheap look at a presence document: is it XML that is well-formed as far as tags, attributes and
// references go, about whom, and does it say that somebody is on the phone.
#pragma once

#include "bench/registrar/message.h"

struct document {
	struct part root;   // local name of the outermost element
	struct part entity; // its attribute
	bool busy; // an activity on-the-phone (RFC 4480 and its drafts), or a confirmed dialog
		   // (RFC 4235)
};

// false: not well-formed.
bool document_read(struct document *document, struct part body);
