# SPDX-License-Identifier: Apache-2.0
# From the history of the registrar's table (row, time, what, person, busy, expires) to the edges of
# what was published: a row counts from when it is there and says on-the-phone until it is removed,
# says something else, or lapses. Other edges: "another" row of a person, "changed" for a refresh.

function leave(row, time) {
	if (!(row in until))
		return
	print (time < until[row] ? time : until[row]), who[row], "P", -1, \
		(time < until[row] ? "removed" : "lapsed")
	delete until[row]
}

{
	split($4, part, "@")
	if ($3 != "changed" || !$5 || !($1 in until) || $2 > until[$1]) {
		leave($1, $2)
		if ($5) {
			print $2, part[1], "P", 1, "published"
			who[$1] = part[1]
			until[$1] = $6
		}
	} else {
		print $2, part[1], "P", 0, "refreshed"
		until[$1] = $6
	}
}

END {
	for (row in until)
		print until[row], who[row], "P", -1, "lapsed"
}
