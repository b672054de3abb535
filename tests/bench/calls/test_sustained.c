// SPDX-License-Identifier: Apache-2.0
// The search for the sustained rate, with an engine and a machine that are made up: what it finds,
// what it does again, and when it gives up. Its time is the virtual clock's.
#include "bench/calls/sustained.c"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// What the trials see.
static struct {
	double capacity;        // calls a second that are on time
	double wrong_from;      // and from where on some are not right
	unsigned int company;   // so many trials share the CPU with something else, and are late
	unsigned int every;     // and every so manyth, for ever
	double company_above;   // and all trials of more calls a second
	bool company_is_no_use; // calls that were alone are late in them, too
	bool company_is_store;  // it is redis-server that the generator waits for
} machine;

static struct {
	double sustained;
	unsigned int confirmations, begun;
	uint64_t trials, void_trials;
	const char *missing;
	bool printed;
} told;

static unsigned int trials;

void trial_run(struct world *world, struct generator *generator, double rate, uint64_t calls,
	       struct trial *trial)
{
	bool company = trials < machine.company ||
		       (machine.every > 0 && trials % machine.every == 0) ||
		       (machine.company_above > 0 && rate > machine.company_above);
	uint64_t late_ns = rate > machine.capacity || company ? 25 * NS_PER_MS : NS_PER_MS;
	uint64_t alone_ns = rate > machine.capacity || machine.company_is_no_use ? late_ns
										 : NS_PER_MS;
	int waiter = machine.company_is_store ? WAITS_WORLD : WAITS_WORKER;

	trials++;
	memset(trial, 0, sizeof(*trial));
	trial->wall_ns = 4 * NS_PER_S;
	trial->settled = rate < machine.wrong_from;
	trial->waits.ns[waiter] = company ? NS_PER_S : 0;
	trial->store_ns = NS_PER_S;
	for (int i = 0; i < 100; i++) {
		histogram_add(&trial->latency[LATENCY_START], late_ns);
		if (i < 60)
			histogram_add(&trial->latency[LATENCY_START_ALONE], alone_ns);
	}
	trial->totals.calls = calls;
	clock_set(clock_mono_ns() + trial->wall_ns);
}

bool trial_is_right(const struct trial *trial)
{
	return trial->settled;
}

int trial_complain(const char *what, const struct trial *trial)
{
	return -EIO;
}

double trial_p99_ns(const struct trial *trial)
{
	return (double)histogram_quantile(&trial->latency[LATENCY_START], 0.99);
}

double trial_late_p99_ns(const struct trial *trial)
{
	return 0;
}

void trial_report_latency(struct report *report, const struct trial *trial)
{
}
void trial_report_waits(struct report *report, const struct trial *trial)
{
}
void trial_report_truth(struct report *report, const struct trial *trial)
{
}
void trial_report_cpu(struct report *report, const struct trial *trial, bool polling)
{
}

bool waits_known(const struct waits *waits)
{
	return true;
}

const double stage_only_answered[SCENE_COUNT] = {[SCENE_ANSWERED] = 1};

uint32_t stage_persons(const struct plan *plan, double rate)
{
	return 1000;
}

int stage_open(struct stage *stage, const struct plan *plan, const struct stage_options *options)
{
	memset(stage, 0, sizeof(*stage));
	return 0;
}

int stage_stand(struct stage *stage, const struct plan *plan)
{
	return 0;
}

void stage_close(struct stage *stage)
{
}

void stage_report(struct report *report, const struct plan *plan, const char *name,
		  enum settings_poll poll)
{
	memset(report, 0, sizeof(*report));
	told.confirmations = 0;
}

void report_count(struct report *report, const char *key, uint64_t count)
{
	if (strcmp(key, "trials") == 0)
		told.trials = count;
	if (strcmp(key, "void_trials") == 0)
		told.void_trials = count;
}

void report_figure(struct report *report, const char *key, double sample)
{
	assert_string_equal(key, "sustained_calls_per_s");
	told.sustained = sample;
	told.confirmations++;
}

void report_print(struct report *report)
{
	told.missing = report->missing;
	told.printed = true;
}

static int search(void)
{
	struct plan plan = {.as_json = true, .limit_ns = 10 * NS_PER_MS};

	memset(&told, 0, sizeof(told));
	trials = 0;
	return case_sustained(&plan);
}

