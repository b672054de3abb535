#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# DPDK's own tools against the running, unprivileged engine (wire.dpdk_tools): the telemetry socket,
# and on hugepages, a few of which are set aside for it, dpdk-dumpcap.
# Usage: test_tools.sh OFFHOOKD OFFHOOKCTL REGISTRAR
. "$(dirname "$0")/stage.bash"

pages=/proc/sys/vm/nr_hugepages
pages_wanted=200
pages_before=

pages_give_back() {
	[ -z "$pages_before" ] || echo "$pages_before" >"$pages"
}

# false: this machine has none to spare.
pages_take() {
	mkdir huge && mount -t hugetlbfs huge huge || return
	pages_before=$(cat "$pages")
	echo $((pages_before + pages_wanted)) >"$pages" &&
		[ "$(cat "$pages")" -ge $((pages_before + pages_wanted)) ]
}

engine_start() { # hugepages
	cat >settings.yaml <<-END
		engine: { name: attached, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
		wire: { ports: ["af_packet:eth0"], hugepages: $1, mbufs: 2048, dpdk_tools: yes }
		control: { group: daemon }
		store: { url: memory }
		directory: { map_any: sfb.example }
		registrar: { target: "sip:127.0.0.1:5070;transport=tcp" }
	END
	: >engine.log
	engine_run
	await grep -q "wire open" engine.log
}

frames() { # how many
	python3 - "$1" <<-'END'
		import socket, sys
		link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		link.bind(("eth1", 0))
		for i in range(int(sys.argv[1])):
		    link.send(b"\xff" * 6 + b"\x02" * 6 + b"\x08\x00" + b"E" + b"\0" * 60)
	END
}

telemetry_tells() {
	echo "/ethdev/list" | dpdk-telemetry.py -f attached >telemetry.json && grep -q '\[0\]' telemetry.json
}

stage_enter
export RUNTIME_DIRECTORY=/run/run
trap pages_give_back EXIT
ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip link set eth1 up

engine_start never
telemetry_tells || fail "no telemetry: $(cat telemetry.json)"
engine_stop
echo "telemetry: without hugepages: ok"

if ! pages_take; then
	echo "dumpcap: left out, $pages_wanted hugepages can't be had"
	exit 0
fi
engine_start auto
grep -q "wire open.*on hugepages" engine.log || fail "not on hugepages"
telemetry_tells || fail "no telemetry: $(cat telemetry.json)"
# umask: the engine, which is not root any more, answers on the tool's socket.
(
	umask 0
	exec timeout 30 dpdk-dumpcap --file-prefix attached -i net_af_packet0 -c 20 -w seen.pcapng
) >dumpcap.log 2>&1 &
dumpcap=$!
# It can't be asked whether it captures yet.
for _ in $(seq 100); do
	kill -0 "$dumpcap" 2>/dev/null || break
	frames 10
	sleep 0.1
done
wait "$dumpcap" || fail "dpdk-dumpcap: $(cat dumpcap.log)"
[ "$(stat -c %s seen.pcapng)" -gt 1000 ] || fail "dpdk-dumpcap wrote nothing: $(cat dumpcap.log)"
telemetry_tells || fail "no telemetry after dpdk-dumpcap"
engine_stop
echo "telemetry and dumpcap: on hugepages: ok"
