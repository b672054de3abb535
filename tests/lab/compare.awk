# SPDX-License-Identifier: Apache-2.0
# From edges in order of time (time, person, T or P, +1 or -1, what) to the table of persons, the
# claims and the wrong user-seconds: seconds in which true and published differ, summed over all.

function account(person, time,    span) {
	span = time - last[person]
	if (true[person] > 0)
		talked[person] += span
	if (shown[person] > 0)
		published[person] += span
	if ((true[person] > 0) != (shown[person] > 0)) {
		wrong[person] += span
		total_wrong += span
	}
	last[person] = time
}

function note(list, person) {
	return list (list == "" ? "" : ", ") person
}

BEGIN {
	LIMIT = 0.5 # seconds that a person's lamp may be wrong in all; a local registrar needs 0.01
	while ((getline line < persons) > 0)
		if (line ~ /^sip:/) {
			name = line
			sub(/^sip:/, "", name)
			sub(/@.*/, "", name)
			order[++count] = name
			mapped[name] = 1
		}
}

{
	if (!($2 in mapped) && $3 == "T")
		next
	if (!($2 in mapped) && !unknown[$2]++)
		strangers = note(strangers, $2)
	account($2, $1)
	if ($3 == "T")
		true[$2] += $4
	else
		shown[$2] += $4
	if ($4 > 0 && $3 == "P")
		publications[$2]++
	if ($5 == "refreshed")
		refreshes[$2]++
	if ($5 == "lapsed" && !faded[$2]++)
		lapsed = note(lapsed, $2)
	if (shown[$2] > 1 && !doubled[$2]++)
		twice = note(twice, $2)
}

END {
	printf "table %-8s %12s %12s %9s %13s %10s\n", "person", "on the phone", "published", "wrong", \
		"publications", "refreshes"
	for (i = 1; i <= count; i++) {
		p = order[i]
		if (!(p in last)) {
			idle = note(idle, p)
			continue
		}
		printf "table %-8s %10.3f s %10.3f s %7.3f s %13d %10d\n", p, talked[p], published[p], \
			wrong[p], publications[p], refreshes[p]
		if (talked[p] > 0) {
			talkers++
			seconds += talked[p]
		}
		if (talked[p] > 0 && (published[p] == 0 || wrong[p] > LIMIT))
			unlit = note(unlit, p)
		if (talked[p] == 0 && published[p] > 0)
			strangers = note(strangers, p)
		if (talked[p] > 0 && shown[p] > 0)
			stuck = note(stuck, p)
		if (talked[p] > 0 && publications[p] != 1)
			several = note(several, p)
		if (refreshes[p] > most)
			most = refreshes[p]
	}
	printf "table \ntable wrong user-seconds: %.3f of %.1f (%d persons, %.1f ms a change)\n", total_wrong, \
		seconds, talkers, talkers ? 1000 * total_wrong / (2 * talkers) : 0
	printf "talked %s each of %d persons was on the phone at the registrar while talking%s\n", \
		(talkers && unlit == "" ? "ok" : "no"), talkers, (unlit == "" ? "" : "; not: " unlit)
	printf "clear %s each of them is not any more, and was taken back rather than left to lapse%s\n", \
		(talkers && stuck == "" && lapsed == "" ? "ok" : "no"), \
		(stuck lapsed == "" ? "" : "; not: " stuck " " lapsed)
	printf "silent %s nobody else ever was: ringing, busy and cancelled calls%s\n", \
		(strangers == "" && idle != "" ? "ok" : "no"), (strangers == "" ? ", " idle : "; but: " strangers)
	printf "single %s one publication a person, also over several calls of one user%s\n", \
		(talkers && several twice == "" ? "ok" : "no"), \
		(several twice == "" ? "" : "; not: " several " " twice)
	printf "refreshed %s a long call is refreshed (%d times)\n", (most > 0 ? "ok" : "no"), most
}
