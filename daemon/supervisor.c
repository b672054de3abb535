// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/secret.h"
#include "config/settings.h"
#include "daemon/control.h"
#include "daemon/exporter.h"
#include "daemon/handover.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "daemon/reload.h"
#include "daemon/runner.h"
#include "dataplane/port_default.h"
#include "dataplane/wire.h"
#include "link/doorbell.h"
#include "link/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	SUPERVISOR_ERROR_BYTES = 1024,
	TICK_MS = 200,
};

// No heartbeat for so long: it hangs. Longer than loading a directory of a million rows.
#define HANG_NS          (10 * NS_PER_S)
#define BACKOFF_FIRST_NS (100 * NS_PER_MS)
#define BACKOFF_MAX_NS   (10 * NS_PER_S)
// A half that ran so long starts again at once when it dies.
#define HEALTHY_NS       (30 * NS_PER_S)
// On top of engine.stop_timeout, for what comes after the publications.
#define STOP_SLACK_NS    (5 * NS_PER_S)

struct supervisor {
	struct settings settings;
	struct reload reload;
	struct segment *segment;
	int segment_fd, doorbell, control_fd, metrics_fd, signal_fd;
	int channel[2]; // [0] ours, [1] presence's
	struct runner wire, presence;
	int not_wire[6], not_presence[3]; // see struct runner
	uint64_t watchdog_ns, watchdog_fed_ns;
	uint64_t kill_ns; // while stopping: when patience ends
	bool ready, stopping;
	int status;
};

// The key of the hashes outlives the engine, because the store is keyed with them.
static int call_key_load(const struct settings *settings, struct siphash_key *key, char *error,
			 size_t error_size)
{
	char path[SETTINGS_TEXT + 16];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/call-key", settings->engine.state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		if (read(fd, key, sizeof(*key)) != (ssize_t)sizeof(*key))
			rc = -EIO;
	} else if (getrandom(key, sizeof(*key), 0) != (ssize_t)sizeof(*key)) {
		return -EIO;
	} else {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd == -1)
			rc = -errno;
		else if (write(fd, key, sizeof(*key)) != (ssize_t)sizeof(*key))
			rc = -EIO;
	}
	if (fd != -1)
		close(fd);
	if (rc < 0)
		snprintf(error, error_size, "%s: %s; remove it to start with a new one", path,
			 strerror(-rc));
	return rc;
}

static int shared_open(struct supervisor *supervisor, char *error, size_t error_size)
{
	const struct settings *settings = &supervisor->settings;
	unsigned int lcores = wire_lcores(settings, error, error_size);
	struct siphash_key key;
	int rc;

	if (lcores == 0)
		return -EINVAL;
	rc = call_key_load(settings, &key, error, error_size);
	if (rc < 0)
		return rc;
	supervisor->segment = segment_create(lcores, (uint32_t)settings->wire.ring_slots,
					     &supervisor->segment_fd);
	supervisor->doorbell = doorbell_create();
	if (supervisor->segment == NULL || supervisor->doorbell < 0) {
		snprintf(error, error_size, "shared memory of %u rings: %s; lower wire.ring_slots",
			 lcores, strerror(errno));
		return -ENOMEM;
	}
	supervisor->segment->key = key;
	reload_publish_wire(supervisor->segment, settings);
	return 0;
}

static int sockets_open(struct supervisor *supervisor, char *error, size_t error_size)
{
	supervisor->control_fd = control_listen(&supervisor->settings, error, error_size);
	if (supervisor->control_fd < 0)
		return supervisor->control_fd;
	return exporter_listen(&supervisor->settings, &supervisor->metrics_fd, error, error_size);
}

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
	const struct settings *settings = &supervisor->settings;
	struct secrets secrets;
	int rc;

	rc = port_default(&supervisor->settings, error, error_size);
	if (rc < 0)
		return rc;
	rc = privileges_directory(settings, settings->engine.state_dir, error, error_size);
	if (rc == 0)
		rc = privileges_directory(settings, settings->engine.run_dir, error, error_size);
	// Only to say at once what is wrong with them; presence reads its own.
	if (rc == 0)
		rc = secrets_load(settings, &secrets, error, error_size);
	secrets_wipe(&secrets);
	if (rc == 0)
		rc = shared_open(supervisor, error, error_size);
	if (rc == 0)
		rc = sockets_open(supervisor, error, error_size);
	if (rc == 0)
		rc = handover_pair(supervisor->channel);
	if (rc == 0)
		rc = signals_open(supervisor);
	return rc;
}

