// SPDX-License-Identifier: Apache-2.0
// Nothing waits here: start and stop only ask, and who asked comes again for the outcome, because
// the worker has calls to follow.
#include "daemon/capture_view.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "daemon/control.h"
#include "daemon/half.h"
#include "daemon/json.h"
#include "daemon/presence_half.h"
#include "daemon/views.h"
#include "link/segment.h"
#include "presence/directory/directory.h"
#include "presence/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BYTES (UINT64_C(64) << 20)
#define LEAST_BYTES   (UINT64_C(4) << 10)
#define MOST_BYTES    (UINT64_C(4) << 30)
#define DEFAULT_S     UINT64_C(600)
#define MOST_S        UINT64_C(86400)

enum { PATH_BYTES = SETTINGS_TEXT + 64, WHY_BYTES = PATH_BYTES + 128 };

static const char *const state_name[] = {"never", "running", "ended"};
static const char *const kind_name[] = {"none", "rejected", "call", "user"};
static const char *const end_name[] = {NULL,   "stopped", "bytes", "seconds",
				       "open", "write",   "wire"};

// The box as the operator should see it: what a wire that is gone left running has ended.
static void status_read(const struct segment *segment, struct capture_status *status)
{
	capture_box_status(&segment->capture, status);
	if (status->state == CAPTURE_RUNNING && !capture_box_waits(&segment->capture) &&
	    !__atomic_load_n(&segment->wire_ready, __ATOMIC_ACQUIRE)) {
		status->state = CAPTURE_ENDED;
		status->end = CAPTURE_END_WIRE;
	}
}

// Of the last request; a copy, because the wire could write there, too.
struct about {
	char text[CAPTURE_ABOUT_BYTES];
};

static struct about about(const struct segment *segment)
{
	struct about copy;

	memcpy(copy.text, segment->capture.request.about, sizeof(copy.text));
	copy.text[sizeof(copy.text) - 1] = '\0';
	return copy;
}

static void path_of(const struct presence *presence, uint64_t wall_ns, char path[PATH_BYTES])
{
	char name[CAPTURE_NAME_BYTES];

	capture_file_name(wall_ns, name);
	snprintf(path, PATH_BYTES, "%s/captures/%s", presence->options->settings->engine.state_dir,
		 name);
}

// A sentence on why it is no longer running.
static void end_text(const struct presence *presence, const struct capture_status *status,
		     char text[WHY_BYTES])
{
	char path[PATH_BYTES];
	const char *why = "";

	switch ((enum capture_end)status->end) {
	case CAPTURE_END_STOPPED: why = "it was stopped"; break;
	case CAPTURE_END_BYTES: why = "the file has the size it may have"; break;
	case CAPTURE_END_TIME: why = "its time was over"; break;
	case CAPTURE_END_WIRE: why = "the wire process ended"; break;
	case CAPTURE_END_OPEN:
		path_of(presence, status->wall_ns, path);
		snprintf(text, WHY_BYTES, "%s can't be made: %s", path,
			 strerror((int)status->error));
		return;
	case CAPTURE_END_WRITE:
		snprintf(text, WHY_BYTES, "the file can't be written on: %s",
			 strerror((int)status->error));
		return;
	default: break;
	}
	snprintf(text, WHY_BYTES, "%s", why);
}

static void status_json(const struct presence *presence, const struct capture_status *status,
			const char *path, FILE *out)
{
	struct json json = {.out = out};
	char why[WHY_BYTES];

	json_open(&json, NULL, '{');
	json_text(&json, "state", state_name[status->state]);
	if (status->state != CAPTURE_NEVER) {
		json_text(&json, "kind", kind_name[status->kind]);
		json_text(&json, "of", about(presence->options->segment).text);
		json_text(&json, "file", path);
		json_number(&json, "frames", status->frames);
		json_number(&json, "bytes", status->bytes);
		json_number(&json, "lost", status->lost);
		json_seconds(&json, "started", status->wall_ns);
	}
	if (status->state == CAPTURE_ENDED) {
		end_text(presence, status, why);
		json_text(&json, "end", end_name[status->end]);
		json_text(&json, "why", why);
		if (status->ended_wall_ns != 0)
			json_seconds(&json, "ended", status->ended_wall_ns);
	}
	json_close(&json, '}');
	fputc('\n', out);
}

