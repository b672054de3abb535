// SPDX-License-Identifier: Apache-2.0
// Rules are tried one by one: NICs differ in what they can match, above all fragments.
#include "dataplane/steer.h"

#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_flow.h>
#include <rte_ip.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	ITEMS = 4, // Ethernet, IP, transport, end
	FIRST = 0, // priorities: the smaller number wins
	LAST = 1,
	OFFSET_MASK = 0x1fff,
	MORE_FRAGMENTS = 0x2000, // RFC 791 3.1
};

// What an item matches, with the room for it.
struct rule {
	unsigned int items;
	struct rte_flow_item item[ITEMS];
	struct rte_flow_item_ipv4 ipv4, ipv4_last, ipv4_mask;
	struct rte_flow_item_ipv6 ipv6, ipv6_mask;
	union {
		struct rte_flow_item_udp udp;
		struct rte_flow_item_tcp tcp;
	} ports, ports_mask;
};

_Static_assert(offsetof(struct rte_flow_item_udp, hdr.src_port) ==
			       offsetof(struct rte_flow_item_tcp, hdr.src_port) &&
		       offsetof(struct rte_flow_item_udp, hdr.dst_port) ==
			       offsetof(struct rte_flow_item_tcp, hdr.dst_port),
	       "both items have their ports in the same place");

struct steering {
	const struct steer *steer;
	struct steer_outcome *outcome;
};

static struct rte_flow_item *rule_add(struct rule *rule, enum rte_flow_item_type type)
{
	struct rte_flow_item *item = &rule->item[rule->items++];

	item->type = type;
	return item;
}

static struct rte_flow_item *rule_ip(struct rule *rule, bool is_ipv6)
{
	struct rte_flow_item *item;

	memset(rule, 0, sizeof(*rule));
	rule_add(rule, RTE_FLOW_ITEM_TYPE_ETH);
	item = rule_add(rule, is_ipv6 ? RTE_FLOW_ITEM_TYPE_IPV6 : RTE_FLOW_ITEM_TYPE_IPV4);
	return item;
}

static bool rule_ask(const struct steering *steering, struct rule *rule, uint32_t priority,
		     const struct rte_flow_action *action)
{
	const struct rte_flow_attr attr = {.ingress = 1, .priority = priority};
	const struct rte_flow_action actions[] = {*action, {.type = RTE_FLOW_ACTION_TYPE_END}};
	struct steer_outcome *outcome = steering->outcome;
	struct rte_flow_error error = {0};

	rule_add(rule, RTE_FLOW_ITEM_TYPE_END);
	if (rte_flow_create(steering->steer->port, &attr, rule->item, actions, &error)) {
		outcome->taken++;
		return true;
	}
	if (outcome->refused++ == 0)
		snprintf(outcome->reason, sizeof(outcome->reason), "%s",
			 error.message ? error.message : "no reason given");
	return false;
}

// To the queues that calls have to themselves.
static bool rule_for_calls(const struct steering *steering, struct rule *rule)
{
	const struct steer *steer = steering->steer;
	uint16_t queue[SEGMENT_LCORES];
	struct rte_flow_action_rss spread = {
		.types = steer->types,
		.key = steer->key,
		.key_len = steer->key_bytes,
		.queue = queue,
		.queue_num = steer->queues - 1u,
	};
	struct rte_flow_action_queue only = {.index = 0};

	for (uint16_t i = 0; i < steer->queues - 1; i++)
		queue[i] = i;
	return rule_ask(steering, rule, FIRST,
			&(struct rte_flow_action){
				.type = spread.queue_num > 1 ? RTE_FLOW_ACTION_TYPE_RSS
							     : RTE_FLOW_ACTION_TYPE_QUEUE,
				.conf = spread.queue_num > 1 ? (void *)&spread : (void *)&only,
			});
}

// UDP and TCP begin with the same two ports, and so do their items.
static bool ask_ports(const struct steering *steering, bool is_ipv6, enum rte_flow_item_type type,
		      uint16_t source, uint16_t destination)
{
	struct rte_flow_item *item;
	struct rule rule;

	rule_ip(&rule, is_ipv6);
	rule.ports.udp.hdr.src_port = rte_cpu_to_be_16(source);
	rule.ports.udp.hdr.dst_port = rte_cpu_to_be_16(destination);
	rule.ports_mask.udp.hdr.src_port = source ? UINT16_MAX : 0;
	rule.ports_mask.udp.hdr.dst_port = destination ? UINT16_MAX : 0;
	item = rule_add(&rule, type);
	item->spec = &rule.ports;
	item->mask = &rule.ports_mask;
	return rule_for_calls(steering, &rule);
}

