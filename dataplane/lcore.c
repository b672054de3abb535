// SPDX-License-Identifier: Apache-2.0
// The poll loop: receive, forward, look, tell.
#include "dataplane/lcore.h"

#include "config/clock.h"
#include "config/poison.h"
#include "config/settings.h"
#include "dataplane/defrag.h"
#include "dataplane/event.h"
#include "dataplane/forward.h"
#include "dataplane/frame.h"
#include "dataplane/hep_listener.h"
#include "dataplane/probe.h"
#include "dataplane/rtp.h"
#include "dataplane/tcp_flow.h"
#include "link/doorbell.h"
#include "link/event_ring.h"

#undef NS_PER_S // DPDK has one of its own
#include <rte_branch_prediction.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BURST = 32,
	HOUSEKEEPING = 256, // loops
	PACKET_BYTES = 65536,
	HEP_ROUNDS = 64, // system calls: seldom, where there are packets to poll for
};

static void follow(struct lcore *lcore, const struct wire_settings *settings)
{
	look_follow(&lcore->look, settings->early, settings->ack, false);
	lcore->idle.max_sleep_ns = settings->poll_always ? 0 : settings->max_sleep_ns;
}

static void tell(void *ctx, const struct call_event *event)
{
	struct lcore *lcore = ctx;

	event_mark_call(event, lcore->known);
	overflow_push(&lcore->overflow, lcore->ring, event);
	lcore->news = true;
}

int lcore_init(struct lcore *lcore, unsigned int index, const struct settings *settings,
	       struct segment *segment, int doorbell, char *error, size_t error_size)
{
	const struct settings_wire *wire = &settings->wire;

	lcore->index = index;
	lcore->idle.wakers = IDLE_NOT_WOKEN;
	lcore->segment = segment;
	lcore->ring = segment_ring(segment, index);
	lcore->known = segment_known(segment);
	lcore->counters = &segment->counters[index];
	lcore->doorbell = doorbell;
	lcore->look.key = segment->key;
	lcore->look.counters = lcore->counters;
	lcore->look.lcore = (uint8_t)index;
	lcore->look.media = (struct media){.table = segment_media(segment), .key = segment->key};
	lcore->look.tell = tell;
	lcore->look.ctx = lcore;
	tunnel_port_set(&lcore->look.ports, wire);
	follow(lcore, &(struct wire_settings){
			      .early = settings->calls.early_is_busy,
			      .ack = settings->calls.ack_timeout_ns != 0,
			      .poll_always = wire->poll == POLL_ALWAYS,
			      .max_sleep_ns = wire->max_sleep_ns,
		      });
	lcore->scratch = malloc(PACKET_BYTES);
	lcore->look.flows = tcp_flows_new(wire->tcp_flows, wire->tcp_tails, &segment->key,
					  lcore->counters, look_message, &lcore->look);
	if (!lcore->ring || !lcore->scratch || !lcore->look.flows ||
	    overflow_init(&lcore->overflow, (uint32_t)wire->overflow_slots, lcore->known,
			  lcore->counters)) {
		snprintf(error, error_size,
			 "no memory for poll core %u: lower wire.overflow_slots, wire.tcp_flows or "
			 "wire.tcp_tails",
			 index);
		return -ENOMEM;
	}
	event_ring_publish(lcore->ring); // one that was killed may not have come to it
	lcore->look.defrag = defrag_new((unsigned int)wire->fragment_flows,
					wire->fragment_timeout_ns, &segment->key, lcore->counters,
					error, error_size);
	return lcore->look.defrag ? 0 : -ENOMEM;
}

void lcore_fini(struct lcore *lcore)
{
	defrag_free(lcore->look.defrag);
	lcore->look.defrag = NULL;
	tcp_flows_free(lcore->look.flows);
	lcore->look.flows = NULL;
	overflow_fini(&lcore->overflow);
	idle_fini(&lcore->idle);
	free(lcore->scratch);
	lcore->scratch = NULL;
}

static void poison_tail(const struct rte_mbuf *packet)
{
	poison(rte_pktmbuf_mtod_offset(packet, const char *, rte_pktmbuf_data_len(packet)),
	       rte_pktmbuf_tailroom(packet));
}

static void unpoison_tail(const struct rte_mbuf *packet)
{
	unpoison(rte_pktmbuf_mtod_offset(packet, const char *, rte_pktmbuf_data_len(packet)),
		 rte_pktmbuf_tailroom(packet));
}

static void look_at(struct lcore *lcore, uint8_t port, struct rte_mbuf *packet, uint64_t now_ns)
{
	const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
	uint32_t len = rte_pktmbuf_pkt_len(packet);
	struct frame frame;

	if (packet->nb_segs > 1) {
		len = len < PACKET_BYTES ? len : PACKET_BYTES;
		data = rte_pktmbuf_read(packet, 0, len, lcore->scratch);
		if (!data) {
			lcore->counters->value[WIRE_SHORT_FRAME]++;
			return;
		}
	}
	poison_tail(packet);
	struct probe *probe = lcore->look.probe;
	if (unlikely(probe))
		probe_begin(probe, port, data, len, now_ns);
	frame_walk(data, len, &frame);
	look_frame(&lcore->look, &frame, data, now_ns);
	if (unlikely(probe))
		probe_end(probe);
	unpoison_tail(packet);
}

