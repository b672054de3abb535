// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/secret.h"
#include "config/settings.h"
#include "daemon/notify.h"
#include "daemon/pulse.h"
#include "daemon/reload.h"
#include "daemon/runner.h"
#include "daemon/shared.h"
#include "dataplane/port_default.h"
#include "link/segment.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	SUPERVISOR_ERROR_BYTES = 1024,
	TICK_MS = 200,
};

#define BACKOFF_FIRST_NS (100 * NS_PER_MS)
#define BACKOFF_MAX_NS   (10 * NS_PER_S)
// A half that ran so long starts again at once when it dies.
#define HEALTHY_NS       (30 * NS_PER_S)
// On top of engine.stop_timeout, for what comes after the publications.
#define STOP_SLACK_NS    (5 * NS_PER_S)

struct supervisor {
	struct settings settings;
	struct reload reload;
	struct shared shared;
	struct pulse pulse;
	int signal_fd;
	struct runner wire, presence;
	int not_wire[6], not_presence[3]; // see struct runner
	uint64_t kill_ns;                 // while stopping: when patience ends
	bool stopping;
	int status;
};

static int signals_open(struct supervisor *supervisor)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	supervisor->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervisor->signal_fd == -1 ? -errno : 0;
}

static int supervisor_open(struct supervisor *supervisor, char *error, size_t error_size)
{
	struct secrets secrets;
	int rc;

	rc = port_default(&supervisor->settings, error, error_size);
	if (rc < 0)
		return rc;
	// Only to say at once what is wrong with them; presence reads its own.
	rc = secrets_load(&supervisor->settings, &secrets, error, error_size);
	secrets_wipe(&secrets);
	if (rc == 0)
		rc = shared_open(&supervisor->shared, &supervisor->settings, error, error_size);
	if (rc == 0)
		rc = signals_open(supervisor);
	return rc;
}

static void supervisor_close(struct supervisor *supervisor)
{
	shared_close(&supervisor->shared, &supervisor->settings);
	if (supervisor->signal_fd >= 0)
		close(supervisor->signal_fd);
}

// What offhookctl status says of it.
static void runner_note(const struct supervisor *supervisor, const struct runner *runner)
{
	struct segment *segment = supervisor->shared.segment;
	bool is_wire = runner == &supervisor->wire;

	__atomic_add_fetch(is_wire ? &segment->wire_starts : &segment->presence_starts, 1,
			   __ATOMIC_RELAXED);
	__atomic_store_n(is_wire ? &segment->wire_started_ns : &segment->presence_started_ns,
			 clock_mono_ns(), __ATOMIC_RELAXED);
	if (is_wire)
		__atomic_store_n(&segment->wire_ready, 0, __ATOMIC_RELEASE);
}

static void runner_up(struct supervisor *supervisor, struct runner *runner)
{
	int rc;

	runner_note(supervisor, runner);
	rc = runner_start(runner);
	if (rc < 0) {
		log_error("supervisor", "start-failed", "half=%s error=%s", runner->name,
			  log_quote(strerror(-rc)));
		runner->restart_ns = clock_mono_ns() + BACKOFF_MAX_NS;
		return;
	}
	log_info("supervisor", "started", "half=%s pid=%d start=%u", runner->name,
		 runner->single ? getpid() : runner->pid, runner->starts);
}

static void supervisor_stop(struct supervisor *supervisor, int status)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	supervisor->status = status;
	supervisor->kill_ns = clock_mono_ns() + supervisor->settings.engine.stop_timeout_ns +
			      STOP_SLACK_NS;
	notify_send("STOPPING=1");
	// Presence first: the wire goes on forwarding while publications are taken back.
	runner_stop(&supervisor->presence);
	if (supervisor->presence.state == RUNNER_DOWN)
		runner_stop(&supervisor->wire);
}

static void runner_down(struct supervisor *supervisor, struct runner *runner, int status)
{
	uint64_t now = clock_mono_ns();
	uint64_t backoff = BACKOFF_FIRST_NS;

	if (runner == &supervisor->presence)
		reload_presence_gone(&supervisor->reload);
	if (supervisor->stopping) {
		if (runner == &supervisor->presence)
			runner_stop(&supervisor->wire);
		return;
	}
	if (status == HALF_UNUSABLE && runner->starts == 1) {
		log_error("supervisor", "giving-up", "half=%s hint=\"see the line above\"",
			  runner->name);
		supervisor_stop(supervisor, EXIT_FAILURE);
		return;
	}
	if (runner->single) {
		log_error("supervisor", "thread-ended", "half=%s status=%d", runner->name, status);
		supervisor_stop(supervisor, EXIT_FAILURE);
		return;
	}
	if (now - runner->started_ns < HEALTHY_NS)
		for (unsigned int i = 1; i < runner->starts && backoff < BACKOFF_MAX_NS; i++)
			backoff *= 2;
	else
		runner->starts = 1;
	runner->restart_ns = now + (backoff < BACKOFF_MAX_NS ? backoff : BACKOFF_MAX_NS);
	log_error("supervisor", "half-died", "half=%s status=%d restart_in_ms=%llu", runner->name,
		  status, (unsigned long long)((runner->restart_ns - now) / NS_PER_MS));
}

