// SPDX-License-Identifier: Apache-2.0
#include "daemon/exporter.h"

#include "config/settings.h"
#include "config/units.h"
#include "daemon/responder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct exporter {
	struct responder *responder;
	exporter_page_fn *page;
	exporter_ready_fn *ready;
	void *ctx;
};

int exporter_listen(const struct settings *settings, int *out, char *error, size_t error_size)
{
	const char *text = settings->control.metrics;
	struct sockaddr_storage address;
	socklen_t len;
	int fd, on = 1;

	*out = -1;
	if (text[0] == '\0')
		return 0;
	if (units_endpoint(text, &address, &len) < 0) {
		snprintf(error, error_size, "control.metrics: %s is no address:port", text);
		return -EINVAL;
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&address, len) == -1 ||
	    listen(fd, RESPONDER_CLIENTS) == -1) {
		int rc = -errno;

		snprintf(error, error_size,
			 "control.metrics: can't listen on %s: %s; choose another port or `off`",
			 text, strerror(-rc));
		if (fd != -1)
			close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

static void http_answer(FILE *out, const char *status, const char *type, const char *body,
			size_t len)
{
	fprintf(out,
		"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		status, type, len);
	fwrite(body, 1, len, out);
}

static bool request_is(const char *request, const char *path)
{
	size_t len = strlen(path);

	return strncmp(request, "GET ", 4) == 0 && strncmp(request + 4, path, len) == 0 &&
	       (request[4 + len] == ' ' || request[4 + len] == '?');
}

static void exporter_answer(void *ctx, char *request, FILE *out)
{
	static const char metrics_type[] =
		"application/openmetrics-text; version=1.0.0; charset=utf-8";
	const struct exporter *exporter = ctx;
	char *body = NULL;
	size_t len = 0;

	if (request_is(request, "/metrics")) {
		FILE *page = open_memstream(&body, &len);

		if (page == NULL)
			return;
		exporter->page(exporter->ctx, page);
		fclose(page);
		http_answer(out, "200 OK", metrics_type, body, len);
		free(body);
	} else if (request_is(request, "/healthz")) {
		http_answer(out, "200 OK", "text/plain", "ok\n", 3);
	} else if (request_is(request, "/readyz")) {
		if (exporter->ready(exporter->ctx))
			http_answer(out, "200 OK", "text/plain", "ready\n", 6);
		else
			http_answer(out, "503 Service Unavailable", "text/plain", "not yet\n", 8);
	} else {
		http_answer(out, "404 Not Found", "text/plain", "see /metrics\n", 13);
	}
}

struct exporter *exporter_new(struct loop *loop, int listen_fd, exporter_page_fn *page,
			      exporter_ready_fn *ready, void *ctx)
{
	struct exporter *exporter = calloc(1, sizeof(*exporter));

	if (exporter == NULL)
		return NULL;
	exporter->page = page;
	exporter->ready = ready;
	exporter->ctx = ctx;
	exporter->responder = responder_new(&(struct responder_options){
		.loop = loop,
		.listen_fd = listen_fd,
		.end = "\r\n\r\n",
		.answer = exporter_answer,
		.ctx = exporter,
	});
	if (exporter->responder == NULL) {
		free(exporter);
		return NULL;
	}
	return exporter;
}

void exporter_free(struct exporter *exporter)
{
	if (exporter == NULL)
		return;
	responder_free(exporter->responder);
	free(exporter);
}
