#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The comparison of instruction counts, with counts made up: what passes, what fails, what is said.
# Usage: test_guard.sh SOURCE
set -u

compare=$1/bench/guard/compare.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# $1: name, $2: code, $3: what is said; then written and counted lines.
expect() {
	printf '# a comment\n%b' "$4" >"$work/written"
	printf '%b' "$5" >"$work/counted"
	"$compare" "$work/written" "$work/counted" >"$work/said" 2>&1
	code=$?
	if [ "$code" -ne "$2" ] || ! grep -qE -- "$3" "$work/said"; then
		echo "FAILED: $1: code $code, not $2, or it doesn't say $3:"
		cat "$work/said"
		failed=1
	else
		echo "ok: $1"
	fi
}

expect "the same" 0 'a/b +1000.0 +1000.0 +\+0.00%' 'a/b 1000.0 gcc-12\n' 'a/b 1000.0 gcc-12\n'
expect "3 % more" 0 '\+3.00%' 'a/b 1000.0 gcc-12\n' 'a/b 1030.0 gcc-12\n'
expect "more than 3 % more" 1 '\+3.10%.*GROWN' 'a/b 1000.0 gcc-12\n' 'a/b 1031.0 gcc-12\n'
expect "how to accept it" 1 'guard.sh build --update' 'a/b 1000.0 gcc-12\n' 'a/b 1031.0 gcc-12\n'
expect "more than 3 % less is told" 0 '-10.00%.*less' 'a/b 1000.0 gcc-12\n' 'a/b 900.0 gcc-12\n'
expect "one of two has grown" 1 'a/c.*GROWN' 'a/b 10 gcc-12\na/c 10 gcc-12\n' 'a/b 10 gcc-12\na/c 11 gcc-12\n'
expect "another compiler" 0 'by gcc-14, written down for gcc-12' 'a/b 10 gcc-12\n' 'a/b 99 gcc-14\n'
expect "a new row" 1 'NOT WRITTEN DOWN' 'a/b 10 gcc-12\n' 'a/b 10 gcc-12\na/c 11 gcc-12\n'
expect "a row that is gone" 1 'a/c.*NO LONGER COUNTED' 'a/b 10 gcc-12\na/c 9 gcc-12\n' 'a/b 10 gcc-12\n'
expect "nothing counted" 1 'NO LONGER COUNTED' 'a/b 10 gcc-12\n' ''
exit "$failed"
