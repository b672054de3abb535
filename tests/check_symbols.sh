#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two parts of the engine that name a function alike link without a word, and one part then calls
# the other's: each name of a function or variable stands in one object only.
# Usage: check_symbols.sh BUILD
set -eu

twins=$(find "$1" -name 'lib*.a' ! -path '*/tests/*' ! -path '*/bench/*' -exec nm -gA --defined-only {} + |
	awk 'NF >= 3 && $(NF - 1) ~ /^[TDBRC]$/ {
		object = $1
		sub(/:[0-9a-f]*$/, "", object)
		if ($NF in where && where[$NF] != object)
			print $NF ": " where[$NF] " and " object
		where[$NF] = object
	}')
if [ -n "$twins" ]; then
	echo "$twins"
	exit 1
fi
