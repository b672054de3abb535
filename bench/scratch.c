// SPDX-License-Identifier: Apache-2.0
#include "bench/scratch.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 300, TRY_US = 10000 };

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	return remove(path);
}

// The pipe ends when the last who holds its other end does. A server that is just ending may still
// write, so more than one try is needed.
static _Noreturn void outlive(int alive, const char *directory)
{
	struct stat stat;
	char octet;

	setsid(); // Ctrl-C is for the program
	signal(SIGTERM, SIG_IGN);
	while (read(alive, &octet, 1) > 0)
		;
	for (int i = 0; i < TRIES && lstat(directory, &stat) == 0; i++) {
		nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
		usleep(TRY_US);
	}
	_exit(0);
}

const char *scratch_directory(void)
{
	static char directory[32];
	int alive[2];
	pid_t pid;

	strcpy(directory, "/tmp/offhook-bench-XXXXXX");
	if (pipe(alive) < 0 || mkdtemp(directory) == NULL) {
		perror("bench: a temporary directory");
		exit(EXIT_FAILURE);
	}
	pid = fork();
	if (pid == 0) {
		close(alive[1]);
		// Nobody who reads the bench's output waits for this one.
		close(STDOUT_FILENO);
		outlive(alive[0], directory);
	}
	close(alive[0]); // alive[1] stays open until the end
	return directory;
}
