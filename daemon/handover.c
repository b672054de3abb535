// SPDX-License-Identifier: Apache-2.0
#include "daemon/handover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int handover_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == -1)
		return -errno;
	return 0;
}

int handover_send(int fd, enum handover_kind kind, int payload_fd, const char *text)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct handover_message message = {.kind = (int)kind, .fd = -1};
	struct iovec iov = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	snprintf(message.text, sizeof(message.text), "%s", text);
	if (payload_fd >= 0) {
		header.msg_control = control.space;
		header.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &payload_fd, sizeof(int));
	}
	if (sendmsg(fd, &header, MSG_NOSIGNAL) == -1)
		return -errno;
	return 0;
}

int handover_receive(int fd, struct handover_message *message)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {message, sizeof(*message)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n != (ssize_t)sizeof(*message))
		return -EPIPE;
	message->fd = -1;
	message->text[sizeof(message->text) - 1] = '\0';
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part != NULL;
	     part = CMSG_NXTHDR(&header, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
			memcpy(&message->fd, CMSG_DATA(part), sizeof(int));
	return 1;
}

int handover_payload_write(const struct handover_payload *payload)
{
	int fd = memfd_create("offhook-settings", MFD_CLOEXEC);

	if (fd == -1)
		return -errno;
	if (write(fd, payload, sizeof(*payload)) != (ssize_t)sizeof(*payload)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

int handover_payload_read(int fd, struct handover_payload *payload)
{
	return pread(fd, payload, sizeof(*payload), 0) == (ssize_t)sizeof(*payload) ? 0 : -EIO;
}
