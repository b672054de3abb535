// SPDX-License-Identifier: Apache-2.0
// Whether somebody has an AF_XDP socket on an interface. That is found out by binding one, which
// works with every kernel: many are built without the diagnosis of these sockets (xdp_diag).
#pragma once

enum { XDP_SOCKET_FIRST_QUEUE = 1, XDP_SOCKET_ALL_QUEUES = 0 };

// Waits until no socket is bound to the first `queues` of the interface: a process that was killed
// keeps its own while its memory is taken down. Blocks for a few seconds at most. 0; -EBUSY: one
// still is; other -errno: can't be tried.
int xdp_socket_wait(unsigned int index, const char *name, unsigned int queues);
