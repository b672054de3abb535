// SPDX-License-Identifier: Apache-2.0
// Reference -> bytes. Every buffer that held a secret is wiped, also on failure.

#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/settings.h"

struct secret_error {
	char *text;
	size_t size;
};

static int __attribute__((format(printf, 3, 4)))
fail(const struct secret_error *error, int rc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error->text, error->size, fmt, args);
	va_end(args);
	return rc;
}

// raw: len octets, at most SECRET_BYTES + 1 of them. One line end at the end is the editor's.
static int secret_take(const char *raw, size_t len, const char *name, struct secret *out,
		       const struct secret_error *error)
{
	if (len && raw[len - 1] == '\n')
		len--;
	if (len && raw[len - 1] == '\r')
		len--;
	if (len == 0)
		return fail(error, -ENODATA, "%s is empty", name);
	if (len >= SECRET_BYTES)
		return fail(error, -E2BIG, "%s is longer than %d octets", name, SECRET_BYTES - 1);
	if (memchr(raw, '\n', len) || memchr(raw, '\0', len))
		return fail(error, -EINVAL, "%s is more than one line of text", name);
	memset(out->text, 0, sizeof(out->text));
	memcpy(out->text, raw, len);
	return 0;
}

// is_private: nobody but the owner may read it.
static int secret_read_file(const char *path, bool is_private, struct secret *out,
			    const struct secret_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char raw[SECRET_BYTES + 2];
	struct stat stat;
	ssize_t len;
	int rc;

	if (fd < 0) {
		rc = -errno;
		return fail(error, rc, "%s: %s", path, strerror(-rc));
	}
	// Of the open file, not of the path, which could change in between.
	if (fstat(fd, &stat)) {
		rc = -errno;
		fail(error, rc, "%s: %s", path, strerror(-rc));
	} else if (!S_ISREG(stat.st_mode)) {
		rc = fail(error, -EINVAL, "%s is no regular file", path);
	} else if (is_private && (stat.st_mode & (S_IRWXG | S_IRWXO))) {
		rc = fail(error, -EACCES,
			  "%s can be used by others than its owner (mode %04o): chmod 0400 %s",
			  path, stat.st_mode & 07777, path);
	} else {
		len = read(fd, raw, sizeof(raw));
		rc = len < 0 ? fail(error, -errno, "%s: %m", path)
			     : secret_take(raw, (size_t)len, path, out, error);
		explicit_bzero(raw, sizeof(raw));
	}
	close(fd);
	return rc;
}

// systemd puts the files where only the service can look (LoadCredential= in systemd.exec(5));
// their mode may show group bits that are an ACL for the service's own account.
static int secret_read_credential(const char *name, struct secret *out,
				  const struct secret_error *error)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (!directory)
		return fail(error, -ENOENT,
			    "cred:%s: no CREDENTIALS_DIRECTORY; the unit needs LoadCredential=%s",
			    name, name);
	if (!name[0] || strchr(name, '/'))
		return fail(error, -EINVAL, "cred:%s is no name of a credential", name);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) >= sizeof(path))
		return fail(error, -ENAMETOOLONG, "cred:%s: path too long", name);
	return secret_read_file(path, false, out, error);
}

int secret_read(const char *reference, struct secret *out, char *error_text, size_t error_size)
{
	const struct secret_error error = {error_text, error_size};
	const char *value;

	if (!reference[0]) {
		explicit_bzero(out, sizeof(*out));
		return 0;
	}
	if (strncmp(reference, "file:", 5) == 0)
		return secret_read_file(reference + 5, true, out, &error);
	if (strncmp(reference, "cred:", 5) == 0)
		return secret_read_credential(reference + 5, out, &error);
	if (strncmp(reference, "env:", 4) == 0) {
		value = getenv(reference + 4);
		if (!value)
			return fail(&error, -ENOENT, "%s is not in the environment", reference);
		return secret_take(value, strnlen(value, SECRET_BYTES + 1), reference, out, &error);
	}
	// It may be the secret itself: not repeated.
	return fail(&error, -EINVAL, "neither file:/path nor cred:name nor env:NAME");
}

int secrets_load(const struct settings *settings, struct secrets *out, char *error,
		 size_t error_size)
{
	const struct {
		const char *key, *reference;
		struct secret *secret;
	} all[] = {
		{"registrar.auth.password", settings->registrar.auth_password,
		 &out->registrar_password},
		{"store.password", settings->store.password, &out->store_password},
	};
	char why[PATH_MAX + 128];
	int rc;

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		rc = secret_read(all[i].reference, all[i].secret, why, sizeof(why));
		if (rc) {
			snprintf(error, error_size, "%s: %s", all[i].key, why);
			secrets_wipe(out);
			return rc;
		}
	}
	return 0;
}

void secrets_wipe(struct secrets *secrets)
{
	explicit_bzero(secrets, sizeof(*secrets));
}
