// SPDX-License-Identifier: Apache-2.0
// The port of a tap that names none: AF_PACKET on the interface of the default route, for an engine
// on the host of the SBC itself.
#pragma once

#include <stddef.h>

struct settings;

// Does nothing when there are ports, or HEP is listened to. Before anything else looks at
// settings->wire. 0, or -ENODEV with a sentence in error when there is no default route.
int port_default(struct settings *settings, char *error, size_t error_size);
