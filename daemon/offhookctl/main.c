// SPDX-License-Identifier: Apache-2.0
// offhookctl: the operator's tool.
#include "daemon/offhookctl/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/offhook/control"

static const char usage[] =
	"usage: offhookctl [--socket PATH] VERB [--json]\n"
	"  status           is it well: wire, registrar, store, counts\n"
	"  calls            the calls that are up\n"
	"  persons          who is on the phone, and what is published for them\n"
	"  wire             what came from the wire, what was let go and why, what was not seen\n"
	"  explain USER     why USER is shown on the phone, or not\n"
	"  clear USER       forget USER's calls and remove the publication\n"
	"  reload           read the settings again\n"
	"  capture start [rejected | call CALL-ID | user USER] [--bytes SIZE] [--seconds N]\n"
	"                   write what was not understood, one call, or the calls of USER to a\n"
	"                   pcapng file, for a bug report; at most 64M and 600 seconds\n"
	"  capture stop, capture status\n"
	"  replay FILE [--settings FILE] [--map-any DOMAIN] [--json]\n"
	"                   what a capture (pcap, pcapng) would have published; needs no engine\n"
	"USER is an address of record, its user part, or a number the directory knows.\n"
	"--socket: the engine's, default " DEFAULT_SOCKET "\n";

static const struct {
	const char *verb;
	bool about_user;
} questions[] = {
	{"status", false}, {"calls", false},  {"persons", false}, {"explain", true},
	{"clear", true},   {"reload", false}, {"wire", false},
};

// A verb, what to do, a kind of filter and its value.
enum { WORDS = 4 };

static int usage_error(const char *what, const char *word)
{
	fprintf(stderr, "offhookctl: %s %s\n%s", what, word, usage);
	return 2;
}

// No user has any, and a request is words between blanks.
static bool has_blanks(const char *word)
{
	return word[0] == '\0' || strpbrk(word, " \t\r\n") != NULL;
}

static int ask_question(const char *socket_path, const char *verb, const char *argument, bool json)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (strcmp(verb, questions[i].verb) != 0)
			continue;
		if (questions[i].about_user && argument[0] == '\0')
			return usage_error(verb, "whom?");
		if (!questions[i].about_user && argument[0] != '\0')
			return usage_error("what is", argument);
		return verb_ask(socket_path, verb, argument, json);
	}
	return usage_error("there is no verb", verb);
}

// Options may stand before and after the verb.
static int ask(int argc, char **argv)
{
	const char *socket_path = DEFAULT_SOCKET, *bytes = NULL, *seconds = NULL;
	const char *word[WORDS] = {NULL};
	unsigned int words = 0;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			socket_path = argv[++i];
		else if (strcmp(argv[i], "--bytes") == 0 && i + 1 < argc)
			bytes = argv[++i];
		else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
			seconds = argv[++i];
		else if (words == WORDS || (words > 0 && has_blanks(argv[i])) ||
			 (argv[i][0] == '-' && words < WORDS - 1)) // a Call-ID may have one
			return usage_error("what is", argv[i]);
		else
			word[words++] = argv[i];
	}
	if (words == 0)
		return usage_error("which", "verb?");
	if (strcmp(word[0], "capture") == 0)
		return verb_capture(socket_path, words - 1, word + 1, bytes, seconds, json);
	if (words > 2 || bytes || seconds)
		return usage_error("what is", words > 2 ? word[2] : bytes ? bytes : seconds);
	return ask_question(socket_path, word[0], word[1] ? word[1] : "", json);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "replay") == 0)
		return verb_replay(argc - 1, argv + 1);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("offhookctl " OFFHOOK_VERSION);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	return ask(argc, argv);
}
