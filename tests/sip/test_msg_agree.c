// SPDX-License-Identifier: Apache-2.0
// The fast parser, with every line kernel, must give what the reference parser gives: on whole
// calls, on the torture messages, on each cut after every octet, and on seeded mutations of all.
#include "bench/sample_calls.h"
#include "sip/line_index.h"
#include "tests/sip/sip_test.h"

enum {
	CALLS = 24,
	ROUNDS = 400000,
	MUTANT_BYTES = 8192,
};

static const char *corpus_dir;
static struct sample_set seeds;

static void check(const char *text, size_t len)
{
	char *copy = exact_copy(text, len);
	struct sip_msg fast, ref;
	enum sip_reject is = sip_msg_parse(copy, len, &fast);
	enum sip_reject expect = sip_msg_parse_reference(copy, len, &ref);

	fast.flags |= SIP_BY_REFERENCE;
	if (is != expect || (is == SIP_REJECT_NONE && memcmp(&fast, &ref, sizeof(fast)) != 0))
		fail_msg("%s: %s, reference %s\n%.*s", line_kernel_name(line_index_selected()),
			 sip_reject_name(is), sip_reject_name(expect), (int)len, text);
	free(copy);
}

static void add_folder(const char *name)
{
	char path[1024];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", corpus_dir, name);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char *text;
		size_t len;

		if (strstr(entry->d_name, ".dat") == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", corpus_dir, name, entry->d_name);
		text = file_read(path, &len);
		assert_int_equal(sample_add(&seeds, text, len), 0);
		free(text);
	}
	closedir(dir);
}

static int load_seeds(void **state)
{
	if (sample_calls_make(&seeds, CALLS) != 0)
		return -1;
	add_folder("rfc4475");
	add_folder("rfc5118");
	add_folder("forms");
	add_folder("forms/left");
	return 0;
}

static int free_seeds(void **state)
{
	sample_set_fini(&seeds);
	return 0;
}

static void test_usual_messages_take_the_fast_way(void **state)
{
	struct sample_set calls;

	assert_int_equal(sample_calls_make(&calls, 200), 0);
	for (size_t i = 0; i < calls.count; i++) {
		struct sip_msg msg;

		assert_int_equal(sip_msg_parse(calls.samples[i].text, calls.samples[i].len, &msg),
				 SIP_REJECT_NONE);
		if ((msg.flags & SIP_BY_REFERENCE) != 0)
			fail_msg("%.*s", (int)calls.samples[i].len, calls.samples[i].text);
	}
	sample_set_fini(&calls);
}

// One message each with a line that many vendors write in another form.
static void test_seldom_forms_take_the_fast_way(void **state)
{
	struct sample_set calls = seeds;

	seeds = (struct sample_set){0};
	add_folder("forms");
	assert_true(seeds.count > 50);
	for (size_t i = 0; i < seeds.count; i++) {
		struct sip_msg msg;

		assert_int_equal(sip_msg_parse(seeds.samples[i].text, seeds.samples[i].len, &msg),
				 SIP_REJECT_NONE);
		if ((msg.flags & SIP_BY_REFERENCE) != 0)
			fail_msg("%.*s", (int)seeds.samples[i].len, seeds.samples[i].text);
	}
	sample_set_fini(&seeds);
	seeds = calls;
}

static void test_every_kernel(void **state)
{
	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select(kernel) != 0)
			continue;
		for (size_t i = 0; i < seeds.count; i++)
			check(seeds.samples[i].text, seeds.samples[i].len);
	}
	line_index_select(LINE_KERNEL_AUTO);
}

static void test_cut_after_every_octet(void **state)
{
	for (size_t i = 0; i < seeds.count; i++) {
		for (size_t len = 0; len < seeds.samples[i].len; len++)
			check(seeds.samples[i].text, len);
	}
}

// Pieces that mean something to one of the two parsers.
static const char *const pieces[] = {
	"\r\n",
	"\n",
	"\r",
	"\r\n ",
	"\r\n\t",
	" ",
	"\t",
	"\"",
	"\\",
	"\\\"",
	"<",
	">",
	";",
	",",
	"=",
	":",
	";tag=",
	";tag",
	";branch=",
	"*",
	"?",
	"!",
	"\x7f",
	"\xc3\x84",
	"sip:",
	"tel:",
	"0",
	"SIP/2.0",
	"Via: ",
	"v:",
	"From: ",
	"t:",
	"Call-ID: ",
	"l: 0\r\n",
	"Contact: ",
	"INVITE",
	"\r\n\r\n",
	"P-Asserted-Identity: <sip:a@b>,",
	"m: *\r\n",
	"x: 90\r\n",
	"c: ",
	"Replaces: a;b\r\n",
	"User-Agent:\r\n",
	"Server: x\r\n",
	"99999999999",
};

static size_t mutate(char *text, size_t len, uint64_t *random)
{
	uint64_t pick = next_random(random);
	size_t at = len > 0 ? (pick >> 8) % len : 0;
	const char *piece = pieces[(pick >> 40) % (sizeof(pieces) / sizeof(pieces[0]))];
	size_t piece_len = strlen(piece);

	switch (pick % 5) {
	case 0: // one bit
		if (len > 0)
			text[at] ^= (char)(1 << (pick >> 32 & 7));
		return len;
	case 1: // some octets less
		piece_len = 1 + (pick >> 32) % 8;
		if (piece_len > len - at)
			piece_len = len - at;
		memmove(text + at, text + at + piece_len, len - at - piece_len);
		return len - piece_len;
	case 2: // one octet, any
		if (len > 0)
			text[at] = (char)(pick >> 32);
		return len;
	case 3: // a piece over what is there
		if (at + piece_len <= len)
			memcpy(text + at, piece, piece_len);
		return len;
	default: // a piece more
		if (len + piece_len > MUTANT_BYTES)
			return len;
		memmove(text + at + piece_len, text + at, len - at);
		memcpy(text + at, piece, piece_len);
		return len + piece_len;
	}
}

static void test_mutations(void **state)
{
	uint64_t random = test_seed();
	char *text = malloc(MUTANT_BYTES);
	unsigned int good = 0;

	assert_non_null(text);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t pick = next_random(&random);
		const struct sample *seed = &seeds.samples[pick % seeds.count];
		size_t len = seed->len < MUTANT_BYTES ? seed->len : MUTANT_BYTES;
		struct sip_msg msg;

		memcpy(text, seed->text, len);
		for (uint64_t changes = 1 + (pick >> 32 & 3); changes > 0; changes--)
			len = mutate(text, len, &random);
		check(text, len);
		good += sip_msg_parse(text, len, &msg) == SIP_REJECT_NONE;
	}
	free(text);
	// Mutants that nobody takes would test little.
	assert_true(good > ROUNDS / 4);
	printf("%u of %d mutants were messages\n", good, ROUNDS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_messages_take_the_fast_way),
		cmocka_unit_test(test_seldom_forms_take_the_fast_way),
		cmocka_unit_test(test_every_kernel),
		cmocka_unit_test(test_cut_after_every_octet),
		cmocka_unit_test(test_mutations),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	corpus_dir = argv[1];
	return cmocka_run_group_tests_name("msg_agree", tests, load_seeds, free_seeds);
}
