// SPDX-License-Identifier: Apache-2.0
// Measured limits of DPDK 22.11's virtual devices, in one place.
#include "dataplane/port_check.h"

#include "config/log.h"
#include "config/settings.h"
#include "dataplane/interface.h"
#include "dataplane/interface_xdp.h"
#include "dataplane/port_name.h"
#include "dataplane/refuse.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TAGS_BYTES = 16 + 14, // four VLAN tags and the Ethernet header
	// With fewer, net_af_xdp starts and receives nothing: its rings keep them all.
	XDP_MIN_MBUFS = 16384,
	// Kernel headroom in front of each AF_XDP frame (XDP_PACKET_HEADROOM).
	XDP_HEADROOM = 256,
	// An AF_XDP buffer, with its mempool and mbuf headers (64 + 128), is at most a page.
	XDP_MAX_DATA_ROOM = 4096 - 192,
	XDP_MAX_MTU = XDP_MAX_DATA_ROOM - RTE_PKTMBUF_HEADROOM - XDP_HEADROOM - TAGS_BYTES,
	PACKET_RING_BYTES = 16 << 20,
	PACKET_BLOCK_BYTES = 65536,
	PACKET_MAX_FRAME = 65536 / 2,
	PACKET_HEADER_BYTES = 48, // TPACKET2_HDRLEN less its address, rounded up
};

static uint32_t data_room_for(uint32_t frame)
{
	uint32_t room = (frame + RTE_PKTMBUF_HEADROOM + 63) & ~63u;

	return room > RTE_MBUF_DEFAULT_BUF_SIZE ? room : RTE_MBUF_DEFAULT_BUF_SIZE;
}

// An interface that is ours alone: nothing may change its frames, and the kernel must be silent.
static int check_own(const struct interface *interface, char *error, size_t size)
{
	const char *name = interface->name;
	char changed[64];

	if (interface->address[0])
		return refuse(
			-EINVAL, error, size,
			"AF_XDP takes %s away from the kernel, but it has the address %s: "
			"`ip addr flush dev %s` if it is not needed, or af_packet:%s to watch "
			"beside the kernel",
			name, interface->address, name, name);
	if (interface->link_local && interface_ipv6_off(name) < 0)
		return refuse(-EINVAL, error, size,
			      "the kernel speaks IPv6 on %s and would send frames of its own: "
			      "`sysctl -w net.ipv6.conf.%s.disable_ipv6=1`",
			      name, name);
	int err = interface_offloads_off(name, changed, sizeof(changed));
	if (err)
		return refuse(-EINVAL, error, size,
			      "offload `%s` of %s changes frames and can't be turned off (%s): "
			      "`ethtool -K %s %s off`",
			      changed, name, strerror(-err), name, changed);
	if (changed[0])
		log_info("port", "offloads-off", "interface=%s features=%s", name, changed);
	if (strcmp(interface->driver, "veth") == 0)
		log_info("port", "veth",
			 "interface=%s hint=\"frames from the other end come with unfinished "
			 "checksums unless it has: ethtool -K PEER tx off txvlan off\"",
			 name);
	return 0;
}

static int check_af_xdp(const struct interface *interface, const struct settings_wire *wire,
			struct port_facts *facts, char *error, size_t size)
{
	const char *name = interface->name;

	if (interface->mtu > XDP_MAX_MTU)
		return refuse(-EINVAL, error, size,
			      "the MTU of %s is %u, AF_XDP takes at most %d: `ip link set dev %s "
			      "mtu %d`, or use af_packet:%s",
			      name, interface->mtu, XDP_MAX_MTU, name, XDP_MAX_MTU, name);
	if (wire->mbufs < XDP_MIN_MBUFS)
		return refuse(-EINVAL, error, size,
			      "AF_XDP needs wire.mbufs of at least %d: with %llu it starts and "
			      "receives nothing",
			      XDP_MIN_MBUFS, (unsigned long long)wire->mbufs);
	if (wire->queues > 1)
		return refuse(-EINVAL, error, size,
			      "AF_XDP can't spread by address pair: set wire.queues to 1");
	int err = interface_xdp_clear(interface->index, name, error, size);
	if (err)
		return err;
	facts->data_room = data_room_for(interface->mtu + TAGS_BYTES + XDP_HEADROOM);
	return check_own(interface, error, size);
}

