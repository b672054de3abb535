// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/count.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/parse/batch.h"
#include "bench/sample_calls.h"
#include "sip/msg.h"

enum { PATH_BYTES = 256, WARM_MESSAGES = 20 };

// Its name is callgrind's cue: called through a pointer, so that no compiler makes another one of
// it.
void count_pass(const struct parser *parser, const struct sample_set *set);
static void (*volatile const count_through)(const struct parser *,
					    const struct sample_set *) = count_pass;

void count_pass(const struct parser *parser, const struct sample_set *set)
{
	struct fields fields;

	for (size_t i = 0; i < set->count; i++) {
		parser->parse(set->samples[i].text, set->samples[i].len, &fields);
		parser->release();
		__asm__ volatile("" : : "r"(&fields) : "memory");
	}
}

// So that the dynamic linker has done its part and the heap has some room.
static void warm_up(const struct parser *parser, const struct sample_set *set)
{
	struct fields fields;

	for (size_t i = 0; i < set->count && i < WARM_MESSAGES; i++) {
		parser->parse(set->samples[i].text, set->samples[i].len, &fields);
		parser->release();
	}
}

static int read_batch(FILE *file, struct sample_set *set)
{
	static char text[SIP_MAX_BYTES];
	uint32_t count, len;

	memset(set, 0, sizeof(*set));
	if (fread(&count, sizeof(count), 1, file) != 1)
		return -ENODATA;
	while (count-- > 0) {
		if (fread(&len, sizeof(len), 1, file) != 1 || len > sizeof(text) ||
		    fread(text, 1, len, file) != len || sample_add(set, text, len) != 0)
			return -EIO;
	}
	return 0;
}

int count_passes(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct sample_set set;
	int ret, batch = 0;

	if (file == NULL)
		return -errno;
	while ((ret = read_batch(file, &set)) == 0) {
		for (int i = 0; i < PARSERS; i++) {
			if (set.count == 0 || !parser_takes_part(&parsers[i]))
				continue;
			parser_select(&parsers[i]);
			warm_up(&parsers[i], &set);
			count_through(&parsers[i], &set);
			printf("%d %d\n", batch, i);
			fflush(stdout);
		}
		sample_set_fini(&set);
		batch++;
	}
	fclose(file);
	return ret == -ENODATA ? 0 : ret;
}

static size_t counted_of(const struct batch *batch)
{
	size_t most = batch->key == BATCH_WHOLE ? COUNT_WHOLE_MESSAGES : COUNT_PART_MESSAGES;

	if (batch->key == BATCH_CACHE)
		return 0; // a cache changes no count
	return batch->count < most ? batch->count : most;
}

static int write_batches(const char *path, const struct batch_list *list, struct counted *counted)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL)
		return -errno;
	for (size_t k = 0; k < list->count; k++) {
		const struct batch *batch = &list->batches[k];
		uint32_t count = (uint32_t)counted_of(batch);

		counted[k].messages = count;
		fwrite(&count, sizeof(count), 1, file);
		for (size_t i = 0; i < count; i++) {
			const struct sample *sample = batch->message[i * batch->count / count];

			fwrite(&sample->len, sizeof(sample->len), 1, file);
			fwrite(sample->text, 1, sample->len, file);
		}
	}
	return fclose(file) == 0 ? 0 : -errno;
}

// In the child: never returns.
static void become_callgrind(const char *folder, const char *only, int out)
{
	char self[PATH_BYTES], dump[PATH_BYTES + 32], file[PATH_BYTES], log[PATH_BYTES];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int err;

	if (len <= 0)
		_exit(127);
	self[len] = '\0';
	snprintf(dump, sizeof(dump), "--callgrind-out-file=%s/dump", folder);
	snprintf(file, sizeof(file), "%s/messages", folder);
	snprintf(log, sizeof(log), "%s/log", folder);
	err = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execlp("valgrind", "valgrind", "--tool=callgrind", "--collect-atstart=no",
	       "--toggle-collect=count_pass", "--dump-after=count_pass", dump, "--", self, "--pass",
	       file, only != NULL ? "--only" : (char *)NULL, only, (char *)NULL);
	_exit(errno == ENOENT ? 126 : 127);
}

// The instructions of one dump; 0: none there.
static double read_dump(const char *folder, int number)
{
	char path[PATH_BYTES], line[512];
	double total = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/dump.%d", folder, number);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "totals: %lf", &total) == 1)
			break;
	}
	fclose(file);
	unlink(path);
	return total;
}

// Reads which passes there were, and the dump of each.
static void gather(const char *folder, FILE *passes, struct counted *counted)
{
	int batch, parser, number = 0;
	int batches[4096], which[4096];

	while (number < 4096 && fscanf(passes, "%d %d", &batch, &parser) == 2) {
		batches[number] = batch;
		which[number++] = parser;
	}
	for (int i = 0; i < number; i++) {
		struct counted *to = &counted[batches[i]];

		if (to->messages > 0)
			to->instructions[which[i]] = read_dump(folder, i + 1) /
						     (double)to->messages;
	}
}

// What valgrind said last.
static void show_log(const char *folder)
{
	char path[PATH_BYTES], text[1024];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/log", folder);
	file = fopen(path, "r");
	if (file == NULL)
		return;
	if (fseek(file, -(long)sizeof(text), SEEK_END) != 0)
		rewind(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	fprintf(stderr, "%.*s\n", (int)len, text);
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {"messages", "log", "dump"};
	char path[PATH_BYTES];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static int run(const char *folder, const char *only, struct counted *counted)
{
	int ends[2], status;
	FILE *passes;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	child = fork();
	if (child == 0)
		become_callgrind(folder, only, ends[1]);
	close(ends[1]);
	passes = fdopen(ends[0], "r");
	if (child > 0 && passes != NULL)
		gather(folder, passes, counted);
	if (passes != NULL)
		fclose(passes);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 126)
		return -ENOENT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

void count_instructions(const struct batch_list *list, const char *only, struct counted *counted)
{
	const char *base = getenv("TMPDIR");
	char folder[128], path[PATH_BYTES];
	int ret;

	snprintf(folder, sizeof(folder), "%s/bench-parse.XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(folder) == NULL) {
		fprintf(stderr, "bench-parse: %s: %s\n", folder, strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%s/messages", folder);
	ret = write_batches(path, list, counted);
	if (ret == 0)
		ret = run(folder, only, counted);
	if (ret == -ENOENT) {
		fprintf(stderr, "bench-parse: no instructions are counted: no valgrind\n");
	} else if (ret != 0) {
		show_log(folder);
		fprintf(stderr, "bench-parse: not all instructions are counted: valgrind failed\n");
	}
	remove_folder(folder);
}
