// SPDX-License-Identifier: Apache-2.0
#include "bench/random.h"

#include "config/units.h"

#include <errno.h>
#include <math.h>
#include <string.h>

uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

double random_unit(uint64_t *state)
{
	return (double)(random_next(state) >> 11) * 0x1p-53;
}

int spread_parse(const char *text, struct spread *spread)
{
	const char *dash = strchr(text, '-');
	char first[32];

	*spread = (struct spread){SPREAD_CONSTANT, 0, 0};
	if (strncmp(text, "exp:", 4) == 0 || strncmp(text, "log:", 4) == 0) {
		spread->kind = text[0] == 'e' ? SPREAD_EXPONENTIAL : SPREAD_LOGNORMAL;
		return units_duration_ns(text + 4, &spread->a_ns);
	}
	if (dash == NULL)
		return units_duration_ns(text, &spread->a_ns);
	if ((size_t)(dash - text) >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	spread->kind = SPREAD_UNIFORM;
	if (units_duration_ns(first, &spread->a_ns) != 0 ||
	    units_duration_ns(dash + 1, &spread->b_ns) != 0 || spread->b_ns < spread->a_ns)
		return -EINVAL;
	return 0;
}

// Standard normal, by Box and Muller.
static double random_normal(uint64_t *state)
{
	double u = 1 - random_unit(state), v = random_unit(state);

	return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

uint64_t spread_draw_ns(const struct spread *spread, uint64_t *state)
{
	double a = (double)spread->a_ns;

	switch (spread->kind) {
	case SPREAD_UNIFORM:
		return spread->a_ns +
		       (uint64_t)(random_unit(state) * (double)(spread->b_ns - spread->a_ns));
	case SPREAD_EXPONENTIAL: return (uint64_t)(-a * log(1 - random_unit(state)));
	case SPREAD_LOGNORMAL: return (uint64_t)(a * exp(random_normal(state)));
	default: return spread->a_ns;
	}
}
