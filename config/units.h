// SPDX-License-Identifier: Apache-2.0
// Text with a unit -> number. Each returns 0, or -EINVAL (not of the form) or -ERANGE (a number
// that does not fit); the output is untouched then.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// "100us", "5s", "30m", "2h", "1d", "off" and "0" (0 ns). A bare number other than 0 has no unit
// and is -EINVAL: 600 what?
int units_duration_ns(const char *text, uint64_t *ns);
// "4096", "64k", "16M", "2G" (powers of 1024).
int units_size(const char *text, uint64_t *bytes);
// "100/s", "6000/m" -> events a second.
int units_rate(const char *text, double *per_second);
int units_bool(const char *text, bool *value); // yes no on off true false
// "1", "2-3", "1,3-5" -> bit mask of cores 0..63; "auto" -> 0.
int units_cores(const char *text, uint64_t *mask);
// "10.0.0.0/8", "2001:db8::/32", a bare address is /32 or /128.
int units_prefix(const char *text, struct sockaddr_storage *address, unsigned int *bits);
// "127.0.0.1:9464", "[::1]:9464".
int units_endpoint(const char *text, struct sockaddr_storage *address, socklen_t *len);
// Shortest text that units_duration_ns() reads back as ns.
void units_duration_text(uint64_t ns, char *out, size_t size);
