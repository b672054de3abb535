// SPDX-License-Identifier: Apache-2.0
// "Did you mean ...?": how far two words are apart.
#pragma once

#include <stdbool.h>

// Letters to insert, delete, change or swap with their neighbour to make b of a.
unsigned int suggest_distance(const char *a, const char *b);

// Whether somebody who wrote `wrong` may have meant `right`, being the nearest so far: then
// *nearest is lowered to its distance. Start with SUGGEST_FAR.
enum { SUGGEST_FAR = 1000 };
bool suggest_is_nearer(const char *wrong, const char *right, unsigned int *nearest);
