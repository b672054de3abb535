// SPDX-License-Identifier: Apache-2.0
// Control socket and metrics page over real sockets, both ends on one loop.
#include "config/clock.h"
#include "config/settings.h"
#include "daemon/control.h"
#include "daemon/exporter.h"
#include "daemon/responder.h"
#include "presence/net/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 200 };

static struct settings settings;
static char dir[] = "/tmp/offhook-test-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	settings_default(&settings);
	if (mkdtemp(dir) == NULL)
		return -1;
	strcpy(settings.engine.run_dir, dir);
	return 0;
}

static int remove_dir(void **state)
{
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/control", dir);
	unlink(path);
	return rmdir(dir);
}

static int client_connect(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, address, len), 0);
	return fd;
}

// Lets the loop run until the peer has closed; what it said is in out.
static size_t client_read(struct loop *loop, int fd, char *out, size_t size)
{
	size_t len = 0;

	for (int i = 0; i < ROUNDS; i++) {
		ssize_t n = recv(fd, out + len, size - 1 - len, MSG_DONTWAIT);

		if (n > 0)
			len += (size_t)n;
		if (n == 0)
			break;
		loop_run_once(loop, NS_PER_MS);
	}
	out[len] = '\0';
	return len;
}

static bool echo_answer(void *ctx, const char *verb, const char *argument, bool json, FILE *out)
{
	size_t *big = ctx;

	if (strcmp(verb, "big") == 0) {
		for (size_t i = 0; i < *big; i++)
			fputc('x', out);
		return true;
	}
	if (strcmp(verb, "echo") != 0)
		return false;
	fprintf(out, "verb=%s argument=%s json=%d\n", verb, argument, json);
	return true;
}

static void answers_one_request_a_connection(void **state)
{
	static const struct {
		const char *request, *answer;
	} table[] = {
		{"echo\n", "verb=echo argument= json=0\n"},
		{"echo sip:john@x --json\n", "verb=echo argument=sip:john@x json=1\n"},
		{"echo --json j\r\n", "verb=echo argument=j json=1\n"},
		{"nonsense\n", "error: unknown request \"nonsense\"\n"},
		{"nonsense --json\n", "{\"error\": \"unknown request \\\"nonsense\\\"\"}\n"},
		{"\n", "error: unknown request \"\"\n"},
	};
	static char big_answer[4 << 20];
	size_t big = sizeof(big_answer) - 1;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct loop *loop = loop_new();
	char error[256] = "", out[256];
	struct control *control;
	struct stat st;
	int fd = control_listen(&settings, error, sizeof(error));

	(void)state;
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", dir);
	assert_int_equal(stat(address.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	// A second engine must not take the socket away from a living one.
	assert_true(control_listen(&settings, error, sizeof(error)) < 0);
	assert_non_null(strstr(error, "another engine"));

	control = control_new(loop, fd, &settings, echo_answer, &big);
	assert_non_null(control);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int client = client_connect((struct sockaddr *)&address, sizeof(address));

		assert_int_equal(send(client, table[i].request, strlen(table[i].request), 0),
				 strlen(table[i].request));
		client_read(loop, client, out, sizeof(out));
		assert_string_equal(out, table[i].answer);
		close(client);
	}
	// An answer larger than the socket's buffer arrives whole.
	int client = client_connect((struct sockaddr *)&address, sizeof(address));

	assert_int_equal(send(client, "big\n", 4, 0), 4);
	assert_int_equal(client_read(loop, client, big_answer, sizeof(big_answer)), big);
	close(client);
	control_free(control);
	close(fd);
	loop_free(loop);
}

static void cuts_off_who_neither_asks_nor_ends(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct loop *loop;
	char error[256] = "", out[64], flood[8192];
	size_t big = 0;
	struct control *control;
	int fd, silent, endless;

	(void)state;
	clock_set(NS_PER_S);
	loop = loop_new();
	fd = control_listen(&settings, error, sizeof(error));
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", dir);
	control = control_new(loop, fd, &settings, echo_answer, &big);
	silent = client_connect((struct sockaddr *)&address, sizeof(address));
	endless = client_connect((struct sockaddr *)&address, sizeof(address));
	memset(flood, 'a', sizeof(flood));
	assert_true(send(endless, flood, sizeof(flood), 0) > 0);
	for (int i = 0; i < 10; i++)
		loop_run_once(loop, 0);
	// Too long for a request: told so and closed at once, with what it had sent unread.
	assert_true(recv(endless, out, sizeof(out), MSG_DONTWAIT) > 0);
	assert_memory_equal(out, "error:", 6);
	assert_true(recv(endless, out, sizeof(out), MSG_DONTWAIT) <= 0);
	assert_int_equal(recv(silent, out, sizeof(out), MSG_DONTWAIT), -1); // still waiting
	clock_set(30 * NS_PER_S);
	for (int i = 0; i < 3; i++)
		loop_run_once(loop, 0);
	assert_int_equal(recv(silent, out, sizeof(out), MSG_DONTWAIT), 0);
	clock_release();
	close(silent);
	close(endless);
	control_free(control);
	close(fd);
	loop_free(loop);
}

// A reader that takes its time is cut off too, and those beyond the limit are told.
static void bounds_clients_and_their_answers(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int client[RESPONDER_CLIENTS + 1], fd;
	struct loop *loop;
	char error[256] = "", out[256];
	size_t big = 8 << 20, got = 0;
	struct control *control;
	ssize_t n;

	(void)state;
	clock_set(NS_PER_S);
	loop = loop_new();
	fd = control_listen(&settings, error, sizeof(error));
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", dir);
	control = control_new(loop, fd, &settings, echo_answer, &big);
	for (int i = 0; i <= RESPONDER_CLIENTS; i++) {
		client[i] = client_connect((struct sockaddr *)&address, sizeof(address));
		loop_run_once(loop, 0);
	}
	assert_true(recv(client[RESPONDER_CLIENTS], out, sizeof(out), MSG_DONTWAIT) > 0);
	assert_memory_equal(out, "error: too many", 15);
	assert_int_equal(send(client[0], "big\n", 4, 0), 4);
	for (int second = 2; second < 60; second++) {
		clock_set((uint64_t)second * NS_PER_S);
		loop_run_once(loop, 0);
		n = recv(client[0], out, 1, MSG_DONTWAIT);
		if (n == 1)
			got++;
	}
	for (int i = 0; i < 3; i++)
		loop_run_once(loop, 0);
	// What stood in the socket's buffer, and then the end.
	while ((n = recv(client[0], out, sizeof(out), MSG_DONTWAIT)) > 0)
		got += (size_t)n;
	assert_int_equal(n, 0);
	assert_true(got < big);
	for (int i = 0; i <= RESPONDER_CLIENTS; i++)
		close(client[i]);
	clock_release();
	control_free(control);
	close(fd);
	loop_free(loop);
}

// Only a socket that nobody listens on is taken away.
static void takes_over_a_stale_socket_only(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char error[256] = "";
	int listener, fd;

	(void)state;
	control_remove(&settings);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 0), 0);
	// Its queue is full: it does not answer, but it lives.
	fd = client_connect((struct sockaddr *)&address, sizeof(address));
	assert_int_equal(control_listen(&settings, error, sizeof(error)), -EADDRINUSE);
	close(fd);
	close(listener);
	fd = control_listen(&settings, error, sizeof(error));
	assert_true(fd >= 0);
	close(fd);
}

