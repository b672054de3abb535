// SPDX-License-Identifier: Apache-2.0
// Windows of two registers.
#include "sip/kernel.h"
#include "sip/usual.h"
#include "sip/usual_uri.h"

KERNEL_DEFINE(sse42);
