#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the project's own corpus of SIP: SIPp plays callers and callees of several makers, two Kamailio
# proxies stand between them, tcpdump writes what passes. All in namespaces of its own (processes,
# mounts, network), so nothing stays behind, also when this script is killed.
# Usage: record.sh OUTPUT.pcap. Needs root, and the programs below.
set -u

here=$(cd "$(dirname "$0")" && pwd)

die() {
	echo "record: $*" >&2
	exit 1
}

[ $# -eq 1 ] || {
	echo "usage: record.sh OUTPUT.pcap" >&2
	exit 2
}
missing=
for tool in ip ss ethtool sipp kamailio tcpdump unshare setpriv; do
	command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -z "$missing" ] || die "not installed:$missing"
[ "$(id -u)" -eq 0 ] || die "needs root, for network namespaces"
output=$(realpath -- "$1") || die "no such folder: $1"
[ -w "${output%/*}/" ] || die "cannot write to ${output%/*}/"

stage=
# shellcheck disable=SC2317 # called by the traps
tidy() {
	[ -z "$stage" ] || kill -KILL "$stage" 2>/dev/null
	rm -f "$output.part"
}
trap tidy EXIT
trap 'exit 130' INT TERM HUP

# The signal at the parent's death: also when this script is killed outright.
setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc \
	"$here/stage.sh" "$output.part" &
stage=$!
wait "$stage" || die "no corpus was made"
stage=
mv "$output.part" "$output"
