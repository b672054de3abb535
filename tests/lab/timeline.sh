#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Reads what the phones and the engine log, as it comes, and tells it as a story:
#   seconds since START  who  what
# Usage: timeline.sh START, the time of day as HH:MM:SS.fraction (UTC, as in the logs).
set -u

if [ -n "${LAB_COLOUR:-}" ]; then
	bold='\033[1m' green='\033[32m' red='\033[31m' cyan='\033[36m' grey='\033[90m' plain='\033[0m'
else
	bold='' green='' red='' cyan='' grey='' plain=''
fi

# Milliseconds since midnight of HH:MM:SS.fraction; no leading zeros, they would mean octal.
day_ms() {
	h=${1%%:*} m=${1#*:}
	s=${m#*:} m=${m%%:*}
	f=${s#*.}000 s=${s%%.*}
	f=${f%"${f#???}"}
	f=${f#0}
	echo $((((${h#0} * 60 + ${m#0}) * 60 + ${s#0}) * 1000 + ${f#0}))
}
start_ms=$(day_ms "$1")

# TIME COLOUR WHO WHAT
tell() {
	ms=$((($(day_ms "$1") - start_ms + 86400000) % 86400000))
	printf "%3d.%03d  $2%-22s %s$plain\n" $((ms / 1000)) $((ms % 1000)) "$3" "$4"
}

# The value of key $1 in the line $2, without quotes.
value() {
	v=" $2"
	case $v in *" $1="*) ;; *) return ;; esac
	v=${v#*" $1="}
	case $v in
	\"*) v=${v#\"} && v=${v%%\"*} ;;
	*) v=${v%% *} ;;
	esac
	printf '%s' "$v"
}

# sip:alice@sfb.example -> alice
name() {
	p=$(value person "$1")
	p=${p#sip:}
	printf '%s' "${p%@*}"
}

published() {
	time=$1 who=$(name "$2") status=$(value status "$2")
	case $(value kind "$2"):$status in
	remove:2*) tell "$time" "$green" "    $who" "<- $status  gone from the registrar" ;;
	*:2*) tell "$time" "$green" "    $who" \
		"<- $status  ETag $(value etag "$2"), for $(value expires "$2") s" ;;
	*) tell "$time" "$red" "    $who" "<- $status" ;;
	esac
}

publishes() {
	time=$1 who=$(name "$2")
	case $(value kind "$2") in
	initial) tell "$time" "$cyan" "    $who" "-> PUBLISH on-the-phone" ;;
	refresh) tell "$time" "$cyan" "    $who" "-> PUBLISH refresh" ;;
	modify) tell "$time" "$cyan" "    $who" "-> PUBLISH modify" ;;
	remove) tell "$time" "$cyan" "    $who" "-> PUBLISH cancel" ;;
	esac
}

# A call's story begins and ends with its dialogs; a Call-ID that is up already has a fork.
up=' '
call_starts() {
	id=$(value call_id "$2")
	case $up in
	*" $id "*) tell "$1" "$bold" "$(parties "$id")" "another phone has answered too" ;;
	*) tell "$1" "$bold" "$(parties "$id")" "call connected" ;;
	esac
	up="$up$id "
}

call_ends() {
	id=$(value call_id "$2")
	up="${up%% "$id" *} ${up#* "$id" }"
	case $up in
	*" $id "*) tell "$1" "$bold" "$(parties "$id")" "one of the two has hung up" ;;
	*) tell "$1" "$bold" "$(parties "$id")" "call ended" ;;
	esac
}

# The Call-ID of the lab's phones is CALLER-CALLED-PORT@phones.example.
parties() {
	both=${1%-*}
	printf '%s, %s' "${both%%-*}" "${both#*-}"
}

while read -r first second rest; do
	case "$first $rest" in
	# A phone's line: date, time, epoch, word, caller, called, Call-ID. Of calls that were answered
	# the engine tells more.
	????-??-??" "*.*" busy "* | ????-??-??" "*.*" cancelled "*)
		# shellcheck disable=SC2086 # words
		set -- $rest
		case $2 in
		busy) tell "$second" "$bold" "$3, $4" "486 Busy Here" ;;
		cancelled) tell "$second" "$bold" "$3, $4" "cancelled while ringing" ;;
		esac
		;;
	# The engine's line: time, program, level, area, event, key=value ...
	????-??-??T*Z" "*)
		time=${first#*T}
		time=${time%Z}
		case $rest in
		"debug call start "*) call_starts "$time" "$rest" ;;
		"debug call end "*) call_ends "$time" "$rest" ;;
		"info person on-the-phone "*)
			tell "$time" "$grey" "    $(name "$rest")" "on the phone" ;;
		"info person clear "*)
			tell "$time" "$grey" "    $(name "$rest")" "off the phone" ;;
		"debug publish sent "*) publishes "$time" "$rest" ;;
		"debug publish answered "*) published "$time" "$rest" ;;
		"warn "* | "error "*) tell "$time" "$red" "engine" "${rest#* }" ;;
		esac
		;;
	esac
done
