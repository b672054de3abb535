// SPDX-License-Identifier: Apache-2.0
// DPDK's environment, once a process: on hugepages when enough are free, else on ordinary memory;
// without files, so that engines run side by side and an ordinary user can replay; its log through
// ours.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

struct cores;

struct eal_plan {
	const struct cores *cores; // NULL: no poll cores (replay)
	uint64_t memory_bytes;     // that will be needed, without hugepages
	uint64_t hugepage_bytes;   // with
	bool may_use_hugepages;
	const char *pci[SETTINGS_PORTS]; // addresses of PCI ports
	unsigned int pci_count;
	// Where DPDK's own tools find its sockets, and its --file-prefix; NULL: they may not.
	const char *tools_dir, *tools_prefix;
	const settings_text *extra; // further arguments of the operator
	unsigned int extra_count;
};

// 0, or -errno with a sentence in error. Pins the calling thread to the main CPU, if there is one.
// A second call in the same process changes nothing: DPDK can't start twice.
int eal_start(const struct eal_plan *plan, char *error, size_t error_size);
bool eal_on_hugepages(void);
// Octets that a packet buffer takes.
uint64_t eal_buffer_bytes(uint32_t data_room, bool hugepages);
// Octets of free hugepages on this machine.
uint64_t eal_free_hugepages(void);
// The last error or warning DPDK logged, for sentences about why something failed; never NULL.
const char *eal_last_words(void);
