// SPDX-License-Identifier: Apache-2.0
// Poll cores follow an order by its generation at their housekeeping. What the order says is
// written only while all of them have seen that nothing is looked for, and the file is open from
// before the first of them looks until after the last has stopped.
#include "dataplane/capture.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "dataplane/capture_filter.h"
#include "dataplane/envelope.h"
#include "dataplane/pcapng_writer.h"
#include "dataplane/probe.h"
#include "link/segment.h"
#include "sip/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	IDLE_MS = 100,        // until a request is seen
	BUSY_MS = 5,          // a poll core's ring takes 800 MB/s so
	TURN_RECORDS = 20000, // written in one turn, so that the rest of the main thread goes on
	STREAMS = 1024,       // directions of connections remembered; a power of two
	COMMENT_BYTES = 256,
	HOLE_BYTES = 65536,
	HEP_PORT = 9060, // by which other programs know it
	PATH_BYTES = SETTINGS_TEXT + 64,
};

enum phase {
	PHASE_IDLE,
	PHASE_STARTING, // until all poll cores look
	PHASE_RUNNING,
	PHASE_STOPPING, // until none does
};

// One direction of a connection, whose messages follow one another in the file.
struct stream {
	uint64_t key;
	uint32_t next;
};

struct capture {
	const struct settings *settings;
	struct segment *segment;
	unsigned int lcores;
	enum phase phase;
	struct probe_order order;
	struct capture_filter filter;
	struct capture_calls calls;
	struct capture_request request;
	struct capture_status status;
	struct pcapng_writer writer;
	uint64_t deadline_ns;
	uint64_t wall_ns; // of the monotonic clock's 0; one for all, so that the order stays
	uint64_t lost_before;
	struct stream stream[STREAMS];
	uint8_t packet[ENVELOPE_BYTES + ENVELOPE_PAYLOAD_BYTES];
	struct probe probe[SEGMENT_LCORES];
};

struct capture *capture_new(const struct settings *settings, struct segment *segment)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture)
		return NULL;
	capture->settings = settings;
	capture->segment = segment;
	capture->order.filter = &capture->filter;
	for (; capture->lcores < segment->lcores; capture->lcores++) {
		if (probe_init(&capture->probe[capture->lcores], &capture->order,
			       &segment->counters[capture->lcores])) {
			capture_free(capture);
			return NULL;
		}
	}
	capture_box_status(&segment->capture, &capture->status);
	if (capture->status.state == CAPTURE_RUNNING) {
		capture->status.state = CAPTURE_ENDED;
		capture->status.end = CAPTURE_END_WIRE;
		capture->status.ended_wall_ns = clock_wall_ns();
		capture_box_tell(&segment->capture, &capture->status);
	}
	return capture;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	for (unsigned int i = 0; i < capture->lcores; i++)
		probe_fini(&capture->probe[i]);
	free(capture);
}

struct probe *capture_probe(struct capture *capture, unsigned int lcore)
{
	return &capture->probe[lcore];
}

static uint64_t lost(const struct capture *capture)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < capture->lcores; i++)
		sum += __atomic_load_n(&capture->segment->counters[i].value[WIRE_CAPTURE_LOST],
				       __ATOMIC_RELAXED);
	return sum;
}

static void tell(struct capture *capture)
{
	capture->status.frames = capture->writer.packets;
	capture->status.bytes = capture->writer.bytes;
	capture->status.lost = lost(capture) - capture->lost_before;
	capture_box_tell(&capture->segment->capture, &capture->status);
}

static void order_next(struct capture *capture)
{
	__atomic_store_n(&capture->order.generation, capture->order.generation + 1,
			 __ATOMIC_RELEASE);
}

static bool all_have_seen(const struct capture *capture)
{
	for (unsigned int i = 0; i < capture->lcores; i++)
		if (__atomic_load_n(&capture->probe[i].seen, __ATOMIC_ACQUIRE) !=
		    capture->order.generation)
			return false;
	return true;
}

