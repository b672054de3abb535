// SPDX-License-Identifier: Apache-2.0
// The packets of a capture file one after the other through the poll cores' own code.
#include "dataplane/replay.h"

#include "config/settings.h"
#include "dataplane/capture_file.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "dataplane/link_type.h"
#include "dataplane/look.h"
#include "dataplane/tcp_flow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FRAGMENT_FLOWS = 256, // a file has no flood; keeps the start of an ordinary user light
	SPARE_MEMORY = 16 << 20,
};

struct replay {
	uint64_t now_ns;
	struct look look;
	replay_time_fn *time;
	void *ctx;
};

// Packets that were written out of order never turn the clock back.
static void step(struct replay *replay, const struct capture_packet *packet)
{
	uint64_t *value = replay->look.counters->value;
	struct frame frame;

	if (packet->time_ns > replay->now_ns)
		replay->now_ns = packet->time_ns;
	replay->time(replay->ctx, replay->now_ns);
	value[WIRE_RX_FRAMES]++;
	value[WIRE_RX_BYTES] += header->len;
	walk(replay->link, data, header->caplen, &frame);
	defrag_expire(replay->look.defrag, replay->now_ns);
	tcp_flows_expire(replay->look.flows, replay->now_ns);
	look_frame(&replay->look, &frame, data, replay->now_ns);
}

static int read_all(struct replay *replay, struct capture_file *capture, char *error, size_t size)
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

static int make_tables(struct replay *replay, const struct settings *settings, char *error,
		       size_t size)
{
	const struct settings_wire *wire = &settings->wire;
	struct look *look = &replay->look;

	look->flows = tcp_flows_new(wire->tcp_flows, wire->tcp_tails, &look->key, look->counters,
				    look_message, look);
	if (!look->flows)
		return fail(-ENOMEM, error, size, "no memory for %llu TCP connections",
			    (unsigned long long)wire->tcp_flows);
	look->defrag = defrag_new(FRAGMENT_FLOWS, wire->fragment_timeout_ns, &look->key,
				  look->counters, error, size);
	return look->defrag ? 0 : -ENOMEM;
}

static int read_all(struct replay *replay, const char *path, char *error, size_t size)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int got;

	while ((got = pcap_next_ex(replay->pcap, &header, &data)) == 1)
		step(replay, header, data);
	tcp_flows_finish(replay->look.flows, replay->now_ns);
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
	struct capture_file *capture;
	int err;

	if (error_size)
		error[0] = '\0';
	if (!replay) {
		snprintf(error, error_size, "no memory");
		return -ENOMEM;
	}
	replay->time = time;
	replay->ctx = ctx;
	replay->look.tell = event;
	replay->look.ctx = ctx;
	replay->look.key = *key;
	replay->look.counters = counters;
	look_follow(&replay->look, settings->calls.early_is_busy,
		    settings->calls.ack_timeout_ns != 0, true);
	capture = capture_file_open(path, &err, error, error_size);
	if (!err)
		err = eal_start(&plan, error, error_size);
	if (!err)
		err = make_tables(replay, settings, error, error_size);
	if (!err)
		err = read_all(replay, path, error, error_size);
	defrag_free(replay->look.defrag);
	tcp_flows_free(replay->look.flows);
	if (replay->pcap)
		pcap_close(replay->pcap);
	free(replay);
	return err;
}
