#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Presence killed again and again under a stream of short calls. In the end nobody is on the phone,
# and what is left at the registrar is no more than the engine says may be left there. Everything
# lives in namespaces of this script's own, which end with it.
# Usage: test_kills.sh OFFHOOKD OFFHOOKCTL REGISTRAR
. "$(dirname "$0")/stage.bash"
stage_enter
RANDOM=${SEED:=$(date +%s)}
echo "SEED=$SEED"

# START-LINE CALL CSEQ METHOD TO-TAG. By way of a file, because bash writes a datagram for each line.
sip() {
	printf '%s\r\n' "$1" "Via: SIP/2.0/UDP gw;branch=z9hG4bK$2$3$4" \
		"From: <sip:a${2##*-}@sfb.example>;tag=f$2" \
		"To: <sip:b${2##*-}@sfb.example>${5:+;tag=$5}" \
		"Call-ID: $2" "CSeq: $3 $4" "Content-Length: 0" "" >message
	cat message >/dev/udp/198.18.0.20/5060
}

call_begins() {
	sip "INVITE sip:b${1##*-}@sfb.example SIP/2.0" "$1" 1 INVITE ""
	sip "SIP/2.0 200 OK" "$1" 1 INVITE "t$1"
	sip "ACK sip:b${1##*-}@sfb.example SIP/2.0" "$1" 1 ACK "t$1"
}

call_ends() {
	sip "BYE sip:b${1##*-}@sfb.example SIP/2.0" "$1" 2 BYE "t$1"
	sip "SIP/2.0 200 OK" "$1" 2 BYE "t$1"
}

nobody_is_on_the_phone() {
	local status
	status=$(ctl status)
	grep -q 'store *ready' <<<"$status" && grep -q 'persons *0 on the phone' <<<"$status"
}

# What the tap sees are the phones' frames, of both directions; nobody is at the other end.
ip link add phones type veth peer name tapped
for interface in phones tapped; do
	echo 1 >"/proc/sys/net/ipv6/conf/$interface/disable_ipv6"
	ethtool -K "$interface" tx off tso off gso off gro off >/dev/null
	ip link set "$interface" up
done
ip addr add 198.18.0.10/24 dev phones
ip neigh add 198.18.0.20 lladdr 02:00:00:00:00:20 dev phones nud permanent

port=5070
registrar_start $port

cat >settings.yaml <<END
engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
wire: { mode: tap, ports: ["af_packet:tapped"], hugepages: never }
directory: { map_any: sfb.example }
registrar: { target: "sip:127.0.0.1:$port;transport=tcp", retry: 200ms }
END
engine_run
await ctl status
await grep -q 'supervisor ready' engine.log

# Ten pairs of persons; each call is over when its pair's turn comes again. Calls go on while
# presence is away: what they say waits in the ring.
number=0
kills=0
ended=0
SECONDS=0
while [ $kills -lt 5 ] && [ $SECONDS -lt 30 ]; do
	if [ $number -ge 10 ]; then
		call_ends "$ended-$((ended % 10))"
		ended=$((ended + 1))
	fi
	call_begins "$number-$((number % 10))"
	number=$((number + 1))
	sleep 0.0$((RANDOM % 3))
	if [ $((RANDOM % 30)) -eq 0 ] && ctl status >/dev/null 2>&1; then
		kill -KILL "$(pid_of presence)"
		kills=$((kills + 1))
	fi
done
while [ $ended -lt $number ]; do
	call_ends "$ended-$((ended % 10))"
	ended=$((ended + 1))
done
[ $kills -gt 2 ] || fail "only $kills kills"

starts=$((kills + 1))
await grep -q "started half=presence.*start=$starts" engine.log
await nobody_is_on_the_phone
sleep 1.5 # what was found in the store leaves within a second
nobody_is_on_the_phone || fail "somebody is still on the phone"
orphans=$(page | sed -n 's/^offhook_publication_orphans \([0-9]*\).*/\1/p')
left=$(counts | sed 's/.*"published": \([0-9]*\).*/\1/')
echo "$number calls, $kills kills: $left left at the registrar, $orphans said to be possible; $(counts)"
# A person is counted once, and may have been left by more than one kill.
[ "$left" -le $((2 * orphans)) ] || fail "more is left than may be"
engine_stop
grep -sE 'redis|offhook' /proc/[0-9]*/comm && fail "processes are left"
echo "all well"
