#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The one command of this project. On a fresh Debian, as root, it installs what is missing first.
set -eu

cd "$(dirname "$0")"
build=build

# What each verb needs, as Debian packages.
packages_build="gcc libc6-dev meson ninja-build pkgconf libdpdk-dev libosip2-dev libhiredis-dev
	libyaml-dev libssl-dev libc-ares-dev libpcap-dev libcap-dev libseccomp-dev libjemalloc-dev
	libcmocka-dev"
packages_test="redis-server openssl iproute2 ethtool jq python3 dpdk-dev kamailio"
packages_lab="redis-server openssl iproute2 ethtool sip-tester kamailio kamailio-tls-modules
	kamailio-presence-modules kamailio-sqlite-modules sqlite3"
packages_guard="valgrind binutils"
packages_report="python3 gnuplot-nox"
packages_bench="$packages_report $packages_test $packages_lab util-linux valgrind dpdk-dev
	libsofia-sip-ua-dev libre-dev redis-tools tcpdump"
packages_fuzz="clang-14 libclang-rt-14-dev xz-utils"
packages_lint="clang-14 clang-format-14 shellcheck git"

usage() {
	cat <<-END
		usage: ./do VERB

		  run     build, then real calls through the engine in a lab of its own, checked (root)
		  test    build, then all tests
		  build   build into $build/
		  bench   build, then all benchmarks, and docs/performance.md from their results
		  bench-NAME [-- ARGUMENTS]
		          build, then one benchmark: NAME is one of
		          $(bench_names)
		  report  docs/performance.md from the results that are there
		  guard   build, then count instructions; more than bench/instructions.txt says fails
		  fuzz    build, then each fuzz target for a minute, two at a time on two cores
		  lint    format, warnings as errors with gcc and clang, layers, names, shell scripts
		  clean   remove the build directories
	END
}

die() {
	echo "do: $*" >&2
	exit 1
}

is_root() {
	[ "$(id -u)" -eq 0 ]
}

missing_of() {
	for package in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

# Installs those of the packages that are not there.
need() {
	command -v dpkg-query >/dev/null || {
		echo "do: not a Debian, so nothing is installed; wanted are: $*" >&2
		return 0
	}
	# shellcheck disable=SC2046 # a list of words
	set -- $(missing_of "$@")
	[ $# -gt 0 ] || return 0
	is_root || die "not installed: $*
do: as root, ./do installs them; or: apt-get install --no-install-recommends $*"
	echo "do: installing $*"
	install_quietly "$@"
}

# Servers among the packages are wanted as programs: none is started now, nor by the next boot.
install_quietly() {
	guard=/usr/sbin/policy-rc.d
	guard_is_ours=
	[ -e "$guard" ] || guard_is_ours=yes
	trap '[ -z "$guard_is_ours" ] || rm -f "$guard"' EXIT
	trap 'exit 130' INT TERM HUP
	# 101: "action forbidden by policy", for invoke-rc.d and its kin.
	[ -z "$guard_is_ours" ] || {
		printf '#!/bin/sh\nexit 101\n' >"$guard"
		chmod 755 "$guard"
	}
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q || die "apt-get update failed: is there a network, and a mirror in /etc/apt?"
	apt-get install -q -y --no-install-recommends "$@" || die "could not install: $*"
	if [ -d /run/systemd/system ]; then
		for service in redis-server kamailio; do
			case " $* " in *" $service "*) systemctl -q disable "$service" || true ;; esac
		done
	fi
	[ -z "$guard_is_ours" ] || rm -f "$guard"
	trap - EXIT INT TERM HUP
}

# Builds into directory $1; the rest are options for meson.
build_into() {
	directory=$1
	shift
	[ -f "$directory/build.ninja" ] || meson setup "$directory" "$@" >/dev/null ||
		die "meson setup failed, see $directory/meson-logs/meson-log.txt"
	ninja -C "$directory"
}

verb_build() {
	# shellcheck disable=SC2086 # a list of words
	need $packages_build
	build_into "$build"
}

verb_run() {
	is_root || die "the lab needs root, for network namespaces and AF_XDP: sudo ./do run"
	# shellcheck disable=SC2086
	need $packages_build $packages_lab
	build_into "$build"
	exec tests/lab/run.sh "$build"
}

verb_test() {
	# shellcheck disable=SC2086
	need $packages_build $packages_test
	build_into "$build"
	set -- --no-rebuild --print-errorlogs
	is_root || {
		echo "do: the suite net is left out: network namespaces need root"
		set -- "$@" --no-suite net
	}
	meson test -C "$build" "$@"
}

bench_names() {
	sed -n 's/^    Bench("\([a-z-]*\)".*/\1/p' bench/report/bench.py | paste -sd ' ' -
}

# Runs the benches named by $1, or all, with the rest as their arguments. Results: $build/bench-results.
run_benches() {
	# shellcheck disable=SC2086
	missing=$(missing_of $packages_bench)
	# shellcheck disable=SC2086
	need $packages_build $packages_bench
	# Parsers to compare with are looked for when the build is set up.
	[ -z "$missing" ] || [ ! -f "$build/build.ninja" ] || meson setup --reconfigure "$build" >/dev/null
	build_into "$build"
	bench/report/run.py "$build" "$@"
}

# The page is made also when a bench failed: it says "not measured" there.
verb_bench() {
	code=0
	run_benches || code=$?
	verb_report
	return "$code"
}

verb_report() {
	# shellcheck disable=SC2086
	need $packages_report
	bench/report/page.py "$build/bench-results" docs
}

verb_guard() {
	# shellcheck disable=SC2086
	need $packages_build $packages_guard
	build_into "$build"
	bench/guard/guard.sh "$build"
}

verb_fuzz() {
	# shellcheck disable=SC2086
	need $packages_build $packages_fuzz
	tests/fuzz/run.sh
}

scripts() {
	git ls-files | while read -r file; do
		[ -f "$file" ] || continue
		head -n 1 "$file" | LC_ALL=C grep -qE '^#!/bin/(ba)?sh|^#!/usr/bin/env (ba)?sh' && echo "$file"
	done
}

verb_lint() {
	# shellcheck disable=SC2086
	need $packages_build $packages_lint
	failed=
	echo "== format"
	git ls-files '*.c' '*.h' | xargs -r clang-format-14 --dry-run -Werror || failed="$failed format"
	echo "== gcc"
	(CC=gcc build_into build-gcc -Dwerror=true) || failed="$failed gcc"
	echo "== clang"
	(CC=clang-14 build_into build-clang -Dwerror=true) || failed="$failed clang"
	echo "== layers"
	tests/check_layers.sh || failed="$failed layers"
	echo "== symbols"
	tests/check_symbols.sh build-gcc || failed="$failed symbols"
	echo "== shell"
	scripts | xargs -r shellcheck -x -P SCRIPTDIR || failed="$failed shell"
	[ -z "$failed" ] || die "lint failed:$failed"
	echo "lint: all good"
}

verb_clean() {
	rm -rf build build-gcc build-clang build-asan build-fuzz
}

case ${1:-} in
bench-*)
	name=${1#bench-}
	shift
	[ $# -eq 0 ] || [ "$1" = -- ] || die "arguments for bench-$name stand behind --"
	run_benches "$name" "$@"
	;;
run | test | build | bench | report | guard | fuzz | lint | clean)
	[ $# -eq 1 ] || die "$1 takes no arguments"
	"verb_$1"
	;;
-h | --help | help) usage ;;
*)
	usage >&2
	exit 2
	;;
esac
