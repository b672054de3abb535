// SPDX-License-Identifier: Apache-2.0
// What an observer has to make of each situation on the wire, a row each: who is on the phone,
// when, and why not any more.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenario.h"

#define UP                   \
	"1 INVITE a>\n"      \
	"3 200 INVITE a>b\n" \
	"3.1 ACK a>b\n"
#define UP_TOLD                     \
	"3 alice busy answered 1\n" \
	"3 bob busy answered 1\n"
#define DOWN_TOLD(at, cause) at " alice clear " cause " 0\n" at " bob clear " cause " 0\n"

static const struct scenario scenarios[] = {
	{"a call and its end", NULL, UP "60 BYE a>b\n60.1 200 BYE a>b\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"the callee hangs up", NULL, UP "60 BYE b>a cseq=1\n60.1 200 BYE b>a cseq=1\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"ringing is not busy, nor is early media", NULL,
	 "1 INVITE a>\n2 180 INVITE a>b\n2.1 183 INVITE a>c\n100 180 INVITE a>b\n300 pass\n", ""},
	{"ringing is busy if wanted", "early",
	 "1 INVITE a>\n2 180 INVITE a>b\n3 200 INVITE a>b\n3.1 ACK a>b\n9 BYE a>b\n9.1 200 BYE "
	 "a>b\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" DOWN_TOLD("9.1", "bye")},
	{"ringing is busy until it is refused", "early",
	 "1 INVITE a>\n2 180 INVITE a>b\n3 486 INVITE a>b\n3.2 180 INVITE a>b\n500 pass\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" DOWN_TOLD("3", "cancelled")},
	{"ringing that is never answered ends by timer C", "early",
	 "1 INVITE a>\n2 180 INVITE a>b\n62 180 INVITE a>b\n500 pass\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" DOWN_TOLD("242", "cancelled")},
	{"forks that ring: the answered one stays", "early",
	 "1 INVITE a>\n2 180 INVITE a>b\n2 180 INVITE a>c\n3 200 INVITE a>c\n3.1 ACK a>c\n"
	 "9 BYE a>c\n9.1 200 BYE a>c\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" DOWN_TOLD("9.1", "bye")},
	{"forks that ring: a second one is answered, too", "early",
	 "1 INVITE a>\n2 180 INVITE a>b\n2 180 INVITE a>c\n3 200 INVITE a>c\n3.1 ACK a>c\n"
	 "3.5 200 INVITE a>b\n3.6 ACK a>b\n9 BYE a>c\n9.1 200 BYE a>c\n20 BYE a>b\n"
	 "20.1 200 BYE a>b\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" DOWN_TOLD("20.1", "bye")},
	{"a challenge of the INVITE before ends no ringing", "early",
	 "1 INVITE a>\n1.5 INVITE a> cseq=2\n2 180 INVITE a>b cseq=2\n2.5 401 INVITE a>b\n"
	 "3 200 INVITE a>b cseq=2\n3.1 ACK a>b cseq=2\n9 BYE a>b cseq=3\n9.1 200 BYE a>b cseq=3\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" DOWN_TOLD("9.1", "bye")},
	{"what was answered while it rang is old when it is up", "early",
	 "1 INVITE a>\n2 183 INVITE a>b\n2.3 200 UPDATE a>b cseq=3\n3 200 INVITE a>b\n3.1 ACK a>b\n"
	 "5 BYE a>b cseq=2\n99 pass\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n"},
	{"a 180 behind its 2xx is no ACK", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b\n3.1 180 INVITE a>b\n99 pass\n",
	 UP_TOLD DOWN_TOLD("35", "no-ack")},
	{"PRACK confirms nothing", "early",
	 "1 INVITE a>\n2 183 INVITE a>b\n2.2 200 PRACK a>b\n2.3 200 UPDATE a>b cseq=3\n"
	 "4 487 INVITE a>b\n",
	 "2 alice busy ringing 1\n2 bob busy ringing 1\n" DOWN_TOLD("4", "cancelled")},
	{"PRACK and UPDATE before the answer", NULL,
	 "1 INVITE a>\n2.2 200 PRACK a>b\n2.3 200 UPDATE a>b cseq=3\n2.4 200 UPDATE b>a\n"
	 "4 487 INVITE a>b\n200 pass\n",
	 ""},

	{"several 200 to one INVITE: the caller counts once", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b\n3.1 ACK a>b\n3.5 200 INVITE a>c to=bob\n3.6 ACK a>c\n"
	 "4 BYE a>c\n4.1 200 BYE a>c\n60 BYE b>a cseq=1\n60.1 200 BYE b>a cseq=1\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"several 200: the first one is the loser", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b\n3.1 ACK a>b\n3.5 200 INVITE a>c\n3.6 ACK a>c\n"
	 "4 BYE a>b\n4.1 200 BYE a>b\n60 BYE a>c\n60.1 200 BYE a>c\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},

	{"cancelled", NULL,
	 "1 INVITE a>\n2 180 INVITE a>b\n5 CANCEL a>\n5.1 200 CANCEL a>b\n5.2 487 INVITE a>b\n"
	 "5.3 ACK a>b\n",
	 ""},
	{"a 200 that crosses the CANCEL wins until its BYE", NULL,
	 "1 INVITE a>\n5 CANCEL a>\n5.1 200 INVITE a>b\n5.2 200 CANCEL a>b\n5.3 487 INVITE a>c\n"
	 "5.4 ACK a>b\n6 BYE a>b\n6.1 200 BYE a>b\n",
	 "5.1 alice busy answered 1\n5.1 bob busy answered 1\n" DOWN_TOLD("6.1", "bye")},
	{"refused", NULL, "1 INVITE a>\n2 486 INVITE a>b\n2.1 ACK a>b\n90 pass\n", ""},
	{"moved", NULL, "1 INVITE a>\n2 302 INVITE a>b\n2.1 ACK a>b\n90 pass\n", ""},
	{"challenged, then the same call with a higher CSeq", NULL,
	 "1 INVITE a>\n1.1 407 INVITE a>x\n1.2 ACK a>x\n1.3 INVITE a> cseq=2\n"
	 "3 200 INVITE a>b cseq=2\n3.1 ACK a>b cseq=2\n60 BYE a>b cseq=3\n60.1 200 BYE a>b "
	 "cseq=3\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"a looped challenge leaves nothing behind", NULL,
	 "1 INVITE a>\n1.1 407 INVITE a>x\n1.2 INVITE a> cseq=2\n1.3 407 INVITE a>y cseq=2\n"
	 "1.4 INVITE a> cseq=3\n1.5 407 INVITE a>z cseq=3\n100 pass\n",
	 ""},

	{"retransmitted 200", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b\n3.5 200 INVITE a>b\n4.5 200 INVITE a>b\n4.6 ACK a>b\n"
	 "60 BYE a>b\n60.1 200 BYE a>b\n60.2 200 INVITE a>b\n61 200 BYE a>b\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"everything twice, from two mirror ports", NULL,
	 "1 INVITE a>\n1 INVITE a>\n3 200 INVITE a>b\n3 200 INVITE a>b\n3.1 ACK a>b\n3.1 ACK a>b\n"
	 "60 BYE a>b\n60 BYE a>b\n60.1 200 BYE a>b\n60.1 200 BYE a>b\n150 pass\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"200 without ACK", NULL, "1 INVITE a>\n3 200 INVITE a>b\n90 pass\n",
	 UP_TOLD DOWN_TOLD("35", "no-ack")},
	{"200 without ACK, but with another sign of life", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b\n5 200 INFO b>a\n90 pass\n", UP_TOLD},
	{"200 without ACK, where ACKs pass elsewhere", "no-ack-timeout",
	 "1 INVITE a>\n3 200 INVITE a>b\n90 pass\n", UP_TOLD},
	{"ACK faster than its 200", NULL, "1 INVITE a>\n3 ACK a>b\n3 200 INVITE a>b\n90 pass\n",
	 UP_TOLD},

	{"re-INVITE and UPDATE, hold and unhold", NULL,
	 UP "9 INVITE a>b cseq=2\n9.1 200 INVITE a>b cseq=2\n9.2 ACK a>b cseq=2\n"
	    "19 INVITE b>a cseq=1\n19.1 200 INVITE b>a cseq=1\n29 200 UPDATE a>b cseq=3\n"
	    "60 BYE a>b cseq=4\n60.1 200 BYE a>b cseq=4\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"a re-INVITE that fails changes nothing", NULL,
	 UP
	 "9 INVITE a>b cseq=2\n9.1 488 INVITE a>b cseq=2\n10 INVITE b>a cseq=1\n"
	 "10.1 491 INVITE b>a cseq=1\n11 INVITE a>b cseq=3\n11.1 401 INVITE a>b cseq=3\n99 pass\n",
	 UP_TOLD},
	{"a re-INVITE answered 481 ends the dialog", NULL,
	 UP "9 INVITE a>b cseq=2\n9.1 481 INVITE a>b cseq=2\n", UP_TOLD DOWN_TOLD("9.1", "gone")},
	{"a re-INVITE answered 408 ends the dialog", NULL,
	 UP "9 INVITE b>a cseq=2\n9.1 408 INVITE b>a cseq=2\n", UP_TOLD DOWN_TOLD("9.1", "gone")},
	{"an UPDATE answered 481 ends the dialog", NULL, UP "9.1 481 UPDATE a>b cseq=2\n",
	 UP_TOLD DOWN_TOLD("9.1", "gone")},
	{"OPTIONS in the dialog answered 481 ends it", NULL, UP "9.1 481 OPTIONS b>a cseq=7\n",
	 UP_TOLD DOWN_TOLD("9.1", "gone")},
	{"INFO in the dialog answered 481 ends it", NULL, UP "9.1 481 INFO a>b cseq=2\n",
	 UP_TOLD DOWN_TOLD("9.1", "gone")},
	{"481 to NOTIFY or PRACK is about a subscription or a transaction", NULL,
	 UP "9.1 481 NOTIFY b>a cseq=7\n9.2 481 PRACK a>b cseq=2\n9.3 408 OPTIONS a>b cseq=3\n",
	 UP_TOLD},
	{"INFO, NOTIFY, PRACK in the dialog are signs of life only", NULL,
	 UP "9 200 INFO a>b\n9 200 NOTIFY b>a cseq=1\n9 200 PRACK a>b cseq=3\n", UP_TOLD},

	{"BYE without an answer ends after 32 s", NULL, UP "60 BYE a>b\n60.5 BYE a>b\n200 pass\n",
	 UP_TOLD DOWN_TOLD("92", "bye-timeout")},
	{"BYE answered 481", NULL, UP "60 BYE a>b\n60.1 481 BYE a>b\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"BYE answered 408", NULL, UP "60 BYE a>b\n60.1 408 BYE a>b\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"BYE answered 500 waits out its time", NULL, UP "60 BYE a>b\n60.1 500 BYE a>b\n99 pass\n",
	 UP_TOLD DOWN_TOLD("92", "bye-timeout")},
	{"BYE challenged: up until the authorised one", NULL,
	 UP "60 BYE a>b\n60.1 407 BYE a>b\n100 BYE a>b cseq=3\n100.1 407 BYE a>b\n"
	    "100.2 200 BYE a>b cseq=3\n",
	 UP_TOLD DOWN_TOLD("100.2", "bye")},
	{"BYE challenged and never authorised: the call goes on", NULL,
	 UP "60 BYE a>b\n60.1 401 BYE a>b\n200 pass\n", UP_TOLD},
	{"an old challenge makes no old BYE new", NULL,
	 UP "20 BYE a>b cseq=2\n20.1 401 BYE a>b cseq=2\n30 UPDATE a>b cseq=5\n"
	    "30.1 200 UPDATE a>b cseq=5\n40 401 BYE a>b cseq=2\n40.1 BYE a>b cseq=3\n200 pass\n",
	 UP_TOLD},
	{"the challenge is faster than its BYE", NULL,
	 UP "60 401 BYE a>b\n60.02 BYE a>b\n200 pass\n", UP_TOLD},
	{"crossed BYEs", NULL,
	 UP "60 BYE a>b\n60 BYE b>a cseq=1\n60.1 200 BYE b>a cseq=1\n60.1 481 BYE a>b\n99 pass\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"a sign of life after the BYE opens the call again", NULL,
	 UP "60 BYE a>b\n61 INVITE a>b cseq=3\n61.1 200 INVITE a>b cseq=3\n200 pass\n", UP_TOLD},
	{"so does one from the other side", NULL,
	 UP "60 BYE a>b\n61 200 UPDATE b>a cseq=1\n200 pass\n", UP_TOLD},
	{"what was on its way before the BYE does not", NULL,
	 UP "60 BYE a>b cseq=3\n60.02 200 INFO b>a cseq=1\n60.02 200 INFO a>b cseq=2\n99 pass\n",
	 UP_TOLD DOWN_TOLD("92", "bye-timeout")},

	{"lost BYE: session timer and 32 s", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b se=1800\n3.1 ACK a>b\n2000 pass\n",
	 UP_TOLD DOWN_TOLD("1835", "session-timer")},
	{"each refresh moves the session timer", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b se=600\n3.1 ACK a>b\n303 200 UPDATE a>b se=600\n"
	 "603 INVITE b>a cseq=1\n603 200 INVITE b>a cseq=1 se=600\n2000 pass\n",
	 UP_TOLD DOWN_TOLD("1235", "session-timer")},
	{"a repeated 200 is no refresh", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b se=90\n3.1 ACK a>b\n50 200 INVITE a>b se=90\n200 pass\n",
	 UP_TOLD DOWN_TOLD("125", "session-timer")},
	{"INFO is no refresh", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b se=90\n3.1 ACK a>b\n50 200 INFO a>b\n200 pass\n",
	 UP_TOLD DOWN_TOLD("125", "session-timer")},
	{"nobody may ask for less than 90 s", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b se=1\n3.1 ACK a>b\n200 pass\n",
	 UP_TOLD DOWN_TOLD("125", "session-timer")},
	{"a refresh without Session-Expires turns the timer off", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b se=90\n3.1 ACK a>b\n50 200 UPDATE a>b\n7000 pass\n",
	 UP_TOLD},
	{"lost BYE: maximum age", NULL, UP "8000 pass\n", UP_TOLD DOWN_TOLD("7203", "max-age")},
	{"the maximum age counts from the last sign of life", NULL,
	 UP "7000 200 INFO a>b\n20000 pass\n", UP_TOLD DOWN_TOLD("14200", "max-age")},

	{"blind transfer: the referrer ends by the BYE", NULL,
	 UP "20 200 REFER b>a cseq=1\n21 INVITE a> call=2 to=carol\n23 200 INVITE a>c call=2\n"
	    "23.1 ACK a>c call=2\n23.2 BYE b>a\n23.3 200 BYE b>a\n",
	 UP_TOLD "23 carol busy answered 1\n23.3 bob clear bye 0\n"},
	{"Replaces: no double count and no gap", NULL,
	 UP "20 INVITE c> call=2 to=alice replaces=1:a:b\n21 200 INVITE c>a call=2\n"
	    "21.1 ACK c>a call=2\n22 BYE a>b\n22.1 200 BYE a>b\n60 BYE c>a call=2\n"
	    "60.1 200 BYE c>a call=2\n",
	 UP_TOLD "21 carol busy answered 1\n21 bob clear replaced 0\n"
		 "60.1 carol clear bye 0\n60.1 alice clear bye 0\n"},
	{"Replaces that is refused replaces nothing", NULL,
	 UP "20 INVITE c> call=2 to=alice replaces=1:a:b\n21 486 INVITE c>a call=2\n30 pass\n",
	 UP_TOLD},
	{"Replaces whose INVITE comes late", NULL,
	 UP "20 200 INVITE c>a call=2\n20.02 INVITE c> call=2 to=alice replaces=1:a:b\n"
	    "20.1 ACK c>a call=2\n30 pass\n",
	 UP_TOLD "20.02 carol busy answered 1\n20.02 bob clear replaced 0\n"},

	{"two legs of a B2BUA: busy by either", NULL,
	 "1 INVITE a> call=1\n1.1 INVITE a> call=2\n3 200 INVITE a>b call=2\n"
	 "3.01 200 INVITE a>b call=1\n3.1 ACK a>b\n3.1 ACK a>b call=2\n60 BYE a>b\n"
	 "60.1 200 BYE a>b\n60.1 BYE a>b call=2\n60.2 200 BYE a>b call=2\n",
	 UP_TOLD DOWN_TOLD("60.2", "bye")},
	{"two overlapping calls of one user", NULL,
	 UP "5 INVITE c> call=2 to=alice\n6 200 INVITE c>a call=2\n6.1 ACK c>a call=2\n"
	    "9 BYE a>b\n9.1 200 BYE a>b\n12 BYE a>c call=2\n12.1 200 BYE a>c call=2\n",
	 UP_TOLD "6 carol busy answered 1\n9.1 bob clear bye 0\n12.1 carol clear bye 0\n"
		 "12.1 alice clear bye 0\n"},
	{"somebody calls himself", NULL,
	 "1 INVITE a> to=alice\n3 200 INVITE a>b\n3.1 ACK a>b\n9 BYE a>b\n9.1 200 BYE a>b\n",
	 "3 alice busy answered 1\n9.1 alice clear bye 0\n"},

	{"a call that was up before: re-INVITE", NULL,
	 "1 INVITE a>b cseq=7\n1.1 200 INVITE a>b cseq=7\n9 BYE b>a\n9.1 200 BYE b>a\n",
	 "1.1 alice busy learned 1\n1.1 bob busy learned 1\n" DOWN_TOLD("9.1", "bye")},
	{"a call that was up before: UPDATE", NULL,
	 "1.1 200 UPDATE a>b cseq=7\n9 BYE b>a\n9.1 200 BYE b>a\n",
	 "1.15 alice busy learned 1\n1.15 bob busy learned 1\n" DOWN_TOLD("9.1", "bye")},
	{"a call that was up before: INFO", NULL,
	 "1.1 200 INFO a>b cseq=7\n9 BYE b>a cseq=8\n9.1 200 BYE b>a cseq=8\n",
	 "1.15 alice busy learned 1\n1.15 bob busy learned 1\n" DOWN_TOLD("9.1", "bye")},
	{"a call whose 200 was lost is learned when it can't be ringing any more", NULL,
	 "1 INVITE a> pai=carol\n2 200 UPDATE a>b\n100 200 UPDATE b>a cseq=1\n"
	 "500 200 UPDATE a>b cseq=3\n510 pass\n",
	 "500.05 carol busy learned 1\n500.05 bob busy learned 1\n"},
	{"both ends, learned from a request of the callee", NULL,
	 "1 INVITE b>a cseq=7\n1.1 200 INVITE b>a cseq=7\n9 BYE b>a cseq=8\n9.1 200 BYE b>a "
	 "cseq=8\n",
	 "1.1 bob busy learned 1\n1.1 alice busy learned 1\n"
	 "9.1 bob clear bye 0\n9.1 alice clear bye 0\n"},
	{"a Request-URI inside a dialog is a contact", NULL,
	 "1 INVITE a>b cseq=7 ruri=dave pai=carol\n1.1 200 INVITE a>b cseq=7\n",
	 "1.1 carol busy learned 1\n1.1 bob busy learned 1\n"},
	{"P-Asserted-Identity of a response is the callee's", NULL,
	 "1 200 INVITE a>b pai=carol\n2 pass\n",
	 "1.05 alice busy answered 1\n1.05 bob busy answered 1\n"},
	{"what lives outside of calls teaches nothing", NULL,
	 "1 200 NOTIFY a>b\n1 200 REFER a>b\n1 200 PRACK a>b\n1 481 BYE a>b call=2\n90 pass\n", ""},
	{"the INVITE was not seen: From and To of the 200", NULL,
	 "3 200 INVITE a>b\n3.1 ACK a>b\n9 BYE b>a\n9.1 200 BYE b>a\n",
	 "3.05 alice busy answered 1\n3.05 bob busy answered 1\n" DOWN_TOLD("9.1", "bye")},
	{"the INVITE comes late and knows better", NULL,
	 "3 200 INVITE a>b\n3.02 INVITE a> pai=carol ruri=dave\n9 pass\n",
	 "3.02 carol busy answered 1\n3.02 dave busy answered 1\n"},
	{"the end is faster than the beginning", NULL,
	 "1 INVITE a>\n3 200 BYE a>b\n3.01 200 INVITE a>b\n3.02 BYE a>b\n90 pass\n", ""},

	{"a forged BYE without an answer changes nothing", NULL,
	 UP "20 BYE a>b src=m cseq=99\n100 pass\n", UP_TOLD},
	{"a forged BYE does not spoil the real one", NULL,
	 UP "20 BYE a>b src=m cseq=99\n60 BYE a>b\n60.1 200 BYE a>b\n",
	 UP_TOLD DOWN_TOLD("60.1", "bye")},
	{"a BYE from elsewhere counts when it is answered", NULL,
	 UP "20 BYE a>b src=m\n20.1 200 BYE a>b src=b dst=m\n", UP_TOLD DOWN_TOLD("20.1", "bye")},
	{"an answer that is not the BYE's way back is not believed", NULL,
	 UP "20 BYE a>b src=m\n20.1 200 BYE a>b src=n dst=o\n90 pass\n", UP_TOLD},
	{"an answer to a BYE that was not seen, towards one of the ends", NULL,
	 UP "20 200 BYE a>b src=n\n", UP_TOLD DOWN_TOLD("20", "bye")},
	{"an answer to a BYE that was not seen, between strangers", NULL,
	 UP "20 200 BYE a>b src=n dst=o\n90 pass\n", UP_TOLD},
	{"BYE with an old CSeq", NULL, UP "20 BYE a>b cseq=1\n90 pass\n", UP_TOLD},
	{"a BYE through proxies, answered on its last hop", NULL,
	 UP "20 BYE b>a cseq=1 src=b dst=a\n20.1 200 BYE b>a cseq=1 src=m dst=n\n",
	 UP_TOLD DOWN_TOLD("20.1", "bye")},
	{"BYE with other tags", NULL, UP "20 BYE a>c\n20.1 481 BYE a>c\n90 pass\n", UP_TOLD},

	{"wrong user: P-Asserted-Identity before From", NULL,
	 "1 INVITE a> pai=carol\n3 200 INVITE a>b\n",
	 "3 carol busy answered 1\n3 bob busy answered 1\n"},
	{"the second P-Asserted-Identity when the first is unknown", NULL,
	 "1 INVITE a> pai=x1 pai2=dave\n3 200 INVITE a>b\n",
	 "3 dave busy answered 1\n3 bob busy answered 1\n"},
	{"Remote-Party-ID when nothing is asserted", NULL,
	 "1 INVITE a> rpid=carol from=x1\n3 200 INVITE a>b\n",
	 "3 carol busy answered 1\n3 bob busy answered 1\n"},
	{"wrong user: Request-URI before To", NULL,
	 "1 INVITE a> to=bob ruri=dave\n3 200 INVITE a>b\n",
	 "3 alice busy answered 1\n3 dave busy answered 1\n"},
	{"P-Called-Party-ID when the Request-URI is a contact", NULL,
	 "1 INVITE a> to=bob ruri=x1 called=erin\n3 200 INVITE a>b\n",
	 "3 alice busy answered 1\n3 erin busy answered 1\n"},
	{"the INVITE on the hop of the answer", NULL,
	 "1 INVITE a> branch=p\n1.01 INVITE a> pai=carol branch=q\n1.02 INVITE a> pai=dave "
	 "branch=r\n"
	 "3 200 INVITE a>b branch=q\n",
	 "3 carol busy answered 1\n3 bob busy answered 1\n"},
	{"nobody known, nobody busy", NULL,
	 "1 INVITE a> from=x1 to=x2\n3 200 INVITE a>b\n9 BYE a>b\n9.1 200 BYE a>b\n", ""},
	{"only one is known", NULL,
	 "1 INVITE a> to=x2\n3 200 INVITE a>b\n9 BYE a>b\n9.1 200 BYE a>b\n",
	 "3 alice busy answered 1\n9.1 alice clear bye 0\n"},
	{"an identity that was cut is nobody's", NULL, "1 INVITE a> cut\n3 200 INVITE a>b\n", ""},
	{"callers are left alone", "no-callers", UP, "3 bob busy answered 1\n"},
	{"callees are left alone", "no-callees", UP, "3 alice busy answered 1\n"},
	{"emergency number", NULL, "1 INVITE a> to=112\n3 200 INVITE a>b to=112\n", ""},
	{"pilot number as the caller", NULL, "1 INVITE a> from=pilot\n3 200 INVITE a>b\n", ""},
	{"source that is ignored", NULL, "1 INVITE f>\n3 200 INVITE f>b\n", ""},
	{"source that is ignored, by the answer alone", NULL, "3 200 INVITE f>b\n4 pass\n", ""},
	{"a caller who publishes by himself", NULL,
	 "1 INVITE a> ua=UCCAPI/16.0\n3 200 INVITE a>b\n", "3 bob busy answered 1\n"},
	{"a callee who publishes by himself", NULL,
	 "1 INVITE a>\n3 200 INVITE a>b ua=UCCAPI/16.0\n", "3 alice busy answered 1\n"},
	{"a caller's User-Agent says nothing about the callee's", NULL,
	 "1 INVITE a> ua=Desk\n3 200 INVITE a>b ua=Desk\n", UP_TOLD},

	{"clear_delay bridges the gap of a transfer", "clear-delay-5",
	 UP "9 BYE b>a\n9.1 200 BYE b>a\n11 INVITE c> call=2 to=alice\n12 200 INVITE c>a call=2\n"
	    "12.1 ACK c>a call=2\n60 BYE c>a call=2\n60.1 200 BYE c>a call=2\n99 pass\n",
	 UP_TOLD "12 carol busy answered 1\n14.1 bob clear bye 0\n65.1 carol clear bye 0\n"
		 "65.1 alice clear bye 0\n"},
	{"more calls than allowed", "max-1",
	 UP "9 INVITE c> call=2 to=dave\n10 200 INVITE c>d call=2\n11 BYE a>b\n11.1 200 BYE a>b\n"
	    "12 INVITE c> call=3 to=dave\n13 200 INVITE c>d call=3\n",
	 UP_TOLD DOWN_TOLD("11.1", "bye") "13 carol busy answered 1\n13 dave busy answered 1\n"},

	{"the directory answers late", "slow-directory",
	 UP "5 answers\n9 BYE a>b\n9.1 200 BYE a>b\n",
	 "5 bob busy answered 1\n5 alice busy answered 1\n" DOWN_TOLD("9.1", "bye")},
	{"the directory answers when another call is in its place", "slow-directory",
	 UP "4 BYE a>b\n4.1 200 BYE a>b\n5 INVITE c> call=2 to=xeno\n6 200 INVITE c>d call=2\n"
	    "7 answers\n",
	 "7 carol busy answered 1\n"},
	{"the directory answers when the call is over", "slow-directory",
	 UP "9 BYE a>b\n9.1 200 BYE a>b\n10 answers\n11 INVITE c> call=2 to=dave\n"
	    "12 200 INVITE c>d call=2\n13 pass\n",
	 ""},
};

static void scenario_test(void **state)
{
	scenario_run(*state);
}

int main(void)
{
	enum { COUNT = sizeof(scenarios) / sizeof(scenarios[0]) };
	static struct CMUnitTest tests[COUNT];

	for (int i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){scenarios[i].name, scenario_test, NULL, NULL,
					       (void *)&scenarios[i]};
	return _cmocka_run_group_tests("scenarios", tests, COUNT, NULL, NULL);
}
