// SPDX-License-Identifier: Apache-2.0
// The registrar as a program: listens, prints `port N` (and the port of TLS, when there is one),
// then answers a line on its standard input with lines of JSON, until that ends.
#include "bench/registrar/server.h"
#include "bench/registrar/tell.h"
#include "config/clock.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char usage[] =
	"usage: registrar [OPTION ...] [PORT]\n"
	"  --address A          to listen on (127.0.0.1)\n"
	"  --events LIST        event packages served, by comma (presence)\n"
	"  --min-expires S      shorter ones are refused with 423 (60)\n"
	"  --max-expires S      longer ones are granted this (600)\n"
	"  --latency TIME       before an answer leaves: 20ms, 5ms-50ms, exp:20ms (0)\n"
	"  --error SHARE[:CODE] requests refused, 1% or 0.01 (0), with this status (503)\n"
	"  --loss SHARE         requests that are not seen\n"
	"  --mute SHARE         requests that are taken, but not answered\n"
	"  --script FILE        answers to chosen requests; bench/registrar/cue.h is its manual\n"
	"  --digest PASSWORD    asks everybody for it\n"
	"  --digest-hash NAME   md5 or sha-256 (md5)\n"
	"  --nonce-uses N       after so many a nonce is stale\n"
	"  --tls PORT --certificate FILE --key FILE [--client-ca FILE]\n"
	"  --intervals FILE     CSV of who was busy from when to when, written at the end\n"
	"  --complaints N       show the first N messages of each complaint (1)\n"
	"  --seed N             of all that is random (1)\n"
	"Lines it reads: counts (or an empty line), complaints, persons, intervals, quit.\n";

struct program {
	struct server_options server;
	const char *intervals;
	struct server *running;
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
	(void)signal_number;
	stopping = 1;
}

// "1%" or "0.01".
static bool share_read(const char *text, double *share, const char **rest)
{
	char *end;

	*share = strtod(text, &end);
	if (end == text)
		return false;
	if (*end == '%') {
		*share /= 100;
		end++;
	}
	*rest = end;
	return *share >= 0 && *share <= 1;
}

static bool error_read(const char *text, struct service_options *service)
{
	const char *rest;

	service->error_status = 503;
	if (!share_read(text, &service->error, &rest))
		return false;
	if (*rest == ':')
		service->error_status = (uint16_t)atoi(rest + 1);
	return (*rest == '\0' || *rest == ':') && service->error_status >= 300 &&
	       service->error_status <= 699;
}

static bool option_take(struct program *program, int option, const char *text)
{
	struct service_options *service = &program->server.service;
	const char *rest = "";

	switch (option) {
	case 'a': program->server.address = text; return true;
	case 'e': service->compositor.events = text; return true;
	case 'm':
		service->compositor.min_expires_s = (uint32_t)strtoul(text, NULL, 10);
		return true;
	case 'M':
		service->compositor.max_expires_s = (uint32_t)strtoul(text, NULL, 10);
		return true;
	case 'l': return spread_parse(text, &service->latency) == 0;
	case 'E': return error_read(text, service);
	case 'L': return share_read(text, &service->loss, &rest) && *rest == '\0';
	case 'u': return share_read(text, &service->mute, &rest) && *rest == '\0';
	case 's': service->script = text; return true;
	case 'd': service->challenge.password = text; return true;
	case 'h':
		service->challenge.sha256 = strcmp(text, "sha-256") == 0;
		return service->challenge.sha256 || strcmp(text, "md5") == 0;
	case 'n': service->challenge.nonce_uses = strtoull(text, NULL, 10); return true;
	case 't': program->server.tls_port = atoi(text); return true;
	case 'c': program->server.certificate = text; return true;
	case 'k': program->server.key = text; return true;
	case 'C': program->server.client_ca = text; return true;
	case 'i': program->intervals = text; return true;
	case 'x': service->complaints_shown = (unsigned int)strtoul(text, NULL, 10); return true;
	case 'S': service->seed = strtoull(text, NULL, 10); return true;
	default: return false;
	}
}

