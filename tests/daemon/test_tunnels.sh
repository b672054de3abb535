#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real tunnels of this kernel between two namespaces, and the whole engine beside them, on the
# interface that carries the outer packets (AF_PACKET): calls inside are published, by their inner
# addresses. All outer addresses are on the ignore list, and one inner address, too. Where the kernel
# has no such tunnel, which is said, the frames of a recorded one pass the same interface.
# Usage: test_tunnels.sh OFFHOOKD OFFHOOKCTL REGISTRAR CAPTURES
. "$(dirname "$0")/stage.bash"
captures=$(realpath "$5")
far=198.18.0.10 near=198.18.0.20 # outer
from=10.7.0.1 to=10.7.0.2 stranger=10.7.0.99
from6=fd07::1 to6=fd07::2 stranger6=fd07::99
removed=0

# START-LINE CALL CSEQ METHOD TO-TAG TARGET [PADDING]: from the far end, responses from the near one.
# By way of a file, because bash writes a datagram a line.
sip() {
	printf '%s\r\n' "$1" "Via: SIP/2.0/UDP gw;branch=z9hG4bK$2$3$4" \
		"From: <sip:alice-$2@sfb.example>;tag=f$2" \
		"To: <sip:bob-$2@sfb.example>${5:+;tag=$5}" "Call-ID: $2" "CSeq: $3 $4" ${7:+"X-Long: $7"} \
		"Content-Length: 0" "" >message
	case $1 in
	SIP/2.0*) bash -c "cat message >/dev/udp/$6/5060" ;;
	*) ip netns exec far bash -c "cat message >/dev/udp/$6/5060" ;;
	esac
}

# The INVITE is longer than the packets inside, so that it comes in fragments.
call_begins() { # CALL FROM TO
	sip "INVITE sip:bob-$1@sfb.example SIP/2.0" "$1" 1 INVITE "" "$3" "$(head -c 3000 /dev/zero | tr "\0" x)"
	sip "SIP/2.0 200 OK" "$1" 1 INVITE "t$1" "$2"
	sip "ACK sip:bob-$1@sfb.example SIP/2.0" "$1" 1 ACK "t$1" "$3"
}

call_ends() {
	sip "BYE sip:bob-$1@sfb.example SIP/2.0" "$1" 2 BYE "t$1" "$3"
	sip "SIP/2.0 200 OK" "$1" 2 BYE "t$1" "$2"
}

# Frames as they are, from the far end. `recorded FILE begin|end`: up to the BYE, or from there.
# `tagged CALL begin|end TYPE:TAG...`: a call of our own behind VLAN tags.
frames() {
	ip netns exec far python3 - "$@" <<-'END'
		import socket, struct, sys
		what, name, part, tags = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]

		def recorded(data):
		    at = 24
		    while at < len(data):
		        length = struct.unpack_from("<I", data, at + 8)[0]
		        yield data[at + 16:at + 16 + length]
		        at += 16 + length

		def message(line, cseq, to_tag):
		    return "\r\n".join([line, f"Via: SIP/2.0/UDP gw;branch=z9hG4bK{name}{cseq}",
		        f"From: <sip:alice@sfb.example>;tag=f{name}", f"To: <sip:bob@sfb.example>{to_tag}",
		        f"Call-ID: {name}", f"CSeq: {cseq}", "Content-Length: 0", "", ""]).encode()

		def frame(payload, source, target):
		    types = [(int(kind, 16), int(tag)) for kind, tag in (t.split(":") for t in tags)]
		    out = b"\xff" * 6 + b"\x02" * 6
		    for kind, tag in types:
		        out += struct.pack(">HH", kind, tag)
		    out += struct.pack(">HBBHHHBBH4s4s", 0x800, 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0,
		        socket.inet_aton(source), socket.inet_aton(target))
		    return out + struct.pack(">HHHH", 5060, 5060, 8 + len(payload), 0) + payload

		def tagged():
		    a, b, to = "10.7.0.1", "10.7.0.2", f";tag=t{name}"
		    yield frame(message("INVITE sip:bob@sfb.example SIP/2.0", "1 INVITE", ""), a, b)
		    yield frame(message("SIP/2.0 200 OK", "1 INVITE", to), b, a)
		    yield frame(message("BYE sip:bob@sfb.example SIP/2.0", "2 BYE", to), a, b)
		    yield frame(message("SIP/2.0 200 OK", "2 BYE", to), b, a)

		link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		link.bind(("eth0", 0))
		end = False
		for data in recorded(open(name, "rb").read()) if what == "recorded" else tagged():
		    end = end or b"BYE sip" in data
		    if end == (part == "end"):
		        link.send(data)
	END
}

counter() { # NAME, of all poll cores
	ctl wire --json | jq "[.lcores[].\"$1\"] | add"
}

is_counted() { # counter, at least
	[ "$(counter "$1")" -ge "$2" ]
}

