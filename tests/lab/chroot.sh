#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a newcomer gets: a fresh Debian with nothing but git, a clean clone of HEAD, and ./do.
#   chroot.sh bookworm   ./do test and ./do run
#   chroot.sh trixie     builds with newer DPDK and hiredis, and runs the unit tests
# Needs root and debootstrap; takes the mirror from this machine's apt. Mounts are made in a mount
# namespace that ends with the script, so that removing the directory can't reach through them.
set -eu

suite=${1:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
case $suite in
bookworm) steps='./do test && ./do run' ;;
trixie) steps='./do build && meson test -C build --suite unit --print-errorlogs' ;;
*)
	echo "usage: chroot.sh [bookworm | trixie]" >&2
	exit 2
	;;
esac
[ "$(id -u)" -eq 0 ] || { echo "chroot.sh: needs root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "chroot.sh: needs debootstrap" >&2; exit 2; }

codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(RELEASE)' 'Created-By: Packages' |
	awk -v codename="$codename" \
		'$2 == "main" && $3 == codename { print $1; exit }')
[ -n "$mirror" ] || { echo "chroot.sh: /etc/apt names no mirror of Debian main" >&2; exit 2; }

root=$(mktemp -d "${TMPDIR:-/var/tmp}/offhook-chroot.XXXXXX")
chmod 755 "$root" # "/" of everybody inside
inside=
# shellcheck disable=SC2317 # called by the trap
clean() {
	[ -z "$inside" ] || { kill -KILL "$inside" && wait "$inside"; } 2>/dev/null || true
	rm -rf --one-file-system "$root"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

debootstrap --variant=minbase --include=git "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
	tail -n 5 "$root.log" >&2
	exit 1
}
rm -f "$root.log"
# An installer would have written these.
cp /etc/resolv.conf "$root/etc/"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
git clone -q "$here/../.." "$root/root/offhook"

# shellcheck disable=SC2016 # expanded inside
OFFHOOK_STEPS=$steps unshare --mount --pid --fork --kill-child sh -euc '
	mount --bind "$1" "$1"
	cd "$1"
	mount -t proc proc proc
	mount -t sysfs sysfs sys
	mount --bind /dev dev
	exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" \
		${http_proxy:+http_proxy="$http_proxy"} \
		chroot . /bin/sh -euc "cd /root/offhook && $OFFHOOK_STEPS"
' sh "$root" &
inside=$!
code=0
wait "$inside" || code=$?
inside=
echo "chroot.sh: $suite ended with $code"
exit "$code"
