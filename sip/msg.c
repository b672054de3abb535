// SPDX-License-Identifier: Apache-2.0
// The fast parser of the kernel that was selected; what it leaves goes to the reference parser.
#include "sip/msg.h"

#include <string.h>

#include "sip/kernel.h"

enum sip_reject sip_msg_parse(const char *buf, size_t len, struct sip_msg *msg)
{
	return kernel_selected->msg_parse(buf, len, msg);
}

// A tab is as good as a blank everywhere but in the start line, and kernels know only blanks: they
// try again with a copy. Slices are offsets, so they hold for both.
enum sip_reject msg_parse_unusual(const char *buf, size_t len, struct sip_msg *msg)
{
	char copy[LINE_INDEX_BYTES];
	const char *line = len <= sizeof(copy) ? memchr(buf, '\n', len) : NULL;
	char *tab = line != NULL ? memchr(line, '\t', len - (size_t)(line - buf)) : NULL;

	if (tab == NULL)
		return sip_msg_parse_reference(buf, len, msg);
	memcpy(copy, buf, len);
	for (tab = copy + (tab - buf); tab != NULL;
	     tab = memchr(tab, '\t', len - (size_t)(tab - copy)))
		*tab = ' ';
	return kernel_selected->msg_parse(copy, len, msg);
}
