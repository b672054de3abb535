// SPDX-License-Identifier: Apache-2.0
// offhookd: the engine. Reads the settings and hands over to the supervisor.
#include "config/log.h"
#include "config/settings.h"
#include "daemon/supervisor.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef OFFHOOK_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#define DEFAULT_CONFIG "/etc/offhook/offhook.yaml"

static const char usage[] =
	"usage: offhookd [--config FILE] [--single]\n"
	"       offhookd --check [FILE]\n"
	"       offhookd --print-config [--config FILE]\n"
	"       offhookd --version\n"
	"  --config FILE   settings, default " DEFAULT_CONFIG "\n"
	"  --check FILE    say all that is wrong with a settings file, and start nothing\n"
	"  --print-config  each key with its value, where it comes from, and when it can change\n"
	"  --single        both halves as threads of one process, for debugging\n";

enum option_value {
	OPTION_CONFIG = 1,
	OPTION_CHECK,
	OPTION_PRINT,
	OPTION_SINGLE,
	OPTION_VERSION,
	OPTION_HELP
};

static const struct option options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check", optional_argument, NULL, OPTION_CHECK},
	{"print-config", no_argument, NULL, OPTION_PRINT},
	{"single", no_argument, NULL, OPTION_SINGLE},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

// Asking jemalloc something keeps the linker from dropping it as unused.
static const char *allocator_version(void)
{
#ifdef OFFHOOK_JEMALLOC
	const char *version;
	size_t len = sizeof(version);

	return mallctl("version", &version, &len, NULL, 0) == 0 ? version : "";
#else
	return "";
#endif
}

static int version_print(void)
{
	const char *version = allocator_version();

	printf("offhookd %s, allocator %s%s\n", OFFHOOK_VERSION,
	       version[0] != '\0' ? "jemalloc " : "of the C library", version);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct settings settings;
	struct settings_origin *origin = NULL;
	const char *path = DEFAULT_CONFIG;
	bool check = false, print = false, single = false;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case OPTION_CONFIG: path = optarg; break;
		case OPTION_CHECK:
			check = true;
			path = optarg != NULL ? optarg : path;
			break;
		case OPTION_PRINT: print = true; break;
		case OPTION_SINGLE: single = true; break;
		case OPTION_VERSION: return version_print();
		case OPTION_HELP: fputs(usage, stdout); return EXIT_SUCCESS;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (check && optind < argc)
		path = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "offhookd: what is %s?\n%s", argv[optind], usage);
		return 2;
	}
	if (settings_load(path, true, &settings, &origin, stderr) < 0)
		return 2;
	if (print)
		settings_print(&settings, origin, stdout);
	settings_origin_free(origin);
	if (check && !print)
		printf("%s: no problems found\n", path);
	if (check || print)
		return EXIT_SUCCESS;
	log_init("offhookd", settings.log.target, settings.log.level);
	log_info("supervisor", "starting", "version=%s config=%s mode=%s", OFFHOOK_VERSION,
		 log_quote(path), single ? "single" : "two-processes");
	return supervisor_run(&settings, path, single);
}
