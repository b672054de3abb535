#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Includes point downwards only: config < sip < link < dataplane | presence < daemon; the two halves
# do not know each other, and DPDK is known to dataplane alone. bench/ and tests/ are free.
# Tries itself on a small wrong tree first, then checks TREE. Usage: check_layers.sh [TREE]
set -eu

# folder: what its files may include. The longest folder that fits decides.
layers='
config            config
config/provision  config sip
sip               sip
link              link sip config
dataplane         dataplane link sip config
presence          presence link sip config
daemon            daemon dataplane presence link sip config
'
dpdk_users='dataplane daemon'

# The folders that $1, a file's folder, may include.
allowed_to() {
	folder=$1
	while :; do
		found=$(echo "$layers" | awk -v folder="$folder" '$1 == folder { $1 = ""; print }')
		[ -z "$found" ] || break
		case $folder in */*) folder=${folder%/*} ;; *) break ;; esac
	done
	echo "$found"
}

# Prints each include that is not allowed in the tree $1 as file:line: why.
wrong_includes() (
	cd "$1"
	for folder in config sip link dataplane presence daemon; do
		[ -d "$folder" ] && find "$folder" -name '*.[ch]'
	done | sort | while read -r file; do
		allowed=$(allowed_to "${file%/*}")
		grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' "$file" |
			awk -v file="$file" -v allowed="$allowed" -v dpdk="$dpdk_users" '
			function in_list(word, list) { return index(" " list " ", " " word " ") > 0 }
			{
				line = $0
				sub(/:.*/, "", line)
				name = $0
				sub(/^[^"<]*["<]/, "", name)
				sub(/[">].*/, "", name)
				top = name
				sub(/\/.*/, "", top)
				own = file
				sub(/\/.*/, "", own)
				if ($0 ~ /include[ \t]*</) {
					if (name ~ /^rte_/ && !in_list(own, dpdk))
						print file ":" line ": " own " builds without DPDK: " name
				} else if (name !~ /\// || name ~ /\.\./)
					print file ":" line ": write it as folder/file.h: " name
				else if (!in_list(top, allowed))
					print file ":" line ": " own " must not know " top ": " name
			}'
	done
)

# Each of these must be found, or the check is blind.
check_itself() {
	sample=$(mktemp -d)
	trap 'rm -rf "$sample"' EXIT
	set -- 'config/a.c "sip/uri.h"' 'sip/a.h "link/call_event.h"' 'link/a.c "presence/calls.h"' \
		'dataplane/a.c "presence/calls.h"' 'presence/net/a.c "dataplane/wire.h"' \
		'presence/b.c "daemon/control.h"' 'sip/b.c "../config/log.h"' 'sip/c.c "uri.h"' \
		'presence/c.c <rte_mbuf.h>' 'daemon/a.c "tests/fake.h"' 'config/provision/a.c "link/doorbell.h"'
	wanted=$#
	for case in "$@"; do
		mkdir -p "$sample/$(dirname "${case%% *}")"
		echo "#include ${case#* }" >"$sample/${case%% *}"
	done
	# Allowed, so they must not be found.
	echo '#include "sip/uri.h"' >"$sample/config/provision/b.c"
	echo '#include <rte_mbuf.h>' >"$sample/dataplane/b.c"
	got=$(wrong_includes "$sample" | wc -l)
	if [ "$got" -ne "$wanted" ]; then
		echo "check_layers: finds $got of $wanted wrong includes in a tree made to be wrong:" >&2
		wrong_includes "$sample" >&2
		exit 2
	fi
	rm -rf "$sample"
	trap - EXIT
}

check_itself
tree=${1:-$(dirname "$0")/..}
wrong=$(wrong_includes "$tree")
if [ -n "$wrong" ]; then
	echo "$wrong"
	exit 1
fi
