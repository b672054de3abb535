// SPDX-License-Identifier: Apache-2.0
// One finished line to stderr, syslog(3) or the journal's native datagram socket
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/), in one system call each, so that the lines of two
// threads never mix.

#include "config/log_sink.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "config/clock.h"

#ifndef LOG_JOURNAL_SOCKET
#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"
#endif

enum { LOG_SINK_BYTES = 4096 };

static int journal = -1;

bool log_sink_syslog_open(const char *program)
{
	openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	return true;
}

bool log_sink_journal_open(const char *program)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = LOG_JOURNAL_SOCKET};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return false;
	}
	if (journal < 0) {
		journal = fd;
		return true;
	}
	// In place: another thread may be about to send, and a number closed here could be a
	// connection to somebody else by then.
	dup3(fd, journal, O_CLOEXEC);
	close(fd);
	return true;
}

void log_sink_stderr(const char *program, const struct log_record *record)
{
	char line[LOG_SINK_BYTES];
	uint64_t now_ns = clock_wall_ns();
	time_t now_s = (time_t)(now_ns / NS_PER_S);
	struct tm tm;
	int len;

	gmtime_r(&now_s, &tm);
	len = snprintf(line, sizeof(line), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ %s %s %s %s\n",
		       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		       tm.tm_sec, (unsigned int)(now_ns % NS_PER_S / NS_PER_MS), program,
		       record->level, record->area, record->text);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	// There is nowhere left to complain when stderr is gone.
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}

void log_sink_syslog(const struct log_record *record)
{
	syslog((int)record->severity, "%s %s", record->area, record->text);
}

bool log_sink_journal(const char *program, const struct log_record *record)
{
	char datagram[LOG_SINK_BYTES];
	int len;

	// KEY=value\n is the whole protocol as long as values hold no line end.
	len = snprintf(datagram, sizeof(datagram),
		       "MESSAGE=%s %s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nOFFHOOK_AREA=%s\n"
		       "OFFHOOK_EVENT=%s\n",
		       record->area, record->text, (int)record->severity, program, record->area,
		       record->event);
	if (journal < 0 || len < 0 || (size_t)len >= sizeof(datagram))
		return false;
	if (send(journal, datagram, (size_t)len, MSG_NOSIGNAL) == len)
		return true;
	// journald was restarted: its socket is another one now.
	return log_sink_journal_open(program) &&
	       send(journal, datagram, (size_t)len, MSG_NOSIGNAL) == len;
}
