# SPDX-License-Identifier: Apache-2.0
# From what stage.sh measured, a line of key=value pairs for each run, to JSON (-v format=json) or to
# tables: for each case, side and rate the median of the rounds, the publishing's share of the CPU
# (what a side used for a call less what the plain proxy used at the same rate in the same round),
# and the highest rate at which next to nothing was lost.

function sort(list, n,    i, j, value) {
	for (i = 2; i <= n; i++) {
		value = list[i]
		for (j = i - 1; j > 0 && list[j] > value; j--)
			list[j + 1] = list[j]
		list[j + 1] = value
	}
}

# Sets least, median and most of a figure; false: it was not measured.
function spread(group, key,    i, n, list) {
	n = count[group, key]
	if (!n)
		return 0
	for (i = 1; i <= n; i++)
		list[i] = figure[group, key, i]
	sort(list, n)
	least = list[1]
	median = list[int((n + 1) / 2)]
	most = list[n]
	return 1
}

function note(group, key, value) {
	figure[group, key, ++count[group, key]] = value + 0
}

function number(value) {
	return sprintf(value >= 100 || value <= -100 || value == int(value) ? "%.0f" : "%.3f", value)
}

function json_figure(group, key, name) {
	if (spread(group, key))
		printf ", \"%s\": %s, \"%s_min\": %s, \"%s_max\": %s", name, number(median), name, \
			number(least), name, number(most)
}

function json_group(group,    part, i, word) {
	split(group, part, SUBSEP)
	printf "{\"case\": \"%s\", \"side\": \"%s\", \"rate\": %d, \"calls\": %d", \
		part[1], part[2], part[3], calls[group]
	for (i = 1; i <= keys; i++) {
		split(key_of[i], word, ":")
		json_figure(group, word[1], word[2])
	}
	printf ", \"repetitions\": %d}\n", rounds[group]
}

function json_sustained(side, rate) {
	printf "{\"case\": \"sustained\", \"side\": \"%s\", " \
		"\"loss_percent_at_most\": %s, \"calls_per_s\": %d, \"highest_tried_per_s\": %d}\n", \
		side, LOSS_PERCENT, rate, highest
}

function cell(group, key, width) {
	printf " %*s", width, spread(group, key) ? number(median) : "-"
}

function table_load(group, part) {
	printf "%6d %-9s %6d", part[3], part[2], calls[group]
	cell(group, "loss_percent", 6)
	cell(group, "publish_cpu", 10)
	cell(group, "proxy_cpu", 6)
	cell(group, "wire_cpu", 6)
	cell(group, "presence_cpu", 8)
	cell(group, "store_cpu", 6)
	cell(group, "answer_to_publish_us_p50", 8)
	cell(group, "answer_to_publish_us_p99", 8)
	cell(group, "bye_to_publish_us_p50", 8)
	cell(group, "second_initials", 7)
	cell(group, "out_of_order", 6)
	cell(group, "left_on", 5)
	print ""
}

function table_kill(group, part) {
	printf "%-14s %-9s", part[1], part[2]
	cell(group, "before_persons_busy", 10)
	cell(group, "left_on", 9)
	cell(group, "registrar_published", 12)
	cell(group, "failed", 12)
	print ""
}

# Highest rate up to which the loss was within the limit at all rates.
function sustained(side,    i, part, rate) {
	rate = 0
	for (i = 1; i <= groups; i++) {
		split(group_of[i], part, SUBSEP)
		if (part[1] != "load" || part[2] != side)
			continue
		spread(group_of[i], "loss_percent")
		if (median > LOSS_PERCENT)
			break
		rate = part[3]
	}
	return rate
}

BEGIN {
	LOSS_PERCENT = 0.1
	# figure:name in JSON
	keys = split("loss_percent:loss_percent failed:calls_failed never_published:never_published " \
		"left_on:left_on publish_cpu_ratio:publish_cpu_ratio_to_kamailio " \
		"latency_ratio:answer_to_publish_ratio_to_kamailio " \
		"engine_cpu_ratio:presence_and_store_cpu_ratio_to_kamailio " \
		"publish_cpu:publish_cpu_us_per_call proxy_cpu:proxy_cpu_us_per_call " \
		"wire_cpu:wire_cpu_us_per_call presence_cpu:presence_cpu_us_per_call " \
		"store_cpu:store_cpu_us_per_call registrar_cpu:registrar_cpu_us_per_call " \
		"answer_to_publish_us_p50:answer_to_publish_us_p50 " \
		"answer_to_publish_us_p95:answer_to_publish_us_p95 " \
		"answer_to_publish_us_p99:answer_to_publish_us_p99 " \
		"answer_to_publish_us_max:answer_to_publish_us_highest " \
		"wire_answer_to_publish_us_p50:engine_wire_to_publish_us_p50 " \
		"wire_answer_to_publish_us_p99:engine_wire_to_publish_us_p99 " \
		"bye_to_publish_us_p50:bye_to_publish_us_p50 bye_to_publish_us_p99:bye_to_publish_us_p99 " \
		"publish_per_call:publish_per_call second_initials:second_initials " \
		"out_of_order:out_of_order unknown_tag:tags_refused " \
		"before_persons_busy:lights_at_kill registrar_published:publications_left", key_of, " ")
}

