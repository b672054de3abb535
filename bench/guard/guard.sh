#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Counts instructions with the programs in programs and holds the counts against bench/instructions.txt:
# more than 3 % up fails. No timed test: the same code gives the same count on every machine with the
# same compiler and C library.
# Usage: guard.sh BUILD            compares
#        guard.sh BUILD --update   writes the new counts down
set -u

here=$(cd "$(dirname "$0")" && pwd)
file=$here/../instructions.txt

die() {
	echo "guard: $*" >&2
	exit 2
}

update=${2:-}
case $#:$update in
1: | 2:--update) ;;
*) die "usage: guard.sh BUILD [--update]" ;;
esac
build=$(cd "$1" 2>/dev/null && pwd) || die "no such build: $1"
for tool in valgrind readelf; do
	command -v "$tool" >/dev/null || die "not installed: $tool (./do guard installs what is missing)"
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
counts=$work/counts dump=$work/dump log=$work/log
: >"$counts"

# "gcc-12.2.0", as it signed the program.
compiler_of() {
	readelf -p .comment "$1" | sed -n \
		-e 's/.*clang version \([0-9.]*\).*/clang-\1/p' -e 's/.*GCC: .*) \([0-9.]*\).*/gcc-\1/p' |
		sort | head -n 1
}

# Instructions in function $1 for each of what the program, the rest, says it did: `calls 1024` or so.
count_in() {
	function=$1
	shift
	said=$(valgrind -q --tool=callgrind --vgdb=no --collect-atstart=no \
		--toggle-collect="$function" --callgrind-out-file="$dump" \
		"$@" 2>"$log") || {
		tail -n 5 "$log" >&2
		return 1
	}
	# shellcheck disable=SC2086 # words
	set -- $said
	awk -v row="$1" -v times="$2" '/^totals: / && $2 > 0 && times > 0 { printf "%s %.1f\n", row, $2 / times }' \
		"$dump"
}

while read -r name how program arguments; do
	case $name in '#'* | '') continue ;; esac
	[ -x "$build/$program" ] || die "$build/$program is not there: ./do build"
	compiler=$(compiler_of "$build/$program")
	case $how in
	itself) set -- "$build/$program" ;;
	*) set -- count_in "$how" "$build/$program" ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	rows=$("$@" $arguments) || die "$program failed"
	[ -n "$rows" ] || die "$program: nothing was counted"
	echo "$rows" | while read -r row count; do
		echo "$name/$row $count $compiler"
	done >>"$counts"
done <"$here/programs"

if [ "$update" = --update ]; then
	{
		sed -n '/^#/p' "$file"
		cat "$counts"
	} >"$file.new" && mv "$file.new" "$file"
	cat "$file"
	exit
fi
exec "$here/compare.sh" "$file" "$counts"
