#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench-calls at a walking pace: calls of all kinds come out right at the registrar, the line has what
# it promises, and wrong words are refused. No time is judged.
# Usage: test_calls.sh BENCH_CALLS
set -u

fail() {
	echo "FAILED: $*"
	exit 1
}

line=$("$1" --json --case mixed --rate 40 --seconds 1 --repetitions 1 --store memory) ||
	fail "mixed calls: $line"
echo "$line"
echo "$line" | jq -e 'all(.[]; type == "string" or type == "number") and .case == "mixed" and
	.calls_per_s == 40 and .starts > 0 and .starts_confirmed == .starts and .left_over == 0 and
	.wrong_user_seconds >= .wrong_user_seconds_of_lost_ends and .cpu_us_per_call_worker > 0 and
	.latency_us_p50 <= .latency_us_p99 and .latency_us_p99_min == .latency_us_p99_max' >/dev/null ||
	fail "the line"

"$1" --json --case latency --rate 40 --seconds 1 --repetitions 1 --store memory --transport tls |
	jq -e '.transport == "tls" and .starts_confirmed == .starts' >/dev/null || fail "over TLS"

for words in "--case nothing" "--mix answered" "--mix walk=1" "--hold soon" "--rate 0" "--persons 3" \
	"--poll often" "--transport pigeon" "more"; do
	# shellcheck disable=SC2086 # words are words
	"$1" $words 2>/dev/null
	[ $? -eq 2 ] || fail "took $words"
done
