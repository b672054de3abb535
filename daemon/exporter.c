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

#define REFUSAL(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

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

// HEAD: what GET would say, without its body (RFC 9110 9.3.2).
static void http_answer(FILE *out, bool head, const char *status, const char *type,
			const char *body, size_t len)
{
	fprintf(out,
		"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		status, type, len);
	if (!head)
		fwrite(body, 1, len, out);
}

static bool target_is(const char *target, const char *path)
{
	size_t len = strlen(path);

	return strncmp(target, path, len) == 0 && (target[len] == ' ' || target[len] == '?');
}

static void metrics_answer(const struct exporter *exporter, bool head, FILE *out)
{
	static const char type[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	char *body = NULL;
	size_t len = 0;
	FILE *page = open_memstream(&body, &len);

	if (page == NULL)
		return;
	exporter->page(exporter->ctx, page);
	if (fclose(page) == 0)
		http_answer(out, head, "200 OK", type, body, len);
	free(body);
}

static void exporter_answer(void *ctx, char *request, FILE *out)
{
	const struct exporter *exporter = ctx;
	bool head = strncmp(request, "HEAD ", 5) == 0;
	const char *target = request + (head ? 5 : 4);

	if (!head && strncmp(request, "GET ", 4) != 0)
		fputs(REFUSAL("405 Method Not Allowed\r\nAllow: GET, HEAD"), out);
	else if (target_is(target, "/metrics"))
		metrics_answer(exporter, head, out);
	else if (target_is(target, "/healthz"))
		http_answer(out, head, "200 OK", "text/plain", "ok\n", 3);
	else if (!target_is(target, "/readyz"))
		http_answer(out, head, "404 Not Found", "text/plain", "see /metrics\n", 13);
	else if (exporter->ready(exporter->ctx))
		http_answer(out, head, "200 OK", "text/plain", "ready\n", 6);
	else
		http_answer(out, head, "503 Service Unavailable", "text/plain", "not yet\n", 8);
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
		.busy = REFUSAL("503 Service Unavailable"),
		.too_long = REFUSAL("431 Request Header Fields Too Large"),
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
