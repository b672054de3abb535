// SPDX-License-Identifier: Apache-2.0
// The bench's registrar as a program, for scripts: prints `port N`, then for each line it reads the
// counts as one JSON object, until its input ends. Usage: registrar [PORT]
#include "bench/registrar/registrar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct registrar_counts *counts;
	int port = bench_registrar_start(argc > 1 ? (uint16_t)atoi(argv[1]) : 0, &counts);
	char line[64];

	if (port < 0) {
		fprintf(stderr, "registrar: %s\n", strerror(-port));
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("port %d\n", port);
	while (fgets(line, sizeof(line), stdin) != NULL)
		printf("{\"initial\": %" PRIu64 ", \"refresh\": %" PRIu64 ", \"modify\": %" PRIu64
		       ", \"removed\": %" PRIu64 ", \"unknown_tag\": %" PRIu64
		       ", \"published\": %" PRIu64 "}\n",
		       counts->initial, counts->refresh, counts->modify, counts->removed,
		       counts->unknown_tag, counts->published);
	bench_registrar_stop();
	return EXIT_SUCCESS;
}
