#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# offhookctl capture against a running engine: what is in the file is what was asked for, and replay
# makes the same of it as of the whole; limits, refusals, a wire that dies, --single.
# Usage: test_capture.sh OFFHOOKD OFFHOOKCTL REGISTRAR CAPTURES
. "$(dirname "$0")/stage.bash"
captures=$(realpath "$5")

# The frames of a capture, as they are; of cooked ones (link type 276) with an Ethernet header anew.
play() {
	python3 - "$1" <<-'END'
		import socket, struct, sys, time
		data = open(sys.argv[1], "rb").read()
		link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		link.bind(("far", 0))
		cooked, at = struct.unpack_from("<I", data, 20)[0] == 276, 24
		while at < len(data):
		    size = struct.unpack_from("<I", data, at + 8)[0]
		    frame = data[at + 16:at + 16 + size]
		    link.send(bytes(12) + frame[:2] + frame[20:] if cooked else frame)
		    at += 16 + size
		    time.sleep(0.0002)
	END
}

# A line a packet: its octets and its comment. Fails unless the file is whole, read strictly.
packets() {
	python3 - "$1" <<-'END'
		import struct, sys
		data, at = open(sys.argv[1], "rb").read(), 0
		while at < len(data):
		    kind, size = struct.unpack_from("<II", data, at)
		    if size % 4 or size < 12 or struct.unpack_from("<I", data, at + size - 4)[0] != size:
		        sys.exit("broken block at %d" % at)
		    if kind == 6:
		        port, high, low, have, wire = struct.unpack_from("<5I", data, at + 8)
		        option, comment = at + 28 + (have + 3) // 4 * 4, ""
		        if option < at + size - 4:
		            code, length = struct.unpack_from("<HH", data, option)
		            comment = data[option + 4:option + 4 + length].decode() if code == 1 else ""
		        print(have, comment)
		    at += size
	END
}

wire_counted() { # a counter of the wire
	ctl wire --json | sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p"
}

wire_counted_at_least() {
	[ "$(wire_counted "$1")" -ge "$2" ]
}

# A capture of the corpus, until the engine has seen all of it: its messages, which are fewer than
# frames where the kernel puts fragments together, or its frames where there is no message.
show() {
	local counter=sip-messages expect before
	expect=$(sed -n 's/.*"sip": \([0-9]*\).*/\1/p' "$captures/$1.expect")
	if [ "$expect" -eq 0 ]; then
		counter=rx-frames
		expect=$(sed -n 's/.*"frames": \([0-9]*\).*/\1/p' "$captures/$1.expect")
	fi
	before=$(wire_counted $counter)
	play "$captures/$1.pcap"
	await wire_counted_at_least $counter $((before + expect))
}

