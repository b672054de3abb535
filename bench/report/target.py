# SPDX-License-Identifier: Apache-2.0
"""What is to be reached, and whether it was.

A target picks one result line of one bench and compares one figure of it. What is not in the results is not measured;
nothing stands in for it.
"""

import fnmatch
from typing import NamedTuple

from result import is_number


class Pick(NamedTuple):
    """One figure of the lines of a bench that have all of `where`; of several the best."""
    bench: str
    key: str
    where: dict = {}  # key: text with wildcards, number, or None: without that key
    best: str = ""  # "min" or "max"; else the first


class Target(NamedTuple):
    name: str  # of its note: docs/performance/notes/NAME.md, said when it is not reached
    text: str
    figure: Pick
    at_most: bool
    limit: float  # None: it is asked to be told, not to be so much
    over: Pick = None  # the figure is a ratio to this one, of the same run
    of: float = 1.0  # from the line's unit to the target's
    unit: str = ""


class Outcome(NamedTuple):
    target: Target
    value: float  # None: not measured
    line: dict  # that the value comes from

    @property
    def reached(self):
        if self.value is None:
            return None
        if self.target.limit is None:
            return True
        if self.target.at_most:
            return self.value <= self.target.limit
        return self.value >= self.target.limit


def line_fits(line, where):
    """Whether a result line has all of `where`."""
    for key, wanted in where.items():
        if wanted is None:
            if key in line:
                return False
        elif key not in line:
            return False
        elif isinstance(wanted, str):
            if not fnmatch.fnmatchcase(str(line[key]), wanted):
                return False
        elif line[key] != wanted:
            return False
    return True


def line_picked(results, pick):
    """The line that a pick means, or None."""
    lines = [line for line in results.get(pick.bench, {}).get("results", ())
             if line_fits(line, pick.where) and is_number(line.get(pick.key))]
    if not lines:
        return None
    if pick.best:
        return {"min": min, "max": max}[pick.best](lines, key=lambda line: line[pick.key])
    return lines[0]


def outcome(target, results):
    """What came of a target."""
    line = line_picked(results, target.figure)
    if line is None:
        return Outcome(target, None, None)
    value = line[target.figure.key] * target.of
    if target.over is not None:
        other = line_picked(results, target.over)
        if other is None or other[target.over.key] == 0:
            return Outcome(target, None, None)
        value /= other[target.over.key]
    return Outcome(target, value, line)


# Lines of bench-parse about the whole corpus; others are about a part of it.
WHOLE = {"kind": None, "size": None, "headers": None, "cache": None}

_FAST = Pick("parse", "ns_per_message", {"parser": "fast-*", **WHOLE}, "min")


def _other(parser):
    return _FAST._replace(where={**_FAST.where, "parser": parser})


TARGETS = (
    Target("parse-memchr", "fast parser: time, as a ratio to memchr finding the newlines of the same bytes",
           _FAST, True, 1.0, over=_other("memchr")),
    Target("parse-instructions", "fast parser: instructions a message",
           _FAST._replace(key="instructions_per_message"), True, 1500),
    Target("parse-osip2", "fast parser: times as fast as libosip2",
           _other("osip2"), False, 60, over=_FAST),
    Target("parse-sofia", "fast parser: times as fast as sofia-sip",
           _other("sofia*"), False, 30, over=_FAST),
    Target("gate", "gate alone, a message that is in the caches",
           Pick("parse", "ns_per_message", {"parser": "gate", "cache": "hot"}), True, 20, unit="ns"),
    Target("tcp", "SIP over TCP, in order: time, as a ratio to the same SIP in datagrams",
           Pick("stream", "ratio_to_udp", {"way": "tcp"}), True, 2),
    Target("tcp-disorder", "the same with one segment in a hundred out of order",
           Pick("stream", "ratio_to_udp", {"way": "tcp-1%"}), True, 3),
    Target("wire-rtp", "wire, 98 % RTP: packets a second as a ratio to testpmd rxonly (net_pcap)",
           Pick("wire", "ratio_to_testpmd", {"case": "pcap", "mix": "*98*"}), False, 0.70),
    Target("wire-sip", "wire, SIP call flows: packets a second as a ratio to testpmd rxonly (net_pcap)",
           Pick("wire", "ratio_to_testpmd", {"case": "pcap", "mix": "sip*"}), False, 0.40),
    Target("zero-loss-rtp", "highest rate without loss over net_memif, 98 % RTP",
           Pick("wire", "packets_per_s", {"case": "memif-zero-loss", "mix": "*98*"}), False, None, unit="packets/s"),
    Target("zero-loss-sip", "highest rate without loss over net_memif, SIP call flows",
           Pick("wire", "packets_per_s", {"case": "memif-zero-loss", "mix": "sip*"}), False, None, unit="packets/s"),
    Target("flood", "a million INVITEs and BYEs a second for ten seconds: right transitions of 1,000 real calls, of 2,000",
           Pick("flood", "transitions_right", {"case": "flood"}, "min"), False, 2000),
    Target("latency-p50", "200 OK to PUBLISH at 1,000 calls a second, worker polling: p50",
           Pick("calls", "latency_us_p50", {"case": "latency", "worker": "polling", "calls_per_s": 1000}), True, 30,
           unit="us"),
    Target("latency-p99", "200 OK to PUBLISH at 1,000 calls a second, worker polling: p99",
           Pick("calls", "latency_us_p99", {"case": "latency", "worker": "polling", "calls_per_s": 1000}), True, 200,
           unit="us"),
    Target("calls-per-s", "calls a second sustained by one worker core, registrar over TCP, Redis",
           Pick("calls", "sustained_calls_per_s", {"case": "sustained", "transport": "tcp"}), False, 10000),
    Target("cpu-per-call", "CPU of a call for publishing, at that rate",
           Pick("calls", "cpu_us_per_call_worker", {"case": "sustained", "transport": "tcp"}), True, 50, unit="us"),
    Target("memory-call", "memory of a call, with a million up",
           Pick("memory", "resident_bytes_per_call", {"case": "memory", "calls_up": 1000000}), True, 400,
           unit="bytes"),
    Target("memory-person", "memory of a busy person with its publication, with a million",
           Pick("memory", "resident_bytes_per_person", {"case": "memory", "persons_busy": 1000000}), True, 600,
           unit="bytes"),
)
