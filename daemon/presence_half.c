// SPDX-License-Identifier: Apache-2.0
// The presence process: the worker, and beside it in the same loop the operator's socket, the
// metrics page and the channel to the supervisor.
#include "daemon/presence_half.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "daemon/control.h"
#include "daemon/exporter.h"
#include "daemon/half.h"
#include "daemon/handover.h"
#include "daemon/privileges.h"
#include "daemon/verbs.h"
#include "daemon/wire_metrics.h"
#include "link/segment.h"
#include "presence/net/loop.h"
#include "presence/store/store.h"
#include "presence/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PRESENCE_ERROR_BYTES = 1024 };

// For the signal handler; one worker a process.
static struct worker *running;
static bool stopped; // maybe before there was one to stop

void presence_half_stop(void)
{
	__atomic_store_n(&stopped, true, __ATOMIC_SEQ_CST);
	struct worker *worker = __atomic_load_n(&running, __ATOMIC_SEQ_CST);
	if (worker != NULL)
		worker_stop(worker);
}

static void metrics_page(void *ctx, FILE *out)
{
	struct presence *presence = ctx;

	metric_write(out);
	wire_metrics_write(presence->options->segment, out);
	fputs("# EOF\n", out);
}

static bool metrics_ready(void *ctx)
{
	struct presence *presence = ctx;

	return __atomic_load_n(&presence->options->segment->wire_ready, __ATOMIC_ACQUIRE) != 0 &&
	       store_state(worker_parts(presence->worker)->store) != STORE_FENCED;
}

// New settings from the supervisor: applied whole or not at all, and the result told.
static void settings_arrived(struct presence *presence, int fd)
{
	static struct handover_payload payload;
	char error[PRESENCE_ERROR_BYTES] = "";
	int rc = handover_payload_read(fd, &payload);

	close(fd);
	if (rc == 0)
		rc = worker_reload(presence->worker, &payload.settings, &payload.secrets, error,
				   sizeof(error));
	secrets_wipe(&payload.secrets);
	if (rc == 0)
		log_info("presence", "reloaded", "result=ok");
	else
		log_error("presence", "reload-refused", "reason=%s", log_quote(error));
	handover_send(presence->options->channel_fd, HANDOVER_REPORT, -1, rc == 0 ? "" : error);
}

// 0, or -errno when the supervisor is gone.
static int channel_drain(struct presence *presence)
{
	static struct handover_message message;
	int rc;

	while ((rc = handover_receive(presence->options->channel_fd, &message)) > 0) {
		if (message.kind == HANDOVER_SETTINGS && message.fd >= 0) {
			settings_arrived(presence, message.fd);
		} else if (message.kind == HANDOVER_REPORT) {
			free(presence->report);
			presence->report = strdup(message.text);
		} else if (message.kind == HANDOVER_VERDICT) {
			free(presence->verdict);
			presence->verdict = strdup(message.text);
			presence->verdict_ns = clock_mono_ns();
		}
	}
	return rc;
}

static void channel_ready(struct loop_watch *watch, uint32_t events)
{
	struct presence *presence = watch->owner;
	int rc = channel_drain(presence);

	(void)events;
	if (rc < 0) {
		// Its descriptors are closed before its death is told (daemon/runner.c): as if that
		// had come, nothing is sent any more.
		log_error("presence", "supervisor-gone", "error=%s", log_quote(strerror(-rc)));
		_exit(EXIT_FAILURE);
	}
}

char *presence_reload(struct presence *presence)
{
	struct pollfd fd = {presence->options->channel_fd, POLLIN, 0};
	uint64_t until = clock_mono_ns() + PRESENCE_RELOAD_MS * NS_PER_MS;
	char *report;

	if (fd.fd < 0 || handover_send(fd.fd, HANDOVER_RELOAD, -1, "") < 0)
		return NULL;
	while (presence->report == NULL && clock_mono_ns() < until) {
		poll(&fd, 1, 100);
		if (channel_drain(presence) < 0)
			break;
	}
	report = presence->report;
	presence->report = NULL;
	return report;
}

static int presence_open(struct presence *presence, char *error, size_t error_size)
{
	const struct half_options *options = presence->options;
	struct loop *loop = worker_parts(presence->worker)->loop;

	snprintf(error, error_size, "out of memory");
	if (options->control_fd >= 0) {
		presence->control = control_new(loop, options->control_fd, options->settings,
						verbs_answer, presence);
		if (presence->control == NULL)
			return -ENOMEM;
	}
	if (options->metrics_fd >= 0) {
		presence->exporter = exporter_new(loop, options->metrics_fd, metrics_page,
						  metrics_ready, presence);
		if (presence->exporter == NULL)
			return -ENOMEM;
	}
	if (options->channel_fd >= 0)
		return loop_watch_add(loop, &presence->channel, options->channel_fd, EPOLLIN,
				      channel_ready, presence);
	return 0;
}

static int give_up_privileges(const struct half_options *options, char *error, size_t error_size)
{
	unsigned int may = MAY_ACCEPT | MAY_TALK;
	int rc;

	if (options->single)
		return 0;
	if (strcmp(options->settings->store.url, "embedded") == 0)
		may |= MAY_EXEC;
	rc = privileges_drop(options->settings, PRIVILEGES_PRESENCE, error, error_size);
	if (rc == 0 && options->settings->engine.sandbox)
		rc = privileges_sandbox(may, error, error_size);
	return rc;
}

int presence_half(const struct half_options *options)
{
	struct presence presence = {.options = options, .channel = {.fd = -1}};
	char error[PRESENCE_ERROR_BYTES] = "";
	struct secrets secrets;
	int rc = HALF_UNUSABLE;

	if (!options->single)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); // no core file and no debugger sees the keys
	// Only root may read them; everything else comes after privileges are gone.
	if (secrets_load(options->settings, &secrets, error, sizeof(error)) < 0)
		goto fail;
	// Before the worker opens anything: what it makes belongs to the engine's account, and it
	// needs no port below 1024.
	if (give_up_privileges(options, error, sizeof(error)) < 0)
		goto fail;
	presence.worker = worker_new(
		&(struct worker_options){
			.settings = options->settings,
			.secrets = &secrets,
			.segment = options->segment,
			.doorbell = options->doorbell,
		},
		error, sizeof(error));
	if (presence.worker == NULL)
		goto fail;
	if (presence_open(&presence, error, sizeof(error)) < 0)
		goto fail;
	__atomic_store_n(&running, presence.worker, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&stopped, __ATOMIC_SEQ_CST))
		worker_stop(presence.worker);
	rc = worker_run(presence.worker) == 0 ? 0 : EXIT_FAILURE;
	__atomic_store_n(&running, NULL, __ATOMIC_RELEASE);
	goto out;

fail:
	log_error("presence", "unusable", "reason=%s", log_quote(error));
out:
	secrets_wipe(&secrets);
	exporter_free(presence.exporter);
	control_free(presence.control);
	if (presence.channel.fd >= 0)
		loop_watch_remove(worker_parts(presence.worker)->loop, &presence.channel);
	worker_free(presence.worker);
	free(presence.report);
	free(presence.verdict);
	return rc;
}
