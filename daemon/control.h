// SPDX-License-Identifier: Apache-2.0
// The operator's socket: one request a connection, a line `verb[ argument][ --json]`, answered with
// text or JSON until the end of the stream; "error: ..." or {"error": ...} when it failed. A unix
// socket that root and the control group may use (SO_PEERCRED).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct control;
struct loop;
struct settings;

// Made by the supervisor as root, so that the socket outlives the presence process. The fd, or
// -errno with a sentence in error.
int control_listen(const struct settings *settings, char *error, size_t error_size);
void control_remove(const struct settings *settings); // the socket's file

// Answers one request into out. false: no such verb.
typedef bool control_answer_fn(void *ctx, const char *verb, const char *argument, bool json,
			       FILE *out);

// What an answer says when it failed.
void control_error(bool as_json, FILE *out, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct control *control_new(struct loop *loop, int listen_fd, const struct settings *settings,
			    control_answer_fn *answer, void *ctx);
void control_free(struct control *control); // the listening socket stays open
