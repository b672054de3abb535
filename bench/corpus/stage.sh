#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The recording from inside the namespaces that record.sh makes: a bridge with four hosts.
# Usage: stage.sh OUTPUT.pcap. All other files lie in a file system that ends with the stage.
#
#   callers (198.18.1.10) -> first proxy (.1) -> second proxy (.2) -> callees (.20)
set -u

output=$1
work=/run/corpus
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C TZ=UTC
# Who calls whom.
makers="mediant:polycom cisco:asterisk polycom:mediation asterisk:mediant mediation:cisco"

fail() {
	tail -q -n 12 "$work"/*.errors 2>/dev/null >&2
	echo "record: failed: $*" >&2
	exit 1
}

# Waits up to 10 seconds until the command succeeds.
await() {
	tries=100
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

network_up() {
	ip link add corpus type bridge
	echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
	for host in 1 2 10 20; do
		ip netns add "host$host"
		# Addresses that are the same each time; checksums as a real card would write them.
		ip link add "to$host" type veth peer name eth0 address "02:00:5e:00:00:$host" \
			netns "host$host"
		ip netns exec "host$host" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
		ip netns exec "host$host" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
		ip -n "host$host" link set lo up
		ip -n "host$host" addr add "198.18.1.$host/24" dev eth0
		ip -n "host$host" link set eth0 up
		ip link set "to$host" master corpus up
	done
	ip link set corpus up promisc on
}

listens() {
	ip netns exec "host$1" ss -lun | grep -q "198.18.1.$1:$2 "
}

proxies_up() {
	for host in 1 2; do
		mkdir -p "$work/proxy$host"
		ip netns exec "host$host" kamailio -DD -E -m 32 -M 8 -f "$here/proxy.cfg" \
			-l "udp:198.18.1.$host:5060" -Y "$work/proxy$host" -w "$work/proxy$host" \
			>"$work/proxy$host.log" 2>&1 &
		await listens "$host" 5060 || return 1
	done
}

# SIPp in host $1 on port $2 with the scenario of maker $3 and flow $4; the rest is for SIPp.
play() {
	in=$1 port=$2 name=$4-$3
	shift 4
	ip netns exec "host$in" sipp -sf "$work/$name.xml" -inf "$here/users.csv" \
		-i "198.18.1.$in" -p "$port" -mp $((port + 10000)) -m "$calls" -nostdin -key run "$(run_name "$name")" \
		-au phone -ap secret -timeout 30s -timeout_error -trace_err -error_file "$work/$name.errors" "$@" \
		>/dev/null 2>"$work/$name.log"
}

# Instead of process numbers in tags, branches and Call-IDs: the same each time.
run_name() {
	printf "%08x" "$(printf "%s" "$1" | cksum | cut -d ' ' -f 1)"
}

scenario() {
	awk -f "$here/scenario.awk" "$here/makers/$1" "$here/flows/$2" >"$work/$2-$1.xml"
}

# A flow with all makers at once: name, calls of each.
flow_play() {
	flow=$1 calls=$2 players=
	for pair in $makers; do
		caller=${pair%:*} called=${pair#*:}
		if [ -f "$here/flows/$flow.called" ]; then
			scenario "$called" "$flow.called"
			play 20 "$next_port" "$called" "$flow.called" &
			players="$players $!"
			await listens 20 "$next_port" || return 1
		fi
		scenario "$caller" "$flow.caller"
		id=$(awk '/^== / { at = $2; next } at == "call-id" { print }' "$here/makers/$caller")
		play 10 "$next_port" "$caller" "$flow.caller" 198.18.1.1:5060 -r 10 \
			-cid_str "$(echo "$id" | sed "s/%run/$(run_name "$flow.$caller")/")" \
			-key called "198.18.1.20:$next_port" &
		players="$players $!"
		next_port=$((next_port + 4))
	done
	failed=
	for player in $players; do
		wait "$player" || failed=yes
	done
	[ -z "$failed" ]
}

mount -t tmpfs stage /run || fail "a file system of its own"
mkdir "$work"
network_up || fail "the network"
proxies_up || fail "the proxies"
tcpdump -i corpus -Z root -s 0 -B 16384 --immediate-mode -w "$work/corpus.pcap" udp \
	2>"$work/tcpdump.log" &
tcpdump=$!
await grep -q "listening on" "$work/tcpdump.log" || fail "tcpdump"
next_port=6000
while read -r name times; do
	case $name in '#'* | '') continue ;; esac
	flow_play "$name" "$times" || fail "the calls of $name"
done <"$here/plan"
kill -INT "$tcpdump"
wait "$tcpdump"
grep -q "^0 packets dropped" "$work/tcpdump.log" || fail "packets were lost"
cp "$work/corpus.pcap" "$output"
