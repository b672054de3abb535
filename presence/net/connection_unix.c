// SPDX-License-Identifier: Apache-2.0
// Unix stream sockets, for a Redis on the same machine. They connect at once or not at all; reading
// and writing is as with TCP.
#include "presence/net/connection_private.h"

#include <errno.h>

int unix_connect(const struct connection_options *options, int *connect_error)
{
	const struct sockaddr *peer = (const struct sockaddr *)&options->peer;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, peer, options->peer_len) < 0)
		*connect_error = -errno;
	return fd;
}
