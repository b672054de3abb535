// SPDX-License-Identifier: Apache-2.0
#include "daemon/child.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// The stop function of the half that this process became.
static void (*process_stop)(void);

static void stop_signal(int signal)
{
	(void)signal;
	process_stop();
}

static void process_signals(struct child *child)
{
	struct sigaction action = {.sa_handler = stop_signal};
	sigset_t none;

	process_stop = child->stop;
	sigaction(SIGTERM, &action, NULL);
	// Ctrl-C reaches the whole group; only the supervisor decides, in its order.
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void process_run(struct child *child, pid_t parent)
{
	char program[32];

	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_FAILURE); // it died in between
	process_signals(child);
	for (const int *fd = child->not_mine; *fd != -1; fd++)
		close(*fd);
	snprintf(program, sizeof(program), "offhookd-%s", child->name);
	prctl(PR_SET_NAME, program, 0, 0, 0);
	log_init(program, child->options.settings->log.target, child->options.settings->log.level);
	exit(child->body(&child->options));
}

static void *thread_run(void *arg)
{
	struct child *child = arg;

	child->thread_status = child->body(&child->options);
	__atomic_store_n(&child->thread_ended, true, __ATOMIC_RELEASE);
	return NULL;
}

int child_start(struct child *child)
{
	pid_t parent = getpid();

	child->started_ns = child->progress_ns = clock_mono_ns();
	if (child->single) {
		int rc;

		child->thread_ended = false;
		rc = pthread_create(&child->thread, NULL, thread_run, child);
		if (rc != 0)
			return -rc;
	} else {
		child->pid = fork();
		if (child->pid == -1)
			return -errno;
		if (child->pid == 0)
			process_run(child, parent);
	}
	child->state = CHILD_UP;
	child->starts++;
	return 0;
}

void child_stop(struct child *child)
{
	if (child->state == CHILD_DOWN)
		return;
	child->state = CHILD_STOPPING;
	if (child->single)
		child->stop();
	else
		kill(child->pid, SIGTERM);
}

void child_kill(struct child *child)
{
	if (child->state != CHILD_DOWN && !child->single)
		kill(child->pid, SIGKILL);
}

bool child_reap(struct child *child, int *status)
{
	if (child->state == CHILD_DOWN)
		return false;
	if (child->single) {
		if (!__atomic_load_n(&child->thread_ended, __ATOMIC_ACQUIRE))
			return false;
		pthread_join(child->thread, NULL);
		*status = child->thread_status;
	} else {
		int raw;

		if (waitpid(child->pid, &raw, WNOHANG) != child->pid)
			return false;
		*status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	}
	child->state = CHILD_DOWN;
	return true;
}
