// SPDX-License-Identifier: Apache-2.0
// Between supervisor and presence: a SOCK_SEQPACKET pair. The supervisor stays root, so it reads
// the settings file and the secrets, and hands both over by value in a memfd; presence asks for a
// reload on the operator's behalf and says how it went.
#pragma once

#include <stddef.h>

#include "config/secret.h"
#include "config/settings.h"

enum handover_kind {
	HANDOVER_NONE,
	HANDOVER_RELOAD,   // presence -> supervisor: please read the file again
	HANDOVER_SETTINGS, // supervisor -> presence: apply these; memfd with struct
			   // handover_payload
	HANDOVER_REPORT,   // either way: text for the log and the operator
	HANDOVER_VERDICT,  // supervisor -> presence: how the last reload ended, asked for or not
	HANDOVER_KIND_COUNT,
};

enum { HANDOVER_TEXT_BYTES = 4000 };

struct handover_message {
	int kind; // enum handover_kind
	int fd;   // HANDOVER_SETTINGS; -1: none
	char text[HANDOVER_TEXT_BYTES];
};

struct handover_payload {
	struct settings settings;
	struct secrets secrets;
};

int handover_pair(int fds[2]); // both CLOEXEC and non-blocking; 0 or -errno
int handover_send(int fd, enum handover_kind kind, int payload_fd, const char *text);
// 1: a message, 0: none now, -errno: the other end is gone.
int handover_receive(int fd, struct handover_message *message);
// A memfd with both; -errno. The reader copies it and closes the fd.
int handover_payload_write(const struct handover_payload *payload);
int handover_payload_read(int fd, struct handover_payload *payload);
