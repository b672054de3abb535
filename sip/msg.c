// SPDX-License-Identifier: Apache-2.0
// The fast parser of the kernel that was selected; what it leaves goes to the reference parser.
#include "sip/msg.h"

#include "sip/kernel.h"

enum sip_reject sip_msg_parse(const char *buf, size_t len, struct sip_msg *msg)
{
	return kernel_selected->msg_parse(buf, len, msg);
}
