// SPDX-License-Identifier: Apache-2.0
// Starts a program that dies with us: its input is a text, its output ours to read.
#pragma once

// argv[0] is looked up in PATH. *pid_fd: becomes readable when it ends, then to be waited for by
// waitid(P_PIDFD). *output_fd: its standard output and error, non-blocking. 0 or -errno; a program
// that can't be run says so on its output and ends.
int child_start(const char *const *argv, const char *input, int *pid_fd, int *output_fd);
