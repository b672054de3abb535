// SPDX-License-Identifier: Apache-2.0
// What a PUBLISH transaction costs (presence/registrar/transaction.h) while so many others wait for
// their answer: its start, timers and all, the answer's way to it, and its end. No socket, no
// registrar: answers come in random order, 50 ms after the request on average, by a clock that is
// set by hand.
#include "bench/figure.h"
#include "bench/random.h"
#include "config/clock.h"
#include "presence/net/timer_wheel.h"
#include "presence/registrar/transaction.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define START_NS   (1000 * NS_PER_S)
#define LATENCY_NS (50 * NS_PER_MS)

enum { MEASURED = 200000, ROUNDS_MOST = 32, IN_FLIGHT_MOST = 1000000 };

static const char head[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 10.33.221.57:5060;branch=";
static const char tail[] = "\r\nFrom: <sip:alice@bench.example>;tag=8f2c51d07a3be946\r\n"
			   "To: <sip:alice@bench.example>;tag=66e0a1\r\n"
			   "Call-ID: 5b0d1f2e3c4a59687786a5b4c3d2e1f0\r\n"
			   "CSeq: 1 PUBLISH\r\nExpires: 600\r\nSIP-ETag: 4711.1.2545777538\r\n"
			   "Content-Length: 0\r\n\r\n";
static const char request[] = "PUBLISH sip:alice@bench.example SIP/2.0\r\n\r\n"; // nobody reads it

struct bench {
	struct timer_wheel *wheel;
	struct transactions *transactions;
	struct tokens *tokens;
	struct waiting {
		char branch[TOKEN_BRANCH];
		bool answered;
	} * waiting;
	uint64_t in_flight, now_ns, random;
};

static int on_send(void *owner, const char *bytes, size_t len)
{
	return 0;
}

static void on_answer(void *owner, const struct transaction_response *response)
{
	((struct waiting *)owner)->answered = response->status == 200;
}

static void on_timeout(void *owner)
{
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static bool start(struct bench *bench, struct waiting *waiting)
{
	struct transaction_start start = {
		.bytes = request, .len = sizeof(request) - 1, .reliable = true};

	token_write_branch(bench->tokens, start.branch);
	memcpy(waiting->branch, start.branch, sizeof(waiting->branch));
	waiting->answered = false;
	return transaction_start(bench->transactions, &start, waiting) != NULL;
}

static bool answer(struct bench *bench, struct waiting *waiting)
{
	char bytes[sizeof(head) + TOKEN_BRANCH + sizeof(tail)];
	int len = snprintf(bytes, sizeof(bytes), "%s%s%s", head, waiting->branch, tail);

	return transaction_receive(bench->transactions, bytes, (size_t)len) ==
		       TRANSACTION_MATCHED &&
	       waiting->answered;
}

// One of those that wait has its answer, and another request takes its place.
static bool turn(struct bench *bench)
{
	struct waiting *waiting =
		&bench->waiting[(uint64_t)(random_unit(&bench->random) * (double)bench->in_flight)];

	bench->now_ns += LATENCY_NS / bench->in_flight;
	clock_set(bench->now_ns);
	timer_wheel_advance(bench->wheel, bench->now_ns);
	return answer(bench, waiting) && start(bench, waiting);
}

static bool measure(struct bench *bench, double *ns)
{
	uint64_t start_ns = thread_cpu_ns();

	for (unsigned int i = 0; i < MEASURED; i++)
		if (!turn(bench))
			return false;
	*ns = (double)(thread_cpu_ns() - start_ns) / MEASURED;
	return true;
}

static bool run(uint64_t in_flight, size_t rounds)
{
	static const struct transaction_times times = {500 * NS_PER_MS, 4 * NS_PER_S, 5 * NS_PER_S};
	static const struct transaction_events events = {on_send, on_answer, on_timeout};
	static struct tokens tokens;
	struct bench bench = {
		.tokens = &tokens, .in_flight = in_flight, .now_ns = START_NS, .random = 1};
	double ns[ROUNDS_MOST], scrap;
	bool good = true;

	clock_set(bench.now_ns);
	bench.wheel = timer_wheel_new(bench.now_ns);
	bench.transactions = transactions_new(bench.wheel, &times, &events);
	bench.waiting = calloc(in_flight, sizeof(*bench.waiting));
	if (!bench.wheel || !bench.transactions || !bench.waiting)
		return false;
	for (uint64_t i = 0; i < in_flight && good; i++)
		good = start(&bench, &bench.waiting[i]);
	good = good && measure(&bench, &scrap); // memory is touched
	for (size_t i = 0; i < rounds && good; i++)
		good = measure(&bench, &ns[i]);
	if (good) {
		figure_begin("bench-transaction");
		figure_word("case", "transaction");
		figure_count("in_flight", in_flight);
		figure_of("ns_per_transaction", ns, rounds);
		figure_end();
	} else {
		fprintf(stderr, "bench-transaction: an answer did not find its request\n");
	}
	transactions_free(bench.transactions);
	timer_wheel_free(bench.wheel);
	free(bench.waiting);
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"in-flight", required_argument, NULL, 'f'},
		{"rounds", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	uint64_t only = 0, rounds = 5;
	bool as_json = false, good = true;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': as_json = true; break;
		case 'f': only = strtoull(optarg, NULL, 10); break;
		case 'r': rounds = strtoull(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	if (only > IN_FLIGHT_MOST || rounds == 0 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: bench-transaction [--json] [--in-flight N] [--rounds N]\n");
		return 2;
	}
	figure_init(as_json);
	if (only > 0)
		return run(only, rounds) ? EXIT_SUCCESS : EXIT_FAILURE;
	for (uint64_t in_flight = 10; in_flight <= 100000 && good; in_flight *= 10)
		good = run(in_flight, rounds);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
