// SPDX-License-Identifier: Apache-2.0
// Which kernel builds the line index and parses. The best one is picked before main(), so that
// every program and test has it without asking; line_index_select() overrides it.
#include "sip/line_index.h"

#include <errno.h>
#include <string.h>

#include "sip/kernel.h"

static const struct kernel *const kernels[LINE_KERNEL_COUNT] = {
	[LINE_KERNEL_SCALAR] = &kernel_scalar,
#if defined(__x86_64__)
	[LINE_KERNEL_SSE42] = &kernel_sse42,
	[LINE_KERNEL_AVX2] = &kernel_avx2,
	[LINE_KERNEL_AVX512] = &kernel_avx512,
#endif
};

static enum line_kernel selected = LINE_KERNEL_SCALAR;
const struct kernel *kernel_selected = &kernel_scalar;

bool line_kernel_supported(enum line_kernel kernel)
{
	switch (kernel) {
	case LINE_KERNEL_AUTO:
	case LINE_KERNEL_SCALAR: return true;
#if defined(__x86_64__)
	case LINE_KERNEL_SSE42:
		return __builtin_cpu_supports("sse4.2") > 0 && __builtin_cpu_supports("popcnt") > 0;
	case LINE_KERNEL_AVX2:
		return __builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("bmi") > 0 &&
		       __builtin_cpu_supports("bmi2") > 0 && __builtin_cpu_supports("popcnt") > 0;
	case LINE_KERNEL_AVX512:
		return line_kernel_supported(LINE_KERNEL_AVX2) &&
		       __builtin_cpu_supports("avx512bw") > 0 &&
		       __builtin_cpu_supports("avx512vl") > 0 &&
		       __builtin_cpu_supports("avx512vbmi2") > 0;
#endif
	default: return false;
	}
}

int line_index_select(enum line_kernel kernel)
{
	if (!line_kernel_supported(kernel))
		return -ENOTSUP;
	if (kernel == LINE_KERNEL_AUTO) {
		for (kernel = LINE_KERNEL_COUNT - 1; !line_kernel_supported(kernel);)
			kernel--;
	}
	selected = kernel;
	kernel_selected = kernels[kernel];
	return 0;
}

enum line_kernel line_index_selected(void)
{
	return selected;
}

__attribute__((constructor)) static void select_best(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
#endif
	line_index_select(LINE_KERNEL_AUTO);
}

// What a kernel takes for granted.
static bool is_usual(const char *buf, const struct line_index *index)
{
	for (uint32_t i = 1; i <= index->count; i++) {
		if (index->start[i] < 3 || buf[index->start[i] - 2] != '\r')
			return false;
	}
	return buf[index->header_end - 2] == '\r';
}

static int walk_plain(const char *buf, size_t len, struct line_index *index)
{
	size_t limit = len < SIP_MAX_HEADER_BYTES ? len : SIP_MAX_HEADER_BYTES, line = 0, next;
	const char *lf;

	index->count = 0;
	index->start[0] = 0;
	while ((lf = memchr(buf + line, '\n', limit - line)) != NULL) {
		next = (size_t)(lf - buf) + 1;
		if (next - line == 1 || (next - line == 2 && buf[line] == '\r')) {
			index->header_end = (uint32_t)next;
			return 0;
		}
		if (index->count == LINE_INDEX_MAX)
			return -EMSGSIZE;
		index->start[++index->count] = (uint16_t)next;
		line = next;
	}
	return len > SIP_MAX_HEADER_BYTES ? -EMSGSIZE : -ENODATA;
}

int line_index_build(const char *buf, size_t len, struct line_index *index)
{
	if (len > SIP_MAX_BYTES)
		return -EMSGSIZE;
	if (len >= LINE_BLOCK && kernel_selected->line_index(buf, len, index) == 0 &&
	    is_usual(buf, index))
		return 0;
	return walk_plain(buf, len, index);
}

const char *line_kernel_name(enum line_kernel kernel)
{
	static const char *const names[LINE_KERNEL_COUNT] = {
		[LINE_KERNEL_AUTO] = "auto",     [LINE_KERNEL_SCALAR] = "scalar",
		[LINE_KERNEL_SSE42] = "sse42",   [LINE_KERNEL_AVX2] = "avx2",
		[LINE_KERNEL_AVX512] = "avx512",
	};

	return (unsigned int)kernel < LINE_KERNEL_COUNT ? names[kernel] : "unknown";
}
