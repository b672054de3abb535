// SPDX-License-Identifier: Apache-2.0
// What the registrar says of itself, as JSON objects a line each; times are seconds since 1970.
#pragma once

#include "bench/registrar/server.h"

#include <stdio.h>

void tell_counts(struct server *server, FILE *out);
void tell_complaints(struct server *server, FILE *out);
// One line a person, then {"persons": N}.
void tell_persons(struct server *server, FILE *out);
// One line a stretch of time with the light on, then {"intervals": N}.
void tell_intervals(struct server *server, FILE *out);
// The same as CSV, with a heading.
void tell_intervals_csv(struct server *server, FILE *out);
