// SPDX-License-Identifier: Apache-2.0
// HEP over sockets of the kernel, for an engine that has no port to poll or whose senders speak
// TCP. One address is listened to by UDP and by TCP alike; over TCP each message begins with its
// length. The main thread opens it, before privileges go; one poll core reads it, in its loop. What
// the kernel could not keep, and what a stream began and did not end, is counted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

struct look;
struct hep_listener;

enum {
	HEP_CONNECTIONS = 64, // TCP, of all addresses; one more closes the one silent for longest
};

// endpoint: as in the settings, "0.0.0.0:9060". NULL with a sentence in error.
struct hep_listener *hep_listener_new(const settings_text *endpoint, unsigned int count,
				      char *error, size_t error_size);
void hep_listener_free(struct hep_listener *listener);
// Takes what is there, without waiting, and tells its events through look. true: there was
// something.
bool hep_listener_poll(struct hep_listener *listener, struct look *look);
// Readable when there is something to take. The listener's own.
int hep_listener_fd(const struct hep_listener *listener);
