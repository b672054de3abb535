# shellcheck shell=sh disable=SC2154,SC2034 # names of whoever sources it
# SPDX-License-Identifier: Apache-2.0
# What stages have in common, for scripts to source: two namespaces, phones and sbc, whose only way to
# each other is from to-phones to to-sbc, and the engine that may stand there ($engine, of $build; its
# directories are in $lab).

fail() {
	echo "MISSING  $*"
	exit 1
}

# Waits up to $1 seconds until the rest, a command, succeeds.
await() {
	tries=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

network_up() {
	ip link set lo up
	for side in phones:10 sbc:20; do
		ns=${side%:*}
		ip netns add "$ns"
		ip link add "to-$ns" type veth peer name eth0 netns "$ns"
		# Nothing but frames of phones and SBC on the engine's ends: no IPv6, no address. veth
		# leaves checksums to hardware that isn't there, so they are computed before.
		echo 1 >"/proc/sys/net/ipv6/conf/to-$ns/disable_ipv6"
		ip netns exec "$ns" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
		ip netns exec "$ns" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
		ethtool -K "to-$ns" tx off tso off gso off gro off >/dev/null
		ip -n "$ns" link set lo up
		ip -n "$ns" addr add "198.18.0.${side#*:}/24" dev eth0
		ip -n "$ns" link set eth0 up
		ip link set "to-$ns" up
	done
}

# Tells namespace $1 where address $3 of namespace $2 is, in state $4 of the neighbour table.
neighbour() {
	ip -n "$1" neigh replace "$3" dev eth0 nud "$4" \
		lladdr "$(ip netns exec "$2" cat /sys/class/net/eth0/address)"
}

# Asks by ARP, from phones to SBC, and looks whether the answer has come.
frames_pass() {
	ip -n phones neigh show 198.18.0.20 | grep -q REACHABLE && return
	neighbour phones sbc 198.18.0.20 probe
	false
}

# A process that has ended has no executable any more, also before anybody waits for it.
engine_lives() {
	[ -e "/proc/$engine/exe" ]
}

engine_gone() {
	! engine_lives
}

# Up, or down for good.
engine_settled() {
	engine_gone || { "$build/daemon/offhookctl" --socket "$lab/run/control" status && frames_pass; }
}
