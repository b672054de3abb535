// SPDX-License-Identifier: Apache-2.0
// This program once more, under valgrind's callgrind: in a folder of its own, which is removed
// whatever happens, as is the child.
#pragma once

// Writes what the child shall read to a file. 0 or -errno.
typedef int callgrind_write_fn(void *ctx, const char *path);
// The instructions that count_pass() took with a batch and a parser; 0: unknown.
typedef void callgrind_pass_fn(void *ctx, int batch, int parser, double instructions);

// Runs it with --pass FILE and, unless NULL, --only LIST; it prints the numbers of batch and parser
// after each call of count_pass(). What goes wrong is said on stderr. A signal that ends programs
// ends this one when all is tidy.
void callgrind_run(callgrind_write_fn *write, callgrind_pass_fn *pass, void *ctx, const char *only);