static void ring_doorbell(struct lcore *lcore)
{
	event_ring_publish(lcore->ring);
	uint64_t waiting = event_ring_count(lcore->ring);

	lcore->news = false;
	if (waiting > lcore->counters->ring_high_water)
		lcore->counters->ring_high_water = waiting;
	doorbell_ring_if_asleep(lcore->segment, lcore->doorbell);
}

// Lets RTP go by one look, which is nearly all there is, and gathers the rest. Returns how many
// that are.
static uint16_t pass_rtp(struct lcore *lcore, struct rte_mbuf **packets, uint16_t count,
			 struct rte_mbuf **rest, uint64_t now_ns)
{
	uint64_t *value = lcore->counters->value, bytes = 0;
	bool watched = media_is_watched(&lcore->look.media);
	uint16_t left = 0;

	for (uint16_t i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *packet = packets[i];
		const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
		bool plain = rtp_is_plain(data, rte_pktmbuf_data_len(packet), &lcore->look.ports);
		bytes += rte_pktmbuf_pkt_len(packet);
		rest[left] = packet;
		left += !plain;
		if (plain && watched)
			media_see_plain(&lcore->look.media, data, now_ns, lcore->counters);
	}
	value[WIRE_RX_FRAMES] += count;
	value[WIRE_RX_BYTES] += bytes;
	value[WIRE_NOT_SIP] += (uint64_t)(count - left);
	return left;
}

static bool poll_queue(struct lcore *lcore, const struct lcore_queue *queue)
{
	struct rte_mbuf *packets[BURST], *rest[BURST];
	uint16_t count = rte_eth_rx_burst(queue->port, queue->queue, packets, BURST);

	if (count == 0) {
		lcore->counters->value[WIRE_EMPTY_POLLS]++;
		if (lcore->look.media.waiting)
			media_flush(&lcore->look.media, lcore->counters);
		return false;
	}
	if (queue->forwards)
		forward_burst(queue->other_port, queue->queue, packets, count, lcore->counters);
	uint64_t now_ns = clock_mono_ns();
	uint16_t left = pass_rtp(lcore, packets, count, rest, now_ns);
	for (uint16_t i = 0; i < left; i++)
		look_at(lcore, queue->index, rest[i], now_ns);
	media_flush_many(&lcore->look.media, lcore->counters);
	rte_pktmbuf_free_bulk(packets, count);
	if (lcore->news)
		ring_doorbell(lcore);
	return true;
}

static bool poll_hep(struct lcore *lcore)
{
	bool got = hep_listener_poll(lcore->hep, &lcore->look);

	if (lcore->news)
		ring_doorbell(lcore);
	return got;
}

static void housekeep(struct lcore *lcore)
{
	struct wire_settings settings;

	if (wire_settings_follow(&lcore->segment->settings, &lcore->settings_seen, &settings))
		follow(lcore, &settings);
	if (lcore->probe)
		lcore->look.probe = probe_follow(lcore->probe) ? lcore->probe : NULL;
	defrag_expire(lcore->look.defrag, clock_mono_ns());
	tcp_flows_expire(lcore->look.flows, clock_mono_ns());
	// A presence that went to sleep or came back while nothing new arrived.
	if (event_ring_count(lcore->ring) > 0)
		ring_doorbell(lcore);
	__atomic_store_n(&lcore->counters->heartbeat, lcore->counters->heartbeat + 1,
			 __ATOMIC_RELAXED);
}

// Only net_tap's signals reach a poll core; what ends the engine goes to the main thread.
static void mask_signals(bool takes_real_time)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&set, faults[i]);
	for (int i = SIGRTMIN + 1; takes_real_time && i <= SIGRTMAX; i++)
		sigdelset(&set, i);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

// Nothing but their consumer's progress lets them go on.
static bool owes_events(const struct lcore *lcore)
{
	return lcore->overflow.count || lcore->overflow.missing;
}

bool lcore_round(struct lcore *lcore)
{
	bool got = false;

	for (unsigned int i = 0; i < lcore->queue_count; i++)
		got |= poll_queue(lcore, &lcore->queue[i]);
	if (lcore->hep && (lcore->queue_count == 0 || lcore->slept ||
			   lcore->counters->value[WIRE_LOOPS] % HEP_ROUNDS == 0))
		got |= poll_hep(lcore);
	if (owes_events(lcore) && overflow_drain(&lcore->overflow, lcore->ring))
		ring_doorbell(lcore);
	if (++lcore->counters->value[WIRE_LOOPS] % HOUSEKEEPING == 0 || lcore->slept)
		housekeep(lcore);
	lcore->slept = false;
	return got;
}

int lcore_loop(void *arg)
{
	struct lcore *lcore = arg;

	mask_signals(lcore->takes_signals);
	idle_prepare();
	housekeep(lcore);
	while (!__atomic_load_n(lcore->stop, __ATOMIC_RELAXED)) {
		bool got = lcore_round(lcore);
		lcore->slept = idle_step(&lcore->idle, got, owes_events(lcore));
		lcore->counters->value[WIRE_SLEEPS] += lcore->slept;
	}
	return 0;
}