both() { # at both ends: `ip link`'s words with LOCAL and REMOTE filled in
	local there=("${@//LOCAL/$far}") here=("${@//LOCAL/$near}")
	ip -n far link add tun "${there[@]//REMOTE/$near}" 2>refusal &&
		ip link add tun "${here[@]//REMOTE/$far}"
}

addresses() { # FAR NEAR IGNORED PREFIX
	ip -n far addr add "$1/$4" dev tun nodad 2>/dev/null || ip -n far addr add "$1/$4" dev tun
	ip addr add "$2/$4" dev tun nodad 2>/dev/null || ip addr add "$2/$4" dev tun
	ip -n far addr add "$3/$4" dev tun nodad 2>/dev/null || ip -n far addr add "$3/$4" dev tun
	ip -n far link set tun mtu 1400 up && ip link set tun mtu 1400 up
}

# $1: its name here, $2: what counts it, $3: a recorded one, then `ip link`'s words.
tunnel() {
	local name=$1 count=$2 capture=$3 before
	shift 3
	before=$(counter "$count")
	if both "$@"; then
		live "$name"
		ip -n far link del tun
		ip link del tun
		echo "$name: live"
	else
		recorded "$capture"
		echo "$name: $capture.pcap, because of this kernel: $(tail -n 1 refusal)"
	fi
	removed=$((removed + 2))
	await counted "\"removed\": $removed"
	await counted "\"published\": 0"
	is_counted "$count" $((before + 5)) || fail "$name: $count is $(counter "$count")"
}

live() {
	local a=$from b=$to ignored=$stranger prefix=24 whole
	[ "$1" != sit ] || a=$from6 b=$to6 ignored=$stranger6 prefix=64
	whole=$(counter reassembled)
	addresses "$a" "$b" "$ignored" "$prefix"
	ip -n far route replace "$b" dev tun src "$ignored"
	call_begins "$1-ignored" "$ignored" "$b"
	ip -n far route replace "$b" dev tun src "$a"
	call_begins "$1" "$a" "$b"
	await counted "\"published\": 2"
	ctl persons | grep -q -- "-ignored" && fail "$1: not the inner address was looked at"
	[ "$(counter reassembled)" -ge $((whole + 2)) ] || fail "$1: fragments inside"
	call_ends "$1-ignored" "$ignored" "$b"
	call_ends "$1" "$a" "$b"
}

recorded() {
	frames recorded "$captures/$1.pcap" begin
	await counted "\"published\": 2"
	frames recorded "$captures/$1.pcap" end
}

# $1: name, then the tags as TYPE:TAG, outermost first. The kernel moves the outermost out of the
# frame before AF_PACKET sees it.
tags() {
	local name=$1
	shift
	frames tagged "$name" begin "$@"
	await counted "\"published\": 2"
	frames tagged "$name" end "$@"
	removed=$((removed + 2))
	await counted "\"removed\": $removed"
	echo "$name: frames with tags"
}

stage_enter
ip netns add far
ip link add wire type veth peer name eth0 netns far
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
ip -n far addr add "$far/24" dev eth0
ip -n far link set lo up
ip -n far link set eth0 up
ip addr add "$near/24" dev wire
ip link set wire up
registrar_start 5070
cat >settings.yaml <<-END
	engine: { name: test, state_dir: /run/state, run_dir: /run/run, user: nobody, group: nogroup }
	log: { level: debug }
	wire: { mode: tap, ports: ["af_packet:wire"], hugepages: never }
	calls: { ignore: { sources: [198.18.0.0/24, 192.0.2.0/24, "$stranger/32", "$stranger6/128"] } }
	directory: { map_any: sfb.example }
	store: { url: memory }
	registrar: { target: "sip:127.0.0.1:5070;transport=tcp" }
END
engine_run
await grep -q "wire open" engine.log

tags vlan 8100:5
tags qinq 88a8:7 8100:5
tags qinq-old 8100:7 8100:5
tunnel vxlan vxlan vxlan-4789 type vxlan id 42 local LOCAL remote REMOTE dstport 4789
tunnel geneve geneve geneve type geneve id 7 remote REMOTE
tunnel gretap gre gre-ethernet type gretap local LOCAL remote REMOTE
tunnel gretap-key gre gre-key type gretap local LOCAL remote REMOTE key 5 csum
tunnel gre gre gre-ipv4 type gre local LOCAL remote REMOTE
tunnel erspan-2 erspan erspan-2 type erspan local LOCAL remote REMOTE seq key 30 erspan_ver 1 erspan 123
tunnel erspan-3 erspan erspan-3 type erspan local LOCAL remote REMOTE seq key 30 erspan_ver 2 \
	erspan_dir ingress erspan_hwid 7
tunnel ipip ip-in-ip ip-4in4 type ipip local LOCAL remote REMOTE
tunnel sit ip-in-ip ip-6in4 type sit local LOCAL remote REMOTE
# Labels are a matter of routes, not of an interface.
tunnel mpls mpls mpls type mpls

engine_stop
