// SPDX-License-Identifier: Apache-2.0
// Most of what an SBC's wire carries comes by here, and each look is a cache miss or two: so a
// stream is looked up only in its turn, and a burst's addresses together, fetched ahead.
#include "dataplane/media.h"

#include "dataplane/frame.h"
#include "link/counters.h"
#include "link/media_table.h"

#include <string.h>

static void wait_add(struct media *media, const struct frame *frame, uint16_t less, uint64_t now_ns)
{
	struct media_wait *wait = &media->wait[media->waiting++];

	wait->target = media_table_hash(&media->key, frame->version, frame->target,
					(uint16_t)(frame->target_port - less));
	wait->source = media_table_hash(&media->key, frame->version, frame->source,
					(uint16_t)(frame->source_port - less));
	wait->now_ns = now_ns;
	media_table_prefetch(media->table, wait->target);
}

static void wait_for(struct media *media, const struct frame *frame, bool rtcp, uint64_t now_ns,
		     struct wire_counters *counters)
{
	if (media->waiting > MEDIA_WAITING - 2)
		media_flush(media, counters);
	wait_add(media, frame, 0, now_ns);
	// RFC 3550 11: on the port after that of its stream, unless the description says otherwise.
	if (rtcp)
		wait_add(media, frame, 1, now_ns);
	if (media->every)
		media_flush(media, counters);
}

void media_see(struct media *media, const struct frame *frame, const char *payload, size_t len,
	       uint64_t now_ns, struct wire_counters *counters)
{
	uint32_t ports = (uint32_t)frame->source_port << 16 | frame->target_port;
	bool rtcp = media_is_rtcp((const uint8_t *)payload, len);

	if (!media_is_watched(media))
		return;
	if (media->every || rtcp || media_is_its_turn(ports, now_ns))
		wait_for(media, frame, rtcp, now_ns, counters);
}

void media_wait_plain(struct media *media, const uint8_t *data, bool rtcp, uint64_t now_ns,
		      struct wire_counters *counters)
{
	const uint8_t *ip = data + RTP_IP_OFF, *udp = data + RTP_UDP_OFF;
	struct frame frame = {.version = 4, .source_port = be16(udp), .target_port = be16(udp + 2)};

	memcpy(frame.source, ip + 12, 4);
	memcpy(frame.target, ip + 16, 4);
	wait_for(media, &frame, rtcp, now_ns, counters);
}

void media_flush(struct media *media, struct wire_counters *counters)
{
	struct media_table *table = media->table;
	uint32_t left = 0, found = 0;

	for (uint32_t i = 0; i < media->waiting; i++) {
		struct media_wait wait = media->wait[i];
		uint32_t slot = media_table_find(table, wait.target);

		if (slot != MEDIA_NO_SLOT) {
			media_table_mark(table, slot, wait.now_ns);
			found++;
			continue;
		}
		media_table_prefetch(table, wait.source);
		media->wait[left++] = wait;
	}
	for (uint32_t i = 0; i < left; i++) {
		uint32_t slot = media_table_find(table, media->wait[i].source);

		if (slot == MEDIA_NO_SLOT)
			continue;
		media_table_mark(table, slot, media->wait[i].now_ns);
		found++;
	}
	counters->value[WIRE_MEDIA_LOOKED_UP] += media->waiting;
	counters->value[WIRE_MEDIA_FOUND] += found;
	media->waiting = 0;
}
