// SPDX-License-Identifier: Apache-2.0
#include "dataplane/capture_sink.h"

#include "config/clock.h"
#include "config/settings.h"
#include "dataplane/probe.h"
#include "link/capture_box.h"
#include "sip/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	COMMENT_BYTES = 256,
	HOLE_BYTES = 65536, // what is missing of a body; more is not believed
	HEP_PORT = 9060,    // by which other programs know it
	PATH_BYTES = SETTINGS_TEXT + 64,
};

// The directory belongs to engine.user; so shall the file when root writes it (--single).
static int open_file(const char *state_dir, uint64_t wall_ns, char path[PATH_BYTES])
{
	char name[CAPTURE_NAME_BYTES];
	int len = snprintf(path, PATH_BYTES, "%s/captures", state_dir);
	struct stat directory;
	int fd;

	if ((mkdir(path, 0750) < 0 && errno != EEXIST) || stat(path, &directory) < 0)
		return -errno;
	capture_file_name(wall_ns, name);
	snprintf(path + len, PATH_BYTES - (size_t)len, "/%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	// The umask of a service may be stricter.
	if (fchmod(fd, 0640) < 0 ||
	    (geteuid() == 0 && fchown(fd, directory.st_uid, directory.st_gid) < 0)) {
		int err = -errno;
		close(fd);
		unlink(path);
		return err;
	}
	return fd;
}

int capture_sink_open(struct capture_sink *sink, const struct settings *settings,
		      const struct siphash_key *key, const struct capture_request *request)
{
	const struct settings_wire *wire = &settings->wire;
	char path[PATH_BYTES];
	int fd, rc;

	*sink = (struct capture_sink){
		.key = *key,
		.ports = wire->port_count,
		.wall_ns = clock_wall_ns() - clock_mono_ns(),
	};
	fd = open_file(settings->engine.state_dir, request->wall_ns, path);
	if (fd < 0)
		return fd;
	rc = pcapng_writer_init(&sink->writer, fd, request->max_bytes);
	for (unsigned int i = 0; i < wire->port_count && rc == 0; i++)
		rc = pcapng_writer_interface(&sink->writer, wire->port[i]);
	if (rc == 0)
		rc = pcapng_writer_interface(&sink->writer, "offhook");
	if (rc == 0)
		rc = pcapng_writer_flush(&sink->writer);
	if (rc < 0) {
		pcapng_writer_close(&sink->writer);
		unlink(path);
	}
	return rc;
}

static struct capture_stream *stream_of(struct capture_sink *sink, const struct envelope *envelope,
					bool back)
{
	struct {
		uint8_t address[2][16];
		uint16_t port[2], version, zero;
	} both = {.version = envelope->version};

	memcpy(both.address[back], envelope->source, 16);
	memcpy(both.address[!back], envelope->target, 16);
	both.port[back] = envelope->source_port;
	both.port[!back] = envelope->target_port;
	uint64_t key = siphash64(&sink->key, &both, sizeof(both));
	struct capture_stream *stream = &sink->stream[key & (CAPTURE_STREAMS - 1)];
	if (stream->key != key)
		*stream = (struct capture_stream){.key = key, .next = 1};
	return stream;
}

// As one packet; of a stream, with sequence numbers that leave no hole where something else was,
// but one where the end of a body is missing, so that the next message is not taken for it.
static int write_message(struct capture_sink *sink, const struct probe_record *record,
			 struct pcapng_packet *packet)
{
	struct envelope envelope = {
		.version = record->version,
		.stream = record->stream,
		.source_port = record->source_port,
		.target_port = record->target_port,
	};
	struct capture_stream *stream = NULL;
	uint32_t len = record->len < ENVELOPE_PAYLOAD_BYTES ? record->len : ENVELOPE_PAYLOAD_BYTES;
	int rc;

	if (record->kind == PROBE_HEP)
		envelope.target_port = HEP_PORT;
	memcpy(envelope.source, record->source, sizeof(envelope.source));
	memcpy(envelope.target, record->target, sizeof(envelope.target));
	if (record->stream) {
		stream = stream_of(sink, &envelope, false);
		envelope.sequence = stream->next;
		envelope.acknowledged = stream_of(sink, &envelope, true)->next;
	}
	packet->len = (uint32_t)envelope_write(&envelope, record + 1, len, sink->packet);
	packet->wire_len = packet->len + record->len - len;
	packet->data = sink->packet;
	rc = pcapng_writer_packet(&sink->writer, packet);
	if (rc == 0 && stream)
		stream->next += record->len + (record->missing < HOLE_BYTES ? record->missing : 0);
	return rc;
}

// Why it is in the file, and what was done to it.
static void comment_on(const struct probe_record *record, char comment[COMMENT_BYTES])
{
	const char *made = "";

	comment[0] = '\0';
	if (record->kind == PROBE_MESSAGE)
		made = record->stream ? "put together anew from a TCP stream"
				      : "put together anew from fragments or HEP";
	else if (record->kind == PROBE_HEP)
		made = "HEP that came by a socket, put together anew without its addresses";
	if (record->reject != SIP_REJECT_NONE)
		snprintf(comment, COMMENT_BYTES, "offhook: rejected: %s%s%s",
			 sip_reject_name(record->reject), *made ? "; " : "", made);
	else if (record->counter != WIRE_RX_FRAMES)
		snprintf(comment, COMMENT_BYTES, "offhook: %s: %s%s%s",
			 wire_counter_name(record->counter), wire_counter_help(record->counter),
			 *made ? "; " : "", made);
	else if (*made)
		snprintf(comment, COMMENT_BYTES, "offhook: %s", made);
}

int capture_sink_write(struct capture_sink *sink, const struct probe_record *record)
{
	char comment[COMMENT_BYTES];
	struct pcapng_packet packet = {
		.wall_ns = sink->wall_ns + record->mono_ns,
		.interface = record->kind == PROBE_FRAME ? record->port : sink->ports,
		.len = record->len,
		.wire_len = record->len,
		.data = (const uint8_t *)(record + 1),
	};

	comment_on(record, comment);
	packet.comment = comment[0] ? comment : NULL;
	if (record->kind == PROBE_FRAME)
		return pcapng_writer_packet(&sink->writer, &packet);
	return write_message(sink, record, &packet);
}
