#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target for some seconds, as many at a time as there are cores, under ASan and
# UBSan. Each starts from what earlier runs found (kept/NAME.tar.xz) and from the corpus of the
# tests. An input that fails is shown as base64, so that a CI's log is enough to have it.
#
#   tests/fuzz/run.sh [--keep] [-s SECONDS] [NAME...]
#
# --keep: merges what was found into kept/, by the least inputs that cover as much.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build-fuzz
work=$build/fuzz
seconds=60
keep=

die() {
	echo "fuzz: $*" >&2
	exit 1
}

# What the tests have that looks like the input of a target.
seeds_of() {
	case $1 in
	gate | msg | sdp | stream)
		echo "$root/tests/corpus/rfc4475" "$root/tests/corpus/rfc5118" "$root/tests/corpus/forms"
		;;
	look | pcapng | tcp_flow) echo "$root/tests/corpus/captures" ;;
	esac
}

# Longer ones find nothing more and are slower. A capture is many packets.
longest_of() {
	case $1 in
	look | pcapng | stream | tcp_flow) echo 16384 ;;
	*) echo 4096 ;;
	esac
}

targets() {
	find "$build/tests" -type f -name 'fuzz_*' -executable -printf '%f %p\n' | sort
}

# A time-out is 10 s for one input; the most that one takes is some milliseconds.
run_one() {
	local name=$1 program=$2 log=$work/$1.log seeds
	read -ra seeds <<<"$(seeds_of "$name")"
	mkdir -p "$work/found/$name"
	if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-max_len="$(longest_of "$name")" -dict="$here/sip.dict" -print_final_stats=1 \
		-artifact_prefix="$work/found/$name/" "$work/corpus/$name" "${seeds[@]}" >"$log" 2>&1; then
		printf 'ok      %-12s %s\n' "$name" "$(awk '
			/^#.* cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
			/number_of_executed_units/ { runs = $2 }
			/new_units_added/ { found = $2 }
			END { print cov " branches, " runs " inputs, " found " new" }' "$log")"
	else
		printf 'FAILED  %s\n' "$name"
	fi
}

# What a failed target said, and the input that did it.
show_failure() {
	local name=$1 input
	echo "=== $name"
	tail -n 60 "$work/$name.log"
	for input in "$work/found/$name"/*; do
		[ -f "$input" ] || continue
		echo "--- base64 of $input; try it: $(program_of "$name") FILE"
		base64 "$input"
	done
}

program_of() {
	targets | awk -v name="fuzz_$1" '$1 == name { print $2 }'
}

unpack() {
	rm -rf "$work/corpus/$1" "$work/found/$1"
	mkdir -p "$work/corpus/$1"
	[ ! -f "$here/kept/$1.tar.xz" ] || tar -xJf "$here/kept/$1.tar.xz" -C "$work/corpus/$1"
}

# Without names, owners and times of this machine: the same inputs make the same file.
keep_one() {
	local name=$1 program=$2 least=$work/least/$1
	rm -rf "$least"
	mkdir -p "$least" "$here/kept"
	"$program" -merge=1 -max_len="$(longest_of "$name")" "$least" "$work/corpus/$name" \
		>"$work/$name.merge.log" 2>&1 || die "can't merge $name, see $work/$name.merge.log"
	(cd "$least" && find . -type f -printf '%P\0' | sort -z |
		tar -cf - --null -T - --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0644) |
		xz -9e >"$here/kept/$name.tar.xz"
	printf 'kept    %-12s %5d inputs, %6d octets\n' "$name" "$(find "$least" -type f | wc -l)" \
		"$(stat -c %s "$here/kept/$name.tar.xz")"
}

while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep=yes ;;
	-s)
		[ $# -gt 1 ] || die "-s wants seconds"
		seconds=$2
		shift
		;;
	-*) die "usage: tests/fuzz/run.sh [--keep] [-s SECONDS] [NAME...]" ;;
	*) break ;;
	esac
	shift
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "not a number of seconds: $seconds"

[ -f "$build/build.ninja" ] ||
	CC=clang-14 meson setup "$build" "$root" -Dfuzz=true -Dallocator=glibc \
		-Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C "$build" fuzzers
mkdir -p "$work/corpus" "$work/found"

names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(targets | sed 's/^fuzz_\([^ ]*\) .*/\1/')
[ ${#names[@]} -gt 0 ] || die "no targets in $build"
for name in "${names[@]}"; do
	[ -n "$(program_of "$name")" ] || die "no target $name"
	unpack "$name"
done

export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export -f run_one seeds_of longest_of
export root here work seconds
# shellcheck disable=SC2016 # for the shell that xargs starts
for name in "${names[@]}"; do
	printf '%s\0%s\0' "$name" "$(program_of "$name")"
done | xargs -0 -n 2 -P "$(nproc)" bash -c 'run_one "$1" "$2"' run_one | tee "$work/results"

failed=()
for name in "${names[@]}"; do
	grep -q "^ok      $name " "$work/results" || failed+=("$name")
done
for name in "${failed[@]}"; do
	show_failure "$name"
done
if [ -n "$keep" ] && [ ${#failed[@]} -eq 0 ]; then
	for name in "${names[@]}"; do
		keep_one "$name" "$(program_of "$name")"
	done
fi
# As `meson test` says it, for .ci/run.
printf 'Ok:   %d\nFail: %d\n' $((${#names[@]} - ${#failed[@]})) ${#failed[@]}
[ ${#failed[@]} -eq 0 ]
