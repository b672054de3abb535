#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The whole engine, inline between two namespaces, with its halves killed, its settings reloaded, and
# stopped in both ways. What the registrar counts decides. Everything lives in namespaces of this
# script's own, which end with it.
# Usage: test_engine.sh OFFHOOKD OFFHOOKCTL REGISTRAR
. "$(dirname "$0")/stage.bash"
stage_enter

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
	engine_run
	await ctl status
	frames_ask
	await frames_pass
}

sides_up
port=5070
registrar_start $port

settings_write remove 100/s inline
engine_start

echo "a call lights two persons; explain and metrics know why"
call_begins one
await counted '"published": 2'
ctl explain aliceone | grep -q 'on the phone.*by 1 calls' || fail "explain"
ctl explain sip:bobone@sfb.example --json | grep -q '"call_id": "one"' || fail "explain --json"
ctl calls --json | grep -q '"caller": "sip:aliceone@sfb.example"' || fail "calls --json"
ctl persons | grep -q 'sip:bobone@sfb.example.*tag' || fail "persons"
page >metrics
grep -q '^offhook_publish_sent_total{kind="initial"} 2' metrics || fail "metrics"
[ "$(tail -n 1 metrics)" = "# EOF" ] || fail "metrics have no end"
setpriv --reuid 65533 --regid 65533 --clear-groups "$offhookctl" --socket /run/run/control status \
	>/dev/null 2>&1 && fail "a stranger may ask"

echo "presence is killed; frames pass; the end of the call waits in the ring"
kill -KILL "$(pid_of presence)"
frames_ask
await frames_pass
call_ends one
await counted '"removed": 2'
counted '"initial": 2' || fail "published twice"

echo "wire is killed; publications live on, and it comes back"
call_begins two
await counted '"published": 2'
kill -KILL "$(pid_of wire)"
await grep -q 'started half=wire.*start=2' engine.log
frames_ask
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
