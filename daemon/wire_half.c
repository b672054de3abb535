// SPDX-License-Identifier: Apache-2.0
// The wire process: opens its ports as root, gives its privileges up, polls.
#include "daemon/half.h"

#include "config/log.h"
#include "config/settings.h"
#include "daemon/privileges.h"
#include "dataplane/wire.h"
#include "link/segment.h"

#include <stdlib.h>

enum { WIRE_ERROR_BYTES = 1024 };

// For the signal handler; one wire a process.
static struct wire *running;
static bool stopped; // maybe before there was one to stop

void wire_half_stop(void)
{
	__atomic_store_n(&stopped, true, __ATOMIC_SEQ_CST);
	struct wire *wire = __atomic_load_n(&running, __ATOMIC_SEQ_CST);
	if (wire != NULL)
		wire_stop(wire);
}

// DPDK makes them for the user who starts it; its answers to tools go through them.
static int give_tools_dirs(const struct settings *settings, char *error, size_t error_size)
{
	char path[3 * SETTINGS_TEXT];
	int rc;

	snprintf(path, sizeof(path), "%s/dpdk", settings->engine.run_dir);
	rc = privileges_give(settings, path, error, error_size);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/dpdk/%s", settings->engine.run_dir, settings->engine.name);
	return privileges_give(settings, path, error, error_size);
}

static bool accepts(const struct settings_wire *wire)
{
	return wire->dpdk_tools || wire->hep_listen_count > 0;
}

static int give_up_privileges(const struct half_options *options, char *error, size_t error_size)
{
	int rc;

	if (options->single)
		return 0;
	if (options->settings->wire.dpdk_tools) {
		rc = give_tools_dirs(options->settings, error, error_size);
		if (rc < 0)
			return rc;
	}
	rc = privileges_drop(options->settings, PRIVILEGES_WIRE, error, error_size);
	if (rc == 0 && options->settings->engine.sandbox)
		// Wire has its ports; a socket it opens now would be somebody else's idea.
		rc = privileges_sandbox(accepts(&options->settings->wire) ? MAY_ACCEPT : 0, error,
					error_size);
	return rc;
}

int wire_half(const struct half_options *options)
{
	char error[WIRE_ERROR_BYTES] = "";
	struct wire *wire = wire_open(options->settings, options->segment, options->doorbell, error,
				      sizeof(error));
	int rc;

	if (wire == NULL) {
		log_error("wire", "unusable", "reason=%s", log_quote(error));
		return HALF_UNUSABLE;
	}
	log_info("wire", "open", "%s", wire_summary(wire));
	if (give_up_privileges(options, error, sizeof(error)) < 0) {
		log_error("wire", "unusable", "reason=%s", log_quote(error));
		wire_close(wire);
		return HALF_UNUSABLE;
	}
	__atomic_store_n(&running, wire, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&stopped, __ATOMIC_SEQ_CST))
		wire_stop(wire);
	rc = wire_run(wire);
	__atomic_store_n(&running, NULL, __ATOMIC_RELEASE);
	wire_close(wire);
	log_info("wire", "closed", "result=%d", rc);
	return rc == 0 ? 0 : EXIT_FAILURE;
}
