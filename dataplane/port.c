// SPDX-License-Identifier: Apache-2.0
// The DPDK side of a port. In tap mode it has no transmit queue where the driver allows that.
#include "dataplane/port.h"

#include "config/log.h"
#include "dataplane/eal.h"
#include "dataplane/interface_xdp.h"
#include "dataplane/refuse.h"
#include "dataplane/steer.h"
#include "link/counters.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DESCRIPTORS = 1024,
	POOL_CACHE = 256,
	BURST = 32,
	RSS_KEY_BYTES = 64, // the longest of any driver
};

uint64_t port_memory(const struct port *port, const struct settings_wire *wire, bool hugepages)
{
	return wire->queues * wire->mbufs * eal_buffer_bytes(port->facts.data_room, hugepages);
}

static int probe(struct port *port, const struct settings_wire *wire, char *error, size_t size)
{
	char args[PORT_ARGS_BYTES];

	if (port->name.kind != PORT_PCI) {
		if (port_arguments(&port->name, wire, &port->facts, args, sizeof(args)))
			return refuse(-EIO, error, size, "the arguments of %s are too long",
				      port->name.device);
		if (port->name.kind == PORT_AF_XDP)
			interface_xdp_prepare();
		int err = rte_eal_hotplug_add("vdev", port->name.device, args);
		if (err)
			return refuse(-EIO, error, size, "DPDK can't open `%s,%s`: %s (%s)",
				      port->name.device, args, eal_last_words(),
				      rte_strerror(-err));
		port->probed = true;
	}
	if (rte_eth_dev_get_port_by_name(port->name.device, &port->id) < 0)
		return refuse(
			-EIO, error, size,
			"DPDK has no driver bound to %s: `dpdk-devbind.py --status` shows them, "
			"`dpdk-devbind.py -b vfio-pci %s` binds it",
			port->name.device, port->name.device);
	return 0;
}

// Both directions of a call, and fragments, which carry no ports, on one core: a key that repeats
// every 16 bits makes the hash symmetric, and only addresses are hashed (Woo, Park: Scalable TCP
// Session Monitoring with Symmetric Receive-side Scaling, 2012).
static int spread(const struct port *port, const struct rte_eth_dev_info *info,
		  struct rte_eth_conf *conf, uint8_t *key, char *error, size_t size)
{
	const uint64_t addresses = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 |
				   RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_IPV6 |
				   RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER;

	if (port->queues == 1 || port->name.kind != PORT_PCI)
		return 0;
	if (!(info->flow_type_rss_offloads & RTE_ETH_RSS_IPV4) || info->hash_key_size == 0 ||
	    info->hash_key_size > RSS_KEY_BYTES)
		return refuse(-EIO, error, size,
			      "%s (%s) can't spread packets by address pair: set wire.queues to 1",
			      port->name.device, port->driver);
	for (unsigned int i = 0; i < info->hash_key_size; i++)
		key[i] = i % 2 ? 0x5a : 0x6d;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_key = key;
	conf->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
	conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & addresses;
	return 0;
}

static int make_pool(struct port *port, uint16_t queue, const struct settings_wire *wire,
		     char *error, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "port-%u-%u", port->id, queue);
	port->pool[queue] = rte_pktmbuf_pool_create(name, (unsigned int)wire->mbufs, POOL_CACHE, 0,
						    (uint16_t)port->facts.data_room, SOCKET_ID_ANY);
	if (!port->pool[queue])
		return refuse(
			-EIO, error, size,
			"no memory for %llu packet buffers of %s (%s): lower wire.mbufs, raise "
			"wire.memory, or set aside more hugepages",
			(unsigned long long)wire->mbufs, port->name.device,
			rte_strerror(rte_errno));
	return 0;
}

static int make_queues(struct port *port, const struct settings_wire *wire, uint16_t tx_queues,
		       char *error, size_t size)
{
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);

	if (err)
		return refuse(-EIO, error, size, "%s takes no %d descriptors: %s",
			      port->name.device, DESCRIPTORS, rte_strerror(-err));
	for (uint16_t queue = 0; queue < port->queues; queue++) {
		err = make_pool(port, queue, wire, error, size);
		if (err)
			return err;
		err = rte_eth_rx_queue_setup(port->id, queue, rx, SOCKET_ID_ANY, NULL,
					     port->pool[queue]);
		if (err)
			return refuse(-EIO, error, size, "queue %u of %s can't receive: %s (%s)",
				      queue, port->name.device, eal_last_words(),
				      rte_strerror(-err));
	}
	for (uint16_t queue = 0; queue < tx_queues; queue++) {
		err = rte_eth_tx_queue_setup(port->id, queue, tx, SOCKET_ID_ANY, NULL);
		if (err)
			return refuse(-EIO, error, size, "queue %u of %s can't send: %s (%s)",
				      queue, port->name.device, eal_last_words(),
				      rte_strerror(-err));
	}
	return 0;
}

// net_af_packet's socket listens to all interfaces until it is bound to its own; what came in
// meanwhile can't be told from the rest.
static void drop_strangers(const struct port *port)
{
	struct rte_mbuf *packets[BURST];
	uint16_t got;

	do {
		got = rte_eth_rx_burst(port->id, 0, packets, BURST);
		for (uint16_t i = 0; i < got; i++)
			rte_pktmbuf_free(packets[i]);
	} while (got == BURST);
}

