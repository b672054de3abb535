#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each figure against its size: runs the other benches over sizes far apart, and fits how the figure goes.

usage: growth.py BUILD [--json] [--rounds N] [--only CURVE]

All sizes take their turn once a round, so that what else a machine does falls on all of them. A figure is the median of
the rounds. The exponent is the slope in a plot of both logarithms: a cost that is the same at every size has 0. A bench
that tells of all sizes itself, and has run in this build at this commit, lends its lines to the first round.
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
import machine
from bench import BenchFailed, command_run, command_shown, commands_end_with_us
from order import exponent, exponent_expected
from result import BadResult, folder_read, lines_fold
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


# The commands of report/bench.py that tell of all sizes themselves.
ALL_MEMORY = "{bench}/bench-calls --json --case memory --memory 1000,10000,100000,1000000"
ALL_PARSE = "{bench}/bench-parse --json --by kind,size,headers,cache --rounds 7"
ALL_DIRECTORY = "{bench}/bench-directory --json --rounds 3"
ALL_WIRE = "{bench}/bench-wire --json"
ALL_TRANSACTION = "{bench}/bench-transaction --json"

CURVES = (
    Curve("event, by calls up", "{bench}/bench-events --json --rounds 1 --up {size}",
          (1000, 10000, 100000, 1000000),
          "calls_up", {"case": "ring+calls"}, "ns_per_event", "flat"),
    Curve("memory, by calls up", ALL_MEMORY, (),
          "calls_up", {"case": "memory"}, "allocated_bytes_per_call", "flat"),
    Curve("memory, by persons", ALL_MEMORY, (),
          "persons_busy", {"case": "memory"}, "allocated_bytes_per_person", "flat"),
    Curve("transaction, by transactions in flight", ALL_TRANSACTION, (),
          "in_flight", {"case": "transaction"}, "ns_per_transaction", "flat"),
    Curve("packets, by poll cores", ALL_WIRE, (),
          "poll_cores", {"case": "cores"}, "packets_per_s", "linear"),
    Curve("parser, by message size", ALL_PARSE, (),
          "bytes_per_message", {"parser": "fast-avx2", "size": "*"}, "ns_per_message", "linear"),
    Curve("latency, by rate", "{bench}/bench-calls --json --case latency --seconds 1 --repetitions 1 --rate {size}",
          (100, 1000, 5000), "calls_per_s", {"case": "latency"}, "latency_us_p50", "flat"),
    Curve("recovery, by publications", "{bench}/bench-restart --json --rounds 1 --publications {size}",
          (1000, 5623, 31622), "publications", {"case": "full speed", "store": "embedded"}, "reconciled_s",
          "linear"),
    Curve("number look-up, by rows", ALL_DIRECTORY, (),
          "rows", {"case": "lookup", "lookup": "number", "rules": 0}, "ns_per_lookup", "flat"),
    Curve("loading a directory, by rows", ALL_DIRECTORY, (),
          "rows", {"case": "load", "rules": 0}, "load_s", "linear"),
)

LIMIT_S = 240  # for one command


class Runs:
    """The lines of commands, each run once a round however many curves want it."""

    def __init__(self, build):
        self.build = build
        self.kept = {}
        self._borrow(machine.commit(TREE))

    def _borrow(self, commit):
        # What a bench of the same commit has measured in this build need not be measured again.
        if not commit.endswith("-dirty"):
            for result in folder_read(self.build / "bench-results").values():
                if result["commit"] == commit and len(result["settings"]["commands"]) == 1:
                    self.kept[1, result["settings"]["commands"][0]] = result["results"]

    def _words(self, text):
        return [word.replace("{bench}", str(self.build / "bench")) for word in text.split()]

    def program(self, text):
        return self._words(text)[0]

    def lines(self, number, text):
        words = self._words(text)
        key = number, command_shown(words)
        if key not in self.kept:
            self.kept[key] = command_run(words, TREE, LIMIT_S)
        return self.kept[key]


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
