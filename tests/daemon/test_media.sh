#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A BYE that is lost, seen by the whole engine between two namespaces: RTP keeps the call up, its silence
# ends it, also when either half was killed meanwhile. What the registrar counts decides.
# Usage: test_media.sh OFFHOOKD OFFHOOKCTL REGISTRAR
. "$(dirname "$0")/stage.bash"
stage_enter

# RTP of the phone to port $1 of the SBC, until talk_ends: so dense that poll cores, which look at one
# packet in sixteen, see some of it however busy this machine is.
talk_begins() {
	ip netns exec phones python3 - "$1" <<-'END' &
		import socket, sys, time
		link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		while True:
		    link.sendto(bytes.fromhex("80081234000000a011223344") + b"voice", ("198.18.0.20", int(sys.argv[1])))
		    time.sleep(0.002)
	END
	talk=$!
}

talk_ends() {
	kill "$talk"
	wait "$talk" 2>/dev/null
}

explained() { # USER PATTERN
	ctl explain "$1" | grep -q "$2"
}

store_knows_all() {
	ctl status | grep -q 'store *ready, 0 records waiting'
}

sides_up
port=5070
registrar_start $port
cat >settings.yaml <<-END
	engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
	log: { level: debug }
	wire: { mode: inline, ports: ["af_xdp:to-phones", "af_xdp:to-sbc"], hugepages: never }
	calls: { media_silence: 5s }
	directory: { map_any: sfb.example }
	registrar: { target: "sip:127.0.0.1:$port;transport=tcp" }
END
engine_run
await ctl status
await frames_pass

echo "RTP is seen within a second, and its silence ends the call"
call_begins one 6000 7000
call_begins unseen 6010 7010
await counted '"published": 4'
explained aliceone 'no media seen' || fail "explain before RTP: $(ctl explain aliceone)"
talk_begins 7000
await explained aliceone 'media [01]s ago, given up in .*: media silence'
counted '"removed": 0' || fail "a call ended while media flowed"
talk_ends
await counted '"removed": 2'
explained aliceone 'clear: media-silence, call "one"' || fail "explain: $(ctl explain aliceone)"
ctl calls | grep -q unseen || fail "a call whose media were never seen ended"

echo "presence is killed: media that it had seen are missed by the next one"
call_begins two 6020 7020
await counted '"published": 4'
talk_begins 7020
# To explain it presence looks whether media flow; then the store knows.
await explained alicetwo 'media [01]s ago'
await store_knows_all
presence=$(pid_of presence)
talk_ends
kill -KILL "$presence"
await grep -q 'started half=presence.*start=2' engine.log
await ctl status
await counted '"removed": 4'
explained alicetwo 'media-silence' || fail "explain: $(ctl explain alicetwo)"

echo "wire is killed: its successor sees the media of calls from before"
call_begins three 6030 7030
await counted '"published": 4'
kill -KILL "$(pid_of wire)"
await grep -q 'started half=wire.*start=2' engine.log
await frames_pass
talk_begins 7030
await explained alicethree 'media [01]s ago'
talk_ends
await counted '"removed": 6'

engine_stop
counted '"unknown_tag": 0' || fail "a wrong tag was sent"
echo ok
