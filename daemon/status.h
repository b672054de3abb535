// SPDX-License-Identifier: Apache-2.0
// `offhookctl status`: what an operator wants to know first at three in the morning. Since when the
// engine and its halves run, what comes from the wire, who is on the phone, how store and registrar
// are, how late publications are, and how the last reload ended.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct presence;

void status_write(struct presence *presence, bool as_json, FILE *out);
