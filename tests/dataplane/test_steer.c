// SPDX-License-Identifier: Apache-2.0
// A NIC in software: it takes the rules, or some of them, and tells which queue a packet would get.
#include "dataplane/steer.h"

#include <rte_byteorder.h>
#include <rte_flow.h>

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { RULES = 128, QUEUES = 4, DROPPED = -1 };

struct packet {
	bool is_ip, is_ipv6, fragment_header;
	uint16_t fragment_offset; // IPv4's 16 bits
	uint8_t protocol;
	bool has_ports;
	uint16_t source, destination;
};

struct nic_rule {
	uint32_t priority;
	bool ipv4, ipv6, udp, tcp;
	struct rte_flow_item_ipv4 ipv4_spec, ipv4_last, ipv4_mask;
	struct rte_flow_item_ipv6 ipv6_spec, ipv6_mask;
	struct rte_flow_item_udp udp_spec, udp_mask;
	struct rte_flow_item_tcp tcp_spec, tcp_mask;
	bool spreads;
	unsigned int queue; // or the last of those it spreads over
};

static struct nic {
	unsigned int count, flushes;
	struct nic_rule rule[RULES];
	bool no_ranges, no_tcp, no_rest, nothing;
} nic;

struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
					const struct rte_flow_item items[],
					const struct rte_flow_action actions[],
					struct rte_flow_error *error);
int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *error);

static void copy(void *to, const void *from, size_t size)
{
	if (from)
		memcpy(to, from, size);
}

static bool nic_reads(struct nic_rule *rule, const struct rte_flow_item *item)
{
	switch (item->type) {
	case RTE_FLOW_ITEM_TYPE_ETH: return true;
	case RTE_FLOW_ITEM_TYPE_IPV4:
		rule->ipv4 = true;
		copy(&rule->ipv4_spec, item->spec, sizeof(rule->ipv4_spec));
		copy(&rule->ipv4_last, item->last, sizeof(rule->ipv4_last));
		copy(&rule->ipv4_mask, item->mask, sizeof(rule->ipv4_mask));
		return !(item->last && nic.no_ranges);
	case RTE_FLOW_ITEM_TYPE_IPV6:
		rule->ipv6 = true;
		copy(&rule->ipv6_spec, item->spec, sizeof(rule->ipv6_spec));
		copy(&rule->ipv6_mask, item->mask, sizeof(rule->ipv6_mask));
		return true;
	case RTE_FLOW_ITEM_TYPE_UDP:
		rule->udp = true;
		copy(&rule->udp_spec, item->spec, sizeof(rule->udp_spec));
		copy(&rule->udp_mask, item->mask, sizeof(rule->udp_mask));
		return true;
	case RTE_FLOW_ITEM_TYPE_TCP:
		rule->tcp = true;
		copy(&rule->tcp_spec, item->spec, sizeof(rule->tcp_spec));
		copy(&rule->tcp_mask, item->mask, sizeof(rule->tcp_mask));
		return !nic.no_tcp;
	default: fail_msg("unexpected item %d", item->type); return false;
	}
}

static void nic_acts(struct nic_rule *rule, const struct rte_flow_action *action)
{
	if (action[0].type == RTE_FLOW_ACTION_TYPE_QUEUE) {
		rule->queue = ((const struct rte_flow_action_queue *)action[0].conf)->index;
	} else {
		const struct rte_flow_action_rss *rss = action[0].conf;
		assert_int_equal(action[0].type, RTE_FLOW_ACTION_TYPE_RSS);
		for (uint32_t i = 0; i < rss->queue_num; i++)
			assert_int_equal(rss->queue[i], i);
		rule->spreads = true;
		rule->queue = rss->queue_num - 1;
	}
	assert_int_equal(action[1].type, RTE_FLOW_ACTION_TYPE_END);
}

struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
					const struct rte_flow_item items[],
					const struct rte_flow_action actions[],
					struct rte_flow_error *error)
{
	struct nic_rule *rule = &nic.rule[nic.count];
	bool takes = !nic.nothing;

