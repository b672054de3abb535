// SPDX-License-Identifier: Apache-2.0
// pcapng: blocks in sections, each section with its own byte order and interfaces, each interface
// with its own link type, snap length and unit of time.
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct capture_packet;
struct pcapng;

// Whether a file that begins with these octets is one.
bool pcapng_is(const uint8_t magic[4]);
// file: behind its first four octets; stays the caller's. NULL: no memory.
struct pcapng *pcapng_new(FILE *file);
void pcapng_free(struct pcapng *pcapng);
// 1: a packet. 0: the end. -ENODATA: the end in the middle of a block; -EINVAL: broken; *reason
// says what.
int pcapng_next(struct pcapng *pcapng, struct capture_packet *packet, const char **reason);
