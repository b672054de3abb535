// SPDX-License-Identifier: Apache-2.0
// Whose XDP program is taken off an interface: only that of an engine that is no more. Programs of
// two instructions on a veth interface of two queues, in a namespace that goes with the process.
// Needs root; skipped without.
#include "dataplane/interface_xdp.h"

#include "config/log.h"

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { SKIPPED = 77, PAGE_BYTES = 4096, NO_SOCKET = -1 };

static unsigned int ma; // the interface

static int bpf(int command, union bpf_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (fd < 0)
		fail_msg("bpf(%d)", command);
	return fd;
}

static int sockets_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_XSKMAP;
	attr.key_size = attr.value_size = sizeof(uint32_t);
	attr.max_entries = 2;
	return bpf(BPF_MAP_CREATE, &attr);
}

// r1 = the map, if it is to have one; return XDP_PASS.
static int program_load(const char *name, bool has_map)
{
	int map = has_map ? sockets_map() : -1;
	const struct bpf_insn code[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = has_map ? BPF_PSEUDO_MAP_FD : 0,
		 .imm = has_map ? map : 0},
		{.code = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uint64_t)(uintptr_t) "GPL";
	snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	int fd = bpf(BPF_PROG_LOAD, &attr);
	if (map >= 0)
		close(map);
	return fd;
}

// As `ip link` does it: the program stays when its descriptor is closed; -1 takes it off.
static void attach(int program, uint32_t mode)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct rtattr nest, fd;
		int32_t program;
		struct rtattr flags;
		uint32_t mode;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_SETLINK,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.link = {.ifi_index = (int)ma},
		.nest = {RTA_LENGTH(2 * RTA_LENGTH(sizeof(int32_t))), IFLA_XDP | NLA_F_NESTED},
		.fd = {RTA_LENGTH(sizeof(int32_t)), IFLA_XDP_FD},
		.program = program,
		.flags = {RTA_LENGTH(sizeof(uint32_t)), IFLA_XDP_FLAGS},
		.mode = mode,
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr verdict;
		char rest[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_int_equal(send(fd, &request, sizeof(request), 0), sizeof(request));
	assert_true(recv(fd, &answer, sizeof(answer), 0) > 0);
	assert_int_equal(answer.verdict.error, 0);
	close(fd);
}

static bool is_attached(void)
{
	return system("ip -d link show dev ma | grep -q prog/xdp") == 0;
}

static int live_socket(unsigned int queue)
{
	void *memory = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct xdp_umem_reg area = {
		.addr = (uintptr_t)memory, .len = PAGE_BYTES, .chunk_size = PAGE_BYTES};
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
				       .sxdp_flags = XDP_COPY,
				       .sxdp_ifindex = ma,
				       .sxdp_queue_id = queue};
	int entries = 2, fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &area, sizeof(area)), 0);
	for (int ring = XDP_RX_RING; ring <= XDP_UMEM_COMPLETION_RING; ring++)
		if (ring != XDP_UMEM_REG)
			assert_int_equal(setsockopt(fd, SOL_XDP, ring, &entries, sizeof(entries)),
					 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static const struct {
	const char *name; // of the program; NULL: none
	bool has_map;
	uint32_t mode;
	int queue; // with a live socket
	const char *says;
} rows[] = {
	{NULL, false, 0, NO_SOCKET, NULL},
	{NULL, false, 0, 1, NULL}, // we take the first queue
	{NULL, false, 0, 0, "another program has an AF_XDP socket on ma"},
	{"xsk_def_prog", true, XDP_FLAGS_DRV_MODE, NO_SOCKET, NULL},
	{"xsk_def_prog", true, XDP_FLAGS_SKB_MODE, NO_SOCKET, NULL},
	{"xsk_def_prog", true, XDP_FLAGS_DRV_MODE, 0, "`ip link set dev ma xdp off`"},
	{"xsk_def_prog", true, XDP_FLAGS_DRV_MODE, 1, "`ip link set dev ma xdp off`"},
	{"xsk_def_prog", false, XDP_FLAGS_DRV_MODE, NO_SOCKET, "`ip link set dev ma xdp off`"},
	{"somebody", true, XDP_FLAGS_DRV_MODE, NO_SOCKET, "is attached to ma already"},
	{"somebody", false, XDP_FLAGS_SKB_MODE, NO_SOCKET, "is attached to ma already"},
	{"xdp_dispatcher", false, XDP_FLAGS_DRV_MODE, NO_SOCKET, "is attached to ma already"},
};

static void test_whose(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[512] = "";
		int fd = rows[i].queue == NO_SOCKET ? -1 : live_socket((unsigned)rows[i].queue);

		if (rows[i].name) {
			int program = program_load(rows[i].name, rows[i].has_map);
			attach(program, rows[i].mode);
			close(program);
			assert_true(is_attached());
		}
		int err = interface_xdp_clear(ma, "ma", error, sizeof(error));
		if ((err != 0) != (rows[i].says != NULL) ||
		    (rows[i].says && !strstr(error, rows[i].says)))
			fail_msg("row %zu: %d %s", i, err, error);
		if (is_attached() != (rows[i].name && rows[i].says))
			fail_msg("row %zu: attached %d", i, is_attached());
		if (is_attached())
			attach(-1, rows[i].mode);
		if (fd >= 0)
			close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_whose)};

	if (geteuid() != 0)
		return SKIPPED;
	log_init("test", LOG_TO_STDERR, LOG_INFO);
	if (unshare(CLONE_NEWNET) != 0 ||
	    system("ip link add name ma numtxqueues 2 numrxqueues 2 type veth "
		   "peer name va numtxqueues 2 numrxqueues 2 && "
		   "ip link set dev ma up && ip link set dev va up") != 0)
		return EXIT_FAILURE;
	ma = if_nametoindex("ma");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
