// SPDX-License-Identifier: Apache-2.0
// Octets from a registrar through the framer, libosip2, the transaction and the reading of the
// answer. Whatever comes: what goes up to the publication is bounded and clean.
#include "config/clock.h"
#include "presence/net/timer_wheel.h"
#include "presence/registrar/digest.h"
#include "presence/registrar/framing.h"
#include "presence/registrar/response.h"
#include "presence/registrar/transaction.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool true_or_dead)
{
	if (!true_or_dead)
		abort();
}

static int on_send(void *owner, const char *bytes, size_t len)
{
	return 0;
}

// What is read without libosip2 is what it would have read.
static void require_the_same(const struct transaction_response *from, uint32_t asked_s)
{
	struct response usual, any;

	if (response_read_any(from, asked_s, &any) || !response_read_usual(from, asked_s, &usual))
		return;
	require(usual.answer.status == any.answer.status);
	require(usual.answer.expires_s == any.answer.expires_s);
	require(!usual.answer.etag == !any.answer.etag);
	require(!usual.answer.etag || strcmp(usual.answer.etag, any.answer.etag) == 0);
	require(!usual.answer.etag_refused && !any.answer.etag_refused);
	require(strlen(usual.answer.diagnostics) < RESPONSE_TEXT_BYTES);
}

static void on_answer(void *owner, const struct transaction_response *message)
{
	struct digest digest = {0};
	struct response response;
	bool stale;

	require_the_same(message, 600);
	require_the_same(message, 0); // of a removal
	response_read(message, 600, &response);
	require(response.answer.status >= 200 && response.answer.status <= 699);
	require(strlen(response.answer.diagnostics) < RESPONSE_TEXT_BYTES);
	for (const char *c = response.answer.diagnostics; *c; c++)
		require((unsigned char)*c >= ' ' && *c != 0x7f);
	if (response.answer.etag) {
		require(!response.answer.etag_refused);
		require(response.answer.etag[0] && strlen(response.answer.etag) <= 255);
		for (const char *c = response.answer.etag; *c; c++)
			require((unsigned char)*c > ' ' && *c != 0x7f);
	}
	if (response_challenge(message, &digest, &stale))
		require(digest.algorithm && !strpbrk(digest.realm, "\r\n"));
}

static void on_timeout(void *owner)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct transaction_times times = {500 * NS_PER_MS, 4 * NS_PER_S, 5 * NS_PER_S};
	static const struct transaction_events events = {on_send, on_answer, on_timeout};
	struct transaction_start start = {
		.branch = "z9hG4bKfuzz", .bytes = "PUBLISH", .len = 7, .reliable = true};
	struct timer_wheel *wheel = timer_wheel_new(clock_mono_ns());
	struct transactions *transactions = transactions_new(wheel, &times, &events);
	char *copy = malloc(size ? size : 1); // exact: a sanitizer sees each step beyond
	size_t at = 0;
	struct frame frame;

	memcpy(copy, data, size);
	transaction_start(transactions, &start, &start);
	while (at < size && frame_of_stream(copy + at, size - at, &frame) == 1) {
		at += frame.skipped;
		transaction_receive(transactions, copy + at, frame.head + frame.body);
		at += frame.head + frame.body;
	}
	if (frame_of_datagram(copy, size, &frame) == 1)
		transaction_receive(transactions, copy + frame.skipped, frame.head + frame.body);
	free(copy);
	transactions_free(transactions);
	timer_wheel_free(wheel);
	return 0;
}
