#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each way in which the whole engine may miss something, caused, and the figure that must tell of it:
# in `offhookctl wire` for people, for programs, and in the metrics.
# Usage: test_losses.sh OFFHOOKD OFFHOOKCTL REGISTRAR
. "$(dirname "$0")/stage.bash"

# Frames from the other end of the wire: `invites COUNT`, `broken`, `long OCTETS`, `gap`, `noise COUNT`.
frames() {
	python3 - "$@" <<-'END'
		import socket, struct, sys
		what, number = sys.argv[1], int(sys.argv[2])

		def message(name, extra=""):
		    return ("INVITE sip:bob@sfb.example SIP/2.0\r\n"
		        f"Via: SIP/2.0/UDP gw;branch=z9hG4bK{name}\r\nFrom: <sip:alice@sfb.example>;tag=f{name}\r\n"
		        f"To: <sip:bob@sfb.example>\r\nCall-ID: {name}\r\nCSeq: 1 INVITE\r\n{extra}"
		        "Content-Length: 0\r\n\r\n").encode()

		def ip(protocol, payload):
		    return b"\xff" * 6 + b"\x02" * 6 + struct.pack(">HBBHHHBBH4s4s", 0x800, 0x45, 0,
		        20 + len(payload), 1, 0, 64, protocol, 0, b"\x0a\x07\x00\x01", b"\x0a\x07\x00\x02") + payload

		def udp(payload):
		    return ip(17, struct.pack(">HHHH", 5060, 5060, 8 + len(payload), 0) + payload)

		def tcp(sequence, payload):
		    return ip(6, struct.pack(">HHIIBBHHH", 5060, 5060, sequence, 1, 0x50, 0x10, 1000, 0, 0) + payload)

		link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
		link.bind(("other", 0))
		if what == "invites":
		    for i in range(number):
		        link.send(udp(message(f"many{i}")))
		elif what == "broken":
		    link.send(udp(message("broken").replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")))
		elif what == "long":
		    link.send(udp(message("long", "X-Long: " + "x" * number + "\r\n")))
		elif what == "gap":
		    text = message("before") + message("lost") + message("after")
		    first = len(message("before")) + 60
		    link.send(tcp(1000, text[:first]))
		    link.send(tcp(1000 + first + number, text[first + number:]))
		elif what == "noise":
		    for i in range(number):
		        link.send(udp(b"\x80" + b"\0" * 100))
	END
}

core() { # a figure of the first poll core
	ctl wire --json | jq ".lcores[0].\"$1\""
}

port() {
	ctl wire --json | jq ".ports[0].\"$1\""
}

is() { # WANTED COMMAND...
	[ "$("${@:2}")" -eq "$1" ]
}

at_least() {
	[ "$("${@:2}")" -ge "$1" ]
}

# A metric of the first poll core or port is as large as the figure for programs.
metric_is() { # METRIC FIGURE...
	local value
	value=$(page | awk -v name="$1" 'index($1, name "{") == 1 { print $2; exit }')
	[ "$value" = "$("${@:2}")" ] || fail "$1 is $value, not $("${@:2}")"
}

stage_enter
registrar_start 5070
ip link add wire type veth peer name other
for side in wire other; do
	echo 1 >"/proc/sys/net/ipv6/conf/$side/disable_ipv6"
	ip link set "$side" up
done
cat >settings.yaml <<-END
	engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
	wire: { ports: ["af_packet:wire"], hugepages: never, ring_slots: 64, overflow_slots: 128 }
	directory: { map_any: sfb.example }
	store: { url: memory }
	registrar: { target: "sip:127.0.0.1:5070;transport=tcp" }
END
engine_run
await grep -q "wire open" engine.log

echo "not understood: a reason, and the blind ratio"
frames invites 3
frames broken 1
await is 1 core sip-rejected
await is 250000 sh -c "$offhookctl --socket /run/run/control wire --json | jq .blind_ppm"
ctl wire | grep -q "^blind ratio 0.250000" || fail "blind ratio: $(ctl wire | tail -n 1)"
page | grep -q "^offhook_blind_ratio 0.250" || fail "blind ratio: $(page | grep blind)"
ctl wire | grep -q "Not parsed:" || fail "no reason"

echo "a hole in a stream, and the message that fell into it"
frames gap 100
await is 1 core tcp-gaps
await is 100 core tcp-gap-bytes
await is 1 core tcp-lost
metric_is offhook_wire_tcp_gap_bytes_total core tcp-gap-bytes

echo "longer than the buffers, which an interface whose MTU was raised later brings"
ip link set wire mtu 9000
ip link set other mtu 9000
frames long 6000
await is 1 core cut-datagram

echo "presence stands still: the ring, the list behind it, and what found no room in either"
# Attempts give way to one another: the newest are kept.
presence=$(pid_of presence)
process_stop "$presence"
frames invites 300
sleep 2 # only presence could tell that the wire is through with them
kill -CONT "$presence"
await is 64 core ring_high_water
await is 128 core overflow_high_water
await is 0 core overflow_waiting
await is 0 core ring_waiting
# Of the 5 events from before presence may still hold some in the ring.
await at_least $((300 - 64 - 128)) core shed-starts
[ "$(core shed-starts)" -le $((300 - 64 - 128 + 5)) ] || fail "shed-starts is $(core shed-starts)"
metric_is offhook_wire_ring_high_water core ring_high_water
metric_is offhook_wire_overflow_high_water core overflow_high_water
metric_is offhook_wire_overflow_waiting core overflow_waiting
metric_is offhook_wire_shed_starts_total core shed-starts
ctl wire | grep -qE '^0 +[0-9]+ +0 +64 +64 +[0-9]+ +0 +128 ' || fail "$(ctl wire)"

echo "the poll core stands still: what the kernel had no room for is missed by the port"
# Its ring has 16 MB, 4096 octets for each frame.
wire=$(pid_of wire)
await is "$(core rx-frames)" port received # read once a second
received=$(port received)
process_stop "$wire"
frames noise 6000
kill -CONT "$wire"
await at_least 1800 port missed
await is $((received + 6000)) sh -c "$offhookctl --socket /run/run/control wire --json |
	jq '.ports[0].received + .ports[0].missed'"
metric_is offhook_port_missed_total port missed
[ "$(pid_of wire)" = "$wire" ] || fail "the wire was started anew"

engine_stop
