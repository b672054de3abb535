// SPDX-License-Identifier: Apache-2.0
// ioctls of netdevice(7) and the old single-feature ethtool commands, which all kernels have.
#include "dataplane/interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct ifreq request(const char *name)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ifr;
}

static int ethtool(int fd, const char *name, void *command)
{
	struct ifreq ifr = request(name);

	ifr.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static void note_address(struct interface *interface, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
		if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)) {
			interface->link_local = true;
			return;
		}
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
	}
	if (text[0])
		snprintf(interface->address, sizeof(interface->address), "%s", text);
}

static void read_addresses(struct interface *interface)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		if (one->ifa_addr && strcmp(one->ifa_name, interface->name) == 0)
			note_address(interface, one->ifa_addr);
	freeifaddrs(all);
}

int interface_read(const char *name, struct interface *interface)
{
	struct ifreq ifr = request(name);
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	memset(interface, 0, sizeof(*interface));
	if (fd < 0)
		return -errno;
	memcpy(interface->name, ifr.ifr_name, sizeof(interface->name));
	interface->index = if_nametoindex(name);
	if (interface->index == 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0) {
		err = -ENODEV;
		goto out;
	}
	interface->up = ifr.ifr_flags & IFF_UP;
	interface->carrier = ifr.ifr_flags & IFF_RUNNING;
	interface->promiscuous = ifr.ifr_flags & IFF_PROMISC;
	if (ioctl(fd, SIOCGIFMTU, &ifr) < 0) {
		err = -errno;
		goto out;
	}
	interface->mtu = (unsigned int)ifr.ifr_mtu;
	if (ethtool(fd, name, &info) == 0)
		snprintf(interface->driver, sizeof(interface->driver), "%s", info.driver);
	read_addresses(interface);
out:
	close(fd);
	return err;
}

// Of one feature: 0 when it is off or not there, 1 when it was turned off, or -errno.
static int turn_off(int fd, const char *name, uint32_t get, uint32_t set)
{
	struct ethtool_value value = {.cmd = get};
	int err = ethtool(fd, name, &value);

	if (err == -EOPNOTSUPP || (err == 0 && value.data == 0))
		return 0;
	if (err)
		return err;
	value = (struct ethtool_value){.cmd = set};
	err = ethtool(fd, name, &value);
	return err ? err : 1;
}

// The features ethtool keeps in one word of flags.
static int turn_flags_off(int fd, const char *name, uint32_t flag)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GFLAGS};
	int err = ethtool(fd, name, &value);

	if (err == -EOPNOTSUPP || (err == 0 && !(value.data & flag)))
		return 0;
	if (err)
		return err;
	value.cmd = ETHTOOL_SFLAGS;
	value.data &= ~flag;
	err = ethtool(fd, name, &value);
	return err ? err : 1;
}

int interface_offloads_off(const char *name, char *changed, size_t size)
{
	static const struct {
		const char *word;
		uint32_t get, set; // or, with set 0, a flag in get
	} features[] = {
		{"gro", ETHTOOL_GGRO, ETHTOOL_SGRO}, {"lro", ETH_FLAG_LRO, 0},
		{"rxvlan", ETH_FLAG_RXVLAN, 0}, // a stripped tag does not reach XDP
		{"txvlan", ETH_FLAG_TXVLAN, 0},      {"tso", ETHTOOL_GTSO, ETHTOOL_STSO},
		{"gso", ETHTOOL_GGSO, ETHTOOL_SGSO}, {"tx", ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM},
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result = 0;
	size_t used = 0;

	if (fd < 0)
		return -errno;
	changed[0] = '\0';
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		int done = features[i].set ? turn_off(fd, name, features[i].get, features[i].set)
					   : turn_flags_off(fd, name, features[i].get);
		if (done < 0) {
			snprintf(changed, size, "%s", features[i].word);
			result = done;
			break;
		}
		if (done && used < size)
			used += (size_t)snprintf(changed + used, size - used, "%s%s",
						 used ? "," : "", features[i].word);
	}
	close(fd);
	return result;
}

int interface_ipv6_off(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int err = write(fd, "1\n", 2) == 2 ? 0 : -errno;
	close(fd);
	return err;
}
