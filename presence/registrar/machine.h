// SPDX-License-Identifier: Apache-2.0
// libosip2's non-INVITE client machine (RFC 3261 17.1.2) as a function: a state and an event in, a
// state out, with a request to send in between. One body of the library's, 15 KB, does for all
// transactions; what is theirs is the state. The library's messages are templates that nobody
// reads: what is sent was written by publish.c, what is received is read by response.c.
#pragma once

struct machine;

enum machine_state {
	MACHINE_NEW,
	MACHINE_TRYING,
	MACHINE_PROCEEDING, // a provisional response has come
	MACHINE_COMPLETED,  // a final one
	MACHINE_TERMINATED, // none came in time, or it could not be sent
};

enum machine_event {
	MACHINE_REQUEST,
	MACHINE_TIMER_E, // send it once more
	MACHINE_TIMER_F, // no answer came
	MACHINE_RESPONSE,
};

// Sends the request of `owner`. 0 or -errno.
typedef int machine_send_fn(void *owner);

struct machine *machine_new(machine_send_fn *send);
void machine_free(struct machine *machine);
// status: of a MACHINE_RESPONSE, 100 to 699.
enum machine_state machine_run(struct machine *machine, enum machine_state state,
			       enum machine_event event, unsigned int status, void *owner);
