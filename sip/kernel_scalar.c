// SPDX-License-Identifier: Apache-2.0
// Any machine, eight octets a register.
#include "sip/kernel.h"
#include "sip/usual.h"
#include "sip/usual_uri.h"

KERNEL_DEFINE(scalar);
