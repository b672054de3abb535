// SPDX-License-Identifier: Apache-2.0
// offhookctl: the operator's tool.
#include "daemon/offhookctl/verb.h"

#include <stdarg.h>
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
	"                   pcapng file, for a bug report; ends after 64M or 600 seconds, or\n"
	"                   what is given\n"
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

__attribute__((format(printf, 1, 2))) static int usage_error(const char *fmt, ...)
{
	va_list args;

	fputs("offhookctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("\nusage: offhookctl [--socket PATH] VERB [--json]; --help tells the verbs\n",
	      stderr);
	return 2;
}

static int help(void)
{
	fputs(usage, stdout);
	return EXIT_SUCCESS;
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
			return usage_error("%s whom? %s USER", verb, verb);
		if (!questions[i].about_user && argument[0] != '\0')
			return usage_error("%s stands alone: what is %s?", verb, argument);
		return verb_ask(socket_path, verb, argument, json);
	}
	if (strcmp(verb, "replay") == 0)
		return usage_error("replay comes first, its options behind it");
	return usage_error("there is no verb %s", verb);
}

struct asked {
	const char *socket_path, *bytes, *seconds; // NULL: not given
	bool json, help;
	const char *word[WORDS];
	unsigned int words;
};

// true: it is an option, and *i stands on its value if it has one.
static bool option_read(struct asked *asked, char **argv, int argc, int *i)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {
		{"--socket", &asked->socket_path},
		{"--bytes", &asked->bytes},
		{"--seconds", &asked->seconds},
	};

	for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++)
		if (strcmp(argv[*i], options[k].name) == 0 && *i + 1 < argc) {
			*options[k].value = argv[++*i];
			return true;
		}
	if (strcmp(argv[*i], "--json") == 0)
		asked->json = true;
	else if (strcmp(argv[*i], "--help") == 0 || strcmp(argv[*i], "-h") == 0)
		asked->help = true;
	else
		return false;
	return true;
}

static int is_wrong(const char *word, bool last)
{
	if (strcmp(word, "--socket") == 0 || strcmp(word, "--bytes") == 0 ||
	    strcmp(word, "--seconds") == 0)
		return usage_error("%s what? Its value is missing", word);
	if (word[0] == '-' && !last)
		return usage_error("there is no option %s", word);
	if (has_blanks(word))
		return usage_error("`%s` is no word: it is empty or has blanks", word);
	return 0;
}

// Options may stand before and after the verb.
static int ask(int argc, char **argv)
{
	struct asked asked = {.socket_path = DEFAULT_SOCKET};

	for (int i = 1; i < argc; i++) {
		bool last = asked.words == WORDS - 1; // a Call-ID may begin with a dash

		if (option_read(&asked, argv, argc, &i))
			continue;
		if (is_wrong(argv[i], last) != 0)
			return 2;
		if (asked.words == WORDS)
			return usage_error("what is %s?", argv[i]);
		asked.word[asked.words++] = argv[i];
	}
	if (asked.help || (asked.words == 1 && strcmp(asked.word[0], "help") == 0))
		return help();
	if (asked.words == 0)
		return usage_error("which verb?");
	if (strcmp(asked.word[0], "capture") == 0)
		return verb_capture(asked.socket_path, asked.words - 1, asked.word + 1, asked.bytes,
				    asked.seconds, asked.json);
	if (asked.bytes || asked.seconds)
		return usage_error("%s takes no %s: that is for capture start", asked.word[0],
				   asked.bytes ? "--bytes" : "--seconds");
	if (asked.words > 2)
		return usage_error("what is %s?", asked.word[2]);
	return ask_question(asked.socket_path, asked.word[0], asked.words > 1 ? asked.word[1] : "",
			    asked.json);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "replay") == 0)
		return verb_replay(argc - 1, argv + 1);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("offhookctl " OFFHOOK_VERSION);
		return EXIT_SUCCESS;
	}
	return ask(argc, argv);
}
