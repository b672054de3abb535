// SPDX-License-Identifier: Apache-2.0
// The configuration of the embedded redis-server: no TCP, a socket for our eyes only, every write
// in the append-only file (fsync each second), nothing ever evicted.
#pragma once

// To be freed; NULL: no memory. Paths may hold any octet.
char *server_conf(const char *dir, const char *socket);
