// SPDX-License-Identifier: Apache-2.0
// `offhookctl capture`: asks the engine to start or to stop one, and waits until it has.
#include "daemon/offhookctl/verb.h"

#include "config/units.h"
#include "daemon/capture_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	REQUEST_BYTES = 1024,
	POLL_MS = 20,
	PATIENCE_MS = 10000, // a poll core that sleeps for long looks up only now and then
};

// A size with its unit as plain octets, a number of seconds as it is.
static int limit_add(char *words, size_t size, const char *name, const char *value)
{
	size_t used = strlen(words);
	uint64_t number = 0;
	char *end;

	if (strcmp(name, "bytes") == 0) {
		if (units_size(value, &number) < 0)
			return -1;
	} else {
		number = strtoull(value, &end, 10);
		if (value[0] < '0' || value[0] > '9' || *end != '\0')
			return -1;
	}
	snprintf(words + used, size - used, " %s=%" PRIu64, name, number);
	return 0;
}

static int usage_error(const char *what)
{
	fprintf(stderr,
		"offhookctl: capture %s\n"
		"usage: offhookctl capture start [rejected | call CALL-ID | user USER] [--bytes "
		"SIZE]\n"
		"                                [--seconds N] [--json]\n"
		"       offhookctl capture stop | status [--json]\n",
		what);
	return 2;
}

// The outcome, once there is one.
static int wait_for(const char *socket_path, bool json)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		int status = verb_ask(socket_path, "capture", "outcome", json);
		if (status != VERB_AGAIN)
			return status;
		usleep(POLL_MS * 1000);
	}
	fprintf(stderr, "offhookctl: the wire does not do it; see the engine's log\n");
	return EXIT_FAILURE;
}

static const char *check(unsigned int count, const char *const *word, bool limits)
{
	bool start = count > 0 && strcmp(word[0], "start") == 0;
	bool whose = count > 1 && (strcmp(word[1], "call") == 0 || strcmp(word[1], "user") == 0);

	if (count == 0 ||
	    (!start && strcmp(word[0], "stop") != 0 && strcmp(word[0], "status") != 0))
		return "what? start, stop or status";
	if (!start)
		return count > 1 || limits ? "stop and status take no filter and no limit" : NULL;
	if (count > 1 && !whose && strcmp(word[1], "rejected") != 0)
		return "start what? rejected, call CALL-ID or user USER";
	if (whose && count == 2)
		return word[1][0] == 'c' ? "start which call? its Call-ID" : "start which user?";
	return count > (whose ? 3 : 2) ? "start takes one filter" : NULL;
}

int verb_capture(const char *socket_path, unsigned int count, const char *const *word,
		 const char *bytes, const char *seconds, bool json)
{
	char words[REQUEST_BYTES] = "";
	const char *wrong = check(count, word, bytes || seconds);
	size_t used = 0;
	int status;

	if (wrong)
		return usage_error(wrong);
	for (unsigned int i = 0; i < count && used < sizeof(words); i++)
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s", i ? " " : "",
					 word[i]);
	// A word of the request is its kind, then its value, then limits: in this order, all there.
	if (count == 1 && strcmp(word[0], "start") == 0)
		used += (size_t)snprintf(words + used, sizeof(words) - used, " rejected");
	if (used > sizeof(words) - 64)
		return usage_error("can't be asked for with so many words");
	if (bytes && limit_add(words, sizeof(words), "bytes", bytes) < 0)
		return usage_error("--bytes is a size: 500k, 64M");
	if (seconds && limit_add(words, sizeof(words), "seconds", seconds) < 0)
		return usage_error("--seconds is a number of seconds");
	status = verb_ask(socket_path, "capture", words, json);
	return status == VERB_AGAIN ? wait_for(socket_path, json) : status;
}
