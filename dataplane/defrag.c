// SPDX-License-Identifier: Apache-2.0
// Fragments in one plain form: whatever came in, rte_ip_frag sees an IPv6 header, a fragment header
// and the piece. The addresses in it are a keyed hash over all that tells two datagrams apart (VLAN
// tags, network of an overlay, protocol, both addresses): its own IPv4 key knows neither protocol
// nor VLAN, its IPv6 code no other extension header, and its hash no secret.
#include "dataplane/defrag.h"

#include "config/poison.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "link/counters.h"
#include "sip/siphash.h"

#include <rte_errno.h>
#include <rte_ip_frag.h>
#include <rte_mbuf.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DATAGRAM_BYTES = 65536,
	HEADER_BYTES = 48,       // IPv6 and fragment header
	ENTRIES_PER_BUCKET = 16, // as DPDK's own ip_reassembly example
	SPARE_BUFFERS = 64,
	RECENT = 1024, // fragments remembered against mirror duplicates; power of two
};

// rte_ip_frag takes a second first or last fragment for an attack and forgets the whole datagram. A
// mirror that shows each packet on its way in and out does just that.
struct recent {
	uint64_t print;
	uint64_t seen_ns;
};

struct defrag {
	struct rte_ip_frag_tbl *table;
	struct rte_mempool *pool;
	struct wire_counters *counters;
	struct siphash_key key;
	uint64_t timeout_ns;
	struct rte_ip_frag_death_row dead;
	struct recent recent[RECENT];
	uint8_t datagram[DATAGRAM_BYTES];
};

static uint32_t buffers(unsigned int flows)
{
	return flows * RTE_LIBRTE_IP_FRAG_MAX_FRAG + SPARE_BUFFERS;
}

uint64_t defrag_memory(unsigned int flows, bool hugepages)
{
	// 1024: an entry of the table, which has up to four times as many as flows.
	return buffers(flows) * eal_buffer_bytes(RTE_MBUF_DEFAULT_BUF_SIZE, hugepages) +
	       flows * 1024ull;
}

struct defrag *defrag_new(unsigned int flows, uint64_t timeout_ns, const struct siphash_key *key,
			  struct wire_counters *counters, char *error, size_t error_size)
{
	static unsigned int serial; // pool names are unique in a process; started by one thread
	struct defrag *defrag = calloc(1, sizeof(*defrag));
	char name[32];

	if (!defrag) {
		snprintf(error, error_size, "no memory for the fragment table");
		return NULL;
	}
	defrag->counters = counters;
	defrag->key = *key;
	defrag->timeout_ns = timeout_ns;
	snprintf(name, sizeof(name), "fragments-%u", serial++);
	defrag->pool = rte_pktmbuf_pool_create(name, buffers(flows), 0, 0,
					       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	uint32_t buckets = (flows + ENTRIES_PER_BUCKET - 1) / ENTRIES_PER_BUCKET;
	if (defrag->pool)
		defrag->table = rte_ip_frag_table_create(buckets, ENTRIES_PER_BUCKET, flows,
							 timeout_ns, SOCKET_ID_ANY);
	if (!defrag->table) {
		snprintf(error, error_size,
			 "no memory for %u datagrams in fragments (%s): lower wire.fragment_flows "
			 "or raise wire.memory",
			 flows, rte_strerror(rte_errno));
		defrag_free(defrag);
		return NULL;
	}
	return defrag;
}

static void bury(struct defrag *defrag)
{
	rte_ip_frag_free_death_row(&defrag->dead, 0);
}

void defrag_free(struct defrag *defrag)
{
	if (!defrag)
		return;
	unpoison(defrag->datagram, sizeof(defrag->datagram));
	if (defrag->table)
		rte_ip_frag_table_destroy(defrag->table);
	rte_mempool_free(defrag->pool);
	free(defrag);
}

static struct siphash128 flow_hash(const struct defrag *defrag, const struct frame *frame)
{
	struct {
		uint16_t tag[FRAME_TAGS];
		uint8_t version, tag_count, next, zero;
		uint32_t network;
		uint8_t source[16], target[16];
	} flow = {.version = frame->version,
		  .tag_count = frame->tag_count,
		  .next = frame->next,
		  .network = frame->network};

