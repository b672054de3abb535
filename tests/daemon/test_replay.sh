#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# offhookctl replay on captures of the corpus: the same presence changes from pcap and pcapng, as
# anybody but root, and clear words for what is no capture.
# Usage: test_replay.sh OFFHOOKCTL CORPUS DOUBLE_CAPTURE
set -eu
offhookctl=$1
captures=$2/captures
double=$3
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# NAME.expect is what NAME.pcap and NAME-*.pcapng must give.
for expect in "$captures"/*.expect; do
	name=${expect%.expect}
	for capture in "$name".pcap "$name"-*.pcapng; do
		[ -e "$capture" ] || continue # the pattern itself: there is none
		"$offhookctl" replay "$capture" --map-any sfb.example --json >"$out/changes"
		diff -u "$expect" "$out/changes"
	done
done

# From a pipe.
# shellcheck disable=SC2002
cat "$captures/calls.pcap" | "$offhookctl" replay - --map-any sfb.example --json >"$out/changes"
diff -u "$captures/calls.expect" "$out/changes"

# Two mirrors: each packet twice, at once or two packets later, changes nothing but the totals.
for capture in calls hops hep vxlan-fragments tcp-one-connection; do
	for lag in 0 2; do
		"$double" "$captures/$capture.pcap" "$out/twice.pcap" $lag
		"$offhookctl" replay "$out/twice.pcap" --map-any sfb.example --json >"$out/changes"
		grep -v '"summary"' "$captures/$capture.expect" >"$out/expect"
		grep -v '"summary"' "$out/changes" | diff -u "$out/expect" -
		frames=$(sed -n 's/.*"frames": \([0-9]*\).*/\1/p' "$captures/$capture.expect")
		grep -q "\"frames\": $((2 * frames))," "$out/changes"
	done
done

# Without a directory nobody is mapped, and the totals still stand.
"$offhookctl" replay --json "$captures/calls.pcap" >"$out/changes"
grep -q '"calls": 4, "persons": 0' "$out/changes"

# A directory with number rules, by settings.
cat >"$out/persons.csv" <<END
sip:bob.callee@sfb.example,Bob,+4930200
END
cat >"$out/settings.yaml" <<END
directory: { file: persons.csv }
END
"$offhookctl" replay "$captures/calls.pcap" --settings "$out/settings.yaml" --json >"$out/changes"
[ "$(grep -c 'sip:bob.callee@sfb.example.*"call_id": "forked' "$out/changes")" -eq 2 ]

# Cut in its last packet: what is there counts, and it is said.
head -c 14000 "$captures/calls.pcap" >"$out/cut.pcap"
"$offhookctl" replay "$out/cut.pcap" --json >"$out/changes" 2>"$out/said"
grep -q '"summary"' "$out/changes" && grep -q cut "$out/said"

head -c 100 "$captures/README.md" >"$out/junk"
! "$offhookctl" replay "$out/junk" >/dev/null 2>"$out/said" || exit 1
grep -q "is no capture" "$out/said"
gzip -c "$captures/calls.pcap" >"$out/packed"
! "$offhookctl" replay "$out/packed" >/dev/null 2>"$out/said" || exit 1
grep -q "is compressed" "$out/said"
! "$offhookctl" replay "$captures/calls.pcap" --json >/dev/full 2>"$out/said" || exit 1
grep -q "No space left" "$out/said"
! "$offhookctl" replay "$captures/calls.pcap" --map-any 'a b' >/dev/null 2>"$out/said" || exit 1
grep -q "is no name of a host or domain" "$out/said"

# Damaged on its way: what came before counts, but it is no success.
{
	cat "$captures/calls-any-device.pcapng"
	printf 'lost\377\377\377\377'
} >"$out/broken.pcapng"
! "$offhookctl" replay "$out/broken.pcapng" --json >"$out/changes" 2>"$out/said" || exit 1
grep -q '"calls": 4, ' "$out/changes" && grep -q "impossible length" "$out/said"

! "$offhookctl" replay "$out/nothing" >/dev/null 2>"$out/said" || exit 1
grep -q "No such file" "$out/said"
! "$offhookctl" replay "$captures/calls.pcap" --settings "$out/nothing.yaml" 2>"$out/said" || exit 1
