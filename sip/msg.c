// SPDX-License-Identifier: Apache-2.0
// The fast parser of the kernel that was selected; what it leaves goes to the reference parser.
#include "sip/msg.h"

#include "sip/kernel.h"

enum sip_reject sip_msg_parse(const char *buf, size_t len, struct sip_msg *msg)
{
	bool usual;

	switch (line_index_selected()) {
#if defined(__x86_64__)
	case LINE_KERNEL_SSE42: usual = usual_parse_sse42(buf, len, msg); break;
	case LINE_KERNEL_AVX2: usual = usual_parse_avx2(buf, len, msg); break;
	case LINE_KERNEL_AVX512: usual = usual_parse_avx512(buf, len, msg); break;
#endif
	default: usual = usual_parse_scalar(buf, len, msg);
	}
	return usual ? SIP_REJECT_NONE : sip_msg_parse_reference(buf, len, msg);
}
