// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/trial.h"

#include "bench/wire/generator.h"
#include "bench/wire/host.h"
#include "bench/wire/subject.h"
#include "bench/wire/traffic.h"
#include "link/counters.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum {
	STEP_US = 1000,
	ARRIVE_STEPS = 50,
	ALL_OUT_PER_S = 2000000, // frames, for each second of a trial
	// The ring is full after some hundred us at the rates that are looked for.
	DISTURBED_NS = 50000,
};

// Of a trial's time, for other programs: more than what the kernel would take for them at a time
// that it chooses (sched(7), sched_rt_runtime_us).
static const double rest = 0.15;

struct reading {
	uint64_t packets, messages, events, shed;
	uint64_t waited_ns, stolen;
};

static struct reading read_all(const struct trial *trial)
{
	const struct subject *subject = trial->subject;

	return (struct reading){
		.packets = subject_packets(subject),
		.messages = subject_counter(subject, WIRE_SIP_MESSAGES),
		.events = subject_counter(subject, WIRE_EVENTS),
		.shed = subject_counter(subject, WIRE_SHED_STARTS) +
			subject_counter(subject, WIRE_SHED_ENDS),
		.waited_ns = subject_waited_ns(subject),
		.stolen = host_stolen(trial->host->poll_cpu),
	};
}

// Until all that was sent has arrived, or nothing more comes.
static void await_arrival(const struct trial *trial, uint64_t packets)
{
	for (int i = 0; i < ARRIVE_STEPS; i++) {
		bool arrived = subject_packets(trial->subject) >= packets;
		usleep(STEP_US); // the last ones are looked at
		if (arrived)
			return;
	}
}

double trial_highest(const struct trial *trial)
{
	struct generator_report report;

	subject_resume(trial->subject);
	generator_begin(
		trial->generator,
		&(struct generator_order){.port = trial->port,
					  .frames = (uint64_t)(trial->seconds * ALL_OUT_PER_S)});
	generator_wait(trial->generator, &report);
	await_arrival(trial, UINT64_MAX);
	subject_pause(trial->subject);
	return report.seconds > 0 ? (double)report.sent / report.seconds : 0;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

// A frame for which the ring had no room or that was not counted; of the engine's also a message
// that it did not see as one, an event that it did not tell, or had no room for.
static uint64_t count_lost(const struct trial *trial, uint64_t frames, const struct reading *before,
			   const struct reading *after)
{
	uint64_t lost = distance(frames, after->packets - before->packets);

	if (trial->subject->kind != SUBJECT_ENGINE)
		return lost;
	lost += after->shed - before->shed;
	// Each order begins with the first frame.
	if (lost == 0)
		lost = distance(traffic_messages(trial->traffic, frames),
				after->messages - before->messages) +
		       distance(traffic_events(trial->traffic, frames),
				after->events - before->events);
	return lost;
}

enum trial_verdict trial_run(const struct trial *trial, double packets_per_s)
{
	struct generator_report report;

	subject_resume(trial->subject);
	usleep(STEP_US);
	struct reading before = read_all(trial);
	generator_begin(trial->generator,
			&(struct generator_order){
				.port = trial->port,
				.packets_per_s = packets_per_s,
				.frames = (uint64_t)(packets_per_s * trial->seconds),
				.strict = true,
			});
	generator_wait(trial->generator, &report);
	await_arrival(trial, before.packets + report.sent);
	struct reading after = read_all(trial);
	subject_pause(trial->subject);
	usleep((useconds_t)(report.seconds * rest * 1e6) + STEP_US);
	uint64_t lost = count_lost(trial, report.sent + report.refused, &before, &after);
	bool disturbed = after.waited_ns - before.waited_ns > DISTURBED_NS ||
			 after.stolen > before.stolen;
	if (lost > 0)
		return disturbed ? TRIAL_DISTURBED : TRIAL_LOST;
	return report.kept_rate ? TRIAL_PASSED : TRIAL_NOT_OFFERED;
}