	memcpy(flow.tag, frame->tag, sizeof(flow.tag));
	memcpy(flow.source, frame->source, sizeof(flow.source));
	memcpy(flow.target, frame->target, sizeof(flow.target));
	return siphash128(&defrag->key, &flow, sizeof(flow));
}

// Octet for octet the same: another datagram that happens to have the same identifier is none.
static bool seen_before(struct defrag *defrag, const struct frame *frame, struct siphash128 flow,
			const uint8_t *piece, uint64_t now_ns)
{
	struct {
		struct siphash128 flow;
		uint64_t content;
		uint32_t id, off, len, more;
	} all = {flow,
		 siphash64(&defrag->key, piece, frame->payload_len),
		 frame->fragment_id,
		 frame->fragment_off,
		 frame->payload_len,
		 frame->more_fragments};
	uint64_t print = siphash64(&defrag->key, &all, sizeof(all));
	struct recent *recent = &defrag->recent[print & (RECENT - 1)];

	if (recent->print == print && now_ns - recent->seen_ns < defrag->timeout_ns)
		return true;
	recent->print = print;
	recent->seen_ns = now_ns;
	return false;
}

static void put_be16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

// RFC 8200 3 and 4.5.
static void write_headers(uint8_t *p, const struct frame *frame, struct siphash128 flow)
{
	memset(p, 0, HEADER_BYTES);
	p[0] = 0x60;
	put_be16(p + 4, frame->payload_len + 8);
	p[6] = IPPROTO_FRAGMENT;
	memcpy(p + 8, &flow, 16);
	p[40] = frame->next;
	put_be16(p + 42, frame->fragment_off | frame->more_fragments);
	memcpy(p + 44, &frame->fragment_id, 4);
}

// The plain form, in as many buffers as it needs; NULL: none left.
static struct rte_mbuf *copy_piece(struct defrag *defrag, const struct frame *frame,
				   struct siphash128 flow, const uint8_t *piece)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(defrag->pool);
	uint32_t left = frame->payload_len;

	if (!head)
		return NULL;
	rte_pktmbuf_append(head, HEADER_BYTES); // a buffer always has room for that
	write_headers(rte_pktmbuf_mtod(head, uint8_t *), frame, flow);
	struct rte_mbuf *segment = head;
	for (;;) {
		uint32_t room = rte_pktmbuf_tailroom(segment), part = left < room ? left : room;
		char *to = rte_pktmbuf_append(segment, (uint16_t)part);
		memcpy(to, piece, part);
		if (segment != head)
			rte_pktmbuf_chain(head, segment);
		piece += part;
		left -= part;
		if (left == 0)
			break;
		segment = rte_pktmbuf_alloc(defrag->pool);
		if (!segment) {
			rte_pktmbuf_free(head);
			return NULL;
		}
	}
	head->l2_len = 0;
	head->l3_len = HEADER_BYTES;
	return head;
}

// rte_ip_frag does not say why it kept nothing; what it put on the death row tells.
static void count_dead(struct defrag *defrag, const struct rte_mbuf *piece)
{
	const struct rte_ip_frag_death_row *dead = &defrag->dead;
	uint64_t *value = defrag->counters->value;
	bool refused = false;

	for (uint32_t i = 0; i < dead->cnt; i++)
		refused |= dead->row[i] == piece;
	if (refused && dead->cnt == 1)
		value[WIRE_FRAGMENT_NO_ROOM]++;
	else if (refused)
		value[WIRE_FRAGMENT_INVALID] += dead->cnt;
	else
		value[WIRE_FRAGMENT_TIMEOUT] += dead->cnt;
}

bool defrag_add(struct defrag *defrag, const struct frame *frame, const uint8_t **data, size_t *len,
		uint64_t now_ns)
{
	uint64_t *value = defrag->counters->value;
	struct siphash128 flow = flow_hash(defrag, frame);

	value[WIRE_FRAGMENTS]++;
	if (seen_before(defrag, frame, flow, *data + frame->payload_off, now_ns)) {
		value[WIRE_FRAGMENT_DUPLICATE]++;
		return false;
	}
	struct rte_mbuf *piece = copy_piece(defrag, frame, flow, *data + frame->payload_off);
	if (!piece) {
		value[WIRE_FRAGMENT_NO_ROOM]++;
		return false;
	}
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(piece, struct rte_ipv6_hdr *);
	struct rte_mbuf *whole = rte_ipv6_frag_reassemble_packet(
		defrag->table, &defrag->dead, piece, now_ns, ip,
		(struct rte_ipv6_fragment_ext *)(ip + 1));
	count_dead(defrag, piece);
	bury(defrag);
	if (!whole)
		return false;
	// What comes back has the IPv6 header alone in front.
	uint32_t skip = HEADER_BYTES - 8, bytes = rte_pktmbuf_pkt_len(whole) - skip;
	unpoison(defrag->datagram, sizeof(defrag->datagram));
	const void *from = rte_pktmbuf_read(whole, skip, bytes, defrag->datagram);
	if (from && from != defrag->datagram)
		memcpy(defrag->datagram, from, bytes);
	rte_pktmbuf_free(whole);
	poison(defrag->datagram + bytes, sizeof(defrag->datagram) - bytes);
	value[WIRE_REASSEMBLED]++;
	*data = defrag->datagram;
	*len = bytes;
	return true;
}

void defrag_expire(struct defrag *defrag, uint64_t now_ns)
{
	rte_ip_frag_table_del_expired_entries(defrag->table, &defrag->dead, now_ns);
	defrag->counters->value[WIRE_FRAGMENT_TIMEOUT] += defrag->dead.cnt;
	bury(defrag);
}
