// SPDX-License-Identifier: Apache-2.0
// Frames through the kernel: a packet socket on one end of a veth pair, a receiver on the other, in
// a network namespace that goes with the process. The kernel's sender can't load a poll core, so
// the rate is given, and what counts is that nothing is lost and all is understood.
#include "bench/figure.h"
#include "bench/wire/case.h"
#include "config/clock.h"
#include "link/counters.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BURST = 32,
	BUFFERS = 32768, // net_af_xdp's rings keep half of that
	AF_PACKET_FRAME = 4096,
	AF_PACKET_BUFFER = 4352,
	DRAIN_US = 100000,
	SETTLE_US = 300000, // the kernel's own frames on a new link
};

static const char sending[] = "ohtx";
static const double send_s = 1.2;

struct device {
	const char *name, *port, *device;
	unsigned int mbuf_bytes;
};

static const struct device devices[] = {
	{
		.name = "af_packet",
		.port = "af_packet:ohrx",
		// As the engine asks for it: two MTUs a frame.
		.device = "net_af_packet0,iface=ohrx,blocksz=65536,framesz=4096,framecnt=4096",
		.mbuf_bytes = AF_PACKET_BUFFER,
	},
	{.name = "af_xdp", .port = "af_xdp:ohrx", .device = "net_af_xdp0,iface=ohrx"},
};

static int shell(const char *command)
{
	if (system(command) == 0)
		return 0;
	fprintf(stderr, "bench-wire: `%s` failed\n", command);
	return -EIO;
}

static int make_link(void)
{
	return shell("ip link add ohrx type veth peer name ohtx && "
		     "ethtool -K ohtx tx off txvlan off >/dev/null && "
		     "echo 1 >/proc/sys/net/ipv6/conf/ohrx/disable_ipv6 && "
		     "echo 1 >/proc/sys/net/ipv6/conf/ohtx/disable_ipv6 && "
		     "ip link set ohrx up promisc on && ip link set ohtx up");
}

static int open_sender(void)
{
	int one = 1, bytes = 16 << 20, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_ifindex = (int)if_nametoindex(sending)};

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("bench-wire: packet socket");
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return fd;
}

static int send_burst(int fd, const struct traffic *traffic, size_t at, unsigned int count)
{
	struct mmsghdr message[BURST];
	struct iovec piece[BURST];

	memset(message, 0, sizeof(message));
	for (unsigned int i = 0; i < count; i++) {
		const struct traffic_frame *frame = &traffic->frame[(at + i) % traffic->count];
		piece[i] = (struct iovec){frame->data, frame->len};
		message[i].msg_hdr.msg_iov = &piece[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(fd, message, count, 0);
}

// The seconds it took, or a negative number.
static double send_paced(const struct traffic *traffic, uint64_t frames, double rate)
{
	int fd = open_sender();
	uint64_t start = clock_mono_ns(), sent = 0;

	while (fd >= 0 && sent < frames) {
		uint64_t due = start + (uint64_t)((double)sent * 1e9 / rate);
		if (clock_mono_ns() < due)
			continue;
		uint64_t left = frames - sent;
		int taken = send_burst(fd, traffic, sent % traffic->count,
				       left < BURST ? (unsigned int)left : BURST);
		if (taken < 0 && errno != ENOBUFS && errno != EAGAIN)
			break;
		sent += taken > 0 ? (uint64_t)taken : 0;
	}
	if (fd < 0 || sent < frames)
		perror("bench-wire: sending");
	else
		close(fd);
	return fd < 0 || sent < frames ? -1 : (double)(clock_mono_ns() - start) / 1e9;
}

struct passage {
	uint64_t received;
	double seconds;
};

// One receiver on a link of its own. The whole traffic goes by as often as is done in `seconds`.
static int pass(const struct bench *bench, const struct traffic *traffic,
		const struct device *device, enum subject_kind kind, uint64_t frames,
		struct passage *passage)
{
	const struct subject_plan plan = {.port = device->port,
					  .device = device->device,
					  .mbufs = BUFFERS,
					  .mbuf_bytes = device->mbuf_bytes};
	struct subject subject;
	int err = make_link();

	if (err)
		return err;
	err = subject_start(&subject, kind, &plan, &bench->host);
	if (!err) {
		usleep(SETTLE_US);
		uint64_t before = subject_packets(&subject);
		passage->seconds = send_paced(traffic, frames, bench->packets_per_s);
		usleep(DRAIN_US);
		passage->received = subject_packets(&subject) - before;
		err = passage->seconds < 0 ? -EIO : 0;
		if (!err && kind == SUBJECT_ENGINE && before == 0 && passage->received == frames) {
			err = subject_end(&subject);
			if (!err && !case_counts_right(&subject, traffic))
				err = -EBADMSG;
		}
	}
	subject_free(&subject);
	int link_err = shell("ip link del ohrx");
	return err ? err : link_err;
}

static int measure(const struct bench *bench, const struct traffic *traffic,
		   const struct device *device)
{
	uint64_t rounds = (uint64_t)(bench->packets_per_s * send_s / (double)traffic->count);
	uint64_t frames = (rounds ? rounds : 1) * traffic->count;
	struct passage ours, peer;
	int err = pass(bench, traffic, device, SUBJECT_ENGINE, frames, &ours);

	if (!err)
		err = pass(bench, traffic, device, SUBJECT_TESTPMD, frames, &peer);
	if (err)
		return err;
	figure_begin("bench-wire");
	figure_word("case", device->name);
	figure_word("mix", traffic->name);
	figure_value("frame_bytes", (double)traffic->bytes / (double)traffic->count);
	figure_value("offered_packets_per_s", (double)frames / ours.seconds);
	figure_count("packets", frames);
	figure_value("lost_packets", (double)frames - (double)ours.received);
	figure_value("testpmd_lost_packets", (double)frames - (double)peer.received);
	figure_value("loss_percent", 100 - 100 * (double)ours.received / (double)frames);
	figure_end();
	return 0;
}

int case_veth(const struct bench *bench, const struct traffic *traffic)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "bench-wire: af_packet and af_xdp left out: they need root\n");
		return 0;
	}
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		int err = measure(bench, traffic, &devices[i]);
		if (err)
			return err;
	}
	return 0;
}
