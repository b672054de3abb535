// SPDX-License-Identifier: Apache-2.0
#include "tests/sip/osip_differences.h"

const struct osip_difference osip_differences[] = {
	{"rfc4475/badvers.dat", OSIP_ACCEPTS, "RFC 3261 7.1", "only SIP/2.0 is SIP/2.0"},
	{"rfc4475/bigcode.dat", OSIP_ACCEPTS, "RFC 3261 7.2", "a status code has three digits"},
	{"rfc4475/clerr.dat", OSIP_REJECTS, "RFC 3261 18.3",
	 "a server refuses a cut body; an observer can use the headers, and flags the body"},
	{"rfc4475/esc01.dat", OSIP_DIFFERS, "RFC 3261 19.1.2",
	 "libosip2 undoes escapes while it parses, we when a user is compared"},
	{"rfc4475/escnull.dat", OSIP_DIFFERS, "RFC 4475 3.1.1.4",
	 "an unescaped NUL ends libosip2's user; ours stays escaped"},
	{"rfc4475/intmeth.dat", OSIP_REJECTS, "RFC 3261 25.1",
	 "a backslash may hide any ASCII in a quoted-string, a NUL too"},
	{"rfc4475/mismatch01.dat", OSIP_ACCEPTS, "RFC 3261 8.1.1.5",
	 "the CSeq method must be the request's"},
	{"rfc4475/mismatch02.dat", OSIP_ACCEPTS, "RFC 3261 8.1.1.5",
	 "the CSeq method must be the request's"},
	{"rfc4475/ncl.dat", OSIP_ACCEPTS, "RFC 3261 20.14", "Content-Length is 1*DIGIT"},
	{"rfc4475/novelsc.dat", OSIP_REJECTS, "RFC 3261 25.1",
	 "a Request-URI may be any absoluteURI"},
	{"rfc4475/scalar02.dat", OSIP_ACCEPTS, "RFC 3261 8.1.1.5", "CSeq is below 2**31"},
	{"rfc4475/scalarlg.dat", OSIP_ACCEPTS, "RFC 3261 8.1.1.5", "CSeq is below 2**31"},
	{"length-hex", OSIP_ACCEPTS, "RFC 3261 20.14", "Content-Length is 1*DIGIT"},
	{"length-sign", OSIP_ACCEPTS, "RFC 3261 20.14", "Content-Length is 1*DIGIT"},
	{"length-wraps", OSIP_ACCEPTS, "RFC 3261 20.14",
	 "a length of 2**32 + 4 is no length of 4: a second message would hide in the first"},
	{"no-colon", OSIP_REJECTS, "RFC 3261 7.3.1",
	 "a server refuses a line without a colon; an observer can do without it"},
	{"no-via", OSIP_ACCEPTS, "RFC 3261 8.1.1.7", "every message has a Via"},
	{"tag-twice", OSIP_ACCEPTS, "RFC 3261 7.3.1", "a parameter may come once"},
	{"tag-quoted", OSIP_ACCEPTS, "RFC 3261 25.1", "a tag is a token"},
	{"no-reason", OSIP_DIFFERS, "RFC 3261 7.2",
	 "without the blank before an empty reason libosip2 takes the next line for the reason"},
};

const size_t osip_difference_count = sizeof(osip_differences) / sizeof(osip_differences[0]);
