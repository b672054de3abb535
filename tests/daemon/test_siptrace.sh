#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kamailio between two phones, and its siptrace tells offhook of each message by HEP: first to a
# socket of the engine (wire.hep_listen), then past a port that the engine looks at. What is published
# comes from the addresses inside: those of Kamailio's HEP itself are on the ignore list.
# Usage: test_siptrace.sh OFFHOOKD OFFHOOKCTL REGISTRAR
modules=$(echo /usr/lib/*/kamailio/modules)
if ! command -v kamailio >/dev/null || [ ! -f "$modules/siptrace.so" ]; then
	echo "no kamailio with siptrace"
	exit 77
fi
. "$(dirname "$0")/stage.bash"
proxy=10.7.0.9 collector=198.18.0.10

# Both phones; the call of that name begins or ends.
phones() { # CALL begin|end
	python3 - "$proxy" "$@" <<-'END'
		import socket, sys
		proxy, name, part = sys.argv[1:]

		def phone(address):
		    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    link.bind((address, 5060))
		    link.settimeout(10)
		    return link

		def ask(method, cseq, tag):
		    caller.sendto("\r\n".join([f"{method} sip:bob@10.7.0.2 SIP/2.0",
		        f"Via: SIP/2.0/UDP 10.7.0.1:5060;branch=z9hG4bK{name}{method}", "Max-Forwards: 70",
		        f"From: <sip:alice@sfb.example>;tag=f{name}", f"To: <sip:bob@sfb.example>{tag}",
		        f"Call-ID: {name}", f"CSeq: {cseq} {method}", "Content-Length: 0", "", ""]).encode(), (proxy, 5060))
		    return callee.recv(65536).decode()

		def answer(request, tag):
		    lines = [line for line in request.split("\r\n")
		        if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq")]
		    callee.sendto("\r\n".join(["SIP/2.0 200 OK"] + lines +
		        [f"To: <sip:bob@sfb.example>{tag}", "Content-Length: 0", "", ""]).encode(), (proxy, 5060))
		    caller.recv(65536)

		caller, callee, tag = phone("10.7.0.1"), phone("10.7.0.2"), f";tag=t{name}"
		if part == "begin":
		    answer(ask("INVITE", 1, ""), tag)
		    ask("ACK", 1, tag)
		else:
		    answer(ask("BYE", 2, tag), tag)
	END
}

engine_start() { # what is in wire:
	cat >settings.yaml <<-END
		engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
		wire: { hugepages: never, $1 }
		calls: { ignore: { sources: [127.0.0.0/8, 198.18.0.0/24] } }
		directory: { map_any: sfb.example }
		store: { url: memory }
		registrar: { target: "sip:127.0.0.1:5070;transport=tcp" }
	END
	: >engine.log
	engine_run
	await grep -q "wire open" engine.log
}

# The proxy, which tells $1.
kamailio_start() {
	cat >kamailio.cfg <<-END
		#!KAMAILIO
		debug=1
		log_stderror=yes
		children=1
		listen=udp:$proxy:5060
		auto_aliases=no
		loadmodule "pv.so"
		loadmodule "sl.so"
		loadmodule "tm.so"
		loadmodule "siptrace.so"
		modparam("siptrace", "duplicate_uri", "sip:$1:9060")
		modparam("siptrace", "trace_to_database", 0)
		modparam("siptrace", "hep_mode_on", 1)
		modparam("siptrace", "hep_version", 3)
		modparam("siptrace", "trace_on", 1)
		modparam("siptrace", "trace_mode", 1)
		request_route {
			forward();
		}
	END
	kamailio -DD -E -m 16 -M 4 -L "$modules" -f kamailio.cfg -P /run/kamailio.pid -Y /run 2>>kamailio.log &
	kamailio=$!
	await phones_are_up
}

phones_are_up() {
	ss -ulnH "src $proxy:5060" | grep -q .
}

call_is_told() { # NAME REMOVED
	phones "$1" begin || fail "no call: $(tail -n 5 kamailio.log)"
	await counted '"published": 2'
	phones "$1" end || fail "no end of the call: $(tail -n 5 kamailio.log)"
	await counted "\"removed\": $2"
	# Each message came to Kamailio and left it: INVITE, 200, ACK, BYE, 200.
	await messages_are 10
	kill "$kamailio" "$engine"
	wait "$engine" || fail "engine's exit status is $?"
	wait "$kamailio"
}

messages_are() {
	[ "$(ctl wire --json | jq '[.lcores[].hep] | add')" -eq "$1" ] &&
		[ "$(ctl wire --json | jq '[.lcores[]["sip-messages"]] | add')" -eq "$1" ]
}

stage_enter
for address in 10.7.0.1 10.7.0.2 $proxy; do
	ip addr add "$address/32" dev lo
done
ip netns add far
ip link add wire type veth peer name eth0 netns far
ip -n far addr add "$collector/24" dev eth0
ip -n far link set eth0 up
ip addr add 198.18.0.20/24 dev wire
ip link set wire up
registrar_start 5070

echo "to a socket of the engine"
engine_start 'hep_listen: ["127.0.0.1:9060"]'
kamailio_start 127.0.0.1
call_is_told one 2

echo "past a port that it looks at"
engine_start 'ports: ["af_packet:wire"]'
kamailio_start "$collector"
call_is_told two 4
