#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The whole engine, inline over AF_XDP with frames on their way, killed at one moment as by the OOM
# killer, or its supervisor alone, and started again at once, again and again: it must come back by
# itself, forward, and know who is on the phone. What the registrar counts decides. Everything lives
# in namespaces of this script's own, which end with it.
# Usage: test_crash.sh OFFHOOKD OFFHOOKCTL REGISTRAR
. "$(dirname "$0")/stage.bash"
stage_enter

engine_start() {
	: >engine.log
	engine_run
}

engine_ready() {
	await grep -q 'supervisor ready' engine.log
	frames_ask
	await frames_pass
	await ctl status
}

is_gone() {
	! ps -o stat= -p "$1" | grep -qv Z
}

sides_up
port=5070
registrar_start $port
cat >settings.yaml <<-END
	engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
	log: { level: debug }
	wire: { mode: inline, ports: ["af_xdp:to-phones", "af_xdp:to-sbc"], hugepages: never }
	directory: { map_any: sfb.example }
	registrar: { target: "sip:127.0.0.1:$port;transport=tcp" }
END
# RTP, as much as frames under way: nothing of it is a call's.
ip netns exec phones bash -c 'while sleep 0.01; do echo voice >/dev/udp/198.18.0.20/7000; done' 2>/dev/null &

published=0
removed=0
engine_start
engine_ready
for round in 1 2 3; do
	echo "round $round: all of it is killed at one moment"
	call_begins "all$round"
	published=$((published + 2))
	await counted '"published": 2'
	# shellcheck disable=SC2046 # numbers
	kill -KILL $engine "$(pid_of wire)" "$(pid_of presence)" $(ps -C redis-server -o pid=)
	engine_start
	engine_ready
	grep -q 'xdp-leftover interface=to-phones' engine.log || fail "nothing was said of what was left"
	call_ends "all$round"
	removed=$((removed + 2))
	await counted "\"removed\": $removed"

	echo "round $round: its supervisor alone is killed"
	call_begins "one$round"
	published=$((published + 2))
	await counted '"published": 2'
	wire=$(pid_of wire) presence=$(pid_of presence)
	kill -KILL $engine
	engine_start
	engine_ready
	await is_gone "$wire"
	await is_gone "$presence"
	counts
	call_ends "one$round"
	removed=$((removed + 2))
	await counted "\"removed\": $removed"
done
counted "\"initial\": $published" || fail "published twice"
counted '"unknown_tag": 0' || fail "a wrong tag was sent"

echo "the supervisor is killed while the halves start"
for delay in 0.02 0.1 0.3 0.6; do
	engine_stop
	engine_start
	sleep $delay
	kill -KILL $engine
	mapfile -t halves < <(sed -n "s/.*supervisor started half=.* pid=\([0-9]*\).*/\1/p" engine.log)
	for half in "${halves[@]}"; do
		await is_gone "$half"
	done
	engine_start
	engine_ready
done
engine_stop
ip link show | grep xdp && fail "an XDP program is left on an interface"
grep -sE 'redis|offhook' /proc/[0-9]*/comm && fail "processes are left"
echo "all well"
