#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the operator sees of a running engine: systemd's messages, who may ask what, answers in JSON,
# metrics, reloads, where passwords are, and --single. A tap on one interface, in namespaces of this
# script's own.
# Usage: test_surface.sh OFFHOOKD OFFHOOKCTL REGISTRAR LISTENER SEARCH SOURCES
set -u
. "$(dirname "$0")/stage.bash"
listener=$(realpath "$5") search=$(realpath "$6") sources=$(realpath "$7")
stage_enter

says() { # a pattern, then what ctl is asked
	local pattern=$1
	shift
	ctl "$@" | grep -qE "$pattern"
}

# As user $1 of group $2: the rest.
as() {
	setpriv --reuid "$1" --regid "$2" "${@:3}"
}

# One SIP message that the tap sees: START-LINE CALL CSEQ METHOD TO-TAG FROM TO.
sip() {
	printf '%s\r\n' "$1" "Via: SIP/2.0/UDP gw;branch=z9hG4bK$2$3$4" "From: <sip:$6@sfb.example>;tag=f$2" \
		"To: <sip:$7@sfb.example>${5:+;tag=$5}" "Call-ID: $2" "CSeq: $3 $4" \
		"Content-Length: 0" "" >message
	cat message >/dev/udp/198.18.0.20/5060
}

call_rings() { # CALL FROM TO
	sip "INVITE sip:$3@sfb.example SIP/2.0" "$1" 1 INVITE "" "$2" "$3"
	sip "SIP/2.0 180 Ringing" "$1" 1 INVITE "t$1" "$2" "$3"
}

call_begins() {
	sip "INVITE sip:$3@sfb.example SIP/2.0" "$1" 1 INVITE "" "$2" "$3"
	sip "SIP/2.0 200 OK" "$1" 1 INVITE "t$1" "$2" "$3"
	sip "ACK sip:$3@sfb.example SIP/2.0" "$1" 1 ACK "t$1" "$2" "$3"
}

call_ends() {
	sip "BYE sip:$3@sfb.example SIP/2.0" "$1" 2 BYE "t$1" "$2" "$3"
	sip "SIP/2.0 200 OK" "$1" 2 BYE "t$1" "$2" "$3"
}

busy() {
	says "persons +$1 on the phone" status
}

settings_write() { # lines to append
	cat >settings.yaml <<-END
		engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
		wire: { mode: tap, ports: ["af_packet:eth0"], hugepages: never }
		control: { group: daemon }
		store: { url: memory }
	END
	printf '%s\n' "$@" >>settings.yaml
}

directory='directory: { file: directory.csv }'
target='target: "sip:127.0.0.1:5070;transport=tcp"'
auth='auth: { user: offhook, password: "file:/run/secret" }'

# With no more than the unit lets it have.
bounds=$(sed -n 's/^CapabilityBoundingSet=//p' "$sources/packaging/offhook.service.in" |
	tr '[:upper:] ' '[:lower:],' | sed 's/cap_/+/g')
engine_start() { # options
	: >engine.log
	(
		umask 077
		exec setpriv --bounding-set="-all,$bounds" --no-new-privs \
			"$offhookd" --config settings.yaml "$@" 2>>engine.log
	) &
	engine=$!
	await says '^wire +up' status
}

ip link add eth0 type veth peer name far
ip addr add 198.18.0.10/24 dev far
echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
ip link set eth0 up
ip link set far up
ip neigh add 198.18.0.20 lladdr 02:00:00:00:00:20 dev far nud permanent
ethtool -K far tx off >/dev/null
# An account that is a member of the group, but not by its primary group.
sed 's/^daemon:.*/daemon:x:1:bin/' /etc/group >group
mount --bind group /etc/group
(umask 077; echo "correct horse 4711" >secret)
echo "sip:alice@sfb.example,Alice,+49301,101
sip:bob@sfb.example,Bob,+49302,102" >directory.csv
mkfifo commands # the registrar ends when its input does
"$registrar" 5070 <commands >/dev/null &
exec 8>commands
"$listener" /run/notify >notified &
await test -S notify

echo "systemd hears READY=1 when both halves run, WATCHDOG=1 while they do"
settings_write "$directory" "registrar: { $target, $auth }"
NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=600000 engine_start
await grep -q READY=1 notified
[ "$(head -n 1 notified)" = READY=1 ] || fail "something before READY=1"
await grep -q WATCHDOG=1 notified
watched() {
	grep -c WATCHDOG=1 notified
}
process_stop "$(pid_of presence)"
sleep 0.7 # the watchdog's own interval, so that what was under way is over
before=$(watched)
sleep 1.5
[ "$(watched)" = "$before" ] || fail "the watchdog is fed while presence stands still"
kill -CONT "$(pid_of presence)"
more() {
	[ "$(watched)" -gt "$before" ]
}
await more