static void page_write(void *ctx, FILE *out)
{
	(void)ctx;
	fputs("# EOF\n", out);
}

static bool never_ready(void *ctx)
{
	(void)ctx;
	return false;
}

static void serves_metrics_over_http(void **state)
{
	static const struct {
		const char *request, *status, *body;
	} table[] = {
		{"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK", "\r\n\r\n# EOF\n"},
		{"GET /metrics?x=1 HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK", "# EOF\n"},
		{"GET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "ok\n"},
		{"GET /readyz HTTP/1.1\r\n\r\n", "HTTP/1.1 503", "not yet\n"},
		{"GET /metricsx HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "see /metrics\n"},
		{"POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405", "Allow: GET, HEAD\r\n"},
		{"HEAD /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200", "Content-Length: 3\r\n"},
		{"GE\r\n\r\n", "HTTP/1.1 405", ""},
		{"GET\r\n\r\n", "HTTP/1.1 405", ""},
		{"HEAD \r\n\r\n", "HTTP/1.1 404", ""},
	};
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	struct loop *loop = loop_new();
	struct exporter *exporter;
	char error[256] = "", out[512];
	int fd = -1;

	(void)state;
	strcpy(settings.control.metrics, "127.0.0.1:0");
	assert_int_equal(exporter_listen(&settings, &fd, error, sizeof(error)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	exporter = exporter_new(loop, fd, page_write, never_ready, NULL);
	assert_non_null(exporter);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int client = client_connect((struct sockaddr *)&address, len);

		assert_int_equal(send(client, table[i].request, strlen(table[i].request), 0),
				 strlen(table[i].request));
		client_read(loop, client, out, sizeof(out));
		assert_int_equal(strncmp(out, table[i].status, strlen(table[i].status)), 0);
		assert_non_null(strstr(out, table[i].body));
		if (strncmp(table[i].request, "HEAD", 4) == 0)
			assert_string_equal(strstr(out, "\r\n\r\n"), "\r\n\r\n");
		close(client);
	}
	exporter_free(exporter);
	close(fd);
	loop_free(loop);
	settings.control.metrics[0] = '\0';
	assert_int_equal(exporter_listen(&settings, &fd, error, sizeof(error)), 0);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_one_request_a_connection),
		cmocka_unit_test(cuts_off_who_neither_asks_nor_ends),
		cmocka_unit_test(bounds_clients_and_their_answers),
		cmocka_unit_test(takes_over_a_stale_socket_only),
		cmocka_unit_test(serves_metrics_over_http),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
