#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The whole engine, inline between two namespaces, with its halves killed, its settings reloaded, and
# stopped in both ways. What the registrar counts decides. Everything lives in namespaces of this
# script's own, which end with it.
# Usage: test_engine.sh OFFHOOKD OFFHOOKCTL REGISTRAR
set -u
. "$(dirname "$0")/stage.bash"
stage_enter
mkdir run
chown nobody:nogroup run

# One SIP message from namespace $1 to address $2: START-LINE CALL CSEQ METHOD TO-TAG. By way of a
# file, because bash writes a datagram for each line.
sip() {
	printf '%s\r\n' "$3" "Via: SIP/2.0/UDP gw;branch=z9hG4bK$4$5$6" \
		"From: <sip:alice@sfb.example>;tag=f$4" \
		"To: <sip:bob@sfb.example>${7:+;tag=$7}" \
		"Call-ID: $4" "CSeq: $5 $6" "Content-Length: 0" "" >message
	ip netns exec "$1" bash -c "cat message >/dev/udp/$2/5060"
}

call_begins() {
	sip phones 198.18.0.20 "INVITE sip:bob@sfb.example SIP/2.0" "$1" 1 INVITE ""
	sip sbc 198.18.0.10 "SIP/2.0 200 OK" "$1" 1 INVITE "t$1"
	sip phones 198.18.0.20 "ACK sip:bob@sfb.example SIP/2.0" "$1" 1 ACK "t$1"
}

call_ends() {
	sip phones 198.18.0.20 "BYE sip:bob@sfb.example SIP/2.0" "$1" 2 BYE "t$1"
	sip sbc 198.18.0.10 "SIP/2.0 200 OK" "$1" 2 BYE "t$1"
}

# An ARP request crosses the engine, and its answer comes back.
frames_pass() {
	ip -n phones neigh show 198.18.0.20 | grep -q REACHABLE && return
	ip -n phones neigh replace 198.18.0.20 dev eth0 nud probe lladdr "$sbc_address"
	false
}

frames_ask_anew() {
	ip -n phones neigh replace 198.18.0.20 dev eth0 nud probe lladdr "$sbc_address"
}

settings_write() { # on_stop, rate, mode
	cat >settings.yaml <<-END
		engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup, on_stop: $1 }
		log: { level: debug }
		wire: { mode: $3, ports: ["af_xdp:to-phones", "af_xdp:to-sbc"], hugepages: never }
		directory: { map_any: sfb.example }
		registrar: { target: "sip:127.0.0.1:$port;transport=tcp", rate: $2 }
		store: { url: "${4:-embedded}" }
	END
}

engine_start() {
	"$offhookd" --config settings.yaml 2>>engine.log &
	engine=$!
	await ctl status
	frames_ask_anew
	await frames_pass
}

engine_stop() {
	kill -TERM $engine
	wait $engine || fail "the engine ended with $?"
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

settings_write remove 100/s inline
engine_start

echo "a call lights two persons; explain and metrics know why"
call_begins one
await counted '"published": 2'
ctl explain alice | grep -q 'on the phone.*by 1 calls' || fail "explain"
ctl explain sip:bob@sfb.example --json | grep -q '"call_id": "one"' || fail "explain --json"
ctl calls --json | grep -q '"caller": "sip:alice@sfb.example"' || fail "calls --json"
ctl persons | grep -q 'sip:bob@sfb.example.*tag' || fail "persons"
exec 9<>/dev/tcp/127.0.0.1/9464
printf 'GET /metrics HTTP/1.1\r\n\r\n' >&9
page=$(cat <&9)
exec 9<&-
grep -q '^offhook_publish_sent_total{kind="initial"} 2' <<<"$page" || fail "metrics"
[ "$(tail -n 1 <<<"$page")" = "# EOF" ] || fail "metrics have no end"
setpriv --reuid 65533 --regid 65533 --clear-groups "$offhookctl" --socket /run/run/control status \
	>/dev/null 2>&1 && fail "a stranger may ask"

echo "presence is killed; frames pass; the end of the call waits in the ring"
kill -KILL "$(pid_of presence)"
frames_ask_anew
await frames_pass
call_ends one
await counted '"removed": 2'
counted '"initial": 2' || fail "published twice"

echo "wire is killed; publications live on, and it comes back"
call_begins two
await counted '"published": 2'
kill -KILL "$(pid_of wire)"
await grep -q 'started half=wire.*start=2' engine.log
frames_ask_anew
await frames_pass
counted '"published": 2' || fail "publications went with the wire"
call_ends two
await counted '"removed": 4'

echo "everything is killed; the next start takes the publications over"
call_begins three
await counted '"published": 2'
kill -KILL "$(pid_of presence)" "$(pid_of wire)" $engine
wait $engine 2>/dev/null
engine_start
await counted '"modify": 2'
call_ends three
await counted '"removed": 6'
counted '"initial": 6' || fail "published twice"

echo "a reload: bad files change nothing, good ones what they can"
settings_write remove 600 inline
ctl reload 2>&1 | grep -q "settings.yaml:5:.*" || fail "no line of the problem"
ctl reload 2>&1 | grep -q "nothing changed" || fail "a bad file changed something"
ctl reload 2>/dev/null && fail "a reload that failed is no success"
settings_write keep 200/s tap
report=$(ctl reload)
grep -q "registrar.rate: changed" <<<"$report" || fail "rate: $report"
grep -q "wire.mode: needs a restart" <<<"$report" || fail "mode: $report"

echo "on_stop: keep leaves them, the next start removes what ended meanwhile"
settings_write keep 200/s inline
call_begins four
await counted '"published": 2'
engine_stop
counted '"published": 2' || fail "not kept"
settings_write remove 200/s inline
engine_start
await counted '"modify": 4'

echo "on_stop: remove takes them back"
engine_stop
counted '"published": 0' || fail "left over"
counted '"unknown_tag": 0' || fail "a wrong tag was sent"
ip link show to-phones | grep -q xdp && fail "an XDP program is left on the interface"

echo "registrar and store are away at the start: calls are watched, and all is caught up"
kill $registrar_pid
wait $registrar_pid 2>/dev/null
settings_write remove 200/s inline redis+unix:///run/redis.sock
engine_start
call_begins five
await sh -c "$offhookctl --socket /run/run/control status | grep -q '2 on the phone'"
grep -q 'warn registrar' engine.log || fail "nothing was said of the registrar"
grep -q 'warn store away' engine.log || fail "nothing was said of the store"
registrar_start $port
await counted '"published": 2'
echo "port 0
unixsocket /run/redis.sock
unixsocketperm 777
save \"\"" | redis-server - >/dev/null 2>&1 &
redis=$!
await sh -c "$offhookctl --socket /run/run/control status | grep -q 'store *ready, 0 records'"
call_ends five
await counted '"removed": 2'
engine_stop
kill $redis
wait $redis 2>/dev/null

grep -sE 'redis|offhook' /proc/[0-9]*/comm && fail "processes are left"
echo "all well"