static void view_status(const struct presence *presence, bool as_json, FILE *out)
{
	const struct segment *segment = presence->options->segment;
	struct capture_status status;
	char path[PATH_BYTES], span[24], why[WHY_BYTES];
	uint64_t until;

	status_read(segment, &status);
	path_of(presence, status.wall_ns, path);
	if (as_json) {
		status_json(presence, &status, path, out);
		return;
	}
	if (status.state == CAPTURE_NEVER) {
		fputs("no capture since the engine started\n", out);
		return;
	}
	until = status.ended_wall_ns != 0 ? status.ended_wall_ns : clock_wall_ns();
	fprintf(out, "capture of %s %s", about(segment).text,
		status.state == CAPTURE_RUNNING ? "runs" : "ended");
	if (status.state == CAPTURE_RUNNING || status.ended_wall_ns != 0)
		fprintf(out, "%s %s", status.state == CAPTURE_RUNNING ? ", for" : " after",
			view_span(until > status.wall_ns ? until - status.wall_ns : 0, span));
	if (status.state == CAPTURE_ENDED) {
		end_text(presence, &status, why);
		fprintf(out, ": %s", why);
	}
	fputc('\n', out);
	if (status.end == CAPTURE_END_OPEN)
		return;
	fprintf(out, "%s\n%" PRIu64 " frames, %" PRIu64 " bytes", path, status.frames,
		status.bytes);
	if (status.lost > 0)
		fprintf(out, ", %" PRIu64 " frames lost: more matched than could be written",
			status.lost);
	fputc('\n', out);
}

// The request in the making.
struct asking {
	struct capture_request request;
	size_t used; // of its text
};

// What does not fit is left out: there are thousands of octets for it.
static void text_add(struct asking *asking, const char *text, size_t len)
{
	if (len == 0 || len + 2 > sizeof(asking->request.text) - asking->used)
		return;
	memcpy(asking->request.text + asking->used, text, len);
	asking->used += len + 1;
}

static void number_add(void *ctx, const char *number)
{
	text_add(ctx, number, strlen(number));
}

// The user of an address, without scheme and host.
static void user_add(struct asking *asking, const char *address)
{
	const char *colon = strchr(address, ':');
	const char *user = colon != NULL ? colon + 1 : address;

	text_add(asking, user, strcspn(user, "@;"));
}

// The strings under which a person stands on the wire: the user of the address of record, what the
// operator called them, and all numbers of the directory.
static void ask_for_user(const struct presence *presence, struct asking *asking, const char *who)
{
	char aor[SETTINGS_TEXT];

	view_user_aor(presence->worker, who, aor);
	user_add(asking, aor);
	user_add(asking, who);
	directory_numbers_of(worker_parts(presence->worker)->directory, aor, number_add, asking);
}

// false: *wrong says what is.
static bool limit_read(const char *word, struct capture_request *request, const char **wrong)
{
	const char *equals = strchr(word, '=');
	char *end = NULL;
	uint64_t number;

	errno = 0;
	number = equals != NULL && equals[1] >= '0' && equals[1] <= '9'
			 ? strtoull(equals + 1, &end, 10)
			 : 0;
	if (end == NULL || *end != '\0' || errno != 0) {
		*wrong = "a limit is bytes=N or seconds=N";
	} else if (strncmp(word, "bytes=", 6) == 0) {
		request->max_bytes = number;
		if (number < LEAST_BYTES || number > MOST_BYTES)
			*wrong = "a capture has 4k to 4G bytes";
	} else if (strncmp(word, "seconds=", 8) == 0) {
		request->max_ns = number * NS_PER_S;
		if (number < 1 || number > MOST_S)
			*wrong = "a capture runs for 1 to 86400 seconds";
	} else {
		*wrong = "a limit is bytes=N or seconds=N";
	}
	return *wrong == NULL;
}