// How many of the rules for SIP were taken.
static unsigned int ask_sip(const struct steering *steering)
{
	static const enum rte_flow_item_type types[] = {RTE_FLOW_ITEM_TYPE_UDP,
							RTE_FLOW_ITEM_TYPE_TCP};
	const struct settings_wire *wire = steering->steer->wire;
	unsigned int taken = 0;

	for (unsigned int i = 0; i < wire->steer_port_count; i++) {
		uint16_t port = (uint16_t)wire->steer_port[i];
		for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
			for (size_t k = 0; k < 2; k++) {
				taken += ask_ports(steering, is_ipv6, types[k], port, 0);
				taken += ask_ports(steering, is_ipv6, types[k], 0, port);
			}
		}
	}
	return taken;
}

// The first has more behind it, the later ones have an offset; ports are in the first alone.
static void ask_fragments(const struct steering *steering)
{
	struct rte_flow_item *item;
	struct rule rule;

	item = rule_ip(&rule, false);
	rule.ipv4.hdr.fragment_offset = rte_cpu_to_be_16(MORE_FRAGMENTS);
	rule.ipv4_mask.hdr.fragment_offset = rte_cpu_to_be_16(MORE_FRAGMENTS);
	item->spec = &rule.ipv4;
	item->mask = &rule.ipv4_mask;
	rule_for_calls(steering, &rule);

	item = rule_ip(&rule, false);
	rule.ipv4.hdr.fragment_offset = rte_cpu_to_be_16(1);
	rule.ipv4_last.hdr.fragment_offset = rte_cpu_to_be_16(OFFSET_MASK);
	rule.ipv4_mask.hdr.fragment_offset = rte_cpu_to_be_16(OFFSET_MASK);
	item->spec = &rule.ipv4;
	item->last = &rule.ipv4_last;
	item->mask = &rule.ipv4_mask;
	rule_for_calls(steering, &rule);

	item = rule_ip(&rule, true);
	rule.ipv6.has_frag_ext = 1;
	rule.ipv6_mask.has_frag_ext = 1;
	item->spec = &rule.ipv6;
	item->mask = &rule.ipv6_mask;
	rule_for_calls(steering, &rule);
}

static void ask_protocol(const struct steering *steering, bool is_ipv6, uint8_t protocol)
{
	struct rule rule;
	struct rte_flow_item *item = rule_ip(&rule, is_ipv6);

	rule.ipv4.hdr.next_proto_id = rule.ipv6.hdr.proto = protocol;
	rule.ipv4_mask.hdr.next_proto_id = rule.ipv6_mask.hdr.proto = UINT8_MAX;
	item->spec = is_ipv6 ? (const void *)&rule.ipv6 : &rule.ipv4;
	item->mask = is_ipv6 ? (const void *)&rule.ipv6_mask : &rule.ipv4_mask;
	rule_for_calls(steering, &rule);
}

static void ask_udp_ports(const struct steering *steering, const unsigned int *port,
			  unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++)
			ask_ports(steering, is_ipv6, RTE_FLOW_ITEM_TYPE_UDP, 0, (uint16_t)port[i]);
}

static void ask_tunnels(const struct steering *steering)
{
	static const uint8_t protocols[] = {IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_GRE};
	const struct settings_wire *wire = steering->steer->wire;

	for (size_t i = 0; i < sizeof(protocols); i++)
		for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++)
			ask_protocol(steering, is_ipv6, protocols[i]);
	ask_udp_ports(steering, wire->vxlan_port, wire->vxlan_port_count);
	ask_udp_ports(steering, wire->geneve_port, wire->geneve_port_count);
	ask_udp_ports(steering, wire->hep_port, wire->hep_port_count);
}

static bool ask_rest(const struct steering *steering)
{
	struct rule rule = {0};
	struct rte_flow_action_queue last = {.index = steering->steer->queues - 1u};

	rule_add(&rule, RTE_FLOW_ITEM_TYPE_ETH);
	return rule_ask(
		steering, &rule, LAST,
		&(struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &last});
}

int steer_start(const struct steer *steer, struct steer_outcome *outcome)
{
	const struct steering steering = {.steer = steer, .outcome = outcome};

	memset(outcome, 0, sizeof(*outcome));
	// Without SIP apart, or the rest apart from it, nothing is won.
	if (ask_sip(&steering) > 0) {
		ask_fragments(&steering);
		ask_tunnels(&steering);
		if (ask_rest(&steering))
			return 0;
	}
	rte_flow_flush(steer->port, NULL);
	return -ENOTSUP;
}
