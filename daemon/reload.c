// SPDX-License-Identifier: Apache-2.0
#include "daemon/reload.h"

#include "config/log.h"
#include "config/secret.h"
#include "config/settings.h"
#include "daemon/handover.h"
#include "daemon/notify.h"
#include "daemon/pulse.h"
#include "daemon/runner.h"
#include "link/segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void reload_publish_wire(struct segment *segment, const struct settings *settings)
{
	wire_settings_publish(&segment->settings,
			      &(struct wire_settings){
				      .early = settings->calls.early_is_busy,
				      .ack = settings->calls.ack_timeout_ns > 0,
				      .poll_always = settings->wire.poll == POLL_ALWAYS,
				      .max_sleep_ns = settings->wire.max_sleep_ns,
			      });
}

static void write_difference(void *ctx, const char *key, bool live)
{
	fprintf(ctx, "%s: %s\n", key, live ? "changed" : "needs a restart, not changed");
}

// Each line of a report is a log line too: nobody may be looking at a terminal.
static void log_report(const char *report)
{
	char *copy = strdup(report), *save = NULL;

	if (copy == NULL)
		return;
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		log_info("reload", "report", "text=%s", log_quote(line));
	free(copy);
}

static void reload_end(struct reload *reload, const char *verdict)
{
	char text[HANDOVER_TEXT_BYTES];

	snprintf(text, sizeof(text), "%s%s", reload->report != NULL ? reload->report : "", verdict);
	log_report(text);
	// Before the engine was ready, systemd would take it for that.
	if (reload->pulse->ready)
		notify_send("READY=1");
	handover_send(reload->channel_fd, HANDOVER_VERDICT, -1, verdict);
	if (reload->asked)
		handover_send(reload->channel_fd, HANDOVER_REPORT, -1, text);
	reload->asked = false;
	free(reload->report);
	free(reload->next);
	reload->report = NULL;
	reload->next = NULL;
}

// What would have changed did not.
static void reload_refuse(struct reload *reload, const char *reason)
{
	char verdict[HANDOVER_TEXT_BYTES];

	snprintf(verdict, sizeof(verdict), "nothing changed: %.3900s", reason);
	free(reload->report);
	reload->report = NULL;
	reload_end(reload, verdict);
}

static void reload_adopt(struct reload *reload)
{
	settings_apply_live(reload->settings, reload->next);
	log_level_set(reload->settings->log.level);
	reload_publish_wire(reload->segment, reload->settings);
	reload_end(reload, RELOAD_DONE);
}

// Presence gets the new settings with the secrets they refer to, by value.
static int payload_send(struct reload *reload, char *error, size_t error_size)
{
	static struct handover_payload payload;
	int fd, rc;

	payload.settings = *reload->next;
	rc = secrets_load(reload->next, &payload.secrets, error, error_size);
	if (rc == 0) {
		fd = rc = handover_payload_write(&payload);
		if (fd >= 0) {
			rc = handover_send(reload->channel_fd, HANDOVER_SETTINGS, fd, "");
			close(fd);
		}
		if (rc < 0)
			snprintf(error, error_size, "can't reach presence: %s", strerror(-rc));
	}
	secrets_wipe(&payload.secrets);
	return rc;
}

void reload_begin(struct reload *reload)
{
	struct settings_origin *origin = NULL;
	char error[512] = "";
	size_t len = 0;
	FILE *report;
	int rc;

	if (reload->next != NULL)
		return; // one is under way; its report is the answer to this wish too
	if (reload->pulse->ready)
		notify_send("RELOADING=1");
	reload->next = malloc(sizeof(*reload->next));
	report = open_memstream(&reload->report, &len);
	if (reload->next == NULL || report == NULL) {
		if (report != NULL)
			fclose(report);
		reload_refuse(reload, "out of memory");
		return;
	}
	rc = settings_load(reload->path, true, reload->next, &origin, report);
	settings_origin_free(origin);
	if (rc == 0)
		settings_diff(reload->settings, reload->next, write_difference, report);
	fclose(report);
	if (rc < 0) {
		reload_end(reload, "nothing changed: mend the file and reload again");
		return;
	}
	if (reload->presence->state != RUNNER_UP) {
		reload_adopt(reload); // it starts with them
		return;
	}
	if (payload_send(reload, error, sizeof(error)) < 0)
		reload_refuse(reload, error);
}

void reload_receive(struct reload *reload)
{
	static struct handover_message message;

	while (handover_receive(reload->channel_fd, &message) > 0) {
		if (message.fd >= 0)
			close(message.fd);
		if (message.kind == HANDOVER_RELOAD) {
			reload->asked = true;
			reload_begin(reload);
		} else if (message.kind == HANDOVER_REPORT && reload->next != NULL) {
			if (message.text[0] == '\0')
				reload_adopt(reload);
			else
				reload_refuse(reload, message.text);
		}
	}
}

void reload_presence_gone(struct reload *reload)
{
	if (reload->next != NULL)
		reload_refuse(reload, "presence died meanwhile; reload again");
}
