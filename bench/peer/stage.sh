#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench-peer from inside: the same calls through three sides in turns, and what each cost and did.
#
#   plain     phones --- bridge ------ proxy -- phones that answer
#   kamailio  phones --- bridge ------ proxy with dialog, pua, pua_dialoginfo --> registrar
#   offhook   phones --- [offhookd] -- proxy                       \--> registrar
#
# Proxy and answering phones are in the namespace sbc; each side's registrar is beside its publisher,
# a loopback away. Writes a line of key=value pairs for each run to LOGS/measured.
# Usage: stage.sh BUILD LOGS RATES SECONDS ROUNDS
set -u

build=$1
logs=$2
rates=$3
seconds=$4
rounds=$5
here=$(cd "$(dirname "$0")" && pwd)
lab=/run/peer
hold_ms=1000
ring_ms=100
# Publications of all calls have been written by the peer, who does so every 6 s, when it is killed.
kill_after_s=8
kill_hold_ms=13000
export TZ=UTC LC_ALL=C
umask 022

# shellcheck source=../../tests/lab/backdrop.sh
. "$here/../../tests/lab/backdrop.sh"

registrar_up() {
	rm -f "$lab/ask"
	mkfifo "$lab/ask"
	: >"$lab/told"
	# In the namespace of the publisher; plain has none.
	beside="ip netns exec sbc" address=198.18.0.20
	[ "$side" != offhook ] || beside="" address=127.0.0.1
	# Kamailio ends a publication by one that lives 11 s.
	$beside "$build/bench/registrar" --address "$address" --events presence,dialog \
		--min-expires 1 5070 <"$lab/ask" >>"$lab/told" 2>>"$logs/registrar.log" &
	registrar=$!
	exec 3>"$lab/ask"
	await 5 grep -q '^port' "$lab/told"
}

