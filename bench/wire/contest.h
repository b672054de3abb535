// SPDX-License-Identifier: Apache-2.0
// Some subjects in turn, one running while the others are stopped: packets for each second of CPU
// time of their poll cores, round by round.
#pragma once

#include <stddef.h>

struct generator;
struct subject;

enum { CONTEST_SUBJECTS = 8, CONTEST_ROUNDS = 101 };

struct contest {
	unsigned int rounds;
	double slice_s;
	struct generator *generator; // port i feeds subject i; NULL: each feeds itself
	size_t count;
	struct subject *subject[CONTEST_SUBJECTS]; // paused
	double packets_per_s[CONTEST_SUBJECTS][CONTEST_ROUNDS];
};

// 0, or -errno when one died or received nothing; the reason is on stderr.
int contest_run(struct contest *contest);
