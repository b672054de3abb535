#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each figure against its size: runs the other benches over sizes far apart, and fits how the figure goes.

usage: growth.py BUILD [--json] [--rounds N] [--only CURVE]

All sizes take their turn once a round, so that what else a machine does falls on all of them. A figure is the median of
the rounds. The exponent is the slope in a plot of both logarithms: a cost that is the same at every size has 0.
"""

import argparse
import json
import os
import pathlib
import sys
from typing import NamedTuple

sys.dont_write_bytecode = True
TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TREE / "bench/report"))

# pylint: disable=wrong-import-position
from bench import BenchFailed, command_run, commands_end_with_us
from order import exponent, exponent_expected
from result import BadResult, lines_fold
from table import text_tables
from target import line_fits


class Curve(NamedTuple):
    name: str
    command: str  # {size} is where the size goes
    sizes: tuple  # a run each; empty: one run tells of all sizes
    over: str  # what the size is
    where: dict  # the result lines that have the figure
    figure: str
    order: str  # that is expected, of order.ORDERS


THOUSAND_TO_MILLION = (1000, 3162, 10000, 31623, 100000, 316228, 1000000)

CURVES = (
    Curve("event, by calls up", "{bench}/bench-worker --json --only ring --up {size}", THOUSAND_TO_MILLION,
          "calls_up", {"case": "ring+calls"}, "ns_per_event", "flat"),
    Curve("memory, by calls up", "{bench}/bench-worker --json --only calls --memory {size}", THOUSAND_TO_MILLION,
          "calls_up", {"case": "calls"}, "allocated_bytes_per_call", "flat"),
    Curve("memory, by persons", "{bench}/bench-worker --json --only persons --calls {size}",
          (500, 1581, 5000, 15811, 50000), "persons_busy", {"case": "persons"}, "allocated_bytes_per_person", "flat"),
    Curve("call, by transactions in flight",
          "{bench}/bench-worker --json --only worker --rate 2000 --calls 8000 --latency {size}us",
          (1250, 3953, 12500, 39528, 125000, 237500), "in_flight", {"case": "worker"}, "cpu_us_per_call", "flat"),
    Curve("parser, by message size", "{bench}/bench-parse --json --only fast-avx2 --by size", (),
          "bytes_per_message", {"parser": "fast-avx2", "size": "*"}, "ns_per_message", "linear"),
    Curve("latency, by rate", "{bench}/bench-calls --json --case latency --seconds 1 --repetitions 1 --rate {size}",
          (100, 316, 1000, 3162, 5000), "calls_per_s", {"case": "latency"}, "latency_us_p50", "flat"),
    Curve("recovery, by publications", "{bench}/bench-restart --json --rounds 1 --publications {size}",
          (1000, 3162, 10000, 31622), "publications", {"case": "full speed", "store": "embedded"}, "reconciled_s",
          "linear"),
    Curve("number look-up, by rows", "{bench}/bench-directory --json", (),
          "rows", {"case": "lookup", "lookup": "number", "rules": 0}, "ns_per_lookup", "flat"),
    Curve("loading a directory, by rows", "{bench}/bench-directory --json", (),
          "rows", {"case": "load", "rules": 0}, "load_s", "linear"),
)

LIMIT_S = 120  # for one command


class Runs:
    """The lines of commands, each run once a round however many curves want it."""

    def __init__(self, build):
        self.build = build
        self.kept = {}

    def _words(self, text):
        return [word.replace("{bench}", str(self.build / "bench")) for word in text.split()]

    def program(self, text):
        return self._words(text)[0]

    def lines(self, number, text):
        if (number, text) not in self.kept:
            self.kept[number, text] = command_run(self._words(text), TREE, LIMIT_S)
        return self.kept[number, text]


def _with_means(line):
    if "bytes" in line and "messages" in line:
        return {**line, "bytes_per_message": round(line["bytes"] / line["messages"])}
    return line


def points(curve, number, runs):
    """The lines of one curve in one round: what it is, the size, the figure."""
    found = []
    commands = [curve.command.replace("{size}", str(size)) for size in curve.sizes] or [curve.command]
    for command in commands:
        fit = [line for line in map(_with_means, runs.lines(number, command))
               if line_fits(line, curve.where) and curve.over in line and curve.figure in line]
        if not fit:
            raise BenchFailed(f"{command}: no line with {curve.over} and {curve.figure}")
        found += [{"curve": curve.name, curve.over: line[curve.over], curve.figure: line[curve.figure]}
                  for line in fit]
    return sorted(found, key=lambda line: line[curve.over])


def curve_measure(curve, runs, rounds):
    """The points of a curve and, as a last line, how it goes."""
    taken = []
    for number in range(1, rounds + 1):
        print(f"   {curve.name}, round {number} of {rounds}", file=sys.stderr, flush=True)
        taken.append(points(curve, number, runs))
    lines = lines_fold(taken)
    sizes = [line[curve.over] for line in lines]
    return lines + [{
        "curve": curve.name, "over": curve.over, "figure": curve.figure, "order": curve.order,
        "from": min(sizes), "to": max(sizes),
        "expected_exponent": round(exponent_expected(curve.order, sizes), 3),
        "fitted_exponent": round(exponent([(line[curve.over], line[curve.figure]) for line in lines]), 3),
    }]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="curves with this in their name")
    options = parser.parse_args()
    curves = [curve for curve in CURVES if options.only is None or options.only in curve.name]
    if options.rounds < 1 or not curves:
        parser.error("no round, or no such curve; there are: " + "; ".join(curve.name for curve in CURVES))
    runs = Runs(options.build.resolve())
    for curve in curves:
        if not os.access(runs.program(curve.command), os.X_OK):
            print(f"bench-growth: left out: {curve.name}: {runs.program(curve.command)} is not built", file=sys.stderr)
            continue
        try:
            lines = curve_measure(curve, runs, options.rounds)
        except (BenchFailed, BadResult) as error:
            print(f"bench-growth: {curve.name}: {error}", file=sys.stderr)
            return 1
        print("\n".join(map(json.dumps, lines)) if options.json else text_tables(lines), flush=True)
    return 0


if __name__ == "__main__":
    commands_end_with_us()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
