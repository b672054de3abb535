#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs benches and keeps their results: BUILD/bench-results/NAME.json, one file a bench.

usage: run.py BUILD [NAME ...] [-- ARGUMENTS]

Without a name all benches run. What failed or was left out is told at the end; a failed one leaves no file, so that no
older figure stands for it, and the exit code is 1.
"""

import datetime
import json
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import machine
from bench import (BENCHES, TREE, BenchFailed, bench_named, command_output, command_run, command_shown, command_words,
                   commands_end_with_us)
from result import file_write, lines_fold, path_of
from table import text_tables


def _settings(build, commands):
    options = json.loads((build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))
    wanted = ("buildtype", "allocator", "b_sanitize", "b_lto")
    settings = {option["name"]: option["value"] for option in options if option["name"] in wanted}
    load = os.getloadavg()[0]
    return {"commands": commands, **settings, "load_before": round(load, 2)}


def _told(command, more=""):
    print(f"   {command_shown(command)}{more}", file=sys.stderr, flush=True)


def _round_run(bench, commands, number):
    lines = []
    for command in commands:
        _told(command, f" (round {number} of {bench.rounds})" if bench.rounds > 1 else "")
        start = time.monotonic()
        found = command_run(command, TREE, bench.limit_s)
        print(f"   {len(found)} results in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        lines += found
    return lines


def bench_run(bench, build, arguments):
    """Runs one bench and writes its file."""
    folder = build / "bench-results"
    commands = [command_words(command, build) + arguments for command in bench.commands]
    before = command_words(bench.before, build)
    compiler, flags = machine.compiler(build)
    result = {
        "bench": bench.name,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": machine.commit(TREE),
        "machine": machine.machine(),
        "compiler": compiler,
        "flags": flags,
        "versions": machine.versions(),
        "settings": _settings(build, [command_shown(command) for command in [before, *commands] if command]),
        "results": [],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path_of(folder, bench.name).unlink(missing_ok=True)
    if before:
        _told(before)
        print(command_output(before, TREE, bench.limit_s), end="", file=sys.stderr, flush=True)
    rounds = [_round_run(bench, commands, number) for number in range(1, bench.rounds + 1)]
    try:
        result["results"] = lines_fold(rounds) if bench.rounds > 1 else rounds[0]
    except ValueError as error:
        raise BenchFailed(str(error)) from None
    file_write(folder, result)
    print(text_tables(result["results"]), flush=True)


def runs(benches, build, arguments):
    """Runs benches one after the other; (name, why) of those that failed and of those left out."""
    failed, left_out = [], []
    for number, bench in enumerate(benches, 1):
        print(f"== bench-{bench.name} ({number} of {len(benches)})", file=sys.stderr, flush=True)
        if bench.needs_root and os.getuid() != 0:
            left_out.append((bench.name, "needs root"))
            continue
        try:
            bench_run(bench, build, arguments)
        except BenchFailed as error:
            print(f"   failed: {error}", file=sys.stderr, flush=True)
            failed.append((bench.name, str(error)))
    return failed, left_out


def main(words):
    arguments = []
    if "--" in words:
        split = words.index("--")
        words, arguments = words[:split], words[split + 1:]
    if not words:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    unknown = [name for name in words[1:] if bench_named(name) is None]
    if unknown:
        known = " ".join(bench.name for bench in BENCHES)
        print(f"no bench {', '.join(unknown)}; there are: {known}", file=sys.stderr)
        return 2
    build = pathlib.Path(words[0]).resolve()
    benches = [bench_named(name) for name in words[1:]] or BENCHES
    failed, left_out = runs(benches, build, arguments)
    for name, why in left_out:
        print(f"left out: bench-{name}: {why}", file=sys.stderr)
    for name, why in failed:
        print(f"failed: bench-{name}: {why}", file=sys.stderr)
    done = len(benches) - len(failed) - len(left_out)
    print(f"{done} of {len(benches)} benches done; results are in "
          f"{str(build / 'bench-results').removeprefix(f'{TREE}/')}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    commands_end_with_us()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
