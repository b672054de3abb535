// SPDX-License-Identifier: Apache-2.0
// What systemd is told, and when a half is killed, with heartbeats and a clock of the test's own.
#include "daemon/notify.h"
#include "daemon/pulse.h"
#include "daemon/runner.h"
#include "link/segment.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LCORES = 2, TICK_MS = 200 };

static int systemd; // the socket that NOTIFY_SOCKET names
static struct segment *segment;
static int segment_fd;
static struct runner wire, presence;
static struct pulse pulse;
static uint64_t now;

static struct runner runner_of(const char *name)
{
	struct runner runner = {.name = name, .state = RUNNER_UP, .started_ns = now};

	runner.pid = fork();
	assert_true(runner.pid >= 0);
	if (runner.pid == 0) {
		for (;;)
			pause();
	}
	return runner;
}

static int start(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[32];
	int len = snprintf(name, sizeof(name), "@offhook-test-%d", getpid());

	(void)state;
	memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
	systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(systemd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)) == -1)
		return -1;
	setenv("NOTIFY_SOCKET", name, 1);
	segment = segment_create(LCORES, 64, &segment_fd);
	now = 100 * NS_PER_S;
	wire = runner_of("wire");
	presence = runner_of("presence");
	pulse = (struct pulse){.watchdog_ns = 3 * NS_PER_S};
	return segment != NULL ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	kill(wire.pid, SIGKILL);
	kill(presence.pid, SIGKILL);
	waitpid(wire.pid, NULL, 0);
	waitpid(presence.pid, NULL, 0);
	segment_unmap(segment);
	close(segment_fd);
	close(systemd);
	return 0;
}

static bool heard(const char *what)
{
	char text[64];
	ssize_t n = recv(systemd, text, sizeof(text), 0);

	return n == (ssize_t)strlen(what) && memcmp(text, what, (size_t)n) == 0;
}

enum { CORE_0 = 1, CORE_1 = 2, WORKER = 4, ALL = 7 };

// Ticks for so long, with heartbeats of those in who. How often WATCHDOG=1 came.
static unsigned int run_for(unsigned int who, uint64_t duration_ns)
{
	unsigned int fed = 0;

	for (uint64_t until = now + duration_ns; now < until;) {
		now += TICK_MS * NS_PER_MS;
		for (unsigned int i = 0; i < LCORES; i++)
			segment->counters[i].heartbeat += (who & (CORE_0 << i)) != 0;
		segment->worker_heartbeat += (who & WORKER) != 0;
		pulse_look(&pulse, segment, &wire, &presence, now);
		fed += heard("WATCHDOG=1");
	}
	return fed;
}

static void is_ready_when_ports_are_polled_and_the_worker_runs(void **state)
{
	(void)state;
	segment->wire_ready = 1;
	run_for(CORE_0 | WORKER, NS_PER_S); // core 1 has not begun
	assert_false(pulse.ready);
	segment->wire_ready = 0;
	segment->counters[1].heartbeat++;
	pulse_look(&pulse, segment, &wire, &presence, now);
	assert_false(pulse.ready);
	assert_false(heard("READY=1"));
	segment->wire_ready = 1;
	pulse_look(&pulse, segment, &wire, &presence, now);
	assert_true(pulse.ready);
	assert_true(heard("READY=1"));
	run_for(ALL, NS_PER_S);
	assert_false(heard("READY=1")); // once
}

static void feeds_the_watchdog_while_all_move(void **state)
{
	(void)state;
	segment->wire_ready = 1;
	run_for(ALL, 2 * NS_PER_S);
	// At least twice in each of systemd's intervals.
	assert_in_range(run_for(ALL, 3 * NS_PER_S), 2, 3);
	// Beats that come rarely and never in the same tick are progress all the same.
	unsigned int fed = 0;

	for (int i = 0; i < 6; i++)
		fed += run_for(i % 2 ? CORE_0 | CORE_1 : WORKER, TICK_MS * NS_PER_MS) +
		       run_for(0, 2 * TICK_MS * NS_PER_MS);
	assert_true(fed >= 2);
}

static void starves_the_watchdog_when_one_stands_still(void **state)
{
	static const unsigned int still[] = {CORE_0, CORE_1, WORKER};

	(void)state;
	segment->wire_ready = 1;
	for (size_t i = 0; i < sizeof(still) / sizeof(still[0]); i++) {
		run_for(ALL, 2 * NS_PER_S);
		run_for(ALL & ~still[i], NS_PER_S);
		assert_int_equal(run_for(ALL & ~still[i], 5 * NS_PER_S), 0);
		assert_true(run_for(ALL, 2 * NS_PER_S) > 0);
	}
}

static void kills_the_half_that_hangs(void **state)
{
	static const struct {
		unsigned int beats;
		struct runner *hangs, *lives;
	} table[] = {{ALL & ~WORKER, &presence, &wire}, {ALL & ~CORE_1, &wire, &presence}};
	int status;

	(void)state;
	segment->wire_ready = 1;
	for (size_t i = 0; i < 2; i++) {
		run_for(ALL, NS_PER_S);
		run_for(table[i].beats, PULSE_HANG_NS - NS_PER_S);
		assert_false(runner_reap(table[i].hangs, &status));
		run_for(table[i].beats, 2 * NS_PER_S);
		assert_int_equal(waitpid(table[i].hangs->pid, &status, 0), table[i].hangs->pid);
		assert_int_equal(WTERMSIG(status), SIGKILL);
		assert_false(runner_reap(table[i].lives, &status));
		*table[i].hangs = runner_of("anew");
		// One that was just started has time to load what it needs.
		run_for(table[i].beats, PULSE_HANG_NS - NS_PER_S);
		assert_false(runner_reap(table[i].hangs, &status));
	}
}

// The supervisor is root, and the number of poll cores lies where the wire process can write.
static void believes_no_number_of_the_wire(void **state)
{
	static struct {
		struct pulse pulse;
		struct pulse_beat behind[64];
	} memory;
	static const struct pulse_beat untouched[64];

	(void)state;
	segment->lcores = SEGMENT_LCORES + 64;
	memset((char *)segment->counters + sizeof(segment->counters), 1,
	       64 * sizeof(segment->counters[0]));
	pulse_look(&memory.pulse, segment, &wire, &presence, now);
	assert_memory_equal(memory.behind, untouched, sizeof(untouched));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_ready_when_ports_are_polled_and_the_worker_runs,
						start, stop),
		cmocka_unit_test_setup_teardown(feeds_the_watchdog_while_all_move, start, stop),
		cmocka_unit_test_setup_teardown(starves_the_watchdog_when_one_stands_still, start,
						stop),
		cmocka_unit_test_setup_teardown(kills_the_half_that_hangs, start, stop),
		cmocka_unit_test_setup_teardown(believes_no_number_of_the_wire, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
