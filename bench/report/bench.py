# SPDX-License-Identifier: Apache-2.0
"""The benches: one line each, in the order in which `./do bench` runs them.

A bench is one or more commands that print result lines (result.py) on standard output, and what they have to say to
people on standard error. Any other output, or an exit code that is not 0, is a failure, and nothing of it is kept.
"""

import os
import pathlib
import signal
import subprocess
from typing import NamedTuple

from result import BadResult, line_parse

TREE = pathlib.Path(__file__).resolve().parent.parent.parent


class Bench(NamedTuple):
    name: str  # ./do bench-NAME, and NAME.json
    commands: tuple  # {bench}: the folder of the built programs; {results}: of the results
    before: str = ""  # a command that makes what the others read; it prints no results
    needs_root: bool = False
    rounds: int = 1  # of all commands, for benches that don't repeat themselves
    limit_s: int = 240  # a command that takes longer has failed


# In the order of docs/performance.md, but growth: it takes what others have measured already. How long each takes on two
# cores stands behind it, in seconds; all of them have to be done in a quarter of an hour.
BENCHES = (
    Bench("parse", ("{bench}/bench-parse --json --by kind,size,headers,cache --rounds 7",)),  # 45
    Bench("parse-recorded", ("{bench}/bench-parse --json --corpus {results}/corpus.pcap",),
          before="bench/corpus/record.sh {results}/corpus.pcap", needs_root=True),  # 25
    Bench("stream", ("{bench}/bench-stream --json",)),  # 5
    Bench("wire", ("{bench}/bench-wire --json",), needs_root=True),  # 130
    Bench("media", ("{bench}/bench-media --json",)),  # 3
    Bench("flood", ("{bench}/bench-flood --json",)),  # 25
    Bench("events", ("{bench}/bench-events --json",)),  # 5
    Bench("transaction", ("{bench}/bench-transaction --json",)),  # 5
    Bench("calls", ("{bench}/bench-calls --json --case latency,sustained,cpu,mixed",
                    "{bench}/bench-calls --json --case cpu --transport tls --repetitions 1")),  # 170
    Bench("memory", ("{bench}/bench-calls --json --case memory --memory 1000,10000,100000,1000000",),
          limit_s=400),  # 130
    Bench("lab", ("bench/lab/bench_lab.sh {build}",), needs_root=True),  # 30
    Bench("peer", ("{bench}/bench-peer --json",), needs_root=True, limit_s=400),  # 130
    Bench("restart", ("{bench}/bench-restart --json",
                      "{bench}/bench-restart --json --publications 1000000 --rounds 1"), limit_s=400),  # 90
    Bench("store", ("{bench}/bench-store --json --records 60000 --rounds 3",)),  # 20
    Bench("directory", ("{bench}/bench-directory --json --rounds 3",)),  # 30
    Bench("growth", ("bench/growth/growth.py {build} --json --rounds 1",), limit_s=600),  # 80
)


class BenchFailed(Exception):
    """The text says what happened."""


def bench_named(name):
    return next((bench for bench in BENCHES if bench.name == name), None)


def command_words(command, build):
    """A command of the table as a list of words."""
    places = {"bench": build / "bench", "build": build, "results": build / "bench-results"}
    return [word.format(**places) for word in command.split()]


def command_shown(words):
    """A command as somebody in the tree would type it."""
    return " ".join(word.removeprefix(f"{TREE}/") for word in words)


def _interrupted(number, frame):
    raise KeyboardInterrupt


def commands_end_with_us():
    """Whoever ends this program ends the command that it runs: it has a session of its own and would live on."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)


def _end(process):
    # The whole session: a bench has servers and generators of its own, and tidies up when told to end.
    for number, patience_s in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience_s)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def command_output(command, tree, limit_s):
    """What a command prints; its whole session ends if it takes too long."""
    try:
        process = subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)
    except OSError as error:
        raise BenchFailed(f"{command[0]}: {error.strerror}") from None
    try:
        output, _ = process.communicate(timeout=limit_s)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
        _end(process)
        process.stdout.close()
        if isinstance(error, KeyboardInterrupt):
            raise
        raise BenchFailed(f"not done after {limit_s} s") from None
    if process.returncode != 0:
        raise BenchFailed(f"exit code {process.returncode}\n{output}".rstrip())
    return output


def command_run(command, tree, limit_s):
    """The result lines that a command prints."""
    lines = []
    for number, text in enumerate(command_output(command, tree, limit_s).splitlines(), 1):
        try:
            lines.append(line_parse(text))
        except BadResult as error:
            raise BenchFailed(f"line {number} of its output is no result: {error}\n  {text}") from None
    if not lines:
        raise BenchFailed("no result line")
    return lines
