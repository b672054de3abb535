# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of the whole engine share; sourced with the script's arguments: OFFHOOKD OFFHOOKCTL
# REGISTRAR and its own. Puts the script into namespaces that end with it, in an empty /run.
set -u

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] || { echo "needs root, for network namespaces"; exit 77; }
	exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" inside "$@"
fi
offhookd=$(realpath "$2")
offhookctl=$(realpath "$3")
registrar=$(realpath "$4")

stage_enter() {
	mount -t tmpfs -o mode=755 stage /run
	cd /run || exit 1
	mkdir state
	chown nobody:nogroup state
	touch engine.log
	ip link set lo up
}

fail() {
	echo "FAILED: $*"
	[ -z "${registrar_pid:-}" ] || echo "--- registrar: $(counts)"
	ctl persons 2>/dev/null
	ctl wire 2>/dev/null
	tail -n 40 engine.log
	exit 1
}

# Until the rest, a command, succeeds; for at most 30 seconds.
await() {
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	fail "waited for: $*"
}

ctl() {
	"$offhookctl" --socket /run/run/control "$@"
}

# Of the half that runs now.
pid_of() {
	sed -n "s/.*supervisor started half=$1 pid=\([0-9]*\).*/\1/p" engine.log | tail -n 1
}

# A stop takes effect only when one of its threads gets a CPU.
process_stop() {
	kill -STOP "$1"
	await threads_stand "$1"
}

threads_stand() {
	! grep -h '^State:' "/proc/$1/task/"*/status | grep -qv 'T (stopped)'
}

# On port $1. Copies, because bash keeps the descriptors of a coprocess from subshells.
registrar_start() {
	coproc REGISTRAR { exec "$registrar" "$1"; }
	registrar_pid=$!
	exec 3<&"${REGISTRAR[0]}" 4>&"${REGISTRAR[1]}"
	read -r _ <&3
}

counts() {
	local line
	echo >&4
	read -r -t 2 line <&3
	echo "$line"
}

counted() { # "initial": 2
	counts | grep -qE "$1[,}]"
}

engine_run() {
	"$offhookd" --config settings.yaml 2>>engine.log &
	engine=$!
}

engine_stop() {
	kill -TERM "$engine"
	wait "$engine" || fail "the engine ended with $?"
}

# The page of metrics, with its HTTP header.
page() {
	exec 9<>/dev/tcp/127.0.0.1/9464
	printf 'GET /metrics HTTP/1.1\r\n\r\n' >&9
	cat <&9
	exec 9<&-
}

# Phones (198.18.0.10) and SBC (198.18.0.20) in namespaces of their own, whose only way to each other
# is the engine between to-phones and to-sbc. veth leaves checksums to hardware that isn't there.
sides_up() {
	local side ns
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
}

# Forgets that frames passed: the next frames_pass is about frames from now on.
frames_ask() {
	ip -n phones neigh replace 198.18.0.20 dev eth0 nud probe lladdr "$sbc_address"
}

# An ARP request crosses the engine, and its answer comes back.
frames_pass() {
	ip -n phones neigh show 198.18.0.20 | grep -q REACHABLE && return
	frames_ask
	false
}

# From the phones to the SBC or, responses, back: START-LINE CALL CSEQ METHOD TO-TAG [MEDIA-PORT]. By
# way of a file, because bash writes a datagram for each line.
sip() {
	local body="" to=198.18.0.20 from=phones media=198.18.0.10
	case $1 in SIP/2.0*) to=198.18.0.10 from=sbc media=198.18.0.20 ;; esac
	[ -z "${6:-}" ] || body=$(printf '%s\r\n' v=0 "o=- 1 1 IN IP4 $media" s=- "c=IN IP4 $media" \
		"t=0 0" "m=audio $6 RTP/AVP 8" end)
	body=${body%end$'\r'}
	printf '%s\r\n' "$1" "Via: SIP/2.0/UDP gw;branch=z9hG4bK$2$3$4" \
		"From: <sip:alice$2@sfb.example>;tag=f$2" \
		"To: <sip:bob$2@sfb.example>${5:+;tag=$5}" \
		"Call-ID: $2" "CSeq: $3 $4" "Content-Type: application/sdp" \
		"Content-Length: ${#body}" "" >message
	printf '%s' "$body" >>message
	ip netns exec "$from" bash -c "cat message >/dev/udp/$to/5060"
}

# CALL [PHONE'S-PORT SBC'S-PORT], between alice and bob of the call's name.
call_begins() {
	sip "INVITE sip:bob$1@sfb.example SIP/2.0" "$1" 1 INVITE "" "${2:-}"
	sip "SIP/2.0 200 OK" "$1" 1 INVITE "t$1" "${3:-}"
	sip "ACK sip:bob$1@sfb.example SIP/2.0" "$1" 1 ACK "t$1"
}

call_ends() {
	sip "BYE sip:bob$1@sfb.example SIP/2.0" "$1" 2 BYE "t$1"
	sip "SIP/2.0 200 OK" "$1" 2 BYE "t$1"
}
