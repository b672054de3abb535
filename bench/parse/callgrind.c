// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/callgrind.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 256, MOST_PASSES = 4096 };

// A signal that ends us ends the child, and us when the folder is removed.
static volatile sig_atomic_t child_pid, ended_by;

static void end_child(int signal)
{
	ended_by = signal;
	if (child_pid > 0)
		kill(child_pid, SIGKILL);
}

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { END_SIGNALS = sizeof(end_signals) / sizeof(end_signals[0]) };

static struct sigaction end_before[END_SIGNALS];

static void end_catch(void)
{
	struct sigaction action = {.sa_handler = end_child, .sa_flags = SA_RESTART};

	for (int i = 0; i < END_SIGNALS; i++) {
		sigaction(end_signals[i], NULL, &end_before[i]);
		if (end_before[i].sa_handler != SIG_IGN)
			sigaction(end_signals[i], &action, NULL);
	}
}

static void end_release(void)
{
	for (int i = 0; i < END_SIGNALS; i++)
		sigaction(end_signals[i], &end_before[i], NULL);
}

// In the child: never returns.
static void become_callgrind(const char *folder, const char *only, int out)
{
	char self[PATH_BYTES], dump[PATH_BYTES + 32], file[PATH_BYTES], log[PATH_BYTES];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int err;

	// Also when nobody is left to say so.
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	end_release();
	if (len <= 0)
		_exit(127);
	self[len] = '\0';
	snprintf(dump, sizeof(dump), "--callgrind-out-file=%s/dump", folder);
	snprintf(file, sizeof(file), "%s/messages", folder);
	snprintf(log, sizeof(log), "%s/log", folder);
	err = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execlp("valgrind", "valgrind", "--tool=callgrind", "--vgdb=no", "--collect-atstart=no",
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

// Which passes there were, and the dump of each.
static void gather(const char *folder, FILE *out, callgrind_pass_fn *pass, void *ctx)
{
	static int batch[MOST_PASSES], parser[MOST_PASSES];
	int count = 0;

	while (count < MOST_PASSES && fscanf(out, "%d %d", &batch[count], &parser[count]) == 2)
		count++;
	for (int i = 0; i < count; i++)
		pass(ctx, batch[i], parser[i], read_dump(folder, i + 1));
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

// All of it: whoever died in the middle left dumps that nobody read.
static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(folder);
}

static int run(const char *folder, const char *only, callgrind_pass_fn *pass, void *ctx)
{
	int ends[2], status;
	FILE *out;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	child = fork();
	if (child == 0)
		become_callgrind(folder, only, ends[1]);
	child_pid = child;
	close(ends[1]);
	out = fdopen(ends[0], "r");
	if (child > 0 && out != NULL)
		gather(folder, out, pass, ctx);
	if (out != NULL)
		fclose(out);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	child_pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 126)
		return -ENOENT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

// Says what went wrong, and leaves nothing behind.
static void finish(const char *folder, int err)
{
	if (err == -ENOENT) {
		fprintf(stderr, "bench-parse: no instructions are counted: no valgrind\n");
	} else if (err != 0 && err != -ECHILD) {
		fprintf(stderr, "bench-parse: no instructions are counted: %s\n", strerror(-err));
	} else if (err != 0 && ended_by == 0) {
		show_log(folder);
		fprintf(stderr, "bench-parse: not all instructions are counted: valgrind failed\n");
	}
	remove_folder(folder);
	end_release();
	if (ended_by != 0)
		raise(ended_by);
}

void callgrind_run(callgrind_write_fn *write, callgrind_pass_fn *pass, void *ctx, const char *only)
{
	const char *base = getenv("TMPDIR");
	char folder[128], path[PATH_BYTES];
	int ret;

	snprintf(folder, sizeof(folder), "%s/bench-parse.XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(folder) == NULL) {
		fprintf(stderr, "bench-parse: %s: %s\n", folder, strerror(errno));
		return;
	}
	end_catch();
	snprintf(path, sizeof(path), "%s/messages", folder);
	ret = write(ctx, path);
	if (ret == 0)
		ret = run(folder, only, pass, ctx);
	finish(folder, ret);
}
