// SPDX-License-Identifier: Apache-2.0
// Bump in the wire. What the driver does not take at once is dropped and counted: waiting here
// would lose the frames that come in meanwhile without a trace.
#include "dataplane/forward.h"

#include "link/counters.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

void forward_burst(uint16_t port, uint16_t queue, struct rte_mbuf **packets, uint16_t count,
		   struct wire_counters *counters)
{
	for (uint16_t i = 0; i < count; i++)
		rte_pktmbuf_refcnt_update(packets[i], 1);
	uint16_t sent = rte_eth_tx_burst(port, queue, packets, count);
	counters->value[WIRE_TX_FRAMES] += sent;
	counters->value[WIRE_TX_DROPPED] += count - sent;
	for (uint16_t i = sent; i < count; i++)
		rte_pktmbuf_free(packets[i]);
}
