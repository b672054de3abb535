#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The lab (tests/lab) as a bench: its verdict decides, its two figures become result lines. Real calls
# through AF_XDP, presence over mutual TLS to Kamailio, on a machine that does all of it at once.
# Usage: bench_lab.sh BUILD
set -eu

build=$1
tests/lab/run.sh "$build" >"$build/lab.out" || {
	echo "bench-lab: the lab failed, see $build/lab.out" >&2
	exit 1
}
awk '
/^message on the wire to PUBLISH: p50 [0-9.]+ ms, p99 [0-9.]+ ms \([0-9]+\)$/ {
	printf "{\"figure\": \"message on the wire to PUBLISH\", \"latency_ms_p50\": %s, ", $8
	gsub(/[()]/, "", $12)
	printf "\"latency_ms_p99\": %s, \"publications\": %d}\n", $10 + 0, $12
	lines++
}
/^wrong user-seconds: [0-9.]+ of [0-9.]+/ {
	printf "{\"figure\": \"wrong user-seconds\", \"wrong_user_s\": %s, \"user_s\": %s}\n", $3, $5
	lines++
}
END { exit lines != 2 }' "$build/lab.out" || {
	echo "bench-lab: the lab did not tell its figures, see $build/lab.out" >&2
	exit 1
}
