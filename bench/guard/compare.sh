#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds counts against those that were written down; both as `NAME COUNT COMPILER` lines.
# Usage: compare.sh WRITTEN COUNTED. 0: none has grown by more than 3 %.
set -u

[ -r "$1" ] && [ -r "$2" ] || exit 2
awk -v most=3 '
	function say(name, old, new, what) {
		printf "%-24s %12s %12s %8s  %s\n", name, old, new, change, what
	}
	/^#/ || NF == 0 { next }
	FILENAME == ARGV[1] { written[$1] = $2; by[$1] = $3; next }
	{
		counted[$1] = $2
		change = ""
	}
	FNR == 1 { say("", "written", "counted", "") }
	!($1 in written) {
		say($1, "-", $2, "NOT WRITTEN DOWN")
		failed = updates = 1
		next
	}
	{
		percent = ($2 - written[$1]) * 100 / written[$1]
		change = sprintf("%+.2f%%", percent)
	}
	by[$1] != $3 { say($1, written[$1], $2, "by " $3 ", written down for " by[$1]); next }
	percent > most { say($1, written[$1], $2, "GROWN"); failed = updates = 1; next }
	percent < -most { say($1, written[$1], $2, "less"); updates = 1; next }
	{ say($1, written[$1], $2, "") }
	END {
		change = ""
		for (name in written)
			if (!(name in counted)) {
				say(name, written[name], "-", "NO LONGER COUNTED")
				failed = updates = 1
			}
		if (updates)
			print "To accept the new counts: bench/guard/guard.sh build --update; say why in the commit."
		exit failed
	}' "$1" "$2"