	assert_int_equal(port, 7);
	assert_true(attr->ingress);
	assert_true(nic.count < RULES);
	memset(rule, 0, sizeof(*rule));
	rule->priority = attr->priority;
	for (; items->type != RTE_FLOW_ITEM_TYPE_END; items++)
		takes &= nic_reads(rule, items);
	nic_acts(rule, actions);
	takes &= !(nic.no_rest && rule->priority > 0);
	if (!takes) {
		error->message = "this NIC can't";
		return NULL;
	}
	nic.count++;
	return (struct rte_flow *)rule;
}

int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *error)
{
	(void)error;
	assert_int_equal(port, 7);
	nic.count = 0;
	nic.flushes++;
	return 0;
}

static bool offset_matches(const struct nic_rule *rule, uint16_t offset)
{
	uint16_t mask = rte_be_to_cpu_16(rule->ipv4_mask.hdr.fragment_offset);
	uint16_t low = rte_be_to_cpu_16(rule->ipv4_spec.hdr.fragment_offset) & mask;
	uint16_t high = rte_be_to_cpu_16(rule->ipv4_last.hdr.fragment_offset) & mask;

	offset &= mask;
	return high ? offset >= low && offset <= high : offset == low;
}

static bool port_matches(rte_be16_t spec, rte_be16_t mask, uint16_t port)
{
	return ((rte_cpu_to_be_16(port) ^ spec) & mask) == 0;
}

static bool rule_matches(const struct nic_rule *rule, const struct packet *packet)
{
	if (rule->ipv4 &&
	    (!packet->is_ip || packet->is_ipv6 || !offset_matches(rule, packet->fragment_offset) ||
	     ((packet->protocol ^ rule->ipv4_spec.hdr.next_proto_id) &
	      rule->ipv4_mask.hdr.next_proto_id)))
		return false;
	if (rule->ipv6 &&
	    (!packet->is_ip || !packet->is_ipv6 ||
	     (rule->ipv6_mask.has_frag_ext &&
	      rule->ipv6_spec.has_frag_ext != packet->fragment_header) ||
	     ((packet->protocol ^ rule->ipv6_spec.hdr.proto) & rule->ipv6_mask.hdr.proto)))
		return false;
	if (rule->udp && (!packet->has_ports || packet->protocol != IPPROTO_UDP ||
			  !port_matches(rule->udp_spec.hdr.src_port, rule->udp_mask.hdr.src_port,
					packet->source) ||
			  !port_matches(rule->udp_spec.hdr.dst_port, rule->udp_mask.hdr.dst_port,
					packet->destination)))
		return false;
	return !rule->tcp || (packet->has_ports && packet->protocol == IPPROTO_TCP &&
			      port_matches(rule->tcp_spec.hdr.src_port, rule->tcp_mask.hdr.src_port,
					   packet->source) &&
			      port_matches(rule->tcp_spec.hdr.dst_port, rule->tcp_mask.hdr.dst_port,
					   packet->destination));
}

// The queue, or the last of those it may get.
static int queue_of(const struct packet *packet)
{
	const struct nic_rule *best = NULL;

	for (unsigned int i = 0; i < nic.count; i++)
		if (rule_matches(&nic.rule[i], packet) &&
		    (!best || nic.rule[i].priority < best->priority))
			best = &nic.rule[i];
	return best ? (int)best->queue : DROPPED;
}