registrar_told() {
	[ "$(grep -c '^{"initial' "$lab/told")" -gt "$told" ]
}

# Its counts as key=value pairs; $1: in front of each key.
registrar_counts() {
	told=$(grep -c '^{"initial' "$lab/told")
	echo counts >&3
	await 2 registrar_told
	tail -n 1 "$lab/told" | tr -d '{}"' | sed -e 's/: /=/g' -e 's/, / /g' -e "s/^\| / $1/g"
}

registrar_down() {
	exec 3>&-
	wait "$registrar"
}

database_make() {
	for part in standard dialog presence; do
		cat "/usr/share/kamailio/db_sqlite/$part-create.sql"
	done | (echo "PRAGMA journal_mode=WAL;" && cat) | sqlite3 "$lab/proxy.db" >/dev/null
}

# $*: further definitions
proxy_up() {
	[ -e "$lab/proxy.db" ] || database_make
	defines=
	for define in $([ "$side" = kamailio ] && echo PUBLISH) "$@"; do
		defines="$defines -A $define"
	done
	# shellcheck disable=SC2086 # words
	ip netns exec sbc kamailio -DD -E -m 2048 -M 32 -x fm -X fm -b 8388608 $defines -w "$lab" -Y "$lab" \
		-f "$here/proxy.cfg" >>"$logs/proxy.log" 2>&1 &
	proxy=$!
	await 10 sh -c 'ip netns exec sbc ss -lun | grep -q 198.18.0.20:5060'
}

engine_up() {
	"$build/daemon/offhookd" --config "$here/offhook.yaml" 2>>"$logs/engine.log" &
	engine=$!
	# What passes is asked anew of each engine.
	neighbour phones sbc 198.18.0.20 probe
	await 15 engine_settled && engine_lives && neighbours_known
}

neighbours_known() {
	neighbour phones sbc 198.18.0.20 permanent
	neighbour sbc phones 198.18.0.10 permanent
}

bridge_up() {
	ip link add between type bridge
	ip link set to-phones master between
	ip link set to-sbc master between
	echo 1 >/proc/sys/net/ipv6/conf/between/disable_ipv6
	ip link set between up
	neighbours_known
}

# A process and its descendants.
family() {
	grep -s '^PPid:' /proc/[0-9]*/status | tr -cs '0-9\n' ' ' | awk -v oldest="$1" '
		{ parent[$1] = $2 }
		END {
			for (pid in parent) {
				for (of = pid; of > 1 && of != oldest;)
					of = parent[of]
				if (of == oldest)
					print pid
			}
		}'
}

# Microseconds that the processes named in $2, of the family of $1, have run; $2: a pattern.
ran_us() {
	for pid in $(family "$1"); do
		grep -qE "^($2)" "/proc/$pid/comm" && cat "/proc/$pid"/task/*/schedstat
	done 2>/dev/null | awk '{ s += $1 } END { printf "%d", s / 1000 }'
}

# Sets what has been used so far by each part of the side.
used() {
	used_proxy=$(ran_us "$proxy" kamailio)
	used_registrar=$(ran_us "$registrar" registrar)
	used_wire=0 used_presence=0 used_store=0
	[ "$side" = offhook ] || return 0
	used_wire=$(ran_us "$engine" offhookd-wire)
	used_presence=$(ran_us "$engine" offhookd-pres)
	used_store=$(ran_us "$engine" redis-server)
}

side_up() {
	side=$1
	shift
	rm -f "$lab"/proxy.db*
	registrar_up || fail "the registrar, see $logs/registrar.log"
	case $side in
	offhook)
		rm -rf "$lab/state" "$lab/run"
		mkdir -p "$lab/state" "$lab/run"
		chown -R nobody:nogroup "$lab/state" "$lab/run"
		engine_up || fail "the engine, see $logs/engine.log"
		;;
	*) bridge_up ;;
	esac
	proxy_up "$@" || fail "the proxy, see $logs/proxy.log"
	ip netns exec sbc sipp -sf "$here/called.xml" -d "$ring_ms" -i 198.18.0.20 -p 5080 -nostdin \
		-trace_err -error_file "$logs/called.errors" >/dev/null 2>&1 &
	called=$!
	await 5 sh -c 'ip netns exec sbc ss -lun | grep -q 198.18.0.20:5080'
}

# Ends a family at once, as the kernel does that is out of memory.
family_kill() {
	doomed=$(family "$1")
	# shellcheck disable=SC2086 # numbers
	kill -KILL $doomed 2>/dev/null
	wait "$1" 2>/dev/null
	await 5 family_gone
}

family_gone() {
	for pid in $doomed; do
		[ ! -e "/proc/$pid/exe" ] || return
	done
}

side_down() {
	family_kill "$called"
	family_kill "$proxy"
	if [ "$side" = offhook ]; then
		kill -TERM "$engine" 2>/dev/null
		await 15 engine_gone || fail "an engine that ends when it is told to"
		wait "$engine"
	else
		ip link del between
	fi
	registrar_down
}

# FILE FILTER INTERFACE, in the namespace of the rest
capture() {
	file=$1 filter=$2 interface=$3
	shift 3
	"$@" tcpdump -i "$interface" -n -B 16384 -s 0 -Z root --immediate-mode \
		--time-stamp-precision=nano -w "$lab/$file" "$filter" 2>>"$logs/capture.log" &
	captures="$captures $!"
}

# SIP by its first octets: "SIP/2.0 200", BYE, PUBLISH. So that little has to be copied.
ok='(udp[8:4] = 0x5349502f and udp[16:4] = 0x32303020)'
bye='udp[8:4] = 0x42594520'
publish='udp[8:4] = 0x5055424c'

captures_up() {
	captures=
	capture answers "$ok and dst port 5060" lo ip netns exec sbc
	capture wire "($ok and src port 5060) or $bye" eth0 ip netns exec sbc
	# shellcheck disable=SC2086 # words
	capture publish "$publish" lo $beside
	captured=$((captured + 3))
	# They share a log, and at times a line of it.
	await 5 sh -c "[ \$(grep -o 'listening on' '$logs/capture.log' | wc -l) -ge $captured ]"
}

captures_down() {
	# shellcheck disable=SC2086 # numbers
	kill -TERM $captures
	# shellcheck disable=SC2086
	wait $captures
}

# Calls a second, and how many; sets good, how many went well.
calls_play() {
	ip netns exec phones sipp 198.18.0.20:5060 -sf "$here/caller.xml" -i 198.18.0.10 -p 5060 \
		-r "$1" -m "$2" -l 1000000 -d "$3" -recv_timeout 6000 -nostdin \
		-timeout $(($2 / $1 + $3 / 1000 + 15))s -trace_stat -stf "$lab/calls.csv" -fd 1 \
		-trace_err -error_file "$logs/caller.errors" >/dev/null 2>&1
	good=$(awk -F';' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		END { print $at["SuccessfulCall(C)"] }' "$lab/calls.csv")
}

# Until the registrar has nobody on the phone any more; at most two seconds.
lights_settle() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		counts=$(registrar_counts registrar_)
		case "$counts " in *persons_busy=0\ *) return ;; esac
		sleep 0.2
	done
}

# CASE RATE CALLS [DEFINITION]: one run of $side.
run() {
	case=$1 rate=$2 calls=$3
	shift 3
	side_up "$side" "$@"
	captures_up || fail "tcpdump, see $logs/capture.log"
	used
	before="$used_proxy $used_registrar $used_wire $used_presence $used_store"
	started=$(date +%s%N)
	calls_play "$rate" "$calls" "$hold_ms"
	took=$((($(date +%s%N) - started) / 1000))
	used
	lights_settle
	captures_down
	line="case=$case side=$side rate=$rate round=$round calls=$calls failed=$((calls - good))"
	line="$line took_us=$took$counts"
	# shellcheck disable=SC2086 # five numbers
	set -- $before
	line="$line proxy_us=$((used_proxy - $1)) registrar_us=$((used_registrar - $2))"
	line="$line wire_us=$((used_wire - $3)) presence_us=$((used_presence - $4))"
	line="$line store_us=$((used_store - $5))"
	if [ "$side" != plain ]; then
		line="$line $("$build/bench/peer-story" "$lab/publish" "$lab/answers" "$lab/wire")"
		line="$line $("$build/bench/peer-story" "$lab/publish" "$lab/wire" |
			grep -o 'answer_to_publish_us_[^ ]*' | sed 's/^/wire_/' | paste -sd' ')"
	fi
	echo "$line" >>"$logs/measured"
	side_down
}

# A side is done with rising when it loses more than one call or light in a hundred.
hopeless() {
	awk -v side="$side" -v round="$round" '
		$1 == "case=load" && $2 == "side=" side && $4 == "round=" round { line = $0 }
		END {
			n = split(line, pair, " ")
			for (i = 1; i <= n; i++) {
				split(pair[i], part, "=")
				value[part[1]] = part[2]
			}
			lost = value["failed"] + value["never_published"] / 2 + \
				value["registrar_persons_busy"] / 2
			exit !(line != "" && lost > value["calls"] / 100)
		}' "$logs/measured"
}

# What stays on when a publisher is killed and comes back while its users talk: all of them hang up
# after that. Nobody can tell a light that is stuck from one that is on but by waiting for its end.
kill_run() {
	what=$1
	shift
	side_up "$side" "$@"
	(
		calls_play 100 50 "$kill_hold_ms"
		echo "$((50 - good))" >"$lab/failed"
	) &
	phones=$!
	sleep "$kill_after_s"
	before_kill=$(registrar_counts before_)
	if [ "$side" = offhook ]; then
		family_kill "$engine"
		sleep 2
		engine_up || fail "the engine after a kill, see $logs/engine.log"
	else
		family_kill "$proxy"
		sleep 2
		proxy_up "$@" || fail "the proxy after a kill, see $logs/proxy.log"
	fi
	wait "$phones"
	sleep 3
	after_calls=$(registrar_counts registrar_)
	lives=yes
	kill -0 "$proxy" 2>/dev/null || lives=no
	echo "case=$what side=$side rate=100 round=1 calls=50 failed=$(cat "$lab/failed")" \
		"survived=$lives$before_kill$after_calls" >>"$logs/measured"
	side_down
}

mount -t tmpfs -o mode=755 peer /run || fail "a stage of its own: mount failed"
mkdir -p "$lab"
chmod 755 /run "$lab"
: >"$logs/measured"
: >"$logs/capture.log"
captured=0
network_up || fail "the network"

round=1
while [ "$round" -le "$rounds" ]; do
	for rate in $rates; do
		for side in plain kamailio offhook; do
			hopeless || run load "$rate" $((rate * seconds))
		done
	done
	round=$((round + 1))
done

# 180 and 200 back to back, as when a machine answers.
round=1
ring_ms=0
for side in kamailio offhook; do
	run at-once 200 400
done

ring_ms=100
side=kamailio
kill_run kill
kill_run kill-database DATABASE
side=offhook
kill_run kill
