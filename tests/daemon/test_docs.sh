#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the documents tell people to write and type is right: settings pass --check, verbs and options
# exist, files and links are there.
# Usage: test_docs.sh OFFHOOKD OFFHOOKCTL SOURCES
set -eu

offhookd=$(realpath "$1")
offhookctl=$(realpath "$2")
sources=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0

bad() {
	echo "WRONG: $*"
	wrong=1
}

cd "$sources"
awk -v work="$work" '
	/^```yaml/ { file = work "/" ++count ".yaml"; next }
	/^```/ { file = "" }
	file { print > file }' README.md docs/*.md
for file in "$work"/*.yaml; do
	# A part of a file gets what every file needs.
	grep -q '^registrar:' "$file" || echo 'registrar: { target: "sip:pool.example" }' >>"$file"
	"$offhookd" --check "$file" >"$work/said" 2>&1 || bad "$(cat "$work/said" "$file")"
done
"$offhookd" --check config/offhook.yaml.sample >"$work/said" 2>&1 || bad "$(cat "$work/said")"

# Every setting that is named with its section, or the last parts of its name.
"$offhookd" --print-config --config config/offhook.yaml.sample | awk '{ print $1 }' >"$work/keys"
# shellcheck disable=SC2016
grep -ohE '`(engine|log|wire|calls|ignore|directory|registrar|auth|tls|store|control)\.[a-z_0-9.]+' \
	README.md docs/*.md | tr -d '`' | grep -v '\.h$' | sort -u >"$work/named"
[ -s "$work/named" ] || bad "no setting in any document"
while read -r key; do
	grep -qE "(^|\.)$key(\.|\$)" "$work/keys" || bad "there is no setting $key"
done <"$work/named"

# Every option and verb that stands in code.
"$offhookd" --help >"$work/help"
"$offhookctl" --help >>"$work/help"
grep -ohE 'offhook(d|ctl)( --?[a-z-]+)? [a-z-]+[^`]*' README.md docs/*.md |
	grep -oE '(^offhookctl [a-z]+| --[a-z-]+)' | sed 's/^offhookctl//' | sort -u >"$work/words"
[ -s "$work/words" ] || bad "no command in any document"
while read -r word; do
	grep -qE -- "(^| |\[)$word( |\]|\$)" "$work/help" || bad "offhookd and offhookctl know no $word"
done <"$work/words"

for document in README.md CONTRIBUTING.md docs/*.md; do
	grep -oE '\]\([^)#]+' "$document" | sed 's/^](//' | while read -r link; do
		case $link in
		http*) ;;
		*) [ -e "$(dirname "$document")/$link" ] || echo "$document: there is no $link" ;;
		esac
	done
	# Paths of the sources between backquotes.
	# shellcheck disable=SC2016
	grep -oE '`(config|sip|link|dataplane|presence|daemon|tests|packaging|docs|bench)/[a-z0-9_/.-]*`' \
		"$document" | tr -d '`' | while read -r path; do
		[ -e "$path" ] || echo "$document: there is no $path"
	done
done >"$work/missing"
[ ! -s "$work/missing" ] || bad "$(cat "$work/missing")"
exit $wrong
