#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The lab from inside: builds the network, starts registrar, SBC and engine, lets the phones call as
# calls.plan says, tells the story while it happens, and compares what the registrar published with
# what was true. Runs in namespaces of its own, see run.sh: paths under /run are the stage's.
#
#   phones (198.18.0.10) --- to-phones [ offhookd ] to-sbc --- (198.18.0.20) sbc
#                                          | TLS, certificates on both sides
#                                      registrar (127.0.0.1:5061)
set -u

build=$1
logs=$2
here=$(cd "$(dirname "$0")" && pwd)
lab=/run/lab
export TZ=UTC LC_ALL=C
umask 022

# shellcheck source=backdrop.sh
. "$here/backdrop.sh"

certificates_make() {
	{
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
			-subj "/CN=lab authority" -keyout ca.key -out ca.pem
		for name in registrar engine; do
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
				-subj "/CN=$name.sfb.example" -keyout "$name.key" -out "$name.csr"
			echo "subjectAltName=DNS:$name.sfb.example" >"$name.ext"
			openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
				-days 2 -extfile "$name.ext" -out "$name.pem"
		done
	} >"$logs/openssl.log" 2>&1
}

registrar_up() {
	schema=/usr/share/kamailio/db_sqlite
	# The triggers write what readers must not wait for, hence the write-ahead log.
	echo "PRAGMA journal_mode=WAL;" |
		cat - "$schema/standard-create.sql" "$schema/presence-create.sql" "$here/history.sql" |
		sqlite3 "$lab/registrar.db" >/dev/null
	cp "$here/registrar.tls" "$lab"
	kamailio -DD -E -m 32 -M 8 -w "$lab" -Y "$lab" -f "$here/registrar.cfg" >"$logs/registrar.log" 2>&1 &
	await 10 sh -c 'ss -ltn | grep -q 127.0.0.1:5061'
}

sbc_up() {
	ip netns exec sbc sipp -sf "$here/sipp/sbc.xml" -i 198.18.0.20 -p 5060 -nostdin -aa \
		-trace_msg -message_file "$logs/sbc.messages" \
		-trace_err -error_file "$logs/sbc.errors" >/dev/null 2>&1 &
	await 10 sh -c 'ip netns exec sbc ss -lun | grep -q 198.18.0.20:5060'
}

engine_up() {
	cp "$here/persons.csv" "$lab"
	chmod 755 /run "$lab" "$lab/pki"
	chown -R nobody:nogroup "$lab/pki" "$lab/state" "$lab/run"
	"$build/daemon/offhookd" --config "$here/offhook.yaml" 2>"$logs/engine.log" &
	engine=$!
	await 15 engine_settled && engine_lives || return
	neighbour phones sbc 198.18.0.20 permanent
	neighbour sbc phones 198.18.0.10 permanent
}

number_of() {
	case $1 in
	+*) echo "$1" ;;
	*) sed -n "s/^sip:$1@[^,]*,[^,]*,//p" "$lab/persons.csv" ;;
	esac
}

# One phone, one call: AT SCENARIO CALLER CALLED TALKS PORT.
phone_call() {
	sleep "$1"
	ip netns exec phones sipp 198.18.0.20:5060 -sf "$here/sipp/$2.xml" -m 1 -d "$5" \
		-i 198.18.0.10 -p "$6" -mp $(($6 + 2000)) -cid_str "$3-$4-$6@phones.example" \
		-key caller "$(number_of "$3")" -key caller_name "$3" \
		-key called "$(number_of "$4")" -key called_name "$4" \
		-nostdin -timeout 45s -timeout_error -trace_logs -log_file "$logs/phone-$6.log" \
		-trace_msg -message_file "$logs/phone-$6.messages" \
		-trace_err -error_file "$logs/phone-$6.errors" >/dev/null 2>&1 ||
		echo "$3 to $4 ($2)" >>"$logs/calls.failed"
}

calls_play() {
	port=5070
	phones=
	while read -r at how caller called talks _; do
		case $at in '#'* | '') continue ;; esac
		phone_call "$at" "$how" "$caller" "$called" "$talks" "$port" </dev/null &
		phones="$phones $!"
		port=$((port + 10))
	done <"$here/calls.plan"
	# shellcheck disable=SC2086 # a list of numbers
	wait $phones
}

mount -t tmpfs -o mode=755 lab /run || fail "a stage of its own: mount failed"
mkdir -p "$lab/pki" "$lab/state" "$lab/run"
echo "setting the stage: two namespaces, the engine between them, a registrar with TLS"
network_up || fail "the network"
(cd "$lab/pki" && certificates_make) || fail "certificates, see $logs/openssl.log"
registrar_up || fail "the registrar, see $logs/registrar.log"
sbc_up || fail "the SBC, see $logs/sbc.errors"
touch "$logs/engine.log"
port=5070
while read -r at _; do
	case $at in '#'* | '') continue ;; esac
	: >"$logs/phone-$port.log"
	port=$((port + 10))
done <"$here/calls.plan"
if ! engine_up; then
	grep -vE '^lib(bpf|xdp):' "$logs/engine.log" | tail -n 10
	fail "an engine that lets frames pass, see $logs/engine.log"
fi

echo "the curtain rises; seconds, who, what"
[ ! -t 1 ] || export LAB_COLOUR=yes
tail -q -n 0 -s 0.1 -F "$logs"/phone-*.log "$logs/engine.log" 2>/dev/null |
	"$here/timeline.sh" "$(date +%H:%M:%S.%N)" | tee "$logs/timeline.txt" &
story=$!
calls_play
sleep 1
sqlite3 "$lab/registrar.db" ".backup '$logs/registrar.db'"
sqlite3 -separator ' ' "$logs/registrar.db" \
	"SELECT row, printf('%.3f', time), what, person, busy, expires FROM history ORDER BY rowid" \
	>"$logs/registrar.history"

! engine_lives || kill -TERM "$engine"
await 15 engine_gone || fail "an engine that ends when it is told to"
wait "$engine"
code=$?
sleep 0.3
kill "$story" 2>/dev/null
sed -i 's/\x1b\[[0-9]*m//g' "$logs/timeline.txt"
"$here/check.sh" "$logs" "$code"
