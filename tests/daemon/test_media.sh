#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A BYE that is lost, seen by the whole engine between two namespaces: RTP keeps the call up, its silence
# ends it, also when either half was killed meanwhile. What the registrar counts decides.
# Usage: test_media.sh OFFHOOKD OFFHOOKCTL REGISTRAR
set -u
. "$(dirname "$0")/stage.bash"
stage_enter
mkdir run
chown nobody:nogroup run

# START-LINE CALL CSEQ METHOD TO-TAG MEDIA-PORT [DIRECTION], from the phone to the SBC or, responses,
# back; no port: no session description. By way of a file, because bash writes a datagram a line.
sip() {
	local body="" to=198.18.0.20 from=phones media=198.18.0.10
	case $1 in SIP/2.0*) to=198.18.0.10 from=sbc media=198.18.0.20 ;; esac
	[ -z "$6" ] || body="v=0"$'\r\n'"o=- 1 1 IN IP4 $media"$'\r\n'"s=-"$'\r\n'"c=IN IP4 $media"$'\r\n'"t=0 0"$'\r\n'"m=audio $6 RTP/AVP 8"$'\r\n'"a=${7:-sendrecv}"$'\r\n'
	printf '%s\r\n' "$1" "Via: SIP/2.0/UDP gw;branch=z9hG4bK$2$3$4" \
		"From: <sip:alice$2@sfb.example>;tag=f$2" \
		"To: <sip:bob$2@sfb.example>${5:+;tag=$5}" \
		"Call-ID: $2" "CSeq: $3 $4" "Content-Type: application/sdp" \
		"Content-Length: ${#body}" "" >message
	printf '%s' "$body" >>message
	ip netns exec "$from" bash -c "cat message >/dev/udp/$to/5060"
}

# CALL PHONE'S-PORT SBC'S-PORT
call_begins() {
	sip "INVITE sip:bob$1@sfb.example SIP/2.0" "$1" 1 INVITE "" "$2"
	sip "SIP/2.0 200 OK" "$1" 1 INVITE "t$1" "$3"
	sip "ACK sip:bob$1@sfb.example SIP/2.0" "$1" 1 ACK "t$1" ""
}

# RTP of the phone to port $1 of the SBC, for $2 tenths of a second.
talk() {
	ip netns exec phones bash -c "for _ in {1..$(($2 * 5))}; do
		printf '\\x80\\x08\\x12\\x34\\0\\0\\0\\xa0\\x11\\x22\\x33\\x44voice' >/dev/udp/198.18.0.20/$1
		sleep 0.02
	done"
}

# An ARP request crosses the engine, and its answer comes back.
frames_pass() {
	ip -n phones neigh show 198.18.0.20 | grep -q REACHABLE && return
	ip -n phones neigh replace 198.18.0.20 dev eth0 nud probe lladdr "$sbc_address"
	false
}

ip link set lo up
for side in phones:10 sbc:20; do
	ns=${side%:*}
	ip netns add "$ns"
	ip link add "to-$ns" type veth peer name eth0 netns "$ns"
	echo 1 >"/proc/sys/net/ipv6/conf/to-$ns/disable_ipv6"
	ip netns exec "$ns" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
	ip -n "$ns" addr add "198.18.0.${side#*:}/24" dev eth0
	ip -n "$ns" link set eth0 up
	ip link set "to-$ns" up
done
sbc_address=$(ip netns exec sbc cat /sys/class/net/eth0/address)
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
"$offhookd" --config settings.yaml 2>>engine.log &
engine=$!
await ctl status
await frames_pass

echo "RTP is seen within a second, and its silence ends the call"
call_begins one 6000 7000
call_begins unseen 6010 7010
await counted '"published": 4'
ctl explain aliceone | grep -q 'no media seen' || fail "explain before RTP: $(ctl explain aliceone)"
talk 7000 10
ctl explain aliceone | grep -q 'media [01]s ago, given up in .*: media silence' ||
	fail "explain with RTP: $(ctl explain aliceone)"
await counted '"removed": 2'
ctl explain aliceone | grep -q 'clear: media-silence, call "one"' || fail "explain: $(ctl explain aliceone)"
ctl calls | grep -q unseen || fail "a call whose media were never seen ended"

echo "presence is killed: media that it had seen are missed by the next one"
call_begins two 6020 7020
await counted '"published": 4'
talk 7020 10
# Each five seconds it is looked whether media flow; then the store knows.
talk 7020 50
kill -KILL "$(pid_of presence)"
await grep -q 'started half=presence.*start=2' engine.log
await ctl status
await counted '"removed": 4'
ctl explain alicetwo | grep -q 'media-silence' || fail "explain: $(ctl explain alicetwo)"

echo "wire is killed: its successor sees the media of calls from before"
call_begins three 6030 7030
await counted '"published": 4'
kill -KILL "$(pid_of wire)"
await grep -q 'started half=wire.*start=2' engine.log
await frames_pass
for _ in 1 2 3 4 5; do talk 7030 5; done
ctl explain alicethree | grep -q 'media [0-2]s ago' || fail "explain: $(ctl explain alicethree)"
await counted '"removed": 6'

kill -TERM $engine
wait $engine || fail "the engine ended with $?"
counted '"unknown_tag": 0' || fail "a wrong tag was sent"
echo ok