{
	delete value
	for (i = 1; i <= NF; i++) {
		split($i, pair, "=")
		value[pair[1]] = pair[2]
	}
	group = value["case"] SUBSEP value["side"] SUBSEP value["rate"]
	if (!(group in calls))
		group_of[++groups] = group
	n = value["calls"]
	calls[group] += n
	rounds[group]++
	if (value["rate"] + 0 > highest && value["case"] == "load")
		highest = value["rate"] + 0
	is_plain = value["side"] == "plain"
	if (is_plain)
		plain[value["rate"], value["round"]] = value["proxy_us"] / n
	note(group, "failed", value["failed"])
	note(group, "loss_percent", 100 * (value["failed"] + \
		(value["never_published"] + value["registrar_persons_busy"]) / 2) / n)
	if ("proxy_us" in value)
		note(group, "proxy_cpu", value["proxy_us"] / n)
	if (is_plain)
		next
	note(group, "left_on", value["registrar_persons_busy"])
	note(group, "unknown_tag", value["registrar_unknown_tag"])
	note(group, "registrar_published", value["registrar_published"])
	if ("before_persons_busy" in value)
		note(group, "before_persons_busy", value["before_persons_busy"])
	if (!("answered" in value))
		next
	note(group, "never_published", value["never_published"])
	note(group, "second_initials", value["second_initials"])
	note(group, "out_of_order", value["out_of_order"])
	note(group, "publish_per_call", value["publish"] / n)
	note(group, "registrar_cpu", value["registrar_us"] / n)
	if (value["side"] == "offhook") {
		note(group, "wire_cpu", value["wire_us"] / n)
		note(group, "presence_cpu", value["presence_us"] / n)
		note(group, "store_cpu", value["store_us"] / n)
		note(group, "wire_answer_to_publish_us_p50", value["wire_answer_to_publish_us_p50"])
		note(group, "wire_answer_to_publish_us_p99", value["wire_answer_to_publish_us_p99"])
	}
	for (name in value)
		if (name ~ /^(answer|bye)_to_publish_us/)
			note(group, name, value[name])
	same = value["case"] SUBSEP value["rate"] SUBSEP value["round"]
	if ((value["rate"], value["round"]) in plain && value["case"] == "load") {
		cpu = (value["proxy_us"] + value["wire_us"] + value["presence_us"] + \
			value["store_us"]) / n - plain[value["rate"], value["round"]]
		note(group, "publish_cpu", cpu)
		if (value["side"] == "kamailio")
			kamailio_cpu[same] = cpu
		else if (kamailio_cpu[same] > 0) {
			note(group, "publish_cpu_ratio", cpu / kamailio_cpu[same])
			note(group, "engine_cpu_ratio", \
				(value["presence_us"] + value["store_us"]) / n / kamailio_cpu[same])
		}
	}
	if (value["side"] == "kamailio")
		kamailio_us[same] = value["answer_to_publish_us_p50"]
	else if (kamailio_us[same] > 0)
		note(group, "latency_ratio", value["answer_to_publish_us_p50"] / kamailio_us[same])
}

END {
	sides = split("plain kamailio offhook", side_of, " ")
	if (format == "json") {
		for (i = 1; i <= groups; i++)
			json_group(group_of[i])
		for (i = 1; i <= sides; i++)
			json_sustained(side_of[i], sustained(side_of[i]))
		exit
	}
	print "                                CPU us a call                           200 -> PUBLISH   BYE ->"
	print "calls/s side       calls lost % publishing  proxy   wire presence  store" \
		"   p50 us   p99 us   p50 us  second  order  left"
	for (i = 1; i <= groups; i++) {
		split(group_of[i], part, SUBSEP)
		if (part[1] == "load")
			table_load(group_of[i], part)
	}
	print "\n180 and 200 at once:"
	for (i = 1; i <= groups; i++) {
		split(group_of[i], part, SUBSEP)
		if (part[1] == "at-once")
			table_load(group_of[i], part)
	}
	print ""
	for (i = 1; i <= sides; i++)
		printf "sustained with at most %s %% lost: %-9s %d calls/s%s\n", LOSS_PERCENT, side_of[i], \
			sustained(side_of[i]), sustained(side_of[i]) == highest ? " or more" : ""
	print "\nSIGKILL        side       lights on left on  publications  calls failed"
	for (i = 1; i <= groups; i++) {
		split(group_of[i], part, SUBSEP)
		if (part[1] ~ /^kill/)
			table_kill(group_of[i], part)
	}
}
