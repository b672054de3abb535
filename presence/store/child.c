// SPDX-License-Identifier: Apache-2.0
// fork and exec with everything of ours kept out of the child: descriptors, signals, terminal.
#include "presence/store/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// A file in memory rather than a pipe: it can't block, however long the text.
static int input_file(const char *input)
{
	size_t len = strlen(input);
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, input, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

// Between fork and exec, perhaps of a process with threads: system calls only.
static void become(const char *const *argv, int input_fd, int output_fd, pid_t parent)
{
	static const char sorry[] = "can't be run: ";
	const char *why;
	sigset_t none;

	setsid(); // a Ctrl-C is for the engine, which then ends this one in order
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127); // died meanwhile
	if (dup2(input_fd, 0) < 0 || dup2(output_fd, 1) < 0 || dup2(output_fd, 2) < 0)
		_exit(127);
	close_range(3, ~0U, 0);
	execvp(argv[0], (char *const *)argv);
	why = strerrordesc_np(errno);
	if (write(1, argv[0], strlen(argv[0])) < 0 || write(1, " ", 1) < 0 ||
	    write(1, sorry, sizeof(sorry) - 1) < 0 || write(1, why, strlen(why)) < 0 ||
	    write(1, "\n", 1) < 0)
		_exit(126);
	_exit(127);
}

int child_start(const char *const *argv, const char *input, int *pid_fd, int *output_fd)
{
	int input_fd = input_file(input), pipe_fd[2], error = 0;
	pid_t pid, parent = getpid();
	sigset_t all, before;

	if (input_fd < 0)
		return input_fd;
	if (pipe2(pipe_fd, O_CLOEXEC) < 0) {
		error = -errno;
		close(input_fd);
		return error;
	}
	// A signal to a child that still has our handlers would be lost in them.
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become(argv, input_fd, pipe_fd[1], parent);
	if (pid < 0)
		error = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(input_fd);
	close(pipe_fd[1]);
	// It can't be reaped by anybody else before its number is turned into a descriptor.
	*pid_fd = error ? -1 : pidfd_open(pid, 0);
	if (!error && *pid_fd < 0) {
		error = -errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (error) {
		close(pipe_fd[0]);
		return error;
	}
	fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
	*output_fd = pipe_fd[0];
	return 0;
}
