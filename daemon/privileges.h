// SPDX-License-Identifier: Apache-2.0
// Gives up what a half no longer needs once its ports and sockets are open. Capabilities belong to
// threads, and DPDK has made some by then: the change of user, which the C library carries to all
// threads, takes every capability from each but the calling thread, which asked to keep its own.
#pragma once

#include <stddef.h>

struct settings;

enum privileges_half { PRIVILEGES_WIRE, PRIVILEGES_PRESENCE };

// To engine.user and engine.group. The calling thread of wire keeps CAP_NET_ADMIN and CAP_NET_RAW
// (it closes ports: PMDs detach XDP programs and restore links); poll cores and presence keep
// nothing. Not root: nothing to give up, 0. -errno with a sentence in error.
int privileges_drop(const struct settings *settings, enum privileges_half half, char *error,
		    size_t error_size);

// What a sandbox leaves possible.
enum {
	MAY_ACCEPT = 1 << 0, // connections to sockets that listen already
	MAY_TALK = 1 << 1,   // connect, listen
	MAY_EXEC = 1 << 2,   // start programs
};

// no-new-privs and a seccomp filter over all threads. may: MAY_*. 0 or -errno with a sentence.
int privileges_sandbox(unsigned int may, char *error, size_t error_size);
// Gives a file or directory to the engine's account. Not root: it is ours already, 0.
int privileges_give(const struct settings *settings, const char *path, char *error,
		    size_t error_size);
// Makes a directory for the engine's account, which must exist; a directory that is there is taken
// as it is.
int privileges_directory(const struct settings *settings, const char *path, unsigned int mode,
			 char *error, size_t error_size);
// Whether the engine's account can make files in that directory: 0 or -errno; 0, too, when it is
// not root who asks. For a process with one thread.
int privileges_may_write(const struct settings *settings, const char *path);