static void supervisor_close(struct supervisor *supervisor)
{
	const int fds[] = {supervisor->segment_fd, supervisor->doorbell,  supervisor->control_fd,
			   supervisor->metrics_fd, supervisor->signal_fd, supervisor->channel[0],
			   supervisor->channel[1]};
	char path[SETTINGS_TEXT + 16];

	if (supervisor->control_fd >= 0) {
		snprintf(path, sizeof(path), "%s/control", supervisor->settings.engine.run_dir);
		unlink(path);
	}
	if (supervisor->segment != NULL)
		segment_unmap(supervisor->segment);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void runner_up(struct supervisor *supervisor, struct runner *runner)
{
	int rc;

	if (runner == &supervisor->wire) {
		__atomic_store_n(&supervisor->segment->wire_ready, 0, __ATOMIC_RELEASE);
		__atomic_add_fetch(&supervisor->segment->wire_starts, 1, __ATOMIC_RELAXED);
	}
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

// The slowest of its cores is what a half's progress is.
static uint64_t wire_progress(const struct segment *segment)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < segment->lcores; i++) {
		uint64_t beats = __atomic_load_n(&segment->counters[i].heartbeat, __ATOMIC_RELAXED);

		if (beats < least)
			least = beats;
	}
	return least;
}

static bool runner_progresses(struct runner *runner, uint64_t progress, uint64_t now)
{
	if (runner->state != RUNNER_UP)
		return false;
	if (progress != runner->progress) {
		runner->progress = progress;
		runner->progress_ns = now;
	} else if (now - runner->progress_ns > HANG_NS && !runner->single) {
		log_error("supervisor", "half-hangs", "half=%s pid=%d for_s=%llu", runner->name,
			  runner->pid,
			  (unsigned long long)((now - runner->progress_ns) / NS_PER_S));
		runner->progress_ns = now;
		runner_kill(runner);
	}
	return runner->progress_ns == now;
}

static void supervisor_tick(struct supervisor *supervisor)
{
	struct runner *const runners[] = {&supervisor->wire, &supervisor->presence};
	uint64_t now = clock_mono_ns();
	bool wire_moves, presence_moves;
	int status;

	for (int i = 0; i < 2; i++) {
		if (runner_reap(runners[i], &status))
			runner_down(supervisor, runners[i], status);
		if (runners[i]->state == RUNNER_DOWN && !supervisor->stopping &&
		    now >= runners[i]->restart_ns)
			runner_up(supervisor, runners[i]);
	}
	now = clock_mono_ns(); // a half that was started just now began after the first look
	wire_moves = runner_progresses(&supervisor->wire, wire_progress(supervisor->segment), now);
	presence_moves = runner_progresses(
		&supervisor->presence,
		__atomic_load_n(&supervisor->segment->worker_heartbeat, __ATOMIC_RELAXED), now);
	if (!supervisor->ready && supervisor->segment->wire_ready != 0 &&
	    supervisor->segment->worker_heartbeat != 0) {
		supervisor->ready = true;
		notify_send("READY=1");
		log_info("supervisor", "ready", "lcores=%u", supervisor->segment->lcores);
	}
	if (wire_moves && presence_moves && supervisor->watchdog_ns > 0 &&
	    now - supervisor->watchdog_fed_ns > supervisor->watchdog_ns / 3) {
		supervisor->watchdog_fed_ns = now;
		notify_send("WATCHDOG=1");
	}
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
			       {supervisor->channel[0], POLLIN, 0}};

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
		.segment = supervisor->segment,
		.doorbell = supervisor->doorbell,
		.control_fd = supervisor->control_fd,
		.metrics_fd = supervisor->metrics_fd,
		.channel_fd = supervisor->channel[1],
		.single = single,
	};
	int *presence_not = supervisor->not_presence, *wire_not = supervisor->not_wire;

	*presence_not++ = supervisor->signal_fd;
	*presence_not++ = supervisor->channel[0];
	*presence_not = -1;
	*wire_not++ = supervisor->signal_fd;
	*wire_not++ = supervisor->channel[0];
	*wire_not++ = supervisor->channel[1];
	*wire_not++ = supervisor->control_fd;
	*wire_not++ = supervisor->metrics_fd; // -1 when there is none: the end as well
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
		.segment_fd = -1,
		.doorbell = -1,
		.control_fd = -1,
		.metrics_fd = -1,
		.signal_fd = -1,
		.channel = {-1, -1},
		.watchdog_ns = notify_watchdog_ns(),
	};
	if (supervisor_open(&supervisor, error, sizeof(error)) < 0) {
		log_error("supervisor", "can-not-start", "reason=%s", log_quote(error));
		supervisor_close(&supervisor);
		return EXIT_FAILURE;
	}
	supervisor_children(&supervisor, single);
	supervisor.reload = (struct reload){
		.path = path,
		.settings = &supervisor.settings,
		.segment = supervisor.segment,
		.channel_fd = supervisor.channel[0],
		.presence = &supervisor.presence,
	};
	supervisor_loop(&supervisor);
	log_info("supervisor", "stopped", "status=%d", supervisor.status);
	supervisor_close(&supervisor);
	return supervisor.status;
}
