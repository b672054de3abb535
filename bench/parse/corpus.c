// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sip/gate.h"

enum { MADE_UP_CALLS = 900 };

static int load_file(struct sample_set *set, const char *path)
{
	static char text[SIP_MAX_BYTES];
	FILE *file = fopen(path, "rb");
	size_t len;

	if (file == NULL)
		return -errno;
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	return sample_add(set, text, len);
}

static int load_folder(struct sample_set *set, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	int ret = 0;

	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (ret == 0 && entries[i]->d_name[0] != '.')
			ret = load_file(set, name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static size_t be16(const u_char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

// The UDP payload of an Ethernet frame: IPv4 or IPv6 without extension headers, not a fragment.
static const u_char *udp_payload(const u_char *frame, size_t *len)
{
	size_t off = 14, type, udp_len;

	if (*len < off)
		return NULL;
	type = be16(frame + 12);
	for (; (type == 0x8100 || type == 0x88a8) && *len >= off + 4; off += 4)
		type = be16(frame + off + 2);
	if (type == 0x0800 && *len >= off + 20 && frame[off + 9] == 17 &&
	    (be16(frame + off + 6) & 0x3fff) == 0)
		off += (size_t)(frame[off] & 15) * 4;
	else if (type == 0x86dd && *len >= off + 40 && frame[off + 6] == 17)
		off += 40;
	else
		return NULL;
	if (*len < off + 8)
		return NULL;
	udp_len = be16(frame + off + 4);
	if (udp_len < 8 || *len < off + udp_len)
		return NULL;
	*len = udp_len - 8;
	return frame + off + 8;
}

static int load_capture(struct sample_set *set, const char *path)
{
	struct gate_policy all = {.everything = true};
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *frame;
	pcap_t *pcap = pcap_open_offline(path, error);
	int ret = 0;

	if (pcap == NULL) {
		fprintf(stderr, "%s\n", error);
		return -EINVAL;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		fprintf(stderr, "%s: not Ethernet\n", path);
		ret = -EINVAL;
	}
	while (ret == 0 && pcap_next_ex(pcap, &header, &frame) == 1) {
		size_t len = header->caplen;
		const char *payload = (const char *)udp_payload(frame, &len);

		if (payload != NULL && gate_classify(&all, payload, len) == GATE_PARSE)
			ret = sample_add(set, payload, len);
	}
	pcap_close(pcap);
	return ret;
}

int corpus_load(struct sample_set *set, const char *path)
{
	struct stat info;
	int ret;

	if (path == NULL)
		return sample_calls_make(set, MADE_UP_CALLS);
	memset(set, 0, sizeof(*set));
	if (stat(path, &info) != 0)
		ret = -errno;
	else if (S_ISDIR(info.st_mode))
		ret = load_folder(set, path);
	else
		ret = load_capture(set, path);
	if (ret == 0 && set->count == 0)
		ret = -ENODATA;
	if (ret != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
		sample_set_fini(set);
	}
	return ret;
}