field() { # of the status
	ctl capture status --json | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

status_is() {
	[ "$(field "$1")" = "$2" ]
}

start() {
	ctl capture start "$@" >answer 2>&1 || fail "start $*: $(cat answer)"
}

stop() {
	ctl capture stop >answer 2>&1 || fail "stop: $(cat answer)"
	file=$(field file)
}

# Of capture $1 the call $2 between $3 and $4: replay of the file tells it, from answer to BYE, and no
# other, and another program sees no other either.
call_again() {
	start call "$2"
	show "$1"
	stop
	"$offhookctl" replay "$file" --map-any sfb.example --json >changes || fail "replay $file"
	sed -n 's/.*"person": "sip:\([^@]*\)@.*"state": "\([^"]*\)", "cause": "\([^"]*\)", "call_id": "\([^"]*\)".*/\4 \2 \3 \1/p' \
		changes | sort >told
	printf '%s\n' "$2 clear bye $3" "$2 clear bye $4" "$2 on-the-phone answered $3" \
		"$2 on-the-phone answered $4" | sort | diff - told || fail "$1: another timeline"
	command -v tshark >/dev/null || return 0
	tshark -r "$file" -d udp.port==8472,vxlan -Y sip -T fields -e sip.Call-ID 2>/dev/null |
		sort | uniq -c | tr -s ' ' >ids
	[ "$(cat ids)" = " $(field frames) $2" ] || fail "$1: tshark sees $(cat ids)"
}

engine_start() { # options
	: >engine.log
	"$offhookd" --config settings.yaml "$@" 2>>engine.log &
	engine=$!
	await ctl capture status
	await eval 'ctl status | grep -q "^wire *up"'
}

stage_enter
ip link add eth0 mtu 9000 type veth peer name far mtu 9000
echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/far/disable_ipv6
ip link set eth0 up
ip link set far up
registrar_start 5070
cat >persons.csv <<-END
	sip:john.doe@sfb.example,John,+4930300,17
END
cat >settings.yaml <<-END
	engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
	wire: { mode: tap, ports: ["af_packet:eth0"], hugepages: never }
	control: { group: daemon }
	store: { url: memory }
	directory: { file: persons.csv, map_any: sfb.example }
	registrar: { target: "sip:127.0.0.1:5070;transport=tcp" }
END
engine_start

echo "nothing is captured unless asked for"
ctl capture status | grep -q '^no capture since' || fail "status"
ctl capture stop 2>answer && fail "stop without a start"
grep -q 'error: no capture is running' answer || fail "stop: $(cat answer)"
for words in "" "what" "start who" "start call" "start user" "start call a b" "stop x" "status rejected" \
	"start --seconds" "start --seconds x" "start --bytes x" "start --seconds 0"; do
	# shellcheck disable=SC2086 # words
	ctl capture $words >answer 2>&1 && fail "capture $words: $(cat answer)"
done
status_is state never || fail "one was started"

echo "one call, by UDP, TCP, in fragments, in a tunnel, and in HEP"
call_again calls answered@192.0.2.10 john.doe jane.roe
call_again tcp-one-connection 1-6744@10.9.1.2 sipp ann
call_again vxlan-fragments vxlan@encap alice bob
call_again gre-key gre-key@encap alice bob
call_again hep hep@encap alice bob

echo "the file is for the engine's account and its group alone"
[ "$(stat -c '%a %U %G' "$file")" = "640 nobody nogroup" ] || fail "$(stat -c '%a %U %G' "$file")"
[ "$(stat -c '%a %U %G' state/captures)" = "750 nobody nogroup" ] || fail "captures"
packets "$file" >listed || fail "$(cat listed)"
[ "$(wc -l <listed)" -eq "$(field frames)" ] || fail "status and file differ"
[ "$(stat -c %s "$file")" -eq "$(field bytes)" ] || fail "status and file differ"

echo "the calls of one user, by any name"
users_calls() { # USER CALL-IDs
	start user "$1"
	show calls
	stop
	"$offhookctl" replay "$file" --map-any sfb.example --json | sed -n 's/.*"call_id": "\([^"]*\)".*/\1/p' |
		sort -u | tr '\n' ' ' >ids
	[ "$(cat ids)" = "$2" ] || fail "user $1: $(cat ids)"
}
users_calls jane.roe "answered@192.0.2.10 "
users_calls sip:jane.roe@sfb.example "answered@192.0.2.10 "
users_calls sip:max@sfb.example "lost-bye@192.0.2.10 "
# John has the number that max calls; 17 is John's, too.
users_calls 17 "answered@192.0.2.10 forked@192.0.2.10 lost-bye@192.0.2.10 "
users_calls nobody ""

echo "what was not understood"
start rejected
show calls
show hep-2
stop
packets "$file" >listed
grep -q 'rejected: no-cseq' listed || fail "no-cseq: $(cat listed)"
grep -q 'rejected: content-length' listed || fail "content-length: $(cat listed)"
[ "$(grep -c 'hep-old' listed)" -gt 0 ] || fail "hep-old: $(cat listed)"
[ "$(grep -vc 'offhook: ' listed)" -eq 0 ] || fail "others: $(cat listed)"

echo "one at a time, and it ends when it should"
start call one@example --seconds 1
ctl capture start user two 2>answer && fail "two at a time"
grep -q 'a capture of call one@example is running already; stop it first' answer || fail "$(cat answer)"
ctl capture start --json >answer && fail "two at a time"
grep -q '^{"error":' answer || fail "JSON: $(cat answer)"
await status_is end seconds
ctl capture status | grep -q 'its time was over' || fail "status"
start user john.doe --bytes 4k
show calls
show calls
await status_is end bytes
file=$(field file)
[ "$(stat -c %s "$file")" -le 4096 ] || fail "$(stat -c %s "$file") bytes"
packets "$file" >listed || fail "it is not whole"
[ "$(wc -l <listed)" -eq "$(field frames)" ] || fail "status and file differ"
[ "$(wc -l <listed)" -gt 0 ] || fail "nothing in it"
ctl capture status --json | { ! command -v jq >/dev/null || jq -e '.state == "ended" and .lost == 0' >/dev/null; } ||
	fail "JSON"

echo "no place for the file is said, and a full disk ends it"
mount -t tmpfs -o size=64k,uid="$(id -u nobody)",gid="$(id -g nobody)" full state/captures
start user john.doe
for _ in $(seq 20); do
	show calls
done
await status_is end write
ctl capture status | grep -q "can't be written on: No space left" || fail "status"
packets "$(field file)" >listed || fail "it is not whole: $(tail -n 1 listed)"
[ "$(wc -l <listed)" -eq "$(field frames)" ] || fail "status and file differ"
umount state/captures
mv state/captures state/elsewhere
touch state/captures
ctl capture start rejected 2>answer && fail "started without a place"
grep -q "^error: /run/state/captures/capture-.*\.pcapng can't be made: Not a directory" answer ||
	fail "$(cat answer)"
rm state/captures
mv state/elsewhere state/captures

echo "a wire that dies ends it, a presence that dies does not"
start user john.doe
kill -KILL "$(pid_of presence)"
await eval 'ctl capture status | grep -q "^capture of user john.doe runs"'
show calls
status_has_frames() {
	[ "$(field frames)" -gt 0 ]
}
await status_has_frames
file=$(field file)
kill -KILL "$(pid_of wire)"
await eval 'ctl status | grep -q "^wire *up.*started 2 times"'
status_is end wire || fail "$(ctl capture status)"
packets "$file" >listed || fail "it is not whole"
[ "$(wc -l <listed)" -gt 0 ] || fail "nothing in it"
start rejected
engine_stop

echo "with --single, too"
engine_start --single
call_again calls forged@192.0.2.10 eve bob
[ "$(stat -c '%a %U %G' "$file")" = "640 nobody nogroup" ] || fail "$(stat -c '%a %U %G' "$file")"
start rejected
engine_stop