static int setup(void **state)
{
	memset(&machine, 0, sizeof(machine));
	machine.wrong_from = 1e9;
	clock_set(1000 * NS_PER_S);
	return 0;
}

static void assert_found(double least, double most)
{
	assert_int_equal(search(), 0);
	assert_true(told.printed);
	assert_null(told.missing);
	assert_int_equal(told.confirmations, CONFIRMATIONS);
	assert_true(told.sustained >= least && told.sustained <= most);
	assert_int_equal(told.trials, trials);
}

static void assert_not_found(int rc)
{
	uint64_t start_ns = clock_mono_ns();

	assert_int_equal(search(), rc);
	assert_int_equal(told.printed, rc == 0);
	if (rc == 0)
		assert_string_equal(told.missing, "sustained_calls_per_s");
	assert_in_range(clock_mono_ns() - start_ns, 0, (SEARCH_S + CONFIRMED_S + 5) * NS_PER_S);
}

static void test_finds_the_capacity_to_a_twentieth(void **state)
{
	static const double capacities[] = {260, 1000, 3999, 4000, 13718, 22800, 64000, 100000};

	for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
		machine.capacity = capacities[i];
		assert_found(capacities[i] / 1.06, capacities[i]);
		assert_int_equal(told.void_trials, 0);
	}
}

static void test_does_void_trials_again(void **state)
{
	machine.capacity = 13718;
	machine.every = 3;
	assert_found(13718 / 1.06, 13718);
	assert_in_range(told.void_trials, 3, told.trials / 3 + 1);
}

static void test_a_machine_that_is_never_free_has_no_rate(void **state)
{
	machine.capacity = 13718;
	machine.company = UINT32_MAX;
	assert_not_found(0);
	assert_int_equal(told.void_trials, told.trials);
}

static void test_company_is_no_excuse_for_calls_that_were_alone(void **state)
{
	machine.capacity = 13718;
	machine.every = 3;
	machine.company_is_no_use = true;
	assert_int_equal(search(), 0);
	assert_int_equal(told.void_trials, 0);
	assert_true(told.sustained < 13718 / 1.06);
}

static void test_our_own_store_is_no_company(void **state)
{
	machine.capacity = 13718;
	machine.every = 3;
	machine.company_is_store = true;
	assert_int_equal(search(), 0);
	assert_int_equal(told.void_trials, 0);
}

static void test_goes_down_when_confirmations_fail(void **state)
{
	// The capacity that the search saw is gone when it confirms.
	machine.capacity = 16000;
	assert_found(16000, 16000);
	struct search again = {.plan = &(struct plan){.as_json = true, .limit_ns = 10 * NS_PER_MS},
			       .stage = &(struct stage){0},
			       .report = &(struct report){0},
			       .until_ns = clock_mono_ns() + 50 * NS_PER_S};

	machine.capacity = 13000;
	assert_true(confirm(&again, 16000));
	assert_true(told.sustained <= 13000 && told.sustained > 13000 * 0.95);
	assert_int_equal(told.confirmations, CONFIRMATIONS);
}

// Beside other work only what leaves much of the CPU free is on time.
static void test_goes_down_a_lot_for_a_machine_without_time(void **state)
{
	machine.capacity = 16000;
	machine.company_above = 3000;
	assert_found(1000, 3000);
	assert_true(told.void_trials > 0);
}

static void test_wrong_calls_are_never_the_machines(void **state)
{
	machine.capacity = 1e9;
	machine.wrong_from = 9000;
	machine.every = 2;
	assert_found(9000 / 1.06, 9000);
	machine.wrong_from = 0;
	assert_not_found(-EIO);
	assert_int_equal(told.void_trials, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_finds_the_capacity_to_a_twentieth, setup),
		cmocka_unit_test_setup(test_does_void_trials_again, setup),
		cmocka_unit_test_setup(test_a_machine_that_is_never_free_has_no_rate, setup),
		cmocka_unit_test_setup(test_company_is_no_excuse_for_calls_that_were_alone, setup),
		cmocka_unit_test_setup(test_our_own_store_is_no_company, setup),
		cmocka_unit_test_setup(test_goes_down_when_confirmations_fail, setup),
		cmocka_unit_test_setup(test_goes_down_a_lot_for_a_machine_without_time, setup),
		cmocka_unit_test_setup(test_wrong_calls_are_never_the_machines, setup),
	};

	return cmocka_run_group_tests_name("sustained", tests, NULL, NULL);
}
