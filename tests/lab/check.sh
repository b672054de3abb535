#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares what was true with what the registrar published, person by person. True is what the
# phones saw: from the 200 to the INVITE until the 200 to the BYE. Published is what stood in the
# registrar's table, by its own history (history.sql). The engine is not asked.
# Usage: check.sh LOGS ENGINE_EXIT_CODE
set -u

logs=$1
engine_code=$2
here=$(cd "$(dirname "$0")" && pwd)
failures=0

verdict() {
	if [ "$1" -eq 0 ]; then
		echo "ok       $2"
	else
		echo "MISSING  $2"
		failures=$((failures + 1))
	fi
}

# One line an edge: time, person, T(rue) or P(ublished), +1 or -1, what.
edges() {
	# Call-IDs tell which "down" belongs to which "up"; for presence the count is enough.
	awk '$4 == "up"   { print $3, $5, "T", 1, "up"; print $3, $6, "T", 1, "up" }
	     $4 == "down" { print $3, $5, "T", -1, "down"; print $3, $6, "T", -1, "down" }' \
		"$logs"/phone-*.log
	awk -f "$here/published.awk" "$logs/registrar.history"
}

edges | sort -n >"$logs/edges"
echo
awk -v persons="$here/persons.csv" -f "$here/compare.awk" "$logs/edges" >"$logs/report"
sed -n 's/^table //p' "$logs/report"
echo
# How long after the message on the wire its PUBLISH left, as the engine measures it.
sed -n 's/.* publish sent .* after_us=\([1-9][0-9]*\)$/\1/p' "$logs/engine.log" | sort -n |
	awk '{ v[NR] = $1 / 1000 }
	     END { if (NR) printf "message on the wire to PUBLISH: p50 %.1f ms, p99 %.1f ms (%d)\n\n",
			v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.99)], NR }'

[ ! -e "$logs/calls.failed" ]
verdict $? "every call went as planned$([ ! -e "$logs/calls.failed" ] || sed 's/^/; not: /' "$logs/calls.failed" | tr -d '\n')"
for claim in talked clear silent single refreshed; do
	text=$(sed -n "s/^$claim //p" "$logs/report")
	[ "${text%% *}" = ok ]
	verdict $? "${text#* }"
done
left=$(sqlite3 "$logs/registrar.db" "SELECT count(*) FROM presentity")
[ "$left" = 0 ]
verdict $? "nothing is left over at the registrar ($left publications)"
[ "$engine_code" = 0 ]
verdict $? "the engine ended in good order (exit code $engine_code)"
[ "$failures" -eq 0 ] && exit
grep -E ' (error|warn) ' "$logs/engine.log" | tail -n 10
exit 1
