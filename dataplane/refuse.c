// SPDX-License-Identifier: Apache-2.0
#include "dataplane/refuse.h"

#include <stdarg.h>
#include <stdio.h>

int refuse(int rc, char *error, size_t size, const char *fmt, ...)
{
	va_list list;

	va_start(list, fmt);
	vsnprintf(error, size, fmt, list);
	va_end(list);
	return rc;
}
