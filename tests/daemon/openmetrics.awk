# SPDX-License-Identifier: Apache-2.0
# Says what is wrong with an OpenMetrics 1.0 page, as far as this project's metrics go: counters, gauges
# and histograms of one family after the other.
function bad(why) {
	print "line " NR ": " why ": " $0
	wrong = 1
}

function family_end() {
	if (kind == "histogram" && open_series != "")
		bad("histogram of " family " ends without its sum")
}

ended { bad("something after # EOF") }

/^# EOF$/ { family_end(); ended = 1; next }

/^# TYPE / {
	family_end()
	if (NF != 4 || $4 !~ /^(counter|gauge|histogram)$/) bad("no TYPE")
	if ($3 in seen) bad("family twice")
	if ($3 ~ /_(total|bucket|sum|count|created)$/) bad("reserved suffix")
	seen[family = $3] = 1
	kind = $4
	helped = 0
	open_series = ""
	next
}

/^# HELP / {
	if ($3 != family || helped++) bad("HELP is not of this family, or its second")
	if (NF < 4) bad("empty HELP")
	next
}

/^#/ { bad("unknown comment"); next }

{
	if ($0 !~ /^[a-z_][a-z0-9_]*(\{([a-z_]+="([^"\\]|\\[\\n"])*",?)+\})? [0-9.+e-]+$/) bad("no sample")
	name = $0
	sub(/[{ ].*/, "", name)
	series = $0
	sub(/ [^ ]*$/, "", series)
	if (series in sample) bad("sample twice")
	sample[series] = 1
	if (!helped) bad("sample without HELP")
	if (kind == "counter" && name != family "_total") bad("counter without _total")
	if (kind == "gauge" && name != family) bad("sample of another family")
	if (kind != "histogram") next

	if (name == family "_bucket") {
		if (open_series == "counted") bad("bucket after count")
		if (open_series == "" ) last = 0
		if ($NF + 0 < last + 0) bad("buckets are not cumulative")
		last = $NF
		open_series = series ~ /le="\+Inf"/ ? "inf" : "buckets"
	} else if (name == family "_count") {
		if (open_series != "inf") bad("count without le=\"+Inf\"")
		if ($NF != last) bad("count differs from the last bucket")
		open_series = "counted"
	} else if (name == family "_sum") {
		if (open_series != "counted") bad("sum without count")
		open_series = ""
	} else
		bad("sample of another family")
}

END {
	if (!ended) { print "no # EOF"; wrong = 1 }
	exit wrong
}
