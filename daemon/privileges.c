// SPDX-License-Identifier: Apache-2.0
#include "daemon/privileges.h"

#include "config/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int account_find(const struct settings *settings, uid_t *uid, gid_t *gid, char *error,
			size_t error_size)
{
	const struct passwd *user = getpwnam(settings->engine.user);
	const struct group *group = getgrnam(settings->engine.group);

	if (user == NULL || group == NULL) {
		const char *what = user == NULL ? "user" : "group";
		const char *name = user == NULL ? settings->engine.user : settings->engine.group;

		snprintf(error, error_size,
			 "engine.%s: there is no %s; make it (%sadd --system %s) or name another",
			 what, name, what, name);
		return -ENOENT;
	}
	*uid = user->pw_uid;
	*gid = group->gr_gid;
	return 0;
}

static int capabilities_keep(const cap_value_t *keep, int count)
{
	cap_t caps = cap_init();
	int rc = 0;

	if (caps == NULL)
		return -ENOMEM;
	if ((count > 0 && (cap_set_flag(caps, CAP_PERMITTED, count, keep, CAP_SET) == -1 ||
			   cap_set_flag(caps, CAP_EFFECTIVE, count, keep, CAP_SET) == -1)) ||
	    cap_set_proc(caps) == -1)
		rc = -errno;
	cap_free(caps);
	return rc;
}

int privileges_drop(const struct settings *settings, enum privileges_half half, char *error,
		    size_t error_size)
{
	static const cap_value_t wire_keeps[] = {CAP_NET_ADMIN, CAP_NET_RAW};
	const pid_t parent = getppid();
	uid_t uid;
	gid_t gid;
	int rc;

	if (geteuid() != 0)
		return 0;
	rc = account_find(settings, &uid, &gid, error, error_size);
	if (rc < 0)
		return rc;
	// Per thread: the others lose theirs with the change of user.
	if (half == PRIVILEGES_WIRE && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
		return -errno;
	if (setgroups(1, &gid) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1) {
		rc = -errno;
		snprintf(error, error_size, "can't become %s: %s", settings->engine.user,
			 strerror(-rc));
		return rc;
	}
	rc = half == PRIVILEGES_WIRE ? capabilities_keep(wire_keeps, 2)
				     : capabilities_keep(NULL, 0);
	if (rc < 0) {
		snprintf(error, error_size, "can't give up capabilities: %s", strerror(-rc));
		return rc;
	}
	// The change of user cleared it, and the supervisor may have died just then.
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		raise(SIGKILL);
	return 0;
}

// Calls that neither half has a use for once it runs, and that an intruder would want first. A list
// of what is forbidden, not of what is allowed: DPDK drivers, OpenSSL and the C library differ in
// what they call from version to version, and an inline engine must not stop for that.
static const char *const forbidden[] = {
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"kexec_load",
	"init_module",
	"finit_module",
	"delete_module",
	"mount",
	"umount2",
	"pivot_root",
	"chroot",
	"swapon",
	"swapoff",
	"reboot",
	"sethostname",
	"setns",
	"unshare",
	"keyctl",
	"add_key",
	"request_key",
	"userfaultfd",
	"perf_event_open",
	"open_by_handle_at",
	"acct",
	"settimeofday",
	"clock_settime",
	"adjtimex",
	"iopl",
	"ioperm",
	"quotactl",
	"personality",
	"mknod",
	"mknodat",
	"fanotify_init",
	"lookup_dcookie",
};

static int forbid(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR
		       ? 0 // this kernel has no such call
		       : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
}

int privileges_sandbox(unsigned int may, char *error, size_t error_size)
{
	static const struct {
		const char *name;
		unsigned int unless;
	} optional[] = {
		{"accept", MAY_ACCEPT}, {"accept4", MAY_ACCEPT}, {"connect", MAY_TALK},
		{"listen", MAY_TALK},   {"execve", MAY_EXEC},    {"execveat", MAY_EXEC},
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; rc == 0 && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		rc = forbid(filter, forbidden[i]);
	for (size_t i = 0; rc == 0 && i < sizeof(optional) / sizeof(optional[0]); i++)
		if (!(may & optional[i].unless))
			rc = forbid(filter, optional[i].name);
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = seccomp_load(filter); // sets no-new-privs too
	if (rc < 0)
		snprintf(error, error_size,
			 "sandbox: %s; with a kernel without seccomp set engine.sandbox: no",
			 strerror(-rc));
	seccomp_release(filter);
	return rc;
}

int privileges_give(const struct settings *settings, const char *path, char *error,
		    size_t error_size)
{
	uid_t uid;
	gid_t gid;
	int rc;

	if (geteuid() != 0)
		return 0;
	rc = account_find(settings, &uid, &gid, error, error_size);
	if (rc == 0 && chown(path, uid, gid) == -1) {
		rc = -errno;
		snprintf(error, error_size, "can't give %s to %s: %s", path, settings->engine.user,
			 strerror(-rc));
	}
	return rc;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int privileges_directory(const struct settings *settings, const char *path, unsigned int mode,
			 char *error, size_t error_size)
{
	uid_t uid;
	gid_t gid;
	int rc;

	// Before anything is made for an account that is missing.
	rc = geteuid() == 0 ? account_find(settings, &uid, &gid, error, error_size) : 0;
	if (rc < 0)
		return rc;
	// chmod: systemd starts services with umask 077.
	if (mkdir(path, 0700) == -1 || chmod(path, mode) == -1) {
		rc = -errno;
		if (rc == -EEXIST && is_directory(path))
			return 0;
		snprintf(error, error_size, "can't make the directory %s: %s", path, strerror(-rc));
		return rc;
	}
	return privileges_give(settings, path, error, error_size);
}

int privileges_may_write(const struct settings *settings, const char *path)
{
	char error[SETTINGS_TEXT];
	uid_t uid;
	gid_t gid;
	int rc = 0;

	if (geteuid() != 0 || account_find(settings, &uid, &gid, error, sizeof(error)) < 0)
		return 0;
	// As the account, so that lists of access count too.
	if (setegid(gid) == 0 && seteuid(uid) == 0 &&
	    faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == -1)
		rc = -errno;
	if (seteuid(0) == -1 || setegid(0) == -1)
		abort(); // can't be: the saved user is root
	return rc;
}
