// SPDX-License-Identifier: Apache-2.0
#include "dataplane/port_default.h"

#include "config/log.h"
#include "config/settings.h"

#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>

// /proc/net/route: Iface Destination Gateway Flags RefCnt Use Metric Mask ... in hexadecimal, with
// a line of titles. The default route of the least metric counts.
static int route_interface(FILE *routes, char name[IFNAMSIZ])
{
	unsigned long best = 0;
	char line[256], interface[IFNAMSIZ];

	name[0] = '\0';
	while (fgets(line, sizeof(line), routes) != NULL) {
		unsigned long destination, flags, metric, mask;

		if (sscanf(line, "%15s %lx %*x %lx %*d %*d %lu %lx", interface, &destination,
			   &flags, &metric, &mask) != 5)
			continue;
		if (destination == 0 && mask == 0 && (flags & RTF_UP) != 0 &&
		    (name[0] == '\0' || metric < best)) {
			memcpy(name, interface, IFNAMSIZ);
			best = metric;
		}
	}
	return name[0] == '\0' ? -ENODEV : 0;
}

int port_default(struct settings *settings, char *error, size_t error_size)
{
	struct settings_wire *wire = &settings->wire;
	char name[IFNAMSIZ] = "";
	FILE *routes;
	int rc = -ENODEV;

	if (wire->port_count > 0 || wire->hep_listen_count > 0)
		return 0;
	routes = fopen("/proc/net/route", "re");
	if (routes != NULL) {
		rc = route_interface(routes, name);
		fclose(routes);
	}
	if (rc < 0) {
		snprintf(error, error_size,
			 "wire.ports is empty, and there is no default route whose interface could "
			 "be taken: write ports: [\"af_packet:eth0\"]");
		return rc;
	}
	snprintf(wire->port[0], sizeof(wire->port[0]), "af_packet:%s", name);
	wire->port_count = 1;
	log_info("wire", "default-port", "port=%s reason=\"wire.ports is empty\"", wire->port[0]);
	return 0;
}
