// SPDX-License-Identifier: Apache-2.0
// Writes a capture as two mirrors would show it: each packet a second time, LAG packets later.
// Usage: double_capture FROM TO LAG
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAGS = 16 };

struct packet {
	struct pcap_pkthdr header;
	unsigned char data[65536];
};

static struct packet late[LAGS];

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE] = "usage: double_capture FROM TO LAG";
	unsigned long lag = argc == 4 ? strtoul(argv[3], NULL, 10) : LAGS, count = 0;
	pcap_t *from = lag < LAGS ? pcap_open_offline(argv[1], error) : NULL;
	pcap_dumper_t *to = from ? pcap_dump_open(from, argv[2]) : NULL;
	struct pcap_pkthdr *header;
	const unsigned char *data;

	if (!to) {
		fprintf(stderr, "%s\n", from ? pcap_geterr(from) : error);
		return 1;
	}
	for (; pcap_next_ex(from, &header, &data) == 1; count++) {
		pcap_dump((void *)to, header, data);
		struct packet *here = &late[count % (lag + 1)], *then;
		here->header = *header;
		memcpy(here->data, data, header->caplen);
		then = &late[(count + 1) % (lag + 1)];
		if (count >= lag)
			pcap_dump((void *)to, &then->header, then->data);
	}
	for (unsigned long i = count > lag ? count - lag : 0; i < count; i++)
		pcap_dump((void *)to, &late[i % (lag + 1)].header, late[i % (lag + 1)].data);
	pcap_dump_close(to);
	pcap_close(from);
	return 0;
}
