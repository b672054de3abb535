#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The lab from outside: puts stage.sh into namespaces of its own (processes, mounts, network), hands
# on its verdict, and makes sure that nothing stays behind. The kernel does the tidying: when the
# stage ends, or is killed, every process, interface, mount and file in it goes with it.
# Usage: run.sh [BUILD]. Logs of the run are in BUILD/lab.
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-build}" && pwd) || exit 2
logs=$build/lab
missing=

for tool in ip ethtool sipp kamailio sqlite3 openssl redis-server unshare; do
	command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
	echo "lab: not installed:$missing (./do run installs what is missing)" >&2
	exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "lab: needs root, for network namespaces and AF_XDP: run it with sudo" >&2
	exit 2
fi
if [ ! -x "$build/daemon/offhookd" ]; then
	echo "lab: $build/daemon/offhookd is not there: ./do build" >&2
	exit 2
fi

# What the machine has of all that a lab could leave behind.
belongings() {
	echo "network namespaces: $(ip netns list | wc -l)"
	echo "interfaces: $(ip -o link | wc -l)"
	echo "mounts: $(wc -l </proc/mounts)"
	echo "huge pages taken: $(awk '/^HugePages_Total/ { t = $2 } /^HugePages_Free/ { f = $2 }
		END { print t - f + 0 }' /proc/meminfo)"
	# Every process of the stage has the mark in its environment.
	echo "processes: $(grep -lsz "^OFFHOOK_LAB=$mark\$" /proc/[0-9]*/environ | wc -l)"
}

stage=
# shellcheck disable=SC2317 # called by the trap
interrupted() {
	[ -z "$stage" ] || kill -KILL "$stage" 2>/dev/null
	[ -z "$stage" ] || wait "$stage" 2>/dev/null
	echo
	echo "lab: interrupted, and gone with all that belonged to it"
	exit 130
}

mark=$$-$(date +%s)
rm -rf "$logs"
mkdir -p "$logs"
before=$(belongings)
trap interrupted INT TERM HUP
# The signal at the parent's death: also when this script is killed outright.
OFFHOOK_LAB=$mark setpriv --pdeathsig KILL \
	unshare --net --mount --pid --fork --kill-child --mount-proc \
	"$here/stage.sh" "$build" "$logs" &
stage=$!
wait "$stage"
verdict=$?
stage=
trap - INT TERM HUP

after=$(belongings)
if [ "$before" = "$after" ]; then
	echo "ok       no process, namespace, interface, mount or huge page is left behind"
else
	echo "MISSING  a tidy end; before and after:"
	echo "$before" | sed 's/^/           /'
	echo "$after" | sed 's/^/           /'
	verdict=1
fi
echo "         logs of this run: $logs"
exit "$verdict"
