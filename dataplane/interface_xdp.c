// SPDX-License-Identifier: Apache-2.0
// Netlink asks for the program and takes it off (rtnetlink(7), IFLA_XDP), bpf(2) for its name. A
// program of libxdp's own for AF_XDP sockets is dead when no such socket is bound to the interface.
#include "dataplane/interface_xdp.h"

#include "config/log.h"
#include "dataplane/xdp_socket.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ANSWER_BYTES = 32768, PROGRAM_MAPS = 8 };

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

// The attached program, and the flag of its mode, which it can be taken off by only.
struct attached {
	uint32_t program; // 0: none, or the kernel would not say
	uint32_t mode;
};

static struct attached attached_to(unsigned int index)
{
	static const struct {
		unsigned short id;
		uint32_t mode;
	} modes[] = {{IFLA_XDP_DRV_PROG_ID, XDP_FLAGS_DRV_MODE},
		     {IFLA_XDP_SKB_PROG_ID, XDP_FLAGS_SKB_MODE},
		     {IFLA_XDP_HW_PROG_ID, XDP_FLAGS_HW_MODE}};
	struct link_request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.link)),
						  .nlmsg_type = RTM_GETLINK,
						  .nlmsg_flags = NLM_F_REQUEST},
				       .link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index}};
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	struct attached attached = {0};
	ssize_t len = ask(NETLINK_ROUTE, &request.header, answer, sizeof(answer));
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;

	if (len < 0 || !NLMSG_OK(header, (size_t)len) || header->nlmsg_type != RTM_NEWLINK)
		return attached;
	const struct ifinfomsg *link = NLMSG_DATA(header);
	const struct rtattr *xdp = find(IFLA_RTA(link), IFLA_PAYLOAD(header), IFLA_XDP);
	for (size_t i = 0; xdp && i < sizeof(modes) / sizeof(modes[0]); i++) {
		const struct rtattr *id = find(RTA_DATA(xdp), RTA_PAYLOAD(xdp), modes[i].id);
		if (!id)
			continue;
		memcpy(&attached.program, RTA_DATA(id), sizeof(attached.program));
		attached.mode = modes[i].mode;
		if (attached.program)
			return attached;
	}
	return attached;
}

static int bpf(int command, union bpf_attr *attr)
{
	long rc = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return rc < 0 ? -errno : (int)rc;
}

static int describe(int fd, void *info, uint32_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = size;
	attr.info.info = (uint64_t)(uintptr_t)info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static bool is_of_sockets(uint32_t map)
{
	union bpf_attr attr;
	struct bpf_map_info info;

	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.map_id = map;
	int fd = bpf(BPF_MAP_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return false;
	int err = describe(fd, &info, sizeof(info));
	close(fd);
	return err == 0 && info.type == BPF_MAP_TYPE_XSKMAP;
}

// A descriptor of the program if it is libxdp's and feeds AF_XDP sockets; -1: it is not.
static int ours_open(uint32_t program)
{
	union bpf_attr attr;
	struct bpf_prog_info info;
	uint32_t maps[PROGRAM_MAPS];
	bool feeds = false;

	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.prog_id = program;
	int fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return -1;
	info.map_ids = (uint64_t)(uintptr_t)maps;
	info.nr_map_ids = PROGRAM_MAPS;
	if (describe(fd, &info, sizeof(info)) == 0 &&
	    strncmp(info.name, OUR_PROGRAM, BPF_OBJ_NAME_LEN - 1) == 0)
		for (uint32_t i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS && !feeds; i++)
			feeds = is_of_sockets(maps[i]);
	if (feeds)
		return fd;
	close(fd);
	return -1;
}

// This program and no other, should somebody have put one in its place by now.
static int detach(unsigned int index, int program_fd, uint32_t mode)
{
	struct link_request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.link)),
						  .nlmsg_type = RTM_SETLINK,
						  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
				       .link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index}};
	struct {
		struct rtattr nest;
		struct {
			struct rtattr head;
			int32_t value;
		} fd, expected, flags;
	} xdp = {
		.nest = {sizeof(xdp), IFLA_XDP | NLA_F_NESTED},
		.fd = {{RTA_LENGTH(sizeof(int32_t)), IFLA_XDP_FD}, -1},
		.expected = {{RTA_LENGTH(sizeof(int32_t)), IFLA_XDP_EXPECTED_FD}, program_fd},
		.flags = {{RTA_LENGTH(sizeof(int32_t)), IFLA_XDP_FLAGS},
			  (int32_t)(mode | XDP_FLAGS_REPLACE)},
	};
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

// 0 when it was a killed engine's and is gone; else somebody's, or it can't be taken off.
static int leftover_remove(unsigned int index, const char *name, struct attached attached)
{
	int fd = ours_open(attached.program);

	if (fd < 0)
		return -EBUSY;
	// Another program may use other queues than the one we want, and needs it as well.
	int err = xdp_socket_wait(index, name, XDP_SOCKET_ALL_QUEUES);
	if (!err)
		err = detach(index, fd, attached.mode);
	close(fd);
	if (!err)
		log_warn("port", "xdp-leftover", "interface=%s program=%u action=removed", name,
			 attached.program);
	return err;
}

int interface_xdp_clear(unsigned int index, const char *name, char *error, size_t error_size)
{
	struct attached attached = attached_to(index);

	if (attached.program && leftover_remove(index, name, attached) == 0)
		return 0;
	attached = attached_to(index); // its engine may have ended in order while we waited
	if (attached.program) {
		snprintf(error, error_size,
			 "an XDP program (number %u) is attached to %s already: stop the program "
			 "that uses it, or `ip link set dev %s xdp off`",
			 attached.program, name, name);
		return -EBUSY;
	}
	// An engine that was stopped a moment ago may still hold the queue.
	int err = xdp_socket_wait(index, name, XDP_SOCKET_FIRST_QUEUE);
	if (err == -EBUSY)
		snprintf(error, error_size,
			 "another program has an AF_XDP socket on %s: stop it; `ss --xdp -p` or "
			 "`lsof | grep XDP` says which it is",
			 name);
	else if (err)
		snprintf(error, error_size, "no AF_XDP socket can be had on %s: %s", name,
			 strerror(-err));
	return err;
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
	setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
	redirect("libxdp.so.1", "libxdp_set_print");
	redirect("libbpf.so.1", "libbpf_set_print");
}
