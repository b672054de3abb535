// SPDX-License-Identifier: Apache-2.0
// Captures read by libpcap, which knows pcap and pcapng and both byte orders; then the poll cores'
// own code. Link types: https://www.tcpdump.org/linktypes.html
#include "dataplane/replay.h"

#include "config/settings.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "link/call_event.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	COOKED_BYTES = 16,
	COOKED2_BYTES = 20,
	LOOPBACK_BYTES = 4,
	FRAGMENT_FLOWS = 256, // a file has no flood; keeps the start of an ordinary user light
	SPARE_MEMORY = 16 << 20,
};

__attribute__((format(printf, 4, 5))) static int fail(int err, char *error, size_t size,
						      const char *fmt, ...)
{
	va_list list;

	va_start(list, fmt);
	vsnprintf(error, size, fmt, list);
	va_end(list);
	return err;
}

static bool link_known(int link)
{
	switch (link) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP: return true;
	default: return false;
	}
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

// BSD loopback: the protocol family in the byte order of the machine that wrote the file (DLT_LOOP:
// big-endian). All families fit an octet; IPv6 has another number on each system.
static uint16_t loopback_type(const uint8_t *data)
{
	switch (data[0] | data[3]) {
	case 2: return TYPE_IPV4;
	case 10: // Linux
	case 24: // NetBSD, OpenBSD
	case 28: // FreeBSD
	case 30: // Darwin
		return TYPE_IPV6;
	default: return 0;
	}
}

static void walk(int link, const uint8_t *data, size_t len, struct frame *frame)
{
	size_t off = 0;
	uint16_t type = 0;

	switch (link) {
	case DLT_EN10MB: frame_walk(data, len, frame); return;
	case DLT_LINUX_SLL:
		off = COOKED_BYTES;
		type = len >= off ? be16(data + 14) : 0;
		break;
	case DLT_LINUX_SLL2:
		off = COOKED2_BYTES;
		type = len >= off ? be16(data) : 0;
		break;
	case DLT_NULL:
	case DLT_LOOP:
		off = LOOPBACK_BYTES;
		type = len >= off ? loopback_type(data) : 0;
		break;
	default: // raw IP: the version tells
		if (len > 0)
			type = data[0] >> 4 == 4 ? TYPE_IPV4 : data[0] >> 4 == 6 ? TYPE_IPV6 : 0;
		else
			off = 1;
		break;
	}
	frame_walk_from(data, len, off, type, frame);
}

struct replay {
	pcap_t *pcap;
	int link;
	uint64_t now_ns;
	struct look look;
	struct defrag *defrag;
	replay_time_fn *time;
	replay_event_fn *event;
	void *ctx;
	struct call_event call_event;
};

// Packets that were written out of order never turn the clock back.
static void step(struct replay *replay, const struct pcap_pkthdr *header, const uint8_t *data)
{
	uint64_t *value = replay->look.counters->value;
	uint64_t packet_ns = (uint64_t)header->ts.tv_sec * 1000000000u +
			     (uint64_t)header->ts.tv_usec; // nanoseconds, as asked for
	struct frame frame;

	if (packet_ns > replay->now_ns)
		replay->now_ns = packet_ns;
	replay->time(replay->ctx, replay->now_ns);
	value[WIRE_RX_FRAMES]++;
	value[WIRE_RX_BYTES] += header->len;
	walk(replay->link, data, header->caplen, &frame);
	defrag_expire(replay->defrag, replay->now_ns);
	if (look_frame(&replay->look, replay->defrag, &frame, data, replay->now_ns,
		       &replay->call_event))
		replay->event(replay->ctx, &replay->call_event);
}

static int open_file(struct replay *replay, const char *path, char *error, size_t size)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	FILE *file = fopen(path, "rb");

	if (!file)
		return fail(-errno, error, size, "%s: %s", path, strerror(errno));
	replay->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO,
								reason);
	if (!replay->pcap) {
		fclose(file);
		return fail(-EINVAL, error, size, "%s is no capture (pcap or pcapng): %s", path,
			    reason);
	}
	replay->link = pcap_datalink(replay->pcap);
	if (!link_known(replay->link)) {
		const char *name = pcap_datalink_val_to_name(replay->link);
		return fail(-ENOTSUP, error, size,
			    "%s has frames of link type %s, which are not read; Ethernet, Linux "
			    "cooked, raw IP and loopback are",
			    path, name ? name : "unknown");
	}
	return 0;
}

static int read_all(struct replay *replay, const char *path, char *error, size_t size)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int got;

	while ((got = pcap_next_ex(replay->pcap, &header, &data)) == 1)
		step(replay, header, data);
	if (got == PCAP_ERROR_BREAK) // the end of the file
		return 0;
	const char *reason = pcap_geterr(replay->pcap);
	// libpcap has no code for it, only this word.
	bool is_cut = strstr(reason, "truncated") != NULL;
	return fail(is_cut ? 0 : -EINVAL, error, size, "%s%s: %s", path,
		    is_cut ? " ends in the middle of a packet" : "", reason);
}

int replay_run(const char *path, const struct settings *settings, const struct siphash_key *key,
	       replay_time_fn *time, replay_event_fn *event, void *ctx,
	       struct wire_counters *counters, char *error, size_t error_size)
{
	struct eal_plan plan = {.memory_bytes = SPARE_MEMORY +
						defrag_memory(FRAGMENT_FLOWS, false)};
	struct replay *replay = calloc(1, sizeof(*replay));

	if (error_size)
		error[0] = '\0';
	if (!replay)
		return fail(-ENOMEM, error, error_size, "no memory");
	replay->time = time;
	replay->event = event;
	replay->ctx = ctx;
	replay->look.key = *key;
	replay->look.counters = counters;
	look_follow(&replay->look, settings->calls.early_is_busy,
		    settings->calls.ack_timeout_ns != 0, true);
	int err = open_file(replay, path, error, error_size);
	if (!err)
		err = eal_start(&plan, error, error_size);
	if (!err) {
		replay->defrag = defrag_new(FRAGMENT_FLOWS, settings->wire.fragment_timeout_ns, key,
					    counters, error, error_size);
		err = replay->defrag ? read_all(replay, path, error, error_size) : -ENOMEM;
	}
	defrag_free(replay->defrag);
	if (replay->pcap)
		pcap_close(replay->pcap);
	free(replay);
	return err;
}
