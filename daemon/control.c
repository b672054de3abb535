// SPDX-License-Identifier: Apache-2.0
#include "daemon/control.h"

#include "config/log.h"
#include "config/settings.h"
#include "daemon/json.h"
#include "daemon/responder.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// As long as the report of a reload may be.
enum { CONTROL_ERROR_BYTES = 4096 };

struct control {
	struct responder *responder;
	gid_t group;
	bool has_group;
	control_answer_fn *answer;
	void *ctx;
};

static bool group_id(const struct settings *settings, gid_t *gid)
{
	const struct group *group;

	if (settings->control.group[0] == '\0')
		return false;
	group = getgrnam(settings->control.group);
	if (group == NULL)
		return false;
	*gid = group->gr_gid;
	return true;
}

// A socket file is left behind by an engine that was killed: nobody listens on it. Any other
// answer, also that of a queue which is full, comes from an engine that runs.
static int socket_bind(int fd, const struct sockaddr_un *address, bool has_group, gid_t gid,
		       char *error, size_t error_size)
{
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    (errno != ECONNREFUSED && errno != ENOENT)) {
		snprintf(error, error_size,
			 "another engine answers on %s; give each its own engine.run_dir",
			 address->sun_path);
		return -EADDRINUSE;
	}
	unlink(address->sun_path);
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == -1 ||
	    chown(address->sun_path, (uid_t)-1, has_group ? gid : (gid_t)-1) == -1 ||
	    chmod(address->sun_path, has_group ? 0660 : 0600) == -1 ||
	    listen(fd, RESPONDER_CLIENTS) == -1) {
		int rc = -errno;

		snprintf(error, error_size, "control socket %s: %s", address->sun_path,
			 strerror(-rc));
		return rc;
	}
	return 0;
}

static int address_make(const struct settings *settings, struct sockaddr_un *address)
{
	int len = snprintf(address->sun_path, sizeof(address->sun_path), "%s/control",
			   settings->engine.run_dir);

	address->sun_family = AF_UNIX;
	return len > 0 && (size_t)len < sizeof(address->sun_path) ? 0 : -ENAMETOOLONG;
}

void control_remove(const struct settings *settings)
{
	struct sockaddr_un address;

	if (address_make(settings, &address) == 0)
		unlink(address.sun_path);
}

int control_listen(const struct settings *settings, char *error, size_t error_size)
{
	struct sockaddr_un address;
	gid_t gid = 0;
	bool has_group = group_id(settings, &gid);
	int fd, rc;

	if (settings->control.group[0] != '\0' && !has_group) {
		snprintf(error, error_size, "control.group: there is no group %s",
			 settings->control.group);
		return -EINVAL;
	}
	if (address_make(settings, &address) < 0) {
		snprintf(error, error_size, "engine.run_dir is too long for a socket's name: %s",
			 settings->engine.run_dir);
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		snprintf(error, error_size, "control socket: %s", strerror(errno));
		return -errno;
	}
	rc = socket_bind(fd, &address, has_group, gid, error, error_size);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

void control_error(bool as_json, FILE *out, const char *fmt, ...)
{
	struct json json = {.out = out};
	char text[CONTROL_ERROR_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!as_json) {
		fprintf(out, "error: %s\n", text);
		return;
	}
	json_open(&json, NULL, '{');
	json_text(&json, "error", text);
	json_close(&json, '}');
	fputc('\n', out);
}

// "capture start rejected --json\n" -> verb, argument of any number of words, json; in place.
static void request_split(char *request, const char **verb, const char **argument, bool *json)
{
	char *save = NULL;

	*verb = strtok_r(request, " \r\n", &save);
	*argument = "";
	*json = false;
	if (*verb == NULL)
		*verb = "";
	for (char *word, *end = NULL; (word = strtok_r(NULL, " \r\n", &save)) != NULL;) {
		if (strcmp(word, "--json") == 0) {
			*json = true;
			continue;
		}
		size_t len = strlen(word);
		if (end == NULL)
			*argument = end = word;
		else
			*end++ = ' ';
		memmove(end, word, len + 1);
		end += len;
	}
}

static void control_answer(void *ctx, char *request, FILE *out)
{
	struct control *control = ctx;
	const char *verb, *argument;
	bool json;

	request_split(request, &verb, &argument, &json);
	if (!control->answer(control->ctx, verb, argument, json, out))
		control_error(json, out, "unknown request %s", log_quote(verb));
}

static bool account_in_group(uid_t uid, gid_t group)
{
	const struct passwd *account = getpwuid(uid);
	gid_t groups[64];
	int count = 64;

	if (account == NULL ||
	    getgrouplist(account->pw_name, account->pw_gid, groups, &count) == -1)
		return false;
	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

// Root, the engine's own account, or a member of the control group.
static bool control_allowed(void *ctx, int fd)
{
	static const char refusal[] = "error: only root and members of control.group may ask\n";
	const struct control *control = ctx;
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid() ||
	    (control->has_group &&
	     (peer.gid == control->group || account_in_group(peer.uid, control->group))))
		return true;
	log_warn("control", "refused", "uid=%u hint=\"add the user to control.group\"",
		 (unsigned int)peer.uid);
	// Best effort: the client may be gone.
	(void)!send(fd, refusal, sizeof(refusal) - 1, MSG_NOSIGNAL);
	return false;
}

struct control *control_new(struct loop *loop, int listen_fd, const struct settings *settings,
			    control_answer_fn *answer, void *ctx)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return NULL;
	control->answer = answer;
	control->ctx = ctx;
	control->has_group = group_id(settings, &control->group);
	control->responder = responder_new(&(struct responder_options){
		.loop = loop,
		.listen_fd = listen_fd,
		.end = "\n",
		.busy = "error: too many ask at once; try again\n",
		.too_long = "error: no request is that long\n",
		.allowed = control_allowed,
		.answer = control_answer,
		.ctx = control,
	});
	if (control->responder == NULL) {
		free(control);
		return NULL;
	}
	return control;
}

void control_free(struct control *control)
{
	if (control == NULL)
		return;
	responder_free(control->responder);
	free(control);
}