static void supervisor_tick(struct supervisor *supervisor)
{
	struct runner *const runners[] = {&supervisor->wire, &supervisor->presence};
	uint64_t now = clock_mono_ns();
	int status;

	for (int i = 0; i < 2; i++) {
		if (runner_reap(runners[i], &status))
			runner_down(supervisor, runners[i], status);
		if (runners[i]->state == RUNNER_DOWN && !supervisor->stopping &&
		    now >= runners[i]->restart_ns)
			runner_up(supervisor, runners[i]);
	}
	now = clock_mono_ns(); // a half that was started just now began after the first look
	pulse_look(&supervisor->pulse, supervisor->shared.segment, &supervisor->wire,
		   &supervisor->presence, now);
	if (supervisor->stopping && now > supervisor->kill_ns) {
		runner_kill(&supervisor->presence);
		runner_kill(&supervisor->wire);
	}
}

static void supervisor_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	while (read(supervisor->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload_begin(&supervisor->reload);
		else if (info.ssi_signo != SIGCHLD) // children are reaped at each tick
			supervisor_stop(supervisor, EXIT_SUCCESS);
	}
}

static bool supervisor_done(const struct supervisor *supervisor)
{
	return supervisor->stopping && supervisor->wire.state == RUNNER_DOWN &&
	       supervisor->presence.state == RUNNER_DOWN;
}

static void supervisor_loop(struct supervisor *supervisor)
{
	struct pollfd fds[] = {{supervisor->signal_fd, POLLIN, 0},
			       {supervisor->shared.channel[0], POLLIN, 0}};

	while (!supervisor_done(supervisor)) {
		if (poll(fds, 2, TICK_MS) == -1 && errno != EINTR)
			break;
		supervisor_signals(supervisor);
		reload_receive(&supervisor->reload);
		supervisor_tick(supervisor);
	}
}

static void supervisor_children(struct supervisor *supervisor, bool single)
{
	struct half_options shared = {
		.settings = &supervisor->settings,
		.segment = supervisor->shared.segment,
		.doorbell = supervisor->shared.doorbell,
		.control_fd = supervisor->shared.control_fd,
		.metrics_fd = supervisor->shared.metrics_fd,
		.channel_fd = supervisor->shared.channel[1],
		.single = single,
	};
	int *presence_not = supervisor->not_presence, *wire_not = supervisor->not_wire;

	*presence_not++ = supervisor->signal_fd;
	*presence_not++ = supervisor->shared.channel[0];
	*presence_not = -1;
	*wire_not++ = supervisor->signal_fd;
	*wire_not++ = supervisor->shared.channel[0];
	*wire_not++ = supervisor->shared.channel[1];
	*wire_not++ = supervisor->shared.control_fd;
	*wire_not++ = supervisor->shared.metrics_fd; // -1 when there is none: the end as well
	*wire_not = -1;
	supervisor->wire = (struct runner){
		.name = "wire",
		.body = wire_half,
		.stop = wire_half_stop,
		.single = single,
		.options = shared,
		.not_mine = supervisor->not_wire,
	};
	supervisor->presence = (struct runner){
		.name = "presence",
		.body = presence_half,
		.stop = presence_half_stop,
		.single = single,
		.options = shared,
		.not_mine = supervisor->not_presence,
	};
}

int supervisor_run(const struct settings *settings, const char *path, bool single)
{
	static struct supervisor supervisor; // 100 kB of settings
	char error[SUPERVISOR_ERROR_BYTES] = "";

	supervisor = (struct supervisor){
		.settings = *settings,
		.pulse = {.watchdog_ns = notify_watchdog_ns()},
		.signal_fd = -1,
	};
	shared_init(&supervisor.shared);
	if (supervisor_open(&supervisor, error, sizeof(error)) < 0) {
		log_error("supervisor", "can-not-start", "reason=%s", log_quote(error));
		supervisor_close(&supervisor);
		return EXIT_FAILURE;
	}
	supervisor_children(&supervisor, single);
	supervisor.reload = (struct reload){
		.path = path,
		.settings = &supervisor.settings,
		.segment = supervisor.shared.segment,
		.channel_fd = supervisor.shared.channel[0],
		.presence = &supervisor.presence,
		.pulse = &supervisor.pulse,
	};
	supervisor.shared.segment->engine_started_ns = clock_mono_ns();
	supervisor_loop(&supervisor);
	log_info("supervisor", "stopped", "status=%d", supervisor.status);
	supervisor_close(&supervisor);
	return supervisor.status;
}
