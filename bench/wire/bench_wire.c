// SPDX-License-Identifier: Apache-2.0
// How many packets a second one poll core of the engine takes, as a ratio to dpdk-testpmd on the
// same devices; what each stage costs; at which rate nothing is lost. bench/README.md has the
// method.
#include "bench/figure.h"
#include "bench/parse/corpus.h"
#include "bench/wire/case.h"
#include "bench/wire/engine.h"
#include "config/clock.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIXES = 8, CASES = 5 };

struct options {
	struct bench bench;
	struct traffic_mix mix;
	double rtp_percent[MIXES];
	unsigned int mixes;
	const char *cases, *corpus;
	bool may_use_hugepages;
};

static const char usage_text[] =
	"usage: bench-wire [OPTION ...]\n"
	"\n"
	"  --json               one object a line\n"
	"  --case LIST          of pcap, memif, stages, cores, veth (all)\n"
	"  --rtp LIST           shares of RTP in percent, a mix each (98,0)\n"
	"  --corpus PATH        a folder of messages or a capture (made up calls)\n"
	"  --kinds LIST         methods and status codes: INVITE,BYE,200 (all)\n"
	"  --sip-bytes MIN-MAX  of a message (0-65535)\n"
	"  --rtp-bytes N        of an RTP frame (214: G.711, 20 ms)\n"
	"  --frames N           of a mix with RTP, sent round and round (32768)\n"
	"  --rounds N           of each comparison (11)\n"
	"  --slice SECONDS      of a round for each program (0.2)\n"
	"  --trial SECONDS      of a trial in the search for the rate without loss (0.2)\n"
	"  --rate N             packets a second over veth (100000)\n"
	"  --before PROGRAM     another build's bench-wire: its engine beside ours in pcap\n"
	"  --no-huge            ordinary memory, for all programs\n";

static bool parse_mixes(struct options *options, const char *text)
{
	char *end;

	for (options->mixes = 0; options->mixes < MIXES; text = end + 1) {
		double percent = strtod(text, &end);
		if (end == text || percent < 0 || percent > 100)
			return false;
		options->rtp_percent[options->mixes++] = percent;
		if (*end != ',')
			return *end == '\0';
	}
	return false;
}

static bool parse_cases(const char *list)
{
	static const char *const known[] = {"pcap", "memif", "stages", "cores", "veth"};

	while (*list) {
		size_t len = strcspn(list, ","), i = 0;
		while (i < CASES && (strlen(known[i]) != len || memcmp(known[i], list, len) != 0))
			i++;
		if (i == CASES)
			return false;
		list += len + (list[len] == ',');
	}
	return true;
}

static bool parse_number(const char *text, double least, double most, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && *end == '\0' && *value >= least && *value <= most;
}

static bool parse_option(struct options *options, int option, const char *text)
{
	struct bench *bench = &options->bench;
	double value = 0;

	switch (option) {
	case 'j': figure_init(true); return true;
	case 'c': options->cases = text; return parse_cases(text);
	case 'm': return parse_mixes(options, text);
	case 'C': options->corpus = text; return true;
	case 'k': options->mix.kinds = text; return true;
	case 's':
		return sscanf(text, "%u-%u", &options->mix.sip_bytes_min,
			      &options->mix.sip_bytes_max) == 2;
	case 'b':
		if (!parse_number(text, 54, 1514, &value))
			return false;
		bench->rtp_bytes = options->mix.rtp_bytes = (uint32_t)value;
		return true;
	case 'f':
		if (!parse_number(text, 64, 1 << 20, &value))
			return false;
		options->mix.frames = (size_t)value;
		return true;
	case 'r':
		if (!parse_number(text, 1, CONTEST_ROUNDS, &value))
			return false;
		bench->rounds = (unsigned int)value;
		return true;
	case 'S': return parse_number(text, 0.01, 60, &bench->slice_s);
	case 't': return parse_number(text, 0.01, 600, &bench->trial_s);
	case 'R': return parse_number(text, 100, 1e7, &bench->packets_per_s);
	case 'B': bench->before = text; return true;
	case 'n': options->may_use_hugepages = false; return true;
	default: return false;
	}
}

static bool parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'},
		{"case", required_argument, NULL, 'c'},
		{"rtp", required_argument, NULL, 'm'},
		{"corpus", required_argument, NULL, 'C'},
		{"kinds", required_argument, NULL, 'k'},
		{"sip-bytes", required_argument, NULL, 's'},
		{"rtp-bytes", required_argument, NULL, 'b'},
		{"frames", required_argument, NULL, 'f'},
		{"rounds", required_argument, NULL, 'r'},
		{"slice", required_argument, NULL, 'S'},
		{"trial", required_argument, NULL, 't'},
		{"rate", required_argument, NULL, 'R'},
		{"before", required_argument, NULL, 'B'},
		{"no-huge", no_argument, NULL, 'n'},
		{0},
	};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;)
		if (!parse_option(options, option, optarg))
			return false;
	return optind == argc;
}

static bool wants(const struct options *options, const char *name)
{
	return !options->cases || strstr(options->cases, name);
}

// Captures are left beside the program, for a look and for other tools.
static int find_dir(char *dir, size_t size)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len < 0)
		return -errno;
	path[len] = '\0';
	return (size_t)snprintf(dir, size, "%s", dirname(path)) < size ? 0 : -ENAMETOOLONG;
}

static int run_mix(struct options *options, double rtp_percent, bool is_first)
{
	const struct bench *bench = &options->bench;
	struct traffic traffic = {0};

	options->mix.rtp_percent = rtp_percent;
	int err = traffic_make(&traffic, bench->set, &options->mix);
	if (!err && wants(options, "pcap"))
		err = case_pcap(bench, &traffic);
	if (!err && wants(options, "memif"))
		err = case_memif(bench, &traffic);
	if (!err && is_first && wants(options, "cores"))
		err = case_cores(bench, &traffic);
	if (!err && is_first && wants(options, "veth"))
		err = case_veth(bench, &traffic);
	traffic_fini(&traffic);
	return err;
}

static int run(struct options *options)
{
	int err = 0;

	if (wants(options, "stages"))
		err = case_stages(&options->bench);
	// The first mix last: its veth case leaves the network.
	for (unsigned int i = options->mixes; i > 0 && !err; i--)
		err = run_mix(options, options->rtp_percent[i - 1], i == 1);
	return err;
}

int main(int argc, char **argv)
{
	static struct options options = {
		.bench = {.rounds = 11,
			  .slice_s = 0.2,
			  .trial_s = 0.2,
			  .packets_per_s = 100000,
			  .rtp_bytes = 214},
		.mix = {.rtp_bytes = 214, .sip_bytes_max = UINT32_MAX, .frames = 32768},
		.rtp_percent = {98, 0},
		.mixes = 2,
		.may_use_hugepages = true,
	};
	struct bench *bench = &options.bench;
	struct corpus corpus;
	int served = engine_serve(argc, argv);

	if (served >= 0)
		return served;
	if (!parse(&options, argc, argv)) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (corpus_load(&corpus, options.corpus) != 0 ||
	    find_dir(bench->dir, sizeof(bench->dir)) != 0 ||
	    host_prepare(&bench->host, options.may_use_hugepages) != 0)
		return EXIT_FAILURE;
	bench->set = &corpus.set;
	signal(SIGPIPE, SIG_IGN); // of a testpmd that died
	int err = run(&options);
	host_restore(&bench->host);
	corpus_fini(&corpus);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
