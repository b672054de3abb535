// SPDX-License-Identifier: Apache-2.0
// Tells systemd how we are (sd_notify(3) protocol, $NOTIFY_SOCKET). Without systemd: nothing.
#pragma once

#include <stdint.h>

void notify_send(const char *state); // "READY=1", "WATCHDOG=1", "STATUS=..."
// Interval in which systemd wants to hear WATCHDOG=1; 0: it doesn't.
uint64_t notify_watchdog_ns(void);
