// SPDX-License-Identifier: Apache-2.0
// The machine's own lists, timers and callbacks are not used: after each event its state says what
// has happened.
#include "presence/registrar/machine.h"

// osip.h has a `struct timeval` in it and includes nothing for it.
#include <sys/time.h>

#include <osip2/osip.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// Makes the body. Its Via tells the library how long its own timers would be, and nothing more.
static const char template[] = "PUBLISH sip:a@registrar.invalid SIP/2.0\r\n"
			       "Via: SIP/2.0/UDP a.invalid;branch=z9hG4bK\r\n"
			       "From: <sip:a@registrar.invalid>;tag=a\r\n"
			       "To: <sip:a@registrar.invalid>\r\n"
			       "Call-ID: a\r\n"
			       "CSeq: 1 PUBLISH\r\n"
			       "Content-Length: 0\r\n\r\n";

struct machine {
	osip_t *osip;
	osip_transaction_t *body;
	osip_message_t *response; // whose status is set as needed
	machine_send_fn *send;
	void *owner; // of the event that is being treated
};

// In the order of enum machine_state.
static const state_t states[] = {
	[MACHINE_NEW] = NICT_PRE_TRYING,        [MACHINE_TRYING] = NICT_TRYING,
	[MACHINE_PROCEEDING] = NICT_PROCEEDING, [MACHINE_COMPLETED] = NICT_COMPLETED,
	[MACHINE_TERMINATED] = NICT_TERMINATED,
};

// 0 tells the machine that it was sent; 1 would mean "in progress", with a repetition every 50 ms.
static int machine_send(osip_transaction_t *body, osip_message_t *message, char *host, int port,
			int socket)
{
	struct machine *machine = osip_transaction_get_your_instance(body);

	(void)message, (void)host, (void)port, (void)socket;
	return machine->send(machine->owner) ? -1 : 0;
}

// The library would write what it was sent to standard error, unmasked; our counters say enough.
static void machine_trace(const char *file, int line, osip_trace_level_t level, const char *format,
			  va_list args)
{
	(void)file, (void)line, (void)level, (void)format, (void)args;
}

static osip_transaction_t *machine_body(struct machine *machine)
{
	osip_transaction_t *body = NULL;
	osip_message_t *request = NULL;

	if (osip_message_init(&request) != OSIP_SUCCESS)
		return NULL;
	if (osip_message_parse(request, template, sizeof(template) - 1) != OSIP_SUCCESS ||
	    osip_transaction_init(&body, NICT, machine->osip, request) != OSIP_SUCCESS) {
		osip_message_free(request);
		return NULL;
	}
	osip_remove_transaction(machine->osip, body);
	osip_transaction_set_your_instance(body, machine);
	body->orig_request = request; // freed with the body
	return body;
}

struct machine *machine_new(machine_send_fn *send)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return NULL;
	machine->send = send;
	osip_trace_initialize_func(OSIP_ERROR, machine_trace);
	if (osip_init(&machine->osip) != OSIP_SUCCESS)
		goto fail;
	osip_set_cb_send_message(machine->osip, machine_send);
	machine->body = machine_body(machine);
	if (!machine->body || osip_message_init(&machine->response) != OSIP_SUCCESS)
		goto fail;
	return machine;
fail:
	machine_free(machine);
	return NULL;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	if (machine->body)
		osip_transaction_free2(machine->body);
	if (machine->response)
		osip_message_free(machine->response);
	if (machine->osip)
		osip_release(machine->osip);
	free(machine);
}

static type_t machine_event_type(enum machine_event event, unsigned int status)
{
	switch (event) {
	case MACHINE_REQUEST: return SND_REQUEST;
	case MACHINE_TIMER_E: return TIMEOUT_E;
	case MACHINE_TIMER_F: return TIMEOUT_F;
	case MACHINE_RESPONSE: break;
	}
	return status < 200 ? RCV_STATUS_1XX : status < 300 ? RCV_STATUS_2XX : RCV_STATUS_3456XX;
}

static enum machine_state machine_state(const osip_transaction_t *body)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i] == body->state)
			return (enum machine_state)i;
	return MACHINE_TERMINATED;
}

enum machine_state machine_run(struct machine *machine, enum machine_state state,
			       enum machine_event event, unsigned int status, void *owner)
{
	osip_transaction_t *body = machine->body;
	osip_event_t *osip_event = osip_malloc(sizeof(*osip_event)); // freed by the machine

	// An event that the state has no use for would cost us the template it carries.
	if (!osip_event || state >= MACHINE_COMPLETED) {
		osip_free(osip_event);
		return state;
	}
	*osip_event = (osip_event_t){.type = machine_event_type(event, status),
				     .transactionid = body->transactionid};
	if (event == MACHINE_REQUEST)
		osip_event->sip = body->orig_request;
	if (event == MACHINE_RESPONSE) {
		machine->response->status_code = (int)status;
		osip_event->sip = machine->response;
	}
	body->state = states[state];
	machine->owner = owner;
	osip_transaction_execute(body, osip_event);
	body->last_response = NULL; // still ours
	return machine_state(body);
}
