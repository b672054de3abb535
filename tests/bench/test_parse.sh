#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What others may build on: the options of bench-parse, its result lines, which messages of a capture
# or a folder it takes, and what it refuses. No figure is judged, but that it is one.
# Usage: test_parse.sh BENCH-PARSE CORPUS (needs jq)
set -u

bench=$1
corpus=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

command -v jq >/dev/null || {
	echo "jq is not installed"
	exit 77
}

check() {
	if eval "$2"; then
		echo "ok: $1"
	else
		echo "FAILED: $1: $2"
		cat "$work/out" "$work/err"
		failed=1
	fi
}

# Runs it; $code, $work/out, $work/err.
run() {
	"$bench" --rounds 2 "$@" >"$work/out" 2>"$work/err"
	code=$?
}

# The same where no valgrind is found, which takes its time.
run_uncounted() {
	(
		PATH=$work/bin
		run "$@"
		exit "$code"
	)
	code=$?
}

# shellcheck disable=SC2317 # called by check
holds() {
	jq -es "$1" "$work/out" >/dev/null
}

# shellcheck disable=SC2317 # called by check
said() {
	grep -q -- "$1" "$work/err"
}

message() {
	printf '%s\r\nVia: SIP/2.0/UDP h.example.com;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\n' "$1"
	printf 'To: <sip:b@example.com>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\n' "$2" "${1%% *}"
	printf 'Content-Length: 0\r\n\r\n'
}

# Messages of a capture, with all parsers or some: $1 capture, $2 messages, $3 how many are left out.
capture() {
	run_uncounted --corpus "$corpus/captures/$1" --json --only fast-scalar,reference
	check "$1 has $2 messages that can be compared and $3 others" "[ $code -eq 0 ] && holds '
		all(.messages == $2 and .messages_left_out == $3) and length == 2'"
}

mkdir "$work/bin" "$work/folder" "$work/folder/within" "$work/empty" "$work/bad"
message "INVITE sip:b@example.com SIP/2.0" one >"$work/folder/1"
message "OPTIONS sip:b@example.com SIP/2.0" two >"$work/folder/2"
message "BYE sip:b@example.com SIP/2.0" three >"$work/folder/3"
echo hidden >"$work/folder/.hidden"
bytes=$(cat "$work"/folder/[123] | wc -c)

run --corpus "$work/folder" --json
check "a folder, one message a file" "[ $code -eq 0 ] && holds 'all(.messages == 3 and .bytes == $bytes)'"
check "one line a parser" "holds '([.[].parser] | unique | length) == length'"
check "ours, libosip2 and the floors" "holds '[.[].parser] as \$all |
	all(\"fast-scalar\", \"reference\", \"osip2\", \"gate\", \"memchr\", \"memcpy\", \"loop\";
	. as \$name | any(\$all[]; . == \$name))'"
check "figures" "holds 'all((.ns_per_message | type) == \"number\" and .ns_per_message > 0
	and .ns_per_message_min <= .ns_per_message and .ns_per_message <= .ns_per_message_max
	and .repetitions == 2)'"
check "instructions are there, a number or null" "holds 'all(has(\"instructions_per_message\") and
	(.instructions_per_message == null or .instructions_per_message > 0))'"