static void keep_calls_apart(const struct port *port, const struct rte_eth_rss_conf *spread,
			     const struct settings_wire *wire)
{
	const struct steer steer = {
		.port = port->id,
		.queues = port->queues,
		.key = spread->rss_key,
		.key_bytes = spread->rss_key_len,
		.types = spread->rss_hf,
		.wire = wire,
	};
	struct steer_outcome outcome;

	if (steer_start(&steer, &outcome) < 0)
		log_warn("port", "not-steered",
			 "port=%s driver=%s reason=%s hint=\"all queues share the load as without "
			 "wire.steer_ports\"",
			 port->name.device, port->driver, log_quote(outcome.reason));
	else
		log_info("port", "steered", "port=%s rules=%u refused=%u reason=%s",
			 port->name.device, outcome.taken, outcome.refused,
			 log_quote(outcome.reason));
}

// Frames longer than the port takes are among its errors; many a driver counts them by themselves,
// as rx_oversize_errors or the like.
static void find_too_long(struct port *port)
{
	int count = rte_eth_xstats_get_names(port->id, NULL, 0);
	struct rte_eth_xstat_name *names = count > 0 ? calloc((size_t)count, sizeof(*names)) : NULL;

	port->counts_too_long = false;
	if (names && rte_eth_xstats_get_names(port->id, names, (unsigned int)count) != count)
		count = 0;
	for (int i = 0; names && i < count && !port->counts_too_long; i++) {
		port->counts_too_long = strncmp(names[i].name, "rx_", 3) == 0 &&
					strstr(names[i].name, "oversize");
		port->too_long_id = (uint64_t)i;
	}
	free(names);
}

int port_open(struct port *port, const struct settings_wire *wire, char *error, size_t error_size)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint8_t key[RSS_KEY_BYTES];

	kernel_sockets_begin(&port->sockets);
	int err = probe(port, wire, error, error_size);

	if (err)
		return err;
	err = rte_eth_dev_info_get(port->id, &info);
	if (err)
		return refuse(-EIO, error, error_size, "%s does not answer: %s", port->name.device,
			      rte_strerror(-err));
	port->driver = info.driver_name;
	port->queues = (uint16_t)wire->queues;
	if (port->queues > info.max_rx_queues)
		return refuse(-EIO, error, error_size,
			      "%s has %u queues: wire.queues must not exceed that",
			      port->name.device, info.max_rx_queues);
	err = spread(port, &info, &conf, key, error, error_size);
	if (err)
		return err;
	if (port->facts.mtu + RTE_ETHER_HDR_LEN > port->facts.data_room - RTE_PKTMBUF_HEADROOM ||
	    info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER)
		conf.rxmode.offloads |= info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	// net_tap and net_af_xdp insist on as many queues to send as to receive, rte_pdump on one.
	bool sends = wire->mode == MODE_INLINE || port->name.kind == PORT_TAP ||
		     port->name.kind == PORT_AF_XDP || wire->dpdk_tools;
	uint16_t tx_queues = sends ? port->queues : 0;
	err = rte_eth_dev_configure(port->id, port->queues, tx_queues, &conf);
	if (err)
		return refuse(-EIO, error, error_size, "%s takes no %u queues: %s (%s)",
			      port->name.device, port->queues, eal_last_words(),
			      rte_strerror(-err));
	err = make_queues(port, wire, tx_queues, error, error_size);
	if (err)
		return err;
	err = rte_eth_dev_start(port->id);
	if (err)
		return refuse(-EIO, error, error_size, "%s does not start: %s (%s)",
			      port->name.device, eal_last_words(), rte_strerror(-err));
	port->started = true;
	if (wire->steer_port_count > 0)
		keep_calls_apart(port, &conf.rx_adv_conf.rss_conf, wire);
	err = rte_eth_promiscuous_enable(port->id);
	if (err && err != -ENOTSUP)
		return refuse(-EIO, error, error_size, "%s does not become promiscuous: %s",
			      port->name.device, rte_strerror(-err));
	find_too_long(port);
	if (port->name.kind == PORT_AF_PACKET)
		drop_strangers(port);
	kernel_sockets_find(&port->sockets);
	return 0;
}

void port_close(struct port *port)
{
	if (port->started && port->name.interface[0] && !port->facts.promiscuous)
		rte_eth_promiscuous_disable(port->id);
	if (port->started)
		rte_eth_dev_stop(port->id);
	if (port->probed)
		rte_eal_hotplug_remove("vdev", port->name.device);
	else if (port->started)
		rte_eth_dev_close(port->id);
	port->started = port->probed = false;
	port->sockets.count = 0;
	// Buffers last: the driver gave its own back just now.
	for (unsigned int i = 0; i < SEGMENT_LCORES; i++)
		rte_mempool_free(port->pool[i]);
	memset(port->pool, 0, sizeof(port->pool));
}

void port_statistics(struct port *port, struct wire_port_counters *counters)
{
	struct rte_eth_stats stats;
	struct rte_eth_link link;

	snprintf(counters->name, sizeof(counters->name), "%.62s",
		 port->name.interface[0] ? port->name.interface : port->name.device);
	if (rte_eth_stats_get(port->id, &stats) == 0) {
		counters->received = stats.ipackets;
		counters->missed = stats.imissed + kernel_sockets_drops(&port->sockets);
		counters->errors = stats.ierrors;
		counters->no_buffer = stats.rx_nombuf;
		counters->sent = stats.opackets;
		counters->send_errors = stats.oerrors;
	}
	if (port->counts_too_long)
		rte_eth_xstats_get_by_id(port->id, &port->too_long_id, &counters->too_long, 1);
	if (rte_eth_link_get_nowait(port->id, &link) == 0)
		counters->link_up = link.link_status == RTE_ETH_LINK_UP;
}
