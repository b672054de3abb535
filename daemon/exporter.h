// SPDX-License-Identifier: Apache-2.0
// The OpenMetrics page (GET /metrics) and two questions a load balancer asks (GET /healthz,
// /readyz), over HTTP/1.1 on the address in control.metrics. Not for the open network: no TLS, no
// passwords, no user names or numbers in the answers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct exporter;
struct loop;
struct settings;

// The listening socket, made by the supervisor; *fd is -1 when the page is off. 0, or -errno with a
// sentence in error.
int exporter_listen(const struct settings *settings, int *fd, char *error, size_t error_size);

typedef void exporter_page_fn(void *ctx, FILE *out);
typedef bool exporter_ready_fn(void *ctx);

struct exporter *exporter_new(struct loop *loop, int listen_fd, exporter_page_fn *page,
			      exporter_ready_fn *ready, void *ctx);
void exporter_free(struct exporter *exporter);