// "call CALL-ID bytes=N": false with what is wrong.
static bool ask_read(const struct presence *presence, char *words, struct asking *asking,
		     const char **wrong)
{
	struct capture_request *request = &asking->request;
	char *save = NULL, *word = strtok_r(words, " ", &save), *value = NULL;

	if (word == NULL || strcmp(word, "rejected") == 0)
		request->kind = CAPTURE_REJECTED;
	else if (strcmp(word, "call") == 0)
		request->kind = CAPTURE_CALL;
	else if (strcmp(word, "user") == 0)
		request->kind = CAPTURE_USER;
	else
		*wrong = "capture what? rejected, call CALL-ID or user USER";
	if (request->kind == CAPTURE_CALL || request->kind == CAPTURE_USER) {
		value = strtok_r(NULL, " ", &save);
		if (value == NULL)
			*wrong = request->kind == CAPTURE_CALL ? "capture which call? its Call-ID"
							       : "capture which user?";
	}
	if (*wrong != NULL)
		return false;
	if (request->kind == CAPTURE_USER)
		ask_for_user(presence, asking, value);
	else if (value != NULL)
		text_add(asking, value, strlen(value));
	if (value != NULL && asking->used == 0)
		*wrong = "there is no such user, nor can there be";
	snprintf(request->about, sizeof(request->about), "%s%s%s", kind_name[request->kind],
		 value != NULL ? " " : "", value != NULL ? value : "");
	while (*wrong == NULL && word != NULL && (word = strtok_r(NULL, " ", &save)) != NULL)
		limit_read(word, request, wrong);
	return *wrong == NULL;
}

static void view_start(struct presence *presence, char *words, bool as_json, FILE *out)
{
	struct segment *segment = presence->options->segment;
	struct asking asking = {.request = {.wall_ns = clock_wall_ns(),
					    .max_bytes = DEFAULT_BYTES,
					    .max_ns = DEFAULT_S * NS_PER_S}};
	struct capture_status status;
	const char *wrong = NULL;

	status_read(segment, &status);
	if (!ask_read(presence, words, &asking, &wrong)) {
		control_error(as_json, out, "%s", wrong);
	} else if (status.state == CAPTURE_RUNNING) {
		control_error(as_json, out, "a capture of %s is running already; stop it first",
			      about(segment).text);
	} else if (!__atomic_load_n(&segment->wire_ready, __ATOMIC_ACQUIRE)) {
		control_error(as_json, out, "the wire process does not run; see status");
	} else if (capture_box_ask(&segment->capture, &asking.request) < 0) {
		control_error(as_json, out, "the wire has not done yet what was asked before");
	} else {
		log_warn("control", "capture", "of=%s", log_quote(asking.request.about));
		fputs(CAPTURE_WAIT "\n", out);
	}
}

static void view_stop(struct presence *presence, bool as_json, FILE *out)
{
	struct segment *segment = presence->options->segment;
	struct capture_request request = segment->capture.request;
	struct capture_status status;

	status_read(segment, &status);
	if (status.state != CAPTURE_RUNNING) {
		control_error(as_json, out, "no capture is running%s",
			      status.state == CAPTURE_ENDED ? " any more; see capture status" : "");
		return;
	}
	request.kind = CAPTURE_NONE;
	if (capture_box_ask(&segment->capture, &request) < 0)
		control_error(as_json, out, "the wire has not done yet what was asked before");
	else
		fputs(CAPTURE_WAIT "\n", out);
}

// What became of a start or a stop.
static void view_outcome(struct presence *presence, bool as_json, FILE *out)
{
	const struct segment *segment = presence->options->segment;
	struct capture_status status;
	char why[WHY_BYTES];

	status_read(segment, &status);
	end_text(presence, &status, why);
	if (capture_box_waits(&segment->capture))
		fputs(CAPTURE_WAIT "\n", out);
	else if (status.end == CAPTURE_END_OPEN)
		control_error(as_json, out, "%s", why);
	else
		view_status(presence, as_json, out);
}

void capture_view(struct presence *presence, const char *words, bool as_json, FILE *out)
{
	char *copy = strdup(words);

	if (copy == NULL)
		control_error(as_json, out, "out of memory");
	else if (strncmp(copy, "start", 5) == 0 && (copy[5] == ' ' || copy[5] == '\0'))
		view_start(presence, copy + 5, as_json, out);
	else if (strcmp(copy, "stop") == 0)
		view_stop(presence, as_json, out);
	else if (strcmp(copy, "status") == 0)
		view_status(presence, as_json, out);
	else if (strcmp(copy, "outcome") == 0)
		view_outcome(presence, as_json, out);
	else
		control_error(as_json, out, "capture what? start, stop or status");
	free(copy);
}
