#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The lab from outside: has stage.sh performed in namespaces of its own (outside.sh), hands on its
# verdict, and looks that nothing stays behind.
# Usage: run.sh [BUILD]. Logs of the run are in BUILD/lab.
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-build}" && pwd) || exit 2
logs=$build/lab
# shellcheck disable=SC2034 # what outside.sh calls this
play=lab
# shellcheck source=outside.sh
. "$here/outside.sh"

# shellcheck disable=SC2317 # called by outside.sh
further_belongings() {
	echo "network namespaces: $(ip netns list | wc -l)"
	echo "interfaces: $(ip -o link | wc -l)"
	echo "mounts: $(wc -l </proc/mounts)"
	echo "huge pages taken: $(awk '/^HugePages_Total/ { t = $2 } /^HugePages_Free/ { f = $2 }
		END { print t - f + 0 }' /proc/meminfo)"
}

stage_needs ip ethtool sipp kamailio sqlite3 openssl redis-server unshare
if [ ! -x "$build/daemon/offhookd" ]; then
	echo "lab: $build/daemon/offhookd is not there: ./do build" >&2
	exit 2
fi

rm -rf "$logs"
mkdir -p "$logs"
perform "$here/stage.sh" "$build" "$logs"
verdict=$?
if [ -n "$tidy" ]; then
	echo "ok       no process, namespace, interface, mount or huge page is left behind"
else
	echo "MISSING  a tidy end; before and after:"
	untidy
	verdict=1
fi
echo "         logs of this run: $logs"
exit "$verdict"