check "who is left out is told" "[ \$(wc -l <$work/out) -eq 12 ] || said 'left out: '"
# Not with a sanitizer in the program, nor the debug information of a compiler newer than valgrind.
valgrind -q --tool=none "$bench" --nonsense >/dev/null 2>&1
if [ $? -eq 2 ]; then
	cp "$work/out" "$work/first"
	run --corpus "$work/folder" --json
	check "the same instructions twice" "[ -n \"\$(jq .instructions_per_message $work/out)\" ] &&
		[ \"\$(jq .instructions_per_message $work/first)\" = \"\$(jq .instructions_per_message $work/out)\" ]"
	run --corpus "$work/folder" --instructions --only memchr,memcpy
	check "counts for the guard" "[ $code -eq 0 ] &&
		grep -qE '^memchr [0-9]+\.[0-9]$' $work/out && [ \$(wc -l <$work/out) -eq 2 ]"
fi
run_uncounted --corpus "$work/folder" --json --only memchr
check "without valgrind: null, and said" "[ $code -eq 0 ] && said 'no valgrind' &&
	holds 'all(.instructions_per_message == null)'"

run_uncounted --corpus "$work/folder" --json --by kind,size,headers,cache --only fast-scalar,memchr
check "the whole corpus comes first" "[ $code -eq 0 ] && holds '.[0:2] |
	all(.messages == 3 and (has(\"kind\") or has(\"size\") or has(\"cache\") | not))'"
check "by kind" "holds '[.[] | select(.kind) | .kind] | unique == [\"BYE\", \"INVITE\", \"OPTIONS\"]'"
check "by size" "holds '[.[] | select(.size and .parser == \"memchr\") | .messages] | add == 3'"
check "by header lines" "holds '[.[] | select(.headers and .parser == \"memchr\") | .messages] | add == 3'"
check "cache hot" "holds 'any(.cache == \"hot\")'"
run_uncounted --corpus "$work/folder" --json --by message --only memchr
check "by message" "holds '[.[] | select(.message) | .message] == [\"1\", \"2\", \"3\"]'"
tr -d '\r' <"$work/folder/1" >"$work/empty/1"
run_uncounted --corpus "$work/empty" --json --only fast-scalar
check "what the fast parser hands on is told" "said '1 of 1 messages are unusual'"
rm "$work/empty/1"
run --corpus "$work/folder"
check "a table for people" "[ $code -eq 0 ] && grep -q '^osip2 ' $work/out"
run_uncounted --json --only fast-scalar
check "made-up calls without a corpus" "[ $code -eq 0 ] && holds 'all(.messages > 9000)'"

capture calls.pcap 38 2
capture calls-any-device.pcapng 38 2
capture tcp-one-connection.pcap 104 0
capture tcp-disorder.pcap 104 0
capture hep.pcap 12 0
check "no message of it is unusual" "! said unusual"
head -c 3000 "$corpus/captures/hep.pcap" >"$work/cut.pcap"
run_uncounted --corpus "$work/cut.pcap" --json --only memchr
check "a capture that is cut: up to there, and said" "[ $code -eq 0 ] && said 'cut.pcap: ' &&
	holds 'all(.messages > 0 and .messages < 12)'"
capture vxlan-fragments.pcap 6 0
capture ip-6in4.pcap 6 0

run_uncounted --corpus "$corpus/rfc4475" --json --strict
check "messages that differ: refused" "[ $code -eq 1 ] && [ ! -s $work/out ] && said 'read differently'"
check "with the file's name and what each finds" "said 'badaspec.dat: ' && said '^-- .*osip2'"
run_uncounted --corpus "$corpus/rfc4475" --json
check "or left out, and counted" "[ $code -eq 0 ] && said 'are left out' && said 'osip2 takes [0-9]* for' &&
	holds 'all(.messages + .messages_left_out == 50 and .messages_left_out > 0)'"

run_uncounted --corpus "$work/empty" --json
check "an empty folder" "[ $code -eq 1 ] && said 'no SIP message' && [ ! -s $work/out ]"
run_uncounted --corpus "$work/none" --json
check "no such file" "[ $code -eq 1 ] && said 'No such file'"
echo "this is no capture" >"$work/text.pcap"
run_uncounted --corpus "$work/text.pcap" --json
check "no capture" "[ $code -eq 1 ] && said 'text.pcap: ' && [ ! -s $work/out ]"
: >"$work/bad/empty"
run_uncounted --corpus "$work/bad" --json
check "an empty file in a folder" "[ $code -eq 1 ] && said 'bad/empty: is empty'"
head -c 70000 /dev/zero >"$work/bad/empty"
run_uncounted --corpus "$work/bad" --json
check "a file that no message fits" "[ $code -eq 1 ] && said 'bad/empty: is longer'"
echo "hello" >"$work/bad/empty"
run_uncounted --corpus "$work/bad" --json
check "no message in a folder" "[ $code -eq 1 ] && said 'no message is left'"
for arguments in "--nonsense" "--rounds 0" "--rounds 2x" "--by colour" "--only pjsip" "stray"; do
	# shellcheck disable=SC2086 # words
	"$bench" $arguments >"$work/out" 2>"$work/err"
	code=$?
	check "refuses $arguments" "[ $code -eq 2 ] && [ ! -s $work/out ]"
done
exit "$failed"
