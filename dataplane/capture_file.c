// SPDX-License-Identifier: Apache-2.0
// pcap through libpcap, which knows its dialects. pcapng by our own reader: libpcap refuses files
// whose interfaces differ in link type or snap length, as they do where several captures were
// merged.
#include "dataplane/capture_file.h"

#include "dataplane/link_type.h"
#include "dataplane/pcapng.h"
#include "dataplane/refuse.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NS_IN_S = 1000000000 };

struct capture_file {
	const char *path;
	FILE *file;
	pcap_t *pcap;          // owns file
	struct pcapng *pcapng; // borrows file
	bool has_known;        // a packet of a link type that is read
	uint64_t others;       // packets passed over, of other interfaces
	int other_link;        // of the last of them
};

// What a capture is often packed with.
static const struct {
	uint8_t magic[4], len;
	const char *unpack;
} packed[] = {
	{{0x1f, 0x8b}, 2, "gzip -dc"},             // RFC 1952 2.3.1
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, "zstd -dc"}, // RFC 8878 3.1.1
	{{0xfd, '7', 'z', 'X'}, 4, "xz -dc"},
	{{'B', 'Z', 'h'}, 3, "bzip2 -dc"},
	{{0x04, 0x22, 0x4d, 0x18}, 4, "lz4 -dc"},
};

// How to unpack a file whose first octets are those; NULL: it isn't packed.
static const char *unpacker(const uint8_t magic[4])
{
	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++)
		if (memcmp(magic, packed[i].magic, packed[i].len) == 0)
			return packed[i].unpack;
	return NULL;
}

static int link_check(const struct capture_file *capture, int link, char *error, size_t size)
{
	const char *name = pcap_datalink_val_to_name(link);

	if (link_type_known(link))
		return 0;
	return refuse(-ENOTSUP, error, size,
		      "%s has frames of link type %s, which are not read; Ethernet, Linux cooked, "
		      "raw IP and loopback are",
		      capture->path, name ? name : "unknown");
}

static int open_kind(struct capture_file *capture, char *error, size_t size)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	uint8_t magic[4];
	size_t got = fread(magic, 1, sizeof(magic), capture->file);

	if (ferror(capture->file))
		return refuse(-errno, error, size, "%s: %s", capture->path, strerror(errno));
	if (got < sizeof(magic))
		return refuse(-EINVAL, error, size, "%s is no capture (pcap or pcapng): %s",
			      capture->path, got > 0 ? "only a few octets" : "empty");
	if (unpacker(magic))
		return refuse(-EINVAL, error, size,
			      "%s is compressed; unpack it: %s FILE | offhookctl replay -",
			      capture->path, unpacker(magic));
	if (pcapng_is(magic)) {
		capture->pcapng = pcapng_new(capture->file);
		return capture->pcapng ? 0 : refuse(-ENOMEM, error, size, "no memory");
	}
	// Works on pipes, too: glibc takes back as many octets as were just read.
	while (got > 0)
		ungetc(magic[--got], capture->file);
	capture->pcap = pcap_fopen_offline_with_tstamp_precision(
		capture->file, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (!capture->pcap)
		return refuse(-EINVAL, error, size, "%s is no capture (pcap or pcapng): %s",
			      capture->path, reason);
	return link_check(capture, pcap_datalink(capture->pcap), error, size);
}

struct capture_file *capture_file_open(const char *path, int *err, char *error, size_t size)
{
	struct capture_file *capture = calloc(1, sizeof(*capture));
	bool standard = strcmp(path, "-") == 0;

	if (!capture) {
		*err = refuse(-ENOMEM, error, size, "no memory");
		return NULL;
	}
	capture->path = standard ? "standard input" : path;
	capture->file = standard ? stdin : fopen(path, "rb");
	if (capture->file)
		*err = open_kind(capture, error, size);
	else
		*err = refuse(-errno, error, size, "%s: %s", path, strerror(errno));
	if (!*err)
		return capture;
	capture_file_close(capture);
	return NULL;
}

void capture_file_close(struct capture_file *capture)
{
	if (!capture)
		return;
	pcapng_free(capture->pcapng);
	if (capture->pcap)
		pcap_close(capture->pcap); // leaves stdin open
	else if (capture->file && capture->file != stdin)
		fclose(capture->file);
	free(capture);
}

static int next_pcap(struct capture_file *capture, struct capture_packet *packet,
		     const char **reason)
{
	struct pcap_pkthdr *header;
	int got = pcap_next_ex(capture->pcap, &header, &packet->data);

	if (got == PCAP_ERROR_BREAK) // the end of the file
		return 0;
	if (got != 1) {
		*reason = pcap_geterr(capture->pcap);
		// libpcap has no code for it, only this word.
		return strstr(*reason, "truncated") ? -ENODATA : -EINVAL;
	}
	packet->link = pcap_datalink(capture->pcap);
	packet->len = header->caplen;
	packet->wire_len = header->len;
	// tv_usec: nanoseconds, as asked for
	packet->time_ns = (uint64_t)header->ts.tv_sec * NS_IN_S + (uint64_t)header->ts.tv_usec;
	return 1;
}

static int next_packet(struct capture_file *capture, struct capture_packet *packet,
		       const char **reason)
{
	int got;

	if (!capture->pcapng)
		return next_pcap(capture, packet, reason);
	while ((got = pcapng_next(capture->pcapng, packet, reason)) > 0) {
		if (link_type_known(packet->link)) {
			capture->has_known = true;
			break;
		}
		capture->others++;
		capture->other_link = packet->link;
	}
	return got;
}

// All interfaces of a machine in one file: those that carry no IP are no hindrance for the others.
static int end_of_file(const struct capture_file *capture, char *error, size_t size)
{
	const char *name = pcap_datalink_val_to_name(capture->other_link);

	if (capture->others == 0)
		return 0;
	if (!capture->has_known)
		return link_check(capture, capture->other_link, error, size);
	return refuse(0, error, size, "%s: packets of link type %s or others, passed over: %llu",
		      capture->path, name ? name : "unknown", (unsigned long long)capture->others);
}

int capture_file_next(struct capture_file *capture, struct capture_packet *packet, char *error,
		      size_t size)
{
	const char *reason = "";
	int got = next_packet(capture, packet, &reason);

	if (got == -ENODATA)
		return refuse(0, error, size, "%s ends in the middle of a packet: %s",
			      capture->path, reason);
	if (got < 0)
		return refuse(got, error, size, "%s: %s", capture->path, reason);
	return got > 0 ? got : end_of_file(capture, error, size);
}
