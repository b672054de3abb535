// SPDX-License-Identifier: Apache-2.0
// Requests are counted: one is there to be read while `asked` is ahead of `answered`, and presence
// writes the next only when they are equal. Status is a set of numbers that may be of two moments;
// its state is stored last.
#include "link/capture_box.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STATUS_WORDS = sizeof(struct capture_status) / sizeof(uint64_t) };

_Static_assert(offsetof(struct capture_status, state) == 0, "state is the first word");

bool capture_box_waits(const struct capture_box *box)
{
	return __atomic_load_n(&box->asked, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&box->answered, __ATOMIC_ACQUIRE);
}

int capture_box_ask(struct capture_box *box, const struct capture_request *request)
{
	if (capture_box_waits(box))
		return -EBUSY;
	box->request = *request;
	__atomic_store_n(&box->asked, box->asked + 1, __ATOMIC_RELEASE);
	return 0;
}

void capture_box_status(const struct capture_box *box, struct capture_status *status)
{
	const uint64_t *from = (const uint64_t *)&box->status;
	uint64_t word[STATUS_WORDS];

	word[0] = __atomic_load_n(&from[0], __ATOMIC_ACQUIRE);
	for (unsigned int i = 1; i < STATUS_WORDS; i++)
		word[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	memcpy(status, word, sizeof(*status));
	if (status->state >= CAPTURE_STATE_COUNT)
		status->state = CAPTURE_NEVER;
	if (status->end >= CAPTURE_END_COUNT)
		status->end = CAPTURE_END_NONE;
	if (status->kind >= CAPTURE_KIND_COUNT)
		status->kind = CAPTURE_NONE;
}

bool capture_box_take(const struct capture_box *box, struct capture_request *request)
{
	uint64_t asked = __atomic_load_n(&box->asked, __ATOMIC_ACQUIRE);

	if (asked == __atomic_load_n(&box->answered, __ATOMIC_RELAXED))
		return false;
	*request = box->request;
	request->about[sizeof(request->about) - 1] = '\0';
	memset(request->text + sizeof(request->text) - 2, 0, 2);
	return true;
}

void capture_box_tell(struct capture_box *box, const struct capture_status *status)
{
	uint64_t *to = (uint64_t *)&box->status, word[STATUS_WORDS];

	memcpy(word, status, sizeof(*status));
	for (unsigned int i = 1; i < STATUS_WORDS; i++)
		__atomic_store_n(&to[i], word[i], __ATOMIC_RELAXED);
	__atomic_store_n(&to[0], word[0], __ATOMIC_RELEASE);
}

void capture_box_answer(struct capture_box *box)
{
	uint64_t asked = __atomic_load_n(&box->asked, __ATOMIC_RELAXED);

	__atomic_store_n(&box->answered, asked, __ATOMIC_RELEASE);
}

void capture_file_name(uint64_t wall_ns, char name[CAPTURE_NAME_BYTES])
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm utc;
	char stamp[24];

	gmtime_r(&seconds, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &utc);
	snprintf(name, CAPTURE_NAME_BYTES, "capture-%s.%03uZ.pcapng", stamp,
		 (unsigned int)(wall_ns / 1000000 % 1000));
}
