// SPDX-License-Identifier: Apache-2.0
#include "daemon/runner.h"

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

static void process_signals(struct runner *runner)
{
	struct sigaction action = {.sa_handler = stop_signal};
	sigset_t none;

	process_stop = runner->stop;
	sigaction(SIGTERM, &action, NULL);
	// Ctrl-C reaches the whole group; only the supervisor decides, in its order.
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void process_run(struct runner *runner, pid_t parent)
{
	char program[32];

	// Killed, not asked: an end in order would take publications back, and a half that hangs
	// would stay, with nobody to end it. What is left behind is taken over by the next engine.
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_FAILURE); // it died in between
	process_signals(runner);
	for (const int *fd = runner->not_mine; *fd != -1; fd++)
		close(*fd);
	snprintf(program, sizeof(program), "offhookd-%s", runner->name);
	prctl(PR_SET_NAME, program, 0, 0, 0);
	log_init(program, runner->options.settings->log.target,
		 runner->options.settings->log.level);
	exit(runner->body(&runner->options));
}

static void *thread_run(void *arg)
{
	struct runner *runner = arg;

	runner->thread_status = runner->body(&runner->options);
	__atomic_store_n(&runner->thread_ended, true, __ATOMIC_RELEASE);
	return NULL;
}

int runner_start(struct runner *runner)
{
	pid_t parent = getpid();

	runner->started_ns = clock_mono_ns();
	if (runner->single) {
		int rc;

		runner->thread_ended = false;
		rc = pthread_create(&runner->thread, NULL, thread_run, runner);
		if (rc != 0)
			return -rc;
	} else {
		runner->pid = fork();
		if (runner->pid == -1)
			return -errno;
		if (runner->pid == 0)
			process_run(runner, parent);
	}
	runner->state = RUNNER_UP;
	runner->starts++;
	return 0;
}

void runner_stop(struct runner *runner)
{
	if (runner->state == RUNNER_DOWN)
		return;
	runner->state = RUNNER_STOPPING;
	if (runner->single)
		runner->stop();
	else
		kill(runner->pid, SIGTERM);
}

void runner_kill(struct runner *runner)
{
	if (runner->state == RUNNER_DOWN || runner->single)
		return;
	runner->state = RUNNER_STOPPING;
	kill(runner->pid, SIGKILL);
}

bool runner_reap(struct runner *runner, int *status)
{
	if (runner->state == RUNNER_DOWN)
		return false;
	if (runner->single) {
		if (!__atomic_load_n(&runner->thread_ended, __ATOMIC_ACQUIRE))
			return false;
		pthread_join(runner->thread, NULL);
		*status = runner->thread_status;
	} else {
		int raw;

		if (waitpid(runner->pid, &raw, WNOHANG) != runner->pid)
			return false;
		*status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	}
	runner->state = RUNNER_DOWN;
	return true;
}
