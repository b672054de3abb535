// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/parsers.h"

#include <stdio.h>
#include <string.h>

static void release_nothing(void)
{
}

struct parser parsers[PARSERS] = {
	{"fast-avx512", LINE_KERNEL_AVX512, true, NULL, NULL, fast_parse, release_nothing},
	{"fast-avx2", LINE_KERNEL_AVX2, true, NULL, NULL, fast_parse, release_nothing},
	{"fast-sse42", LINE_KERNEL_SSE42, true, NULL, NULL, fast_parse, release_nothing},
	{"fast-scalar", LINE_KERNEL_SCALAR, true, NULL, NULL, fast_parse, release_nothing},
	{"reference", LINE_KERNEL_AUTO, true, NULL, NULL, reference_parse, release_nothing},
	{"osip2", LINE_KERNEL_AUTO, true, NULL, peer_osip_init, peer_osip_parse, peer_osip_release},
#ifdef HAVE_SOFIA
	{"sofia", LINE_KERNEL_AUTO, true, NULL, peer_sofia_init, peer_sofia_parse,
	 peer_sofia_release},
#else
	{"sofia", LINE_KERNEL_AUTO, true, "built without libsofia-sip-ua-dev", NULL, NULL, NULL},
#endif
#ifdef HAVE_LIBRE
	{"libre", LINE_KERNEL_AUTO, true, NULL, peer_libre_init, peer_libre_parse,
	 peer_libre_release},
#else
	{"libre", LINE_KERNEL_AUTO, true, "built without libre-dev", NULL, NULL, NULL},
#endif
	{"gate", LINE_KERNEL_AUTO, false, NULL, NULL, gate_parse, release_nothing},
	{"memchr", LINE_KERNEL_AUTO, false, NULL, NULL, floor_memchr, release_nothing},
	{"memcpy", LINE_KERNEL_AUTO, false, NULL, NULL, floor_memcpy, release_nothing},
	{"loop", LINE_KERNEL_AUTO, false, NULL, NULL, floor_loop, release_nothing},
};

static bool is_named(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at += len) {
		if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

// Every name of the list has to be one of the table.
static bool is_known(const char *list)
{
	char copy[256], *rest = copy;
	const char *name;

	snprintf(copy, sizeof(copy), "%s", list);
	while ((name = strsep(&rest, ",")) != NULL) {
		bool found = false;

		for (int i = 0; i < PARSERS; i++)
			found = found || strcmp(parsers[i].name, name) == 0;
		if (!found) {
			fprintf(stderr, "bench-parse: no parser `%s`\n", name);
			return false;
		}
	}
	return true;
}

int parsers_init(const char *only)
{
	int count = 0;

	if (only != NULL && !is_known(only))
		return -1;
	for (int i = 0; i < PARSERS; i++) {
		struct parser *parser = &parsers[i];

		if (only != NULL && !is_named(only, parser->name)) {
			parser->parse = NULL;
			continue;
		}
		if (parser->missing == NULL && !line_kernel_supported(parser->kernel))
			parser->missing = "this machine lacks the instructions";
		if (parser->missing != NULL) {
			fprintf(stderr, "bench-parse: left out: %s: %s\n", parser->name,
				parser->missing);
			continue;
		}
		if (parser->init != NULL)
			parser->init();
		count++;
	}
	if (count == 0)
		fprintf(stderr, "bench-parse: no parser is left\n");
	return count > 0 ? 0 : -1;
}

void parser_select(const struct parser *parser)
{
	line_index_select(parser->kernel);
}