// The directory belongs to engine.user; so shall the file when root writes it (--single).
static int open_file(const struct capture *capture)
{
	char path[PATH_BYTES], name[CAPTURE_NAME_BYTES];
	int len = snprintf(path, sizeof(path), "%s/captures", capture->settings->engine.state_dir);
	struct stat directory;
	int fd;

	if ((mkdir(path, 0750) < 0 && errno != EEXIST) || stat(path, &directory) < 0)
		return -errno;
	capture_file_name(capture->request.wall_ns, name);
	snprintf(path + len, sizeof(path) - (size_t)len, "/%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	// The umask of a service may be stricter.
	if (fchmod(fd, 0640) < 0 ||
	    (geteuid() == 0 && fchown(fd, directory.st_uid, directory.st_gid) < 0)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int begin_file(struct capture *capture)
{
	const struct settings_wire *wire = &capture->settings->wire;
	int fd = open_file(capture), rc;

	if (fd < 0)
		return fd;
	rc = pcapng_writer_init(&capture->writer, fd, capture->request.max_bytes);
	for (unsigned int i = 0; i < wire->port_count && rc == 0; i++)
		rc = pcapng_writer_interface(&capture->writer, wire->port[i]);
	if (rc == 0)
		rc = pcapng_writer_interface(&capture->writer, "offhook");
	if (rc == 0)
		rc = pcapng_writer_flush(&capture->writer);
	if (rc < 0)
		pcapng_writer_close(&capture->writer);
	return rc;
}

static void start(struct capture *capture)
{
	int rc;

	capture->writer = (struct pcapng_writer){.fd = -1};
	capture->lost_before = lost(capture);
	capture->status = (struct capture_status){
		.state = CAPTURE_RUNNING,
		.kind = capture->request.kind,
		.wall_ns = capture->request.wall_ns,
	};
	rc = begin_file(capture);
	if (rc < 0) {
		capture->status.state = CAPTURE_ENDED;
		capture->status.end = CAPTURE_END_OPEN;
		capture->status.error = (uint64_t)-rc;
		capture->status.ended_wall_ns = clock_wall_ns();
		capture->status.frames = capture->status.bytes = capture->status.lost = 0;
		capture_box_tell(&capture->segment->capture, &capture->status);
		capture_box_answer(&capture->segment->capture);
		return;
	}
	memset(&capture->calls, 0, sizeof(capture->calls));
	memset(capture->stream, 0, sizeof(capture->stream));
	capture_filter_set(&capture->filter, &capture->request, &capture->calls,
			   &capture->segment->key);
	for (unsigned int i = 0; i < capture->lcores; i++)
		record_ring_touch(&capture->probe[i].ring);
	capture->deadline_ns = clock_mono_ns() + capture->request.max_ns;
	capture->wall_ns = clock_wall_ns() - clock_mono_ns();
	capture->phase = PHASE_STARTING;
	order_next(capture);
	tell(capture);
}

static void stop(struct capture *capture, enum capture_end end, int error)
{
	if (capture->phase == PHASE_STOPPING && end != CAPTURE_END_WRITE)
		return;
	capture->status.end = end;
	capture->status.error = (uint64_t)error;
	if (capture->phase != PHASE_STOPPING)
		order_next(capture);
	capture->phase = PHASE_STOPPING;
}

static struct stream *stream_of(struct capture *capture, const struct envelope *envelope, bool back)
{
	struct {
		uint8_t address[2][16];
		uint16_t port[2], version, zero;
	} both = {.version = envelope->version};

	memcpy(both.address[back], envelope->source, 16);
	memcpy(both.address[!back], envelope->target, 16);
	both.port[back] = envelope->source_port;
	both.port[!back] = envelope->target_port;
	uint64_t key = siphash64(&capture->segment->key, &both, sizeof(both));
	struct stream *stream = &capture->stream[key & (STREAMS - 1)];
	if (stream->key != key)
		*stream = (struct stream){.key = key, .next = 1};
	return stream;
}

// As one packet; of a stream, with sequence numbers that leave no hole where something else was,
// but one where the end of a body is missing, so that the next message is not taken for it.
static int write_message(struct capture *capture, const struct probe_record *record,
			 struct pcapng_packet *packet)
{
	struct envelope envelope = {
		.version = record->version,
		.stream = record->stream,
		.source_port = record->source_port,
		.target_port = record->target_port,
	};
	struct stream *stream = NULL;
	uint32_t len = record->len < ENVELOPE_PAYLOAD_BYTES ? record->len : ENVELOPE_PAYLOAD_BYTES;
	int rc;

	if (record->kind == PROBE_HEP)
		envelope.target_port = HEP_PORT;
	memcpy(envelope.source, record->source, sizeof(envelope.source));
	memcpy(envelope.target, record->target, sizeof(envelope.target));
	if (record->stream) {
		stream = stream_of(capture, &envelope, false);
		envelope.sequence = stream->next;
		envelope.acknowledged = stream_of(capture, &envelope, true)->next;
	}
	packet->len = (uint32_t)envelope_write(&envelope, record + 1, len, capture->packet);
	packet->wire_len = packet->len + record->len - len;
	packet->data = capture->packet;
	rc = pcapng_writer_packet(&capture->writer, packet);
	if (rc == 0 && stream)
		stream->next += len + (record->missing < HOLE_BYTES ? record->missing : 0);
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

static int write_record(struct capture *capture, const struct probe_record *record)
{
	char comment[COMMENT_BYTES];
	struct pcapng_packet packet = {
		.wall_ns = capture->wall_ns + record->mono_ns,
		.interface = record->kind == PROBE_FRAME ? record->port
							 : capture->settings->wire.port_count,
		.len = record->len,
		.wire_len = record->len,
		.data = (const uint8_t *)(record + 1),
	};

	comment_on(record, comment);
	packet.comment = comment[0] ? comment : NULL;
	if (record->kind == PROBE_FRAME)
		return pcapng_writer_packet(&capture->writer, &packet);
	return write_message(capture, record, &packet);
}

// The one with the oldest record; NULL: all are empty.
static struct record_ring *oldest_ring(struct capture *capture)
{
	struct record_ring *best = NULL;
	uint64_t best_ns = 0;

	for (unsigned int i = 0; i < capture->lcores; i++) {
		const struct probe_record *record = record_ring_peek(&capture->probe[i].ring);
		if (record && (!best || record->mono_ns < best_ns)) {
			best = &capture->probe[i].ring;
			best_ns = record->mono_ns;
		}
	}
	return best;
}

// What comes after the end of the file is passed over.
static void drain(struct capture *capture, unsigned int most)
{
	struct record_ring *ring;
	int rc = 0;

	while (most-- > 0 && (ring = oldest_ring(capture)) != NULL) {
		const struct probe_record *record = record_ring_peek(ring);
		bool full = capture->status.end == CAPTURE_END_BYTES ||
			    capture->status.end == CAPTURE_END_WRITE;
		if (!full)
			rc = write_record(capture, record);
		record_ring_pop(ring, sizeof(*record) + record->len);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = pcapng_writer_flush(&capture->writer);
	if (rc == -EFBIG)
		stop(capture, CAPTURE_END_BYTES, 0);
	else if (rc < 0)
		stop(capture, CAPTURE_END_WRITE, -rc);
}

static void end(struct capture *capture)
{
	static const char *const why[CAPTURE_END_COUNT] = {
		[CAPTURE_END_NONE] = "none",   [CAPTURE_END_STOPPED] = "stopped",
		[CAPTURE_END_BYTES] = "bytes", [CAPTURE_END_TIME] = "seconds",
		[CAPTURE_END_OPEN] = "open",   [CAPTURE_END_WRITE] = "write",
		[CAPTURE_END_WIRE] = "wire",
	};
	int rc;

	while (oldest_ring(capture))
		drain(capture, TURN_RECORDS);
	rc = pcapng_writer_close(&capture->writer);
	if (rc < 0)
		stop(capture, CAPTURE_END_WRITE, -rc);
	capture->status.state = CAPTURE_ENDED;
	capture->status.ended_wall_ns = clock_wall_ns();
	capture->phase = PHASE_IDLE;
	tell(capture);
	capture_box_answer(&capture->segment->capture);
	log_info("capture", "ended", "why=%s frames=%llu bytes=%llu lost=%llu",
		 why[capture->status.end], (unsigned long long)capture->status.frames,
		 (unsigned long long)capture->status.bytes,
		 (unsigned long long)capture->status.lost);
}

static void take_request(struct capture *capture)
{
	struct capture_request request;

	if (!capture_box_take(&capture->segment->capture, &request))
		return;
	if (capture->phase == PHASE_RUNNING) {
		// Presence asks for nothing else while one runs.
		stop(capture, CAPTURE_END_STOPPED, 0);
	} else if (request.kind == CAPTURE_NONE || request.kind >= CAPTURE_KIND_COUNT) {
		capture_box_answer(&capture->segment->capture);
	} else {
		capture->request = request;
		start(capture);
	}
}

static void run(struct capture *capture)
{
	drain(capture, TURN_RECORDS);
	if (clock_mono_ns() >= capture->deadline_ns)
		stop(capture, CAPTURE_END_TIME, 0);
	else
		take_request(capture);
	tell(capture);
}

int capture_turn(struct capture *capture)
{
	switch (capture->phase) {
	case PHASE_IDLE: take_request(capture); break;
	case PHASE_STARTING:
		if (!all_have_seen(capture))
			break;
		capture->phase = PHASE_RUNNING;
		capture_box_answer(&capture->segment->capture);
		log_info("capture", "started", "of=%s", log_quote(capture->request.about));
		break;
	case PHASE_RUNNING: run(capture); break;
	case PHASE_STOPPING:
		if (all_have_seen(capture))
			end(capture);
		break;
	}
	return capture->phase == PHASE_IDLE ? IDLE_MS : BUSY_MS;
}

void capture_finish(struct capture *capture)
{
	if (capture->phase == PHASE_IDLE)
		return;
	stop(capture, CAPTURE_END_WIRE, 0);
	end(capture);
}
