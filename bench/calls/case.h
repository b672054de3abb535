// SPDX-License-Identifier: Apache-2.0
// What bench-calls measures, each on a stage of its own (stage.h).
#pragma once

#include "bench/calls/plan.h"

// 0; -EIO when something was not as the registrar says it must be, or could not be measured.
int case_latency(const struct plan *plan);   // from the wire to the registrar
int case_sustained(const struct plan *plan); // the highest rate that keeps the limit
int case_cpu(const struct plan *plan);       // CPU time of a call by part, at a rate
int case_mixed(const struct plan *plan);     // all kinds of calls; wrong user-seconds
int case_memory(const struct plan *plan);    // octets of a call and of a busy person