echo "members of control.group can reach the socket, also where the unit's directory is"
directory_mode=$(awk '$2 == "/run/offhook" { print $3 }' "$sources/packaging/offhook.tmpfiles")
[ "$directory_mode" = "0$(stat -c %a run)" ] || fail "tmpfiles.d: $directory_mode, the engine's own: $(stat -c %a run)"

echo "each half has the privileges that it needs, and no more"
status_of() { # a process or thread, a field
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}
nobody=$(id -u nobody)
for half in presence wire; do
	pid=$(pid_of $half)
	for task in "/proc/$pid/task/"*; do
		thread=$pid/task/${task##*/}
		want=0000000000000000
		[ "$half ${task##*/}" != "wire $pid" ] || want=0000000000003000 # NET_ADMIN, NET_RAW
		for set in CapEff CapPrm; do
			[ "$(status_of "$thread" $set)" = $want ] ||
				fail "$half: thread ${task##*/}: $set $(status_of "$thread" $set)"
		done
		[ "$(status_of "$thread" NoNewPrivs) $(status_of "$thread" Seccomp)" = "1 2" ] ||
			fail "$half: thread ${task##*/} has no sandbox"
		[ "$(status_of "$thread" Uid | tr -s '\t' ' ')" = "$nobody $nobody $nobody $nobody" ] ||
			fail "$half: thread ${task##*/} runs as $(status_of "$thread" Uid)"
	done
done

echo "the password is in presence and nowhere else"
"$search" "$(pid_of presence)" secret || fail "presence has no password: the search is worth nothing"
ctl reload >/dev/null || fail "reload"
"$search" "$(pid_of wire)" secret
[ $? -eq 1 ] || fail "the wire has the password"
"$search" $engine secret
[ $? -eq 1 ] || fail "the supervisor has the password"
call_begins one alice bob
await busy 2
exec 9<>/dev/tcp/127.0.0.1/9464
printf 'GET /metrics HTTP/1.1\r\n\r\n' >&9
tr -d '\r' <&9 >answer
exec 9<&-
sed '1,/^$/d' answer >page
ctl status >answers
for verb in status calls persons "explain alice" reload wire; do
	# shellcheck disable=SC2086 # a verb and its user
	ctl $verb --json >>answers
done
"$offhookd" --print-config --config settings.yaml >>answers
for pid in $engine "$(pid_of wire)" "$(pid_of presence)"; do
	cat "/proc/$pid/cmdline" "/proc/$pid/environ" >>answers
done
grep -aFf secret engine.log answers page && fail "the password is told"

echo "root and the group may ask, others are told that they may not"
as bin bin --init-groups "$offhookctl" --socket /run/run/control status >/dev/null ||
	fail "a member of the group may not ask"
as 65533 daemon --clear-groups "$offhookctl" --socket /run/run/control status >/dev/null ||
	fail "a process of the group may not ask"
as 65533 65533 --clear-groups "$offhookctl" --socket /run/run/control status 2>&1 |
	grep -q 'only root and members of control.group' || fail "no sentence for a stranger"
chmod 666 run/control # not even when the file lets him
as 65533 65533 --clear-groups "$offhookctl" --socket /run/run/control status 2>&1 |
	grep -q 'error: only root and members of control.group' || fail "a stranger may ask"
grep -q 'control refused uid=65533' engine.log || fail "the refusal is not in the log"
chmod 660 run/control
"$offhookd" --config settings.yaml >second.log 2>&1 && fail "a second engine runs"
grep -q 'another engine answers on /run/run/control' second.log || fail "second: $(cat second.log)"
ctl status >/dev/null || fail "the second engine took the socket away"

echo "answers are what they should be, and valid JSON"
valid() { # a file, what must be in it
	[ ! -x /usr/bin/jq ] || jq -e "${2:-.}" "$1" >/dev/null || fail "JSON: $2 in $(cat "$1")"
}
ctl status --json >answer
valid answer '.wire_process.up and .presence_process.starts == 1 and .busy == 2 and .age > 0
	and .reload.result == "reloaded" and .store == "ready" and .orphans == 0'
ctl wire --json >answer
valid answer '(.ports | length) == 1 and .ports[0].link and .lcores[0].events > 0 and
	.lcores[0]["rx-frames"] > 0 and .blind_ppm == 0'
ctl wire | grep -q '^blind ratio 0.000000' || fail "wire"
ctl calls --json >answer
valid answer 'length == 1 and .[0].caller == "sip:alice@sfb.example"'
ctl persons --json >answer
valid answer 'map(.person) | sort == ["sip:alice@sfb.example", "sip:bob@sfb.example"]'
for user in alice ALICE alice@sfb.example sip:alice@sfb.example +49301 101; do
	ctl explain $user --json >answer
	valid answer '.person == "sip:alice@sfb.example" and .state == "on-the-phone" and
		(.call_list | length) == 1 and (.journal | length) > 0'
	ctl explain $user | grep -q '^sip:alice@sfb.example is on the phone' || fail "explain $user"
done
for user in nobody 'sip:"\x"@é' 'a%00b;x=?' "$(printf '\377\1')" '{}' --; do
	ctl explain -- "$user" >/dev/null 2>&1
	ctl explain "$user" --json >answer 2>/dev/null || continue # refused by offhookctl itself
	valid answer '.state == "clear" and .calls == 0'
done
says 'no call and no publication' explain nobody || fail "explain nobody"
says '^presence +up for .*started 1 times' status || fail "status"
says '^reload +.* ago: reloaded' status || fail "status and reload"
await says 'delay +message to PUBLISH: p50 .* p99 ' status
for words in "" nonsense "explain" "clear" "status x" "explain a b" "--what status" "calls --what"; do
	# shellcheck disable=SC2086 # words
	ctl $words >answer 2>&1
	[ $? -eq 2 ] || fail "offhookctl $words: no exit status 2"
	grep -q usage: answer || fail "offhookctl $words: $(cat answer)"
done
for words in --help -h help "status --help"; do
	# shellcheck disable=SC2086 # words
	ctl $words >answer || fail "offhookctl $words"
	grep -q '^usage:.*VERB' answer || fail "offhookctl $words: $(cat answer)"
done
ctl explain "$(printf 'a\033[2Jb')" | grep -q $'a?\\[2Jb' || fail "a terminal is told what to do"
ctl status >/dev/full 2>answer && fail "an answer that could not be written"
grep -q 'standard output: No space left' answer || fail "not written: $(cat answer)"
"$offhookctl" --socket /run/none status >answer 2>&1
[ $? -eq 1 ] || fail "no exit status 1 without an engine"
grep -q 'is offhookd running' answer || fail "not running: $(cat answer)"

echo "metrics are OpenMetrics, with the names that the documents use"
awk -f "$sources/tests/daemon/openmetrics.awk" page || fail "metrics"
documented=$(grep -ohE 'offhook_[a-z_]+' "$sources"/docs/*.md "$sources/README.md" | sort -u)
[ -n "$documented" ] || fail "no metric is documented"
for name in $documented; do
	grep -qE "^$name(_count)?[{ ]" page || fail "there is no metric $name"
done
# What a document shortens, and what it names as counters of the wire for short.
# shellcheck disable=SC2016
for end in $(grep -ohE '`\.\.\._[a-z_]+' "$sources"/docs/*.md | tr -d '`.'); do
	grep -qE "^offhook_[a-z_]+${end}[{ ]" page || fail "there is no metric ...$end"
done
# shellcheck disable=SC2016
for name in $(sed -n '/| let go |/,/^$/p' "$sources/docs/operator.md" | sed 's/`wire\.[a-z_]*`//' |
	grep -oE '`[a-z_]+`' | tr -d '`'); do
	grep -q "^offhook_wire_${name}_total{" page || fail "there is no counter $name"
done

echo "clear forgets the calls of one user"
ctl clear alice --json >answer
valid answer '.person == "sip:alice@sfb.example" and .calls_ended == 1'
await busy 0

echo "a reload: what is live takes effect at once"
reload() {
	ctl reload >report 2>&1 || fail "reload: $(cat report)"
}
debug() {
	grep -q ' debug ' engine.log
}
debug && fail "debug lines at level info"
settings_write "$directory" "registrar: { $target, $auth, rate: 400/s }" "log: { level: debug }" \
	"calls: { early_is_busy: yes, ack_timeout: off, ignore: { numbers: [\"102\"] } }"
sed -i 's/mode: tap,/mode: tap, max_sleep: 1ms,/' settings.yaml
reload
for key in registrar.rate log.level calls.early_is_busy calls.ack_timeout calls.ignore.numbers \
	wire.max_sleep; do
	grep -q "^$key: changed" report || fail "$key: $(cat report)"
done
rings() { # the wire takes new settings a moment after presence
	call_rings two carol alice
	busy 1
}
await rings
await debug
sip "SIP/2.0 486 Busy Here" two 1 INVITE ttwo carol alice
await busy 0
call_begins three alice 102
call_begins four alice 101
await says ' four ' calls
says 'on the phone.* by 1 calls' explain alice || fail "a number on the ignore list"
call_ends four alice 101
await busy 0

echo "a reload: the directory's new numbers"
echo "sip:carol@sfb.example,Carol,103" >>directory.csv
reload
says 'directory +3 persons' status || fail "directory: $(ctl status)"
call_begins five 103 x
await says 'on-the-phone .*sip:carol@sfb.example' persons
call_ends five 103 x

echo "a reload: what is wrong changes nothing"
refused() { # a pattern
	ctl reload >report 2>&1 && fail "not refused: $1"
	grep -q "nothing changed" report || fail "reload, $1: $(cat report)"
	grep -q "$1" report || fail "reload, $1: $(cat report)"
	grep -q ': changed' report && fail "reload, $1, tells of changes: $(cat report)"
	says 'reload .* ago: nothing changed' status || fail "status does not tell: $1"
	says 'directory +3 persons' status || fail "the directory is gone: $1"
}
mv directory.csv good.csv
echo "sip:a@sfb.example,A,1
sip:b@sfb.example,B,1" >directory.csv
refused directory.csv
rm directory.csv
refused directory.csv
mv good.csv directory.csv
settings_write "$directory" "registrar: { $target, $auth, rate: 300/s }"
chmod 644 secret
refused 'chmod 0400'
chmod 600 secret
settings_write "$directory" "registrar: { $target, $auth, ratte: 1 }"
refused 'settings.yaml:6:'
settings_write "$directory" "registrar: { $target, $auth, listen: \"127.0.0.1:5099\" }"
ctl reload >report 2>&1
grep -q '^registrar.listen: needs a restart' report || fail "restart: $(cat report)"
kill -HUP $engine
await grep -q RELOADING=1 notified
hup() {
	tail -n 3 notified | grep -q READY=1
}
await hup

echo "garbage at the sockets does no harm"
head -c 100000 /dev/urandom >garbage
exec 9<>/dev/tcp/127.0.0.1/9464
cat garbage >&9 2>/dev/null
exec 9<&-
clients=()
for _ in $(seq 24); do
	exec {fd}<>/dev/tcp/127.0.0.1/9464
	clients+=("$fd")
done
ctl status >/dev/null || fail "metrics clients keep the operator out"
for fd in "${clients[@]}"; do
	exec {fd}<&-
done

echo "SIGTERM: systemd hears of it, and the socket goes"
engine_stop
grep -q STOPPING=1 notified || fail "no STOPPING=1"
[ -e run/control ] && fail "the socket is left"

echo "a reload: certificates, and a directory, or neither"
certificate() { # a name
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$1.key" -out "$1.pem" 2>/dev/null
	chmod 644 "$1.key" # for nobody; a file of a real engine belongs to its account
}
certificate one
certificate two
tls_write() { # certificate, key
	settings_write "$directory" "registrar: { target: \"sip:127.0.0.1:5061;transport=tls\",
  tls: { certificate: $1.pem, key: $2.key } }"
}
tls_write one one
engine_start
echo "sip:dave@sfb.example,Dave,104" >>directory.csv
tls_write none one
refused none.pem
tls_write one two
refused two.key
tls_write two two
reload
grep -q '^registrar.tls.certificate: changed' report || fail "certificate: $(cat report)"
says 'directory +4 persons' status || fail "directory: $(ctl status)"
engine_stop

echo "--single: calls, control, reload and stop, in one process"
settings_write "$directory" "registrar: { $target }"
engine_start --single
[ "$(pid_of wire)" = $engine ] || fail "another process"
call_begins six alice bob
await busy 2
settings_write "$directory" "registrar: { $target, rate: 300/s }"
reload
grep -q '^registrar.rate: changed' report || fail "reload: $(cat report)"
call_ends six alice bob
await busy 0
engine_stop

echo "a start that can't be says why, and leaves nothing that spoils the next"
refused_start() { # a pattern
	"$offhookd" --config settings.yaml >second.log 2>&1 && fail "started: $1"
	grep -q "can-not-start .*$1" second.log || fail "not $1: $(cat second.log)"
}
rm -r state/*
mount -t tmpfs -o size=4k full state
head -c 4096 /dev/zero >state/other
refused_start '/run/state/call-key: No space left on device'
[ ! -e state/call-key ] || fail "a part of a key"
rm state/other
echo short >state/call-key
refused_start '/run/state/call-key is not whole; remove it'
umount state
sed -i 's/user: nobody/user: no-such-user/' settings.yaml
refused_start 'there is no no-such-user; make it (useradd'
sed -i 's/user: no-such-user/user: nobody/; s#run_dir: /run/run#run_dir: /run/settings.yaml#' settings.yaml
chown root state
refused_start "can't make the directory /run/settings.yaml: File exists"
grep -q "state-dir.*nobody can't write there.*chown -R nobody:nogroup" second.log || fail "$(cat second.log)"
grep -sE 'offhookd' /proc/[0-9]*/comm && fail "processes are left"
echo "all well"
