// SPDX-License-Identifier: Apache-2.0
// The generic cell rate algorithm (ITU-T I.371 Annex A), but that nothing is refused: what comes
// while the worker is up anyhow counts for one wake-up at most.
#include "presence/nap.h"

void nap_owe(struct nap *nap, uint64_t now_ns)
{
	if (now_ns > nap->paid_ns + NAP_FREE * NAP_NS)
		nap->paid_ns = now_ns - NAP_FREE * NAP_NS;
	nap->paid_ns += NAP_NS;
	if (nap->paid_ns > now_ns + NAP_NS)
		nap->paid_ns = now_ns + NAP_NS;
}

uint64_t nap_left_ns(const struct nap *nap, uint64_t now_ns)
{
	return nap->paid_ns > now_ns ? nap->paid_ns - now_ns : 0;
}
