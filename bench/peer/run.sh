#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench-peer from outside: has stage.sh performed in namespaces of its own, on two cores, and turns
# what it measured into tables or JSON (report.awk).
set -u

usage() {
	cat <<-END
		usage: bench-peer [--json] [--rates "N ..."] [--seconds N] [--rounds N] [--build DIR]
		  --rates    calls a second, in rising order (100 1000 1600 3000 4000)
		  --seconds  of calls at each rate (3)
		  --rounds   repetitions of all rates (1)
	END
}

here=$(cd "$(dirname "$0")" && pwd)
build=build
rates="100 1000 1600 3000 4000"
seconds=3
rounds=1
format=table
while [ $# -gt 0 ]; do
	case $1 in
	--json) format=json ;;
	--rates | --seconds | --rounds | --build)
		[ $# -gt 1 ] || { usage >&2; exit 2; }
		case $1 in
		--rates) rates=$2 ;;
		--seconds) seconds=$2 ;;
		--rounds) rounds=$2 ;;
		--build) build=$2 ;;
		esac
		shift
		;;
	*) usage >&2 && exit 2 ;;
	esac
	shift
done
case "$rates$seconds$rounds" in
*[!0-9\ ]* | '') usage >&2 && exit 2 ;;
esac
build=$(cd "$build" && pwd) || exit 2

# shellcheck disable=SC2034 # what outside.sh calls this
play=bench-peer
# shellcheck source=../../tests/lab/outside.sh
. "$here/../../tests/lab/outside.sh"

# shellcheck disable=SC2317 # called by outside.sh
further_belongings() {
	:
}

stage_needs ip ethtool sipp kamailio sqlite3 redis-server tcpdump taskset unshare
for program in daemon/offhookd daemon/offhookctl bench/registrar bench/peer-story; do
	if [ ! -x "$build/$program" ]; then
		echo "bench-peer: $build/$program is not there: ./do build" >&2
		exit 2
	fi
done

logs=$build/bench-peer
rm -rf "$logs"
mkdir -p "$logs"
# The first two of the cores that we may use: for all of it, whichever side is measured.
cores=$(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
	awk -F- '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }' | head -n 2 | paste -sd,)
perform taskset -c "$cores" "$here/stage.sh" "$build" "$logs" "$rates" "$seconds" "$rounds"
verdict=$?
[ ! -s "$logs/measured" ] || awk -v format="$format" -f "$here/report.awk" "$logs/measured"
if [ -z "$tidy" ]; then
	echo "bench-peer: not tidy; before and after:"
	untidy
	verdict=1
fi >&2
[ "$verdict" -eq 0 ] || echo "bench-peer: logs of this run: $logs" >&2
exit "$verdict"
