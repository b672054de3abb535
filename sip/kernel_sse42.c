// SPDX-License-Identifier: Apache-2.0
// Windows of two registers.
#include "sip/kernel.h"
#include "sip/usual.h"

KERNEL_DEFINE(sse42);
