// SPDX-License-Identifier: Apache-2.0
#include "daemon/shared.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "daemon/control.h"
#include "daemon/exporter.h"
#include "daemon/handover.h"
#include "daemon/privileges.h"
#include "daemon/reload.h"
#include "dataplane/wire.h"
#include "link/doorbell.h"
#include "link/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define SHARED_PATIENCE_NS (3 * NS_PER_S)

static int call_key_make(const char *path, struct siphash_key *key)
{
	int fd, rc = 0;

	if (getrandom(key, sizeof(*key), 0) != (ssize_t)sizeof(*key))
		return -EIO;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -errno;
	errno = EIO;
	if (write(fd, key, sizeof(*key)) != (ssize_t)sizeof(*key)) {
		rc = -errno;
		unlink(path); // half a key would be the next start's problem
	}
	close(fd);
	return rc;
}

// The key of the hashes outlives the engine, because the store is keyed with them.
static int call_key_load(const struct settings *settings, struct siphash_key *key, char *error,
			 size_t error_size)
{
	char path[SETTINGS_TEXT + 16];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/call-key", settings->engine.state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		rc = errno == ENOENT ? call_key_make(path, key) : -errno;
		if (rc < 0)
			snprintf(error, error_size, "%s: %s", path, strerror(-rc));
		return rc;
	}
	if (read(fd, key, sizeof(*key)) != (ssize_t)sizeof(*key)) {
		rc = -EIO;
		snprintf(error, error_size, "%s is not whole; remove it to start with a new one",
			 path);
	}
	close(fd);
	return rc;
}

static int memory_open(struct shared *shared, const struct settings *settings, char *error,
		       size_t error_size)
{
	unsigned int lcores = wire_lcores(settings, error, error_size);
	struct siphash_key key;
	int rc;

	if (lcores == 0)
		return -EINVAL;
	rc = call_key_load(settings, &key, error, error_size);
	if (rc < 0)
		return rc;
	shared->segment = segment_create(lcores, (uint32_t)settings->wire.ring_slots,
					 &shared->segment_fd);
	shared->doorbell = doorbell_create();
	if (shared->segment == NULL || shared->doorbell < 0) {
		snprintf(error, error_size, "shared memory of %u rings: %s; lower wire.ring_slots",
			 lcores, strerror(errno));
		return -ENOMEM;
	}
	shared->segment->key = key;
	reload_publish_wire(shared->segment, settings);
	return 0;
}

void shared_init(struct shared *shared)
{
	*shared = (struct shared){
		.segment_fd = -1,
		.doorbell = -1,
		.control_fd = -1,
		.metrics_fd = -1,
		.channel = {-1, -1},
	};
}

static int sockets_try(struct shared *shared, const struct settings *settings, char *error,
		       size_t error_size)
{
	int rc = 0;

	if (shared->control_fd < 0)
		rc = shared->control_fd = control_listen(settings, error, error_size);
	return rc < 0 ? rc : exporter_listen(settings, &shared->metrics_fd, error, error_size);
}

// The halves of an engine that was killed keep their sockets until the kernel has taken them down,
// a little later than whoever starts the next one may have seen its end.
static int sockets_open(struct shared *shared, const struct settings *settings, char *error,
			size_t error_size)
{
	const struct timespec pause = {.tv_nsec = 50 * NS_PER_MS};
	uint64_t deadline = clock_mono_ns() + SHARED_PATIENCE_NS;
	int rc = sockets_try(shared, settings, error, error_size);

	if (rc == -EADDRINUSE)
		log_info("supervisor", "sockets-busy", "action=wait up_to_s=%llu reason=%s",
			 (unsigned long long)(SHARED_PATIENCE_NS / NS_PER_S), log_quote(error));
	while (rc == -EADDRINUSE && clock_mono_ns() < deadline) {
		nanosleep(&pause, NULL);
		rc = sockets_try(shared, settings, error, error_size);
	}
	return rc;
}

// Whoever needs it says so, too, but not what to do.
static void state_dir_look(const struct settings *settings)
{
	const char *dir = settings->engine.state_dir;
	int rc = privileges_may_write(settings, dir);

	if (rc == -EACCES)
		log_warn("supervisor", "state-dir",
			 "dir=%s reason=\"%s can't write there\" hint=\"chown -R %s:%s %s\"",
			 log_quote(dir), settings->engine.user, settings->engine.user,
			 settings->engine.group, dir);
	else if (rc < 0)
		log_warn("supervisor", "state-dir", "dir=%s error=%s", log_quote(dir),
			 log_quote(strerror(-rc)));
}

int shared_open(struct shared *shared, const struct settings *settings, char *error,
		size_t error_size)
{
	char captures[SETTINGS_TEXT + 16];
	int rc;

	snprintf(captures, sizeof(captures), "%s/captures", settings->engine.state_dir);
	rc = privileges_directory(settings, settings->engine.state_dir, 0750, error, error_size);
	if (rc == 0)
		state_dir_look(settings);
	if (rc == 0)
		rc = privileges_directory(settings, captures, 0750, error, error_size);
	// Members of control.group pass through it; the socket in it has a mode of its own.
	if (rc == 0)
		rc = privileges_directory(settings, settings->engine.run_dir, 0755, error,
					  error_size);
	if (rc == 0)
		rc = sockets_open(shared, settings, error, error_size);
	if (rc == 0)
		rc = memory_open(shared, settings, error, error_size);
	if (rc == 0) {
		rc = handover_pair(shared->channel);
		if (rc < 0)
			snprintf(error, error_size, "channel to presence: %s", strerror(-rc));
	}
	return rc;
}

void shared_close(struct shared *shared, const struct settings *settings)
{
	const int fds[] = {shared->segment_fd, shared->doorbell,   shared->control_fd,
			   shared->metrics_fd, shared->channel[0], shared->channel[1]};

	if (shared->control_fd >= 0)
		control_remove(settings);
	if (shared->segment != NULL)
		segment_unmap(shared->segment);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}
