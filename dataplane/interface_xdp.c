// SPDX-License-Identifier: Apache-2.0
// Netlink asks for the program and takes it off (rtnetlink(7), IFLA_XDP), bpf(2) for its name. A
// program of libxdp's own for AF_XDP sockets is dead when no such socket is bound to the interface.
// That is found out by binding one: not every kernel has the diagnosis of AF_XDP sockets.
#include "dataplane/interface_xdp.h"

#include "config/log.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_BYTES = 32768, PROBE_BYTES = 4096, PROBES = 5 };

static const char OUR_PROGRAM[] = "xsk_def_prog"; // libxdp's, which net_af_xdp attaches

struct link_request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char attributes[64];
};

// Sends a request and reads one answer. Octets of it, or -errno.
static ssize_t ask(int protocol, const struct nlmsghdr *header, char *answer, size_t size)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	struct timeval patience = {.tv_sec = 2};
	ssize_t len;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	len = send(fd, header, header->nlmsg_len, 0);
	if (len >= 0)
		len = recv(fd, answer, size, 0);
	if (len < 0)
		len = -errno;
	close(fd);
	return len;
}

static const struct rtattr *find(const void *first, size_t len, unsigned short type)
{
	int left = (int)len;

	for (const struct rtattr *at = first; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

// Number of the attached program; 0: none, or the kernel would not say.
static uint32_t attached(unsigned int index)
{
	static const unsigned short ids[] = {IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID,
					     IFLA_XDP_SKB_PROG_ID, IFLA_XDP_HW_PROG_ID};
	struct link_request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.link)),
						  .nlmsg_type = RTM_GETLINK,
						  .nlmsg_flags = NLM_F_REQUEST},
				       .link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index}};
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	ssize_t len = ask(NETLINK_ROUTE, &request.header, answer, sizeof(answer));
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;

	if (len < 0 || !NLMSG_OK(header, (size_t)len) || header->nlmsg_type != RTM_NEWLINK)
		return 0;
	const struct ifinfomsg *link = NLMSG_DATA(header);
	const struct rtattr *xdp = find(IFLA_RTA(link), IFLA_PAYLOAD(header), IFLA_XDP);
	for (size_t i = 0; xdp && i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct rtattr *id = find(RTA_DATA(xdp), RTA_PAYLOAD(xdp), ids[i]);
		uint32_t value;
		if (!id)
			continue;
		memcpy(&value, RTA_DATA(id), sizeof(value));
		if (value)
			return value;
	}
	return 0;
}

static bool is_ours(uint32_t program)
{
	union bpf_attr attr;
	struct bpf_prog_info info;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = program;
	int fd = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
	if (fd < 0)
		return false;
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	long err = syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
	close(fd);
	return err == 0 && strncmp(info.name, OUR_PROGRAM, BPF_OBJ_NAME_LEN - 1) == 0;
}

// An AF_XDP socket on the first queue, with the least of everything it needs. 0 or -errno.
static int bind_probe(int fd, unsigned int index, void *memory)
{
	struct xdp_umem_reg area = {
		.addr = (uintptr_t)memory, .len = PROBE_BYTES, .chunk_size = PROBE_BYTES / 2};
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY, .sxdp_ifindex = index};
	static const int rings[] = {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING};
	int entries = 2;

	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &area, sizeof(area)) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)) < 0)
			return -errno;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

// Whether an AF_XDP socket is bound to the interface: then no other can be. The kernel lets go of a
// closed socket a little later, one that was killed and the one tried here alike.
static bool in_use(unsigned int index)
{
	const struct timespec a_moment = {.tv_nsec = 100000000};
	void *memory = mmap(NULL, PROBE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int err = -EBUSY;

	if (memory == MAP_FAILED)
		return true;
	for (int i = 0; i < PROBES && err == -EBUSY; i++) {
		int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
		if (fd < 0)
			break;
		err = bind_probe(fd, index, memory);
		close(fd);
		nanosleep(&a_moment, NULL);
	}
	munmap(memory, PROBE_BYTES);
	return err != 0;
}

static int detach(unsigned int index)
{
	struct link_request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.link)),
						  .nlmsg_type = RTM_SETLINK,
						  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
				       .link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index}};
	struct {
		struct rtattr nest, fd;
		int32_t value;
	} xdp = {{sizeof(xdp), IFLA_XDP | NLA_F_NESTED},
		 {RTA_LENGTH(sizeof(int32_t)), IFLA_XDP_FD},
		 -1};
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];

	memcpy((char *)&request + request.header.nlmsg_len, &xdp, sizeof(xdp));
	request.header.nlmsg_len += sizeof(xdp);
	ssize_t len = ask(NETLINK_ROUTE, &request.header, answer, sizeof(answer));
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	if (len < 0)
		return (int)len;
	if (!NLMSG_OK(header, (size_t)len) || header->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	const struct nlmsgerr *verdict = NLMSG_DATA(header);
	return verdict->error;
}

int interface_xdp_clear(unsigned int index, const char *name, char *error, size_t error_size)
{
	uint32_t program = attached(index);
	// Also without a program: an engine that just stopped may still hold the queue.
	bool free_now = (program == 0 || is_ours(program)) && !in_use(index);

	if (program == 0 && free_now)
		return 0;
	if (program == 0) {
		snprintf(error, error_size, "another program has an AF_XDP socket on %s: stop it",
			 name);
		return -EBUSY;
	}
	if (free_now && detach(index) == 0) {
		log_warn("port", "xdp-leftover", "interface=%s program=%u action=removed", name,
			 program);
		return 0;
	}
	snprintf(error, error_size,
		 "an XDP program (number %u) is attached to %s already: stop the program that uses "
		 "it, or `ip link set dev %s xdp off`",
		 program, name, name);
	return -EBUSY;
}

// Declared here because the engine is not linked with these libraries: DPDK loads them.
enum { LIBRARY_WARNS = 0 };
typedef int print_fn(int level, const char *fmt, va_list list);
typedef print_fn *set_print_fn(print_fn *printer);

__attribute__((format(printf, 2, 0))) static int print(int level, const char *fmt, va_list list)
{
	char text[256];
	int len = vsnprintf(text, sizeof(text), fmt, list);

	if (level <= LIBRARY_WARNS && len > 0)
		log_debug("libxdp", "says", "text=%s", log_quote(text));
	return len;
}

static void redirect(const char *library, const char *setter)
{
	void *loaded = dlopen(library, RTLD_NOW | RTLD_NOLOAD);

	if (!loaded)
		return;
	void *found = dlsym(loaded, setter);
	set_print_fn *set_print;
	memcpy(&set_print, &found, sizeof(set_print));
	if (set_print)
		set_print(print);
	dlclose(loaded);
}

void interface_xdp_prepare(void)
{
	setenv("LIBXDP_SKIP_DISPATCHER", "1", 0);
	redirect("libxdp.so.1", "libxdp_set_print");
	redirect("libbpf.so.1", "libbpf_set_print");
}
