// SPDX-License-Identifier: Apache-2.0
// Windows of one register, comparisons that give masks; blocks of one register.
#include "sip/kernel.h"
#include "sip/siphash_lanes.h"
#include "sip/usual.h"
#include "sip/usual_uri.h"

KERNEL_DEFINE(avx512);
KERNEL_DEFINE_WIDE(avx512);
