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
}

fail() {
	echo "FAILED: $*"
	[ -z "${registrar_pid:-}" ] || echo "--- registrar: $(counts)"
	ctl persons 2>/dev/null
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
