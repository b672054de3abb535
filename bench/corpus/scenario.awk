# SPDX-License-Identifier: Apache-2.0
# A SIPp scenario from a flow (what is said when, flows/) and a maker (how it is said, makers/).
# Usage: awk -f scenario.awk MAKER FLOW. In a flow a line %SECTION is replaced by that section of the
# maker, with
#   %request CSEQ BRANCH [in-dialog]  a request of the caller
#   %register CSEQ BRANCH             the same, of oneself
#   %back CSEQ BRANCH                 a request of the callee in the caller's dialog
#   %response [new]                   an answer to what came last; new: it brings the callee's tag
#   %response-invite CSEQ             an answer to the INVITE when something else came last
#   %features, %invite, %agent        header lines
#   %sdp DIRECTION, %empty            the end of the headers, and the body
#   %recv-invite [METHOD]             what begins the dialog, whose addresses and route are kept

FNR == 1 { file++ }
file == 1 && /^#/ { next }
file == 1 && /^== / { section = $2; next }
file == 1 { maker[section] = maker[section] $0 "\n"; next }

function keep(name, header, occurrence) {
	printf "    <ereg regexp=\"[^ ].*\" search_in=\"hdr\" header=\"%s\" occurrence=\"%d\" " \
		"check_it=\"false\" assign_to=\"%s\"/>\n", header, occurrence, name
	kept = kept "," name
}

function recv_invite(request) {
	printf "<recv request=\"%s\" rrs=\"true\">\n  <action>\n", request
	keep("me", "To:", 1)
	keep("peer", "From:", 1)
	for (i = 1; i <= 3; i++)
		keep("via" i, "Via:", i)
	for (i = 1; i <= 2; i++)
		keep("route" i, "Record-Route:", i)
	printf "  </action>\n</recv>\n"
	keeps = 1
}

function response_invite(cseq) {
	for (i = 1; i <= 3; i++)
		print "Via: [$via" i "]"
	for (i = 1; i <= 2; i++)
		print "Record-Route: [$route" i "]"
	print "From: [$peer]\nTo: [$me];tag=" tag "\nCall-ID: [call_id]\nCSeq: " cseq " INVITE"
}

function put(name, text) {
	text = maker[name]
	gsub("%METHOD", method, text)
	gsub("%CSEQ", $2, text)
	gsub("%BRANCH", $3, text)
	gsub("%DIRECTION", $2, text)
	gsub("%TAG", is, text)
	printf "%s", text
}

file == 2 && FNR == 1 {
	tag = maker["tag"]
	sub("\n", "", tag)
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"" FILENAME "\">"
}
/^[A-Z]+ [^ ]+ SIP\/2.0$/ { method = $1 }
/^%request / {
	is = $4 == "in-dialog" ? "[peer_tag_param]" : ""
	put("request")
	if ($4 == "in-dialog" && !/^SIP/) print "[routes]"
	next
}
/^%register / { is = ""; put("request"); next }
/^%back / { is = tag; put("back"); print "[routes]"; next }
/^%response-invite / { response_invite($2); next }
/^%response/ { is = $2 == "new" ? ";tag=" tag : ""; put("response"); next }
/^%recv-invite/ { recv_invite($2 ? $2 : "INVITE"); next }
/^%empty/ { print "Content-Length: 0\n"; next }
/^%/ { put(substr($1, 2)); next }
{ print }
END {
	# SIPp refuses a scenario that sets what it never reads.
	if (keeps) printf "<Reference variables=\"%s\"/>\n", substr(kept, 2)
	print "</scenario>"
}