// The kernel puts IPv4 fragments together before net_af_packet sees them (its fan-out group asks
// for that, always), and what is longer than a frame of the ring is cut. Twice the MTU holds a
// datagram of two fragments, which is nearly all SIP there is in fragments.
static int check_af_packet(const struct port_name *name, const struct interface *interface,
			   const struct settings_wire *wire, struct port_facts *facts, char *error,
			   size_t size)
{
	if (wire->mode == MODE_INLINE)
		return refuse(
			-EINVAL, error, size,
			"%s can't be inline with af_packet: the kernel joins fragments, which "
			"then don't fit out of the other port; use af_xdp:%s",
			interface->name, interface->name);
	if (wire->queues > 1)
		return refuse(-EINVAL, error, size,
			      "af_packet can't spread by address pair: set wire.queues to 1");
	if (!name->is_short) {
		uint64_t said = port_name_number(name, "framesz=");
		facts->frame_bytes = said ? (uint32_t)said : 2048; // the driver's default
	} else {
		facts->frame_bytes = 2048;
		while (facts->frame_bytes < PACKET_MAX_FRAME &&
		       facts->frame_bytes < 2 * (interface->mtu + TAGS_BYTES))
			facts->frame_bytes *= 2;
	}
	if (facts->frame_bytes > PACKET_MAX_FRAME)
		return refuse(-EINVAL, error, size, "framesz=%u of `%s` is too large: at most %d",
			      facts->frame_bytes, name->device, PACKET_MAX_FRAME);
	if (facts->frame_bytes < interface->mtu + TAGS_BYTES + PACKET_HEADER_BYTES)
		return refuse(-EINVAL, error, size,
			      "framesz=%u of `%s` would cut frames of an MTU of %u: use %s",
			      facts->frame_bytes, name->device, interface->mtu,
			      "af_packet:IF, which chooses it");
	// The driver copies a whole frame into one buffer, in some releases without asking if it
	// fits.
	facts->data_room = data_room_for(facts->frame_bytes);
	return 0;
}

static int check_tap(const struct port_name *name, const struct settings_wire *wire, char *error,
		     size_t size)
{
	struct interface interface;

	if (wire->queues > 1)
		return refuse(-EINVAL, error, size,
			      "tap can't spread by address pair: set wire.queues to 1");
	if (name->is_short && interface_read(name->interface, &interface) == 0)
		return refuse(
			-EINVAL, error, size,
			"%s is there already: tap:IF makes a new interface. To watch %s beside "
			"the kernel say af_packet:%s",
			name->interface, name->interface, name->interface);
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return refuse(-EINVAL, error, size,
			      "tap needs /dev/net/tun (%s): `modprobe tun`, as root",
			      strerror(errno));
	return 0;
}

static int check_pcap(const struct port_name *name, const struct settings_wire *wire, char *error,
		      size_t size)
{
	if (!name->is_short)
		return 0;
	if (wire->mode == MODE_INLINE)
		return refuse(-EINVAL, error, size,
			      "pcap:%s can't be inline: a file takes no frames", name->file);
	if (wire->queues > 1)
		return refuse(-EINVAL, error, size,
			      "pcap:FILE has one queue: set wire.queues to 1");
	if (access(name->file, R_OK) < 0)
		return refuse(-EINVAL, error, size, "%s can't be read: %s", name->file,
			      strerror(errno));
	return 0;
}

int port_check(const struct port_name *name, const struct settings_wire *wire,
	       struct port_facts *facts, char *error, size_t error_size)
{
	struct interface interface;

	*facts = (struct port_facts){.data_room = RTE_MBUF_DEFAULT_BUF_SIZE};
	if (name->kind == PORT_TAP)
		return check_tap(name, wire, error, error_size);
	if (name->kind == PORT_PCAP)
		return check_pcap(name, wire, error, error_size);
	if (name->kind != PORT_AF_PACKET && name->kind != PORT_AF_XDP)
		return 0;
	if (interface_read(name->interface, &interface) < 0)
		return refuse(-EINVAL, error, error_size,
			      "there is no network interface `%s`: `ip link` shows those there are",
			      name->interface);
	if (!interface.up)
		return refuse(-EINVAL, error, error_size, "%s is down: `ip link set dev %s up`",
			      name->interface, name->interface);
	facts->mtu = interface.mtu;
	facts->promiscuous = interface.promiscuous;
	if (!interface.carrier)
		log_warn("port", "no-carrier", "interface=%s", name->interface);
	if (name->kind == PORT_AF_XDP)
		return check_af_xdp(&interface, wire, facts, error, error_size);
	return check_af_packet(name, &interface, wire, facts, error, error_size);
}

int port_arguments(const struct port_name *name, const struct settings_wire *wire,
		   const struct port_facts *facts, char *out, size_t size)
{
	int len;

	if (!name->is_short)
		len = snprintf(out, size, "%s", name->args);
	else if (name->kind == PORT_AF_PACKET)
		len = snprintf(out, size, "iface=%s,qpairs=%u,blocksz=%d,framesz=%u,framecnt=%u",
			       name->interface, wire->queues, PACKET_BLOCK_BYTES,
			       facts->frame_bytes, PACKET_RING_BYTES / facts->frame_bytes);
	else if (name->kind == PORT_PCAP)
		len = snprintf(out, size, "rx_pcap=%s", name->file);
	else
		len = snprintf(out, size, "iface=%s", name->interface);
	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}
