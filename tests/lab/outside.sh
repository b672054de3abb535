# shellcheck shell=sh disable=SC2154,SC2034 # names of whoever sources it
# SPDX-License-Identifier: Apache-2.0
# A stage from outside, for scripts to source: perform() puts a script into namespaces of its own
# (processes, mounts, network) and makes sure that nothing stays behind. The kernel does the tidying:
# when the stage ends, or is killed, every process, interface, mount and file in it goes with it.
# $play: what it is called in messages; further_belongings(): what else it could leave behind.

# All tools that the rest names, and root.
stage_needs() {
	missing=
	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing="$missing $tool"
	done
	if [ -n "$missing" ]; then
		echo "$play: not installed:$missing" >&2
		exit 2
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "$play: needs root, for network namespaces and AF_XDP: run it with sudo" >&2
		exit 2
	fi
}

# What the machine has of all that a stage could leave behind.
belongings() {
	further_belongings
	# Every process of the stage has the mark in its environment.
	echo "processes: $(grep -lsz "^OFFHOOK_LAB=$mark\$" /proc/[0-9]*/environ | wc -l)"
}

stage=
# shellcheck disable=SC2317 # called by the trap
interrupted() {
	[ -z "$stage" ] || kill -KILL "$stage" 2>/dev/null
	[ -z "$stage" ] || wait "$stage" 2>/dev/null
	echo
	echo "$play: interrupted, and gone with all that belonged to it"
	exit 130
}

# Runs SCRIPT ARGUMENTS ...; returns its exit code, in $tidy whether all is as before.
perform() {
	mark=$$-$(date +%s)
	before=$(belongings)
	trap interrupted INT TERM HUP
	# The signal at the parent's death: also when this script is killed outright.
	OFFHOOK_LAB=$mark setpriv --pdeathsig KILL \
		unshare --net --mount --pid --fork --kill-child --mount-proc "$@" &
	stage=$!
	wait "$stage"
	code=$?
	stage=
	trap - INT TERM HUP
	after=$(belongings)
	tidy=yes
	[ "$before" = "$after" ] || tidy=
	return "$code"
}

# What perform() found, as a table of before and after.
untidy() {
	echo "$before" | sed 's/^/           /'
	echo "$after" | sed 's/^/           /'
}
