// SPDX-License-Identifier: Apache-2.0
// A temporary directory that goes with the program that made it, however that ends: a process that
// outlives it by a moment removes it.
#pragma once

// The text lives on. Ends the program with a line when there is no place.
const char *scratch_directory(void);