static bool options_read(struct program *program, int argc, char **argv)
{
	static const struct option options[] = {
		{"address", required_argument, NULL, 'a'},
		{"events", required_argument, NULL, 'e'},
		{"min-expires", required_argument, NULL, 'm'},
		{"max-expires", required_argument, NULL, 'M'},
		{"latency", required_argument, NULL, 'l'},
		{"error", required_argument, NULL, 'E'},
		{"loss", required_argument, NULL, 'L'},
		{"mute", required_argument, NULL, 'u'},
		{"script", required_argument, NULL, 's'},
		{"digest", required_argument, NULL, 'd'},
		{"digest-hash", required_argument, NULL, 'h'},
		{"nonce-uses", required_argument, NULL, 'n'},
		{"tls", required_argument, NULL, 't'},
		{"certificate", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'},
		{"client-ca", required_argument, NULL, 'C'},
		{"intervals", required_argument, NULL, 'i'},
		{"complaints", required_argument, NULL, 'x'},
		{"seed", required_argument, NULL, 'S'},
		{NULL, 0, NULL, 0},
	};

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (!option_take(program, option, optarg))
			return false;
	if (optind < argc)
		program->server.port = (uint16_t)atoi(argv[optind++]);
	return optind == argc;
}

// False: it is to end.
static bool command_run(struct server *server, const char *line)
{
	if (line[0] == '\0' || strcmp(line, "counts") == 0)
		tell_counts(server, stdout);
	else if (strcmp(line, "complaints") == 0)
		tell_complaints(server, stdout);
	else if (strcmp(line, "persons") == 0)
		tell_persons(server, stdout);
	else if (strcmp(line, "intervals") == 0)
		tell_intervals(server, stdout);
	else if (strcmp(line, "quit") == 0)
		return false;
	else
		printf("{\"error\": \"counts, complaints, persons, intervals or quit\"}\n");
	fflush(stdout);
	return true;
}

// Whole lines of what standard input has by now. False: it has ended.
static bool commands_run(struct server *server)
{
	static char text[4096];
	static size_t len;
	ssize_t n = read(STDIN_FILENO, text + len, sizeof(text) - 1 - len);
	char *end;

	if (n <= 0)
		return false;
	len += (size_t)n;
	while ((end = memchr(text, '\n', len)) != NULL) {
		*end = '\0';
		if (!command_run(server, text))
			return false;
		len -= (size_t)(end + 1 - text);
		memmove(text, end + 1, len);
	}
	return len < sizeof(text) - 1;
}

static int intervals_write(const struct program *program)
{
	FILE *file = program->intervals != NULL ? fopen(program->intervals, "we") : NULL;

	if (program->intervals == NULL)
		return EXIT_SUCCESS;
	if (file == NULL) {
		perror(program->intervals);
		return EXIT_FAILURE;
	}
	tell_intervals_csv(program->running, file);
	return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct program program = {
		.server = {.tls_port = -1,
			   .service = {.compositor = {.min_expires_s = 60,
						      .max_expires_s = 600,
						      .events = "presence",
						      .epoch = (uint32_t)getpid() + 2545000000u},
				       .challenge = {.realm = "registrar"},
				       .complaints_shown = 1,
				       .seed = 1}}};
	struct rlimit files;
	bool ready = false, running = true;
	int rc;

	if (!options_read(&program, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
	sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);
	program.running = server_new(&program.server);
	if (program.running == NULL)
		return EXIT_FAILURE;
	if (server_watch(program.running, STDIN_FILENO) != 0) {
		fputs("registrar: standard input must be a pipe, socket or terminal\n", stderr);
		server_free(program.running);
		return EXIT_FAILURE;
	}
	printf("port %d\n", server_port(program.running));
	if (program.server.tls_port >= 0)
		printf("tls %d\n", server_tls_port(program.running));
	fflush(stdout);
	while (running && !stopping) {
		server_poll(program.running, -1, &ready);
		if (ready)
			running = commands_run(program.running);
	}
	rc = intervals_write(&program);
	server_free(program.running);
	return rc;
}