static const struct packet sip_out = {true, false, false, 0x4000, IPPROTO_UDP, true, 5060, 40000};
static const struct packet sip_in = {true, false, false, 0, IPPROTO_UDP, true, 40000, 5060};
static const struct packet sip_tcp = {true, false, false, 0x4000, IPPROTO_TCP, true, 5061, 40000};
static const struct packet sip_6 = {true, true, false, 0, IPPROTO_UDP, true, 5060, 5060};
static const struct packet first = {true, false, false, 0x2000, IPPROTO_UDP, true, 9, 9};
static const struct packet later = {true, false, false, 0x00b9, IPPROTO_UDP, false, 0, 0};
static const struct packet later_6 = {true, true, true, 0, 44, false, 0, 0};
static const struct packet gre = {true, false, false, 0, IPPROTO_GRE, false, 0, 0};
static const struct packet gre_6 = {true, true, false, 0, IPPROTO_GRE, false, 0, 0};
static const struct packet vxlan = {true, false, false, 0, IPPROTO_UDP, true, 50000, 4789};
static const struct packet hep = {true, true, false, 0, IPPROTO_UDP, true, 50000, 9060};
static const struct packet rtp = {true, false, false, 0x4000, IPPROTO_UDP, true, 16384, 20000};
static const struct packet rtp_6 = {true, true, false, 0, IPPROTO_UDP, true, 16384, 20000};
static const struct packet arp = {0};

static int start(unsigned int queues, struct steer_outcome *outcome)
{
	static const uint8_t key[40] = {0x6d, 0x5a};
	static struct settings settings;
	struct steer steer = {
		.port = 7,
		.queues = (uint16_t)queues,
		.key = key,
		.key_bytes = sizeof(key),
		.types = 1,
		.wire = &settings.wire,
	};

	settings_default(&settings);
	settings.wire.steer_port[0] = 5060;
	settings.wire.steer_port[1] = 5061;
	settings.wire.steer_port_count = 2;
	nic.count = nic.flushes = 0;
	return steer_start(&steer, outcome);
}

static void calls_have_their_queues(void **state)
{
	static const struct packet *const calls[] = {&sip_out, &sip_in, &sip_tcp, &sip_6,
						     &first,   &later,  &later_6, &gre,
						     &gre_6,   &vxlan,  &hep};
	static const struct packet *const rest[] = {&rtp, &rtp_6, &arp};
	struct steer_outcome outcome;

	(void)state;
	memset(&nic, 0, sizeof(nic));
	for (unsigned int queues = 2; queues <= QUEUES; queues++) {
		assert_int_equal(start(queues, &outcome), 0);
		assert_int_equal(outcome.refused, 0);
		assert_int_equal(outcome.taken, nic.count);
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			assert_int_equal(queue_of(calls[i]), queues - 2);
		for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
			assert_int_equal(queue_of(rest[i]), queues - 1);
		assert_int_equal(nic.rule[0].spreads, queues > 2);
	}
}

// What a NIC can't match shares the last queue; nothing is dropped.
static void some_rules_are_enough(void **state)
{
	struct steer_outcome outcome;

	(void)state;
	memset(&nic, 0, sizeof(nic));
	nic.no_ranges = nic.no_tcp = true;
	assert_int_equal(start(2, &outcome), 0);
	assert_int_equal(outcome.refused, 9);
	assert_string_equal(outcome.reason, "this NIC can't");
	assert_int_equal(queue_of(&sip_in), 0);
	assert_int_equal(queue_of(&first), 0);
	assert_int_equal(queue_of(&later), 1);
	assert_int_equal(queue_of(&sip_tcp), 1);
	assert_int_equal(queue_of(&rtp), 1);
}

static void half_of_it_is_none(void **state)
{
	struct steer_outcome outcome;

	(void)state;
	memset(&nic, 0, sizeof(nic));
	nic.no_rest = true;
	assert_int_equal(start(2, &outcome), -ENOTSUP);
	assert_int_equal(nic.flushes, 1);
	assert_int_equal(nic.count, 0);
	memset(&nic, 0, sizeof(nic));
	nic.nothing = true;
	assert_int_equal(start(2, &outcome), -ENOTSUP);
	assert_int_equal(outcome.taken, 0);
	assert_string_equal(outcome.reason, "this NIC can't");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_have_their_queues),
		cmocka_unit_test(some_rules_are_enough),
		cmocka_unit_test(half_of_it_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
