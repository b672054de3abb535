#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An engine without a port, unprivileged and in its sandbox: Kamailio's HEP messages reach it first by
# UDP, then by TCP, and what they tell is published.
# A capture of it is SIP between the phones.
# Usage: test_hep.sh OFFHOOKD OFFHOOKCTL REGISTRAR CAPTURE
. "$(dirname "$0")/stage.bash"
capture=$(realpath "$5")

# The HEP messages of the capture from number $2 to $3, by $1.
hep_send() {
	python3 - "$capture" "$@" <<-'END'
		import socket, struct, sys
		path, how, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
		data = open(path, "rb").read()
		messages, at = [], data.find(b"HEP3")
		while at >= 0:
		    end = at + struct.unpack(">H", data[at + 4:at + 6])[0]
		    messages.append(data[at:end])
		    at = data.find(b"HEP3", end)
		kind = socket.SOCK_STREAM if how == "tcp" else socket.SOCK_DGRAM
		link = socket.socket(socket.AF_INET, kind)
		link.connect(("127.0.0.1", 9060))
		for message in messages[first - 1:last]:
		    link.sendall(message)
	END
}

says() {
	ctl "$2" | grep -q "$1"
}

hep_counted() {
	ctl wire --json | grep -q "\"hep\": *$1\b"
}

stage_enter
registrar_start 5070
cat >settings.yaml <<-END
	engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
	wire: { hep_listen: ["127.0.0.1:9060"], hugepages: never }
	control: { group: daemon }
	store: { url: memory }
	directory: { map_any: sfb.example }
	registrar: { target: "sip:127.0.0.1:5070;transport=tcp" }
END
engine_run
await grep -q "supervisor ready" engine.log

ctl capture start user alice >captured || fail "capture"
hep_send udp 1 8
await hep_counted 8
await says "on-the-phone" persons
hep_send tcp 9 12
await hep_counted 12
await says "nobody is on the phone" persons
ctl capture stop >captured || fail "capture"
grep -q "^12 frames" captured || fail "captured: $(cat captured)"
"$offhookctl" replay state/captures/*.pcapng --map-any sfb.example >captured || fail "replay"
[ "$(grep -c hep@encap captured)" -eq 4 ] || fail "captured: $(cat captured)"
counts | grep -q '"removed": 2' || fail "not published"
engine_stop
